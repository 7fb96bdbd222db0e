"""The judge of a table weighs what its columns say of each other, and says nothing where its rules are off."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from eightytwenty import clean, infer, infer_into, read_table
from eightytwenty.inference.candidates import CANDIDATES, FEATURES
from eightytwenty.inference.judge import Judge, log_odds, weights
from eightytwenty.mined_rules import MinedRule

TOWNS = {"Bergen": "Vestland", "Hamar": "Innlandet", "Molde": "Romsdal", "Narvik": "Nordland"}


@pytest.fixture
def places(tmp_path):
    lines = [f"{n},{town},{TOWNS[town]}" for n in range(200) for town in [list(TOWNS)[n % 4]]]
    lines[20] = "20,Bergen,Nordland"
    file = tmp_path / "places.csv"
    file.write_text("\n".join(["id,town,county", *lines]) + "\n", encoding="utf-8")
    return file


def test_there_is_a_weight_for_each_feature():
    for of_model in weights():
        assert of_model.shape == (len(FEATURES) + 1,)
        assert np.isfinite(of_model).all()


@pytest.mark.parametrize(("feature", "sign"), [("lead", 1), ("rules", 1), ("fits", 1), ("kept", -1), ("misfits", -1)])
def test_what_speaks_for_a_proposal_makes_it_likelier_and_what_speaks_against_it_does_not(feature, sign):
    lines = [
        {**dict.fromkeys(CANDIDATES, None), **dict.fromkeys(FEATURES, 0.0), feature: value} for value in (0.0, 2.0)
    ]
    without, with_it = log_odds(pl.DataFrame(lines, CANDIDATES))
    assert sign * (with_it - without) > 0


def test_a_proposal_says_how_likely_it_is_and_why(places):
    cleaned = clean(places, min_confidence=0.5)
    changes = cleaned.ledger.collect().filter(pl.col("column") == "county")
    assert changes["after"].to_list() == ["Vestland"]
    assert changes["confidence"].is_between(0.5, 1).all()
    assert "other rows with town Bergen say Vestland" in changes["reason"][0]


def test_evidence_of_rules_that_are_off_changes_nothing(places):
    table = infer(places)
    off = [replace(rule, action="off") if isinstance(rule, MinedRule) else rule for rule in table.rules]
    assert isinstance(table.judge, Judge)
    for rules in (off, [rule for rule in off if not isinstance(rule, MinedRule)]):
        cleaned = clean(places, replace(table, rules=tuple(rules)), min_confidence=0.5)
        assert cleaned.ledger.collect().is_empty()
        assert cleaned.flags.collect().is_empty()


def test_a_rule_that_a_person_adds_counts_in_the_rows_that_it_judges(places, tmp_path):
    folder = tmp_path / "inferred"
    infer_into(places, folder)
    schema = folder / "schema.yaml"
    text = schema.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("- {when: [town], then: county")]
    schema.write_text(text.replace(line, line.replace("}", ", name: towns}")), encoding="utf-8")
    cleaned = clean(places, read_table(schema), min_confidence=0.5)
    assert "towns" in cleaned.ledger.collect()["rule"].to_list()
