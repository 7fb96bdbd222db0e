"""The parameters can be shown as a form: flat, described, with defaults, without unions."""

import pytest
from pydantic import ValidationError

from schemas.parameters import (
    AdderParameters,
    CleanInboxParameters,
    CleanParameters,
    GanParameters,
    RetrainAddersParameters,
    RetrainAvatarsParameters,
    RunParameters,
)

DEPLOYED = (
    AdderParameters,
    CleanInboxParameters,
    CleanParameters,
    GanParameters,
    RetrainAddersParameters,
    RetrainAvatarsParameters,
    RunParameters,
)


@pytest.mark.parametrize("model", DEPLOYED)
def test_every_parameter_has_a_title_a_description_and_no_union(model):
    schema = model.model_json_schema()
    assert "$defs" not in schema
    for name, field in schema["properties"].items():
        assert field.get("title"), name
        assert field.get("description"), name
        assert not {"anyOf", "oneOf", "allOf"} & set(field), name


def test_protocols():
    assert AdderParameters().protocols == ("article", "solved")
    assert AdderParameters(protocol="solved").protocols == ("solved",)


@pytest.mark.parametrize(
    "wrong", [{"rows": 0}, {"seeds": 0}, {"hidden_units": []}, {"largest_sums": [16, 16]}, {"dirt": -0.1}, {"wings": 2}]
)
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        AdderParameters(**wrong)


def test_a_table_of_attributes_is_for_own_pictures():
    assert GanParameters(source="faces.zip", attributes="faces.csv").attributes
    with pytest.raises(ValidationError, match="pictures of your own"):
        GanParameters(source="avatars", attributes="faces.csv")


def test_retraining_takes_size_and_range_from_the_champion_where_none_is_asked_for():
    adders, avatars = RetrainAddersParameters(), RetrainAvatarsParameters()
    assert (
        adders.with_champion_defaults({"largest_sum": "16"}).largest_sum,
        adders.with_champion_defaults({}).largest_sum,
    ) == (16, 65536)
    assert (avatars.with_champion_defaults({"size": "64"}).size, avatars.with_champion_defaults({}).size) == (64, 32)
    assert RetrainAvatarsParameters(size=128).with_champion_defaults({"size": "64"}).size == 128
    assert RetrainAddersParameters(largest_sum=8).with_champion_defaults({"largest_sum": "16"}).largest_sum == 8


@pytest.mark.parametrize("wrong", [{"size": 33}, {"size": 16}, {"most_drift": 10.1}])
def test_a_wrong_parameter_of_a_retraining_is_refused(wrong):
    with pytest.raises(ValidationError):
        RetrainAvatarsParameters(**wrong)
