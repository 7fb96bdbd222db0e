"""Texts that were read in a wrong encoding are flagged, with what they were if that can be told."""

import polars as pl
import pytest

from eightytwenty.engine.encoding_damage import find_damaged

DAMAGED = [
    ("MÃ¼ller", "Müller"),
    ("JosÃ©", "José"),
    ("itâ€™s", "it’s"),
    ("x\ufffdy", None),
    ("a\x85b", None),
    ("Â£5", "£5"),
]


@pytest.mark.parametrize(("cell", "meant"), DAMAGED)
def test_it_is_found(cell, meant):
    rows, proposals = find_damaged(pl.Series(["sound", None, cell]))
    assert (rows.to_list(), proposals.to_list()) == ([2], [meant])


@pytest.mark.parametrize("cell", ["Müller", "€5", "Ærø", "Ângela", "SÃO PAULO", "naïve – “yes”", "日本", "🙂"])
def test_other_texts_are_sound(cell):
    assert find_damaged(pl.Series([cell]))[0].is_empty()
