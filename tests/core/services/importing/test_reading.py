import codecs

import pytest

from core.errors import InputError
from core.services.importing.reading import decode, read_table

TEXT = "client;name\nanna;Zoë Müller\n"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TEXT.encode(), "UTF-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8 with a byte order mark"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (TEXT.encode("utf-16-be"), "UTF-16 without a byte order mark"),
        (TEXT.encode("utf-32"), "UTF-32"),
        (TEXT.encode("cp1252"), "Windows-1252 (Western European)"),
        (TEXT.encode("latin-1"), "Windows-1252 (Western European)"),
    ],
)
def test_the_encoding_is_found_and_named(data, name):
    assert decode(data) == (TEXT, name)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"client\nZo\xeb M\x81ller\n", "neither UTF-8 nor Windows-1252.*0x81 on line 2"),
        ("client\nZoë\nMüller\n".encode() + b"\xff\n", "UTF-8, but for byte 0xff on line 4"),
        (codecs.BOM_UTF16_LE + b"a\x00b", "says that it is UTF-16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\xe9", "does not look like text"),
    ],
)
def test_what_is_no_text_is_refused_with_a_sentence(data, sentence):
    with pytest.raises(InputError, match=sentence):
        decode(data)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator, end):
    rows = [["client", "note"], ["anna", f"a{separator}b"], ["bo", "c"]]
    text = end.join(separator.join(f'"{cell}"' for cell in row) for row in rows)
    table = read_table(text, "UTF-8")
    assert (table.header, table.rows, list(table.lines)) == (rows[0], rows[1:], [2, 3])


def test_excel_may_name_the_separator_itself():
    table = read_table("sep=;\r\nclient;a,b,c,d\r\nanna;1\r\n", "UTF-8")
    assert (table.header, table.rows, list(table.lines)) == (["client", "a,b,c,d"], [["anna", "1"]], [3])


def test_lines_are_those_of_the_file_across_blank_lines_and_line_ends_inside_quotes():
    table = read_table('\nclient,note\n\nanna,"two\nlines"\n,\nbo,one\n', "UTF-8")
    assert table.rows == [["anna", "two\nlines"], ["bo", "one"]]
    assert list(table.lines) == [4, 7]


def test_rows_of_another_width_are_set_apart_and_empty_cells_at_the_end_forgiven():
    table = read_table("client,a\nanna,1,,\nbo,1,2\ncy\n", "UTF-8")
    assert table.rows == [["anna", "1"]]
    assert table.ragged == [(3, 3), (4, 1)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("client,time\n", "has a header .client, time. and no rows"),
        ("\n,\n", "only blank lines"),
        ('client,note\nanna,x\nbo,"never closed\ncy,y\n', "starts on line 3"),
        ("client,,time\na,b,c\n", "Column 2 has no name"),
        ("client,time,client\na,b,c\n", "Two columns are named 'client'"),
        ("client,note\na," + "x" * 200_000 + "\n", "line 2 cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(InputError, match=sentence):
        read_table(text, "UTF-8")
