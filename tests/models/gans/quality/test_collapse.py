import json

import pytest

from models.gans.quality.collapse import CollapseWatch

REAL = {"coverage": 0.96, "diversity": 1.0}


def watched(coverages, diversities=None, planned=50, share=0.5, watch=None):
    """Feed epochs from 1 on; returns the watch and the epochs with an alarm -> the measure."""
    watch = watch or CollapseWatch(planned, REAL, share)
    alarms = {}
    diversities = diversities or [1.0] * len(coverages)
    for epoch, values in enumerate(zip(coverages, diversities, strict=True), start=len(watch.history) + 1):
        if alarm := watch.record(epoch, coverage=values[0], diversity=values[1]):
            alarms[epoch] = alarm.measure
    return watch, alarms


def test_a_young_network_raises_no_alarm():
    assert watched([0.0, 0.1, 0.2, 0.3] + [0.3] * 6)[1] == {}  # the tenth epoch ends the first fifth of 50
    assert watched([0.0, 0.1, 0.2, 0.5, 0.7, 0.9])[1] == {}


def test_a_collapse_raises_an_alarm_even_in_the_first_fifth():
    assert watched([0.1, 0.5, 0.7, 0.2, 0.1, 0.6])[1] == {4: "coverage", 5: "coverage"}


def test_a_network_that_never_becomes_diverse_raises_an_alarm_after_a_fifth():
    assert watched([0.3] * 12)[1] == {11: "coverage", 12: "coverage"}


def test_each_measure_is_armed_by_itself():
    assert watched([0.1, 0.2, 0.2], [0.9, 0.4, 0.6])[1] == {2: "diversity"}


def test_the_limit_is_a_share_of_the_real_value():
    assert watched([0.9, 0.49, 0.47])[1] == {3: "coverage"}
    assert watched([0.9, 0.49, 0.47], share=0.9)[1] == {2: "coverage", 3: "coverage"}
    assert watched([0.9, 0.48], share=0.5)[1] == {}, "a value at the limit is not below it"


def test_not_a_number_is_below_every_limit():
    assert watched([0.9, float("nan")])[1] == {2: "coverage"}


def test_the_sentence_names_measure_value_limit_and_epoch():
    watch, _ = watched([0.9])
    alarm = watch.record(2, coverage=0.1, diversity=1.0)
    assert str(alarm) == (
        "The coverage of the generated pictures was 0.100 after epoch 2, below the limit of 0.480: "
        "the generator has collapsed or is collapsing."
    )


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_resumed_run_raises_the_same_alarms(cut):
    coverages = [0.1, 0.2, 0.6, 0.3, 0.5, 0.9, 0.4, 0.2, 0.1, 0.4, 0.3, 0.6, 0.4, 0.9]
    whole, alarms = watched(coverages)
    first, before = watched(coverages[:cut])
    logged = json.loads(json.dumps(first.history))
    resumed = CollapseWatch(50, REAL, history={int(epoch): values for epoch, values in logged.items()})
    again, after = watched(coverages[cut:], watch=resumed)
    assert before | after == alarms
    assert again == whole
    assert len(alarms) > 3
