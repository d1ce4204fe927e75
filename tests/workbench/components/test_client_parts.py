import pytest

from workbench.components import certainty, client_table, plain_table
from workbench.components.text import plain, sentence


@pytest.mark.parametrize(
    ("p_value", "margin", "asks", "word"),
    [
        (0.2, 0.5, True, "unsure – asks"),
        (0.2, 0.5, False, "unsure"),
        (0.21, 0.5, False, "fairly sure"),
        (0.5, 0.5, False, "fairly sure"),
        (0.51, 0.5, False, "sure"),
        (0.51, 0.29, False, "fairly sure"),
        (0.76, 0.02, False, "unsure"),  # as sure as usual, of a model that is near guessing
        (None, None, False, "not known"),
    ],
)
def test_certainty_in_words(p_value, margin, asks, word):
    assert certainty.word(p_value, margin, 0.2, asks=asks) == word


def test_certainty_in_numbers():
    assert certainty.numbers(0.125, 0.0461) == "margin 0.12 · p 0.05"
    assert certainty.numbers(0.0049, 0.5) == "margin <0.01 · p 0.50"
    assert certainty.numbers(0.0, 0.005) == "margin 0.00 · p 0.01"
    assert certainty.numbers(None, None) == ""


@pytest.mark.parametrize(
    ("margins", "words"),
    [
        ([], ""),
        ([0.3], ""),
        ([0.3, 0.5], "surer than a step before"),
        ([0.3, 0.3, 0.32], "about as sure as over the 2 steps before"),
        ([0.5, 0.5, 0.2], "less sure than over the 2 steps before"),
    ],
)
def test_where_the_margins_went(margins, words):
    assert certainty.direction(margins) == words


def test_text_loses_no_character_and_gains_no_markup():
    assert plain("a_b *c* :red[d] <i> $1$ ~e~") == r"a\_b \*c\* \:red\[d\] \<i\> \$1\$ \~e\~"
    assert plain("two\nlines") == "two lines"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "“a*b” is none; write it like client@example.org.",
            r"“a\*b” is none; write it like `client@example.org`\.",
        ),
        ("Like https://steps.example.org, with https.", r"Like `https://steps.example.org`, with https\."),
        ("“`x@y.z`[a](b)”", r"“\``x@y.z`\`\[a\]\(b\)”"),
        ("two\nlines", "two lines"),
    ],
)
def test_addresses_in_a_sentence_are_no_links(text, shown):
    assert sentence(text) == shown


def test_table_cells_are_text():
    shown = plain_table.markup(["<h>"], [["<script>alert(1)</script>", "a & b"]], caption="'\"")
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<h>" not in shown


def test_the_scale_of_trends_is_common_to_the_page():
    assert client_table.top([]) == 0.2
    assert client_table.top([{"trend": [0.1]}, {"trend": []}, {"trend": [0.7, 0.3]}]) == 0.7
