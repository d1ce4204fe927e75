"""From bytes to rows of text: the encoding, the separator, and the line that each row starts on."""

import codecs
import csv
import io
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import InputError

MOST_BYTES = 256 * 2**20
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_SAMPLE = 4096


@dataclass(slots=True)
class Table:
    """A file's rows as text.

    Attributes:
        header: the column names as written.
        rows: cells, as many as the header has.
        lines: the line of the file (from 1) on which each row starts.
        ragged: rows with another number of cells, as (line, cells).
    """

    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: "array[int]" = field(default_factory=lambda: array("q"))
    ragged: list[tuple[int, int]] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)


def decode(data: bytes) -> tuple[str, str]:
    """The text and the encoding's name for a person.

    Raises:
        InputError: if the bytes are no text, or of mixed encodings.
    """
    if not data.strip():
        raise InputError("The file is empty. Choose the file that holds the rows.")
    if len(data) > MOST_BYTES:
        raise InputError(f"The file is larger than {MOST_BYTES // 2**20} MB. Split it into smaller ones.")
    if data.startswith(b"PK\x03\x04"):
        raise InputError(
            "This is a workbook or an archive, not text. Save the sheet as CSV and choose that file."
        )
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _strictly(data, codec, name), name
    sample = data[:_SAMPLE]
    for offset, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Western text in UTF-16 has a zero in every other byte, and on one side only.
        if len(sample) >= 4 and not any(sample[offset::2]) and all(sample[1 - offset :: 2]):
            return _strictly(data, codec, "UTF-16"), "UTF-16 without a byte order mark"
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError as error:
        return _single_byte(data, error), "Windows-1252 (Western European)"


def _strictly(data: bytes, codec: str, name: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise InputError(
            f"The file says that it is {name}, but byte {error.start + 1} does not fit. Save it again as UTF-8."
        ) from error


def _single_byte(data: bytes, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    lenient = data.decode("utf-8", "replace")
    wrong = lenient.count("\ufffd")
    if sum(not c.isascii() for c in lenient) - wrong > wrong:
        raise InputError(
            f"The file is UTF-8, but for byte {data[error.start]:#04x} on line {line}. "
            "Correct it, or save the file again as UTF-8."
        ) from error
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as other:
        line = data.count(b"\n", 0, other.start) + 1
        raise InputError(
            f"The file is neither UTF-8 nor Windows-1252 (byte {data[other.start]:#04x} on line {line}). "
            "Save it again as UTF-8."
        ) from other
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise InputError("The file does not look like text. Choose a CSV or JSON file.")
    return text


def read_table(text: str, encoding: str) -> Table:
    """Read separated values: quoted fields, any line ends, blank lines passed over.

    Raises:
        InputError: if there is no header or no row, or a quotation mark that never closes.
    """
    stated = re.match(r"sep=([,;\t|])\r?\n", text)  # Excel's own way of naming the separator
    separator = stated[1] if stated else _separator(text)
    table = Table(header=[])
    table.assumptions.append(f"Read as {encoding}, columns separated by {SEPARATORS[separator]}.")
    stream = io.StringIO(text, newline="")
    if stated:
        stream.readline()
    reader = csv.reader(stream, delimiter=separator, skipinitialspace=True, strict=True)
    before = 1 if stated else 0
    line = before + 1
    width = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                pass
            elif not width:
                table.header = _header(cells, line)
                width = len(table.header)
            else:
                while len(cells) > width and not cells[-1].strip():
                    cells.pop()
                if len(cells) == width:
                    table.rows.append(cells)
                    table.lines.append(line)
                else:
                    table.ragged.append((line, len(cells)))
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"The row that starts on line {line} cannot be read ({error}). "
            "Look for a quotation mark that is not closed, or not doubled inside a quoted value."
        ) from error
    if not width:
        raise InputError("The file holds only blank lines. Choose the file that holds the rows.")
    if not table.rows and not table.ragged:
        raise InputError(
            f"The file has a header ({', '.join(table.header)}) and no rows. Choose the file that holds the rows."
        )
    return table


def _separator(text: str) -> str:
    """The separator that cuts the first line with something on it into the most columns."""
    first = next((line for line in text[: 16 * _SAMPLE].splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(SEPARATORS, key=bare.count)


def _header(cells: Sequence[str], line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    while not names[-1]:
        names.pop()
    for position, name in enumerate(names, start=1):
        if not name:
            raise InputError(
                f"Column {position} has no name on line {line}. Name every column in the first line."
            )
        if names.index(name) != position - 1:
            raise InputError(f"Two columns are named {name!r} on line {line}. Give each a name of its own.")
    return names
