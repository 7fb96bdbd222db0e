import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.kinds.number_words import LARGEST, read_words, spell


@given(st.integers(0, LARGEST))
def test_what_is_spelled_is_read_again(number):
    words = spell(number)
    assert read_words(words) == read_words(words.upper()) == read_words(words.replace("-", " ")) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("zero", 0),
        ("Twenty-Two", 22),
        ("one hundred and five", 105),
        ("one thousand, two hundred and five", 1205),
        (
            "nine hundred and ninety-nine million, nine hundred and ninety-nine thousand, nine hundred and ninety-nine",
            LARGEST,
        ),
    ],
)
def test_forms_that_people_use_are_read(text, number):
    assert read_words(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "and",
            "-",
            "seven eleven",
            "two twenty",
            "one one",
            "zero zero",
            "twenty zero",
            "hundred",
            "a hundred",
        ),
        *(
            "ten hundred",
            "thousand",
            "one million million",
            "twelvety",
            "seven kg",
            "siebzehn",
            "one.two",
            "7",
            "seven!",
        ),
        # the sign belongs to the number
        *("-seven", "minus seven", "seven-", "--seven"),
        # two numbers in one cell
        *("twenty, two", "twenty,two", "one,two", "twenty and two", "twenty - two", "and five", "five and"),
        *("one hundred and", "one hundred,", "one thousand million"),
    ],
)
def test_nothing_is_guessed(text):
    assert read_words(text) is None


@given(
    st.lists(st.sampled_from(["one", "two", "ten", "twenty", "hundred", "thousand", "and", ",", "-"]), max_size=20).map(
        " ".join
    )
)
def test_only_one_spelling_of_a_number_is_read(text):
    number = read_words(text)
    if number is not None:
        assert spell(number).replace("-", " ").split() == [w for w in text.replace(",", " ").split() if w != "and"]


def test_only_numbers_that_have_a_spelling_are_spelled():
    for number in (-1, LARGEST + 1):
        with pytest.raises(ValueError, match="only 0 to"):
            spell(number)


def test_a_cell_of_a_megabyte_is_no_number():
    assert read_words("hundred, " * 100_000) is None
