"""The gate at its limits."""

import math

import pytest

from tasks.adders.experiment import decide_adder
from tasks.gans.experiment import decide_gan

ADDER = {"least_accuracy": 0.95, "margin": 0.01}
GAN = {"least_coverage": 0.7, "margin": 0.1}


def adder(challenger: float, champion: float | None, **gate: float):
    scores = None if champion is None else {"accuracy": champion}
    return decide_adder({"accuracy": challenger}, scores, **{**ADDER, **gate})


def gan(coverage: float, fid: float, champion: float | None, alarms: float = 0, **gate: float):
    scores = None if champion is None else {"fid": champion}
    return decide_gan({"coverage": coverage, "fid": fid, "alarms": alarms}, scores, **{**GAN, **gate})


@pytest.mark.parametrize(
    ("challenger", "champion", "promoted"),
    [
        (0.95, None, True),  # the first champion needs to pass the threshold only
        (0.9499, None, False),
        (0.97, 0.96, True),  # a gain of the margin is enough, however floats show it
        (0.9699, 0.96, False),
        (1.0, 1.0, False),  # ties keep the champion
        (0.94, 0.5, False),  # better, but not good enough
        (0.98, 0.99, False),
        (math.nan, None, False),
        (math.nan, 0.5, False),
    ],
)
def test_an_adder_must_be_good_and_better(challenger, champion, promoted):
    assert adder(challenger, champion).promoted is promoted


def test_without_a_margin_a_tie_still_keeps_the_champion():
    assert not adder(0.96, 0.96, margin=0.0).promoted
    assert adder(0.9601, 0.96, margin=0.0).promoted


def test_the_margin_is_exact_where_floats_are_not():
    assert 0.29 - 0.28 < 0.01
    assert adder(0.29, 0.28, least_accuracy=0.0).promoted


@pytest.mark.parametrize(
    ("coverage", "fid", "champion", "alarms", "promoted"),
    [
        (0.7, 50, None, 0, True),
        (0.69, 50, None, 0, False),
        (0.7, 50, None, 1, False),  # it collapsed in training
        (0.7, 90, 100, 0, True),
        (0.7, 90.1, 100, 0, False),
        (0.69, 10, 100, 0, False),
        (0.9, 10, 100, 2, False),
        (0.9, 100, 100, 0, False),
        (0.9, 1, 0, 0, False),
        (0.9, math.nan, 100, 0, False),
        (math.nan, 10, 100, 0, False),
    ],
)
def test_a_gan_must_cover_not_collapse_and_be_closer_to_the_real_pictures(coverage, fid, champion, alarms, promoted):
    assert gan(coverage, fid, champion, alarms).promoted is promoted


def test_reasons_name_every_number():
    decision = adder(0.9, 0.95)
    assert "0.9, below 0.95" in decision.sentence
    assert "the champion's 0.95: a gain of -0.05, too little for the margin of 0.01." in decision.sentence
    assert len(gan(0.5, 120, 100, 1).reasons) == 3
    assert "no champion to beat" in adder(1.0, None).sentence
