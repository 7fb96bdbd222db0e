"""A slip changes one character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.engine.slips import is_slip

WORDS = st.text("abcd", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("1050", "1150", True),
        ("1050", "105", True),
        ("1050", "10050", True),
        ("1050", "1005", True),
        ("1050", "1050", False),
        ("1050", "1161", False),
        ("1050", "10", False),
        ("105", "115", False),  # so near are most numbers of three digits to others
    ],
)
def test_examples(one, other, is_one):
    assert is_slip(one, other) is is_one
    assert is_slip(other, one) is is_one


@given(WORDS, st.integers(0, 11), st.sampled_from("abcd"))
def test_one_edit_is_a_slip(word, at, letter):
    at %= len(word)
    for other in (
        word[:at] + letter + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    ):
        assert is_slip(word, other) is (word != other)


@given(WORDS, WORDS)
def test_nothing_else_is_one(one, other):
    if is_slip(one, other):
        assert abs(len(one) - len(other)) <= 1
        assert sum(a != b for a, b in zip(one, other, strict=False)) <= 2 or len(one) != len(other)
