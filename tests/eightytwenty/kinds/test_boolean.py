import pytest

from tests.eightytwenty.kinds.formats import form, recognised, repaired


@pytest.mark.parametrize(
    "cells",
    [
        *(["Y", "N"], ["t", "F"], ["yes", "NO"], ["On", "off"], ["true", "false"], ["TRUE"], ["false"]),
        *([" Yes", "no "], ["Y", "N", "yes"], ["true", "false", "1", "0"]),
    ],
)
def test_a_pair_of_words_is_recognised(cells):
    assert recognised("boolean", cells) == cells


@pytest.mark.parametrize(
    "cells",
    [
        *(["1", "0"], ["M", "F"], ["Y"], ["N"], ["yes", "x"], ["No", "1", "2"], ["Y", "no"], ["t", "n"], ["on"]),
        *(
            ["N", "S", "E", "W"],
            ["y", "n", "a", "b", "c"],
            ["O", "A", "B"],
            [],
            ["truest", "falsetto"],
            ["yes" + " " * 100, "no"],
        ),
    ],
)
def test_half_a_pair_and_numbers_are_not_recognised(cells):
    assert recognised("boolean", cells) == []


def test_other_cells_of_such_a_column_are_not_recognised():
    assert recognised("boolean", ["Y", "N", "U", "unknown", "2"]) == ["Y", "N"]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"Y": 5, "N": 7, "yes": 2}, "Y/N"),
        ({"YES": 5, "no": 3}, "YES/NO"),
        ({"Yes": 5}, "Yes/No"),
        ({"true": 5, "FALSE": 3}, ""),
        ({"True": 5, "FALSE": 3}, "True/False"),
        ({" t": 5, "f": 3}, "t/f"),
        ({"1": 5, "0": 3, "true": 1}, "1/0"),
        ({"tRUE": 1}, ""),
        ({}, ""),
    ],
)
def test_a_column_keeps_its_words(counts, found):
    assert form("boolean", counts) == found


@pytest.mark.parametrize(
    ("words", "cell", "after"),
    [
        *(("Y/N", "Y", "Y"), ("Y/N", "yes", "Y"), ("Y/N", "false", "N"), ("Y/N", "1.0", "Y"), ("Yes/No", " n ", "No")),
        *(("1/0", "true", "1"), ("Y/N", "maybe", None), ("", "oN", None), ("YES/NO", "ON", None), ("", "on", "true")),
        ("ON/OFF", "yes", "ON"),
    ],
)
def test_another_word_is_written_as_the_column_has_it(words, cell, after):
    assert repaired("boolean", cell, words) == after


@pytest.mark.parametrize("words", ["Y", "Y/n", "N/Y", "ja/nein", "yes/false", "/"])
def test_what_is_no_pair_of_words_is_refused(words):
    with pytest.raises(ValueError, match="is no format of boolean; there are true/false, t/f"):
        repaired("boolean", "yes", words)
