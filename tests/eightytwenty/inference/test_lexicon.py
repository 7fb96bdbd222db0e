"""What a column shows of its texts decides whether a rare one beside a frequent one is a slip."""

import polars as pl
import pytest

from eightytwenty.inference.lexicon import Lexicon
from eightytwenty.inference.slip_evidence import CELLS, DIGIT, LETTER, OTHER_LETTER

CITIES = {"Boston": 30, "Chicago": 30, "Dallas": 30, "Houston": 30}


def slips(counts):
    texts = pl.Series([*counts], dtype=pl.String)
    numbers = pl.Series([*counts.values()], dtype=pl.Int64)
    found = Lexicon.of(texts, numbers).slips(texts, numbers, CELLS)
    return {cell: (meant, odds) for cell, meant, odds in found.select("cell", "meant", "log_odds").rows()}


def test_slips_speak_for_slips():
    alone, many = {**CITIES, "Bostn": 1}, {**CITIES, "Bostn": 1, "Chciago": 1, "Dalas": 1, "Houtson": 1}
    others = {"Reno": 1, "Tampa": 1, "Fargo": 1, "Miami": 1}
    odds = [slips(counts)["Bostn"][1] for counts in ({**alone, **others}, alone, many)]
    assert odds == sorted(odds)
    assert odds[0] < odds[1] < odds[2]


def test_established_texts_that_are_near_speak_against_slips():
    near = {f"{name}{end}": 30 for name in ("Alba", "Bris", "Cast", "Dune") for end in ("ton", "toon")}
    assert slips({**CITIES, **near, "Bostn": 1})["Bostn"][1] < slips({**CITIES, "Bostn": 1})["Bostn"][1]


def test_random_codes_are_near_each_other_by_chance():
    codes = {f"{first}{second}{third}": 1 for first in "ABCDEFG" for second in "KLMNOP" for third in "RSTUVW"}
    frequent = {"XKR": 30, "XLS": 30, "AKY": 30}
    assert all(odds < 0 for _, odds in slips({**codes, **frequent}).values())


@pytest.mark.parametrize(("text", "frequent"), [("PITTSxBURGH", "PITTSBURGH"), ("xPITTSBURGH", "PITTSBURGH")])
def test_a_small_letter_between_capitals_is_wrong_even_beside_a_rare_text(text, frequent):
    counts = {"BOSTON": 30, "CHICAGO": 30, "DALLAS": 30, "TAMPA": 30, "RENO": 30, frequent: 1}
    assert slips({**counts, text: 1})[text][0] == frequent
    assert frequent not in slips({**counts, text: 1})
    assert "PITTSBURG" not in slips({**counts, "PITTSBURG": 1})  # either may be the slip


def test_one_letter_for_another_makes_two_things_of_short_words():
    counts = {"Class A": 40, "Class B": 5, "Massachusetts": 40, "Massachisetts": 1}
    found = slips({**CITIES, **counts})
    assert found["Massachisetts"][0] == "Massachusetts"
    assert "Class B" not in found


def test_every_group_of_slips_has_odds():
    assert set(Lexicon.of(pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.Int64)).odds) == {
        LETTER,
        OTHER_LETTER,
        DIGIT,
    }
