"""Rare values that differ from frequent ones in one respect are these; where both are frequent, nothing is said."""

import polars as pl
import pytest

from eightytwenty import clean, infer
from eightytwenty.inference.values import Values
from eightytwenty.inference.variants import find_variants
from eightytwenty.schema import Respell


def variants(*cells):
    return {way.name: meant for way, meant in find_variants(Values.of(pl.Series(cells, dtype=pl.String))).items()}


FOUND = [
    ((*["Rome"] * 9, "Rome***", "^ Rome"), {"stray characters": {"Rome***": "Rome", "^ Rome": "Rome"}}),
    ((*["New York"] * 9, "New  York"), {"spaces within": {"New  York": "New York"}}),
    ((*["A & B"] * 9, "A &amp; B"), {"character reference": {"A &amp; B": "A & B"}}),
    ((*["O'Brien"] * 9, "O''Brien", "O\\'Brien"), {"escape residue": {"O''Brien": "O'Brien", "O\\'Brien": "O'Brien"}}),
    ((*["Oslo"] * 9, "OSLO"), {"letter case": {"OSLO": "Oslo"}}),
    ((*["São Paulo"] * 9, "Sao Paulo"), {"accents": {"Sao Paulo": "São Paulo"}}),
    ((*["Oslo"] * 9, *["OSLO"] * 4), {}),  # both are meant
    ((*["Oslo"] * 4, "OSLO"), {}),  # too few to tell
    (("City *", "City", "Name *", "Name", "Street", "Zip"), {}),  # labels, each of which is there once
    ((*["Rome"] * 9, "Oslo***", "<Rome", "Rome+"), {}),
]


@pytest.mark.parametrize(("cells", "found"), FOUND)
def test_values_are_others(cells, found):
    assert variants(*cells) == found


def test_what_is_certain_is_repaired_and_the_rest_proposed(tmp_path):
    cities = [*["Rome"] * 30, *["Oslo"] * 30, "Rome***", "OSLO"]
    (tmp_path / "raw.csv").write_text("city,n\n" + "".join(f"{city},{n}\n" for n, city in enumerate(cities)))
    cleaned = clean(tmp_path / "raw.csv", None, tmp_path / "out")
    ledger = cleaned.ledger.select("record", "column", "rule", "before", "after").collect()
    assert ledger.rows() == [(61, "city", "stray characters (city)", "Rome***", "Rome")]
    assert cleaned.ledger.collect()["confidence"].min() >= 0.99
    flags = cleaned.flags.select("record", "column", "rule", "value", "proposal").collect()
    assert flags.rows() == [(62, "city", "letter case (city)", "OSLO", "Oslo")]
    assert cleaned.clean.collect()["city"].to_list() == [*["Rome"] * 30, *["Oslo"] * 30, "Rome", "OSLO"]


@pytest.mark.parametrize(("least", "actions"), [(0, {"repair"}), (0.99, {"repair", "flag"}), (1, {"flag"})])
def test_the_least_confidence_divides_repairs_from_proposals(tmp_path, least, actions):
    cities = [*["Rome"] * 30, *["Oslo"] * 30, "Rome***", "OSLO"]
    (tmp_path / "raw.csv").write_text("city,n\n" + "".join(f"{city},{n}\n" for n, city in enumerate(cities)))
    table = infer(tmp_path / "raw.csv", min_confidence=least)
    assert {rule.action for rule in table.rules if isinstance(rule, Respell)} == actions
    cleaned = clean(
        tmp_path / "raw.csv", infer(tmp_path / "raw.csv", min_confidence=0), tmp_path / "o", min_confidence=1
    )
    assert cleaned.ledger.collect().is_empty()
    assert cleaned.flags.collect().height == 2
