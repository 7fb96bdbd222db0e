"""A judgement that is kept in a tag comes back as it was, or not at all."""

import json

import pytest

from tasks.decision import Decision
from tasks.retrain.tasks import Judgement

JUDGEMENT = Judgement(
    2,
    1,
    {"challenger": {"accuracy": 1.0, "loss": float("nan")}, "champion": {"accuracy": 0.5, "loss": 3.0}},
    Decision(True, ("It is better.", "It is good.")),
)


def test_a_judgement_comes_back_as_it_was() -> None:
    loaded = Judgement.load(JUDGEMENT.dump())
    assert repr(loaded) == repr(JUDGEMENT)  # NaN is not equal to itself


@pytest.mark.parametrize("tag", ["", "null", "[]", "{", json.dumps({"challenger": 2})])
def test_a_damaged_judgement_does_not_count(tag: str) -> None:
    assert Judgement.load(tag) is None
