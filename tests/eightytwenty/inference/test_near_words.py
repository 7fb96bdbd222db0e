"""Pairs of texts that are one slip apart: exactly those at a distance of one, and found without comparing all pairs."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from eightytwenty.inference.near_words import find_near

WORDS = st.lists(st.text("abé ", min_size=0, max_size=6), unique=True, max_size=30)


def pairs(texts, words):
    texts, words = pl.Series(texts, dtype=pl.String), pl.Series(words, dtype=pl.String)
    found = find_near(texts, words)
    return [
        (texts[text], words[word], *rest) for text, word, *rest in found.select("text", "word", "slip", "place").rows()
    ]


SLIPS = [
    ("Bosston", "Boston", "inserted", 3),
    ("xBoston", "Boston", "inserted", 0),
    ("Bostn", "Boston", "dropped", 4),
    ("Bostan", "Boston", "replaced", 4),
    ("Botson", "Boston", "swapped", 2),
    ("Bostno", "Boston", "swapped", 4),
    ("café", "cafe", "replaced", 3),
]


@pytest.mark.parametrize(("text", "word", "slip", "place"), SLIPS)
def test_a_slip_has_a_name_and_a_place(text, word, slip, place):
    assert pairs([text, "Oslo"], ["Paris", word]) == [(text, word, slip, place)]


def test_digits_that_differ_or_are_too_many_make_other_texts():
    assert pairs(["A1", "A11", "A21"], ["A2", "A1"]) == []
    assert pairs(["A21", "A1", "Ax2"], ["A12"]) == [
        ("A21", "A12", "swapped", 1),
        ("A1", "A12", "dropped", 2),
        ("Ax2", "A12", "replaced", 1),
    ]


@given(WORDS, WORDS)
def test_the_pairs_are_those_at_a_distance_of_one(texts, words):
    near = {(text, word) for text in texts for word in words if text and word and OSA.distance(text, word) == 1}
    assert {(text, word) for text, word, *_ in pairs(texts, words)} == near


def test_a_place_of_very_many_characters_is_none_of_slips():
    words = [f"a{chr(code)}" for code in range(0x4E00, 0x4E00 + 500)]
    assert pairs(words, words) == []
