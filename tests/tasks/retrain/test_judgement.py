"""A judgement that is kept in a tag comes back as it was, or not at all."""

import json

import pytest

from schemas.parameters import RetrainAddersParameters, RetrainAvatarsParameters, RetrainParameters
from tasks.decision import Decision
from tasks.registry import MODELS
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


@pytest.mark.parametrize(
    ("model", "form", "trained_with", "gate"),
    [
        (
            0,
            RetrainAddersParameters(largest_sum=16),
            {"largest_sum": 16, "hidden_units": 4, "seeds": 3, "seed": 0},
            {"least_accuracy": 0.95, "margin": 0.01},
        ),
        (
            1,
            RetrainAvatarsParameters(size=32),
            {"size": 32, "epochs": 8, "seed": 0},
            {"least_coverage": 0.7, "margin": 0.01},
        ),
    ],
)
def test_what_tells_judgements_apart_is_as_in_earlier_releases(
    model: int, form: RetrainParameters, trained_with: dict[str, object], gate: dict[str, object]
) -> None:
    """Otherwise an upgrade would train and judge a challenger that was judged before."""
    experiment = MODELS[model].experiment(form)
    assert (experiment.train.keywords, experiment.decide.keywords) == (trained_with, gate)
