"""Rare words that are one slip away from a frequent word of the column, and letters that have moved across a space."""

import polars as pl
import pytest

from eightytwenty.inference.misspelt import learn_words, misspelt

SCHOOLS = [f"{name} Memorial Hospital of Huntington" for name in ("Alba", "Bristol", "Casper", "Dayton", "Elgin")] * 9


def proposals(cells, asked=None, least=1.4):
    counted = pl.Series("cell", [*cells], dtype=pl.String).value_counts(name="count").sort("cell")
    lexicon = learn_words(counted["cell"], counted["count"].cast(pl.Int64))
    found = misspelt(counted["cell"] if asked is None else pl.Series(asked, dtype=pl.String), lexicon)
    return dict(found.filter(pl.col("log_odds") >= least).select("cell", "proposal").rows())


MISSPELT = [
    ("Fargo Memorial Hosiptal of Huntington", "Fargo Memorial Hospital of Huntington"),
    ("Fargo Memoral Hospital of Huntingtonx", "Fargo Memorial Hospital of Huntington"),
    ("Fargo MemorialH ospital of Huntington", "Fargo Memorial Hospital of Huntington"),
    ("Fargo Memoria lHospital of Huntington", "Fargo Memorial Hospital of Huntington"),
    ("Fargo Memorial Hospital o fHuntington", "Fargo Memorial Hospital of Huntington"),
]


@pytest.mark.parametrize(("cell", "proposal"), MISSPELT)
def test_misspelt_words_are_found(cell, proposal):
    assert proposals([*SCHOOLS, cell]) == {cell: proposal}
    assert proposals(SCHOOLS, [cell]) == {cell: proposal}


@pytest.mark.parametrize("cell", ["Fargo Marine Hospital by Huntington", "Elgin Memory Hospice of Hunting"])
def test_other_words_are_none(cell):
    assert proposals([*SCHOOLS, cell]) == {}


def test_plurals_are_slips_less_often():
    lexicon = learn_words(pl.Series(sorted(set(SCHOOLS))), pl.Series([9] * 5))
    cells = pl.Series(["Memorials", "Memorialx"])
    plural, slip = dict(misspelt(cells, lexicon).select("cell", "log_odds").rows()).values()
    assert plural < slip - 3


def test_the_reason_names_the_word():
    counts = pl.Series([9] * 5)
    lexicon = learn_words(pl.Series(sorted(set(SCHOOLS))), counts)
    found = misspelt(pl.Series(["Fargo Memorial Hosiptal"]), lexicon)
    assert found["reason"].to_list() == ["'Hosiptal' for 'Hospital', which occurs 45 times"]


def test_no_words_no_slips():
    assert proposals(["1", "2"]) == {}
    assert proposals([], ["Hospital"]) == {}
