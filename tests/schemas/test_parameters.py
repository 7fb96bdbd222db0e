"""The parameters can be shown as a form: flat, described, with defaults, without unions."""

import pytest
from prefect.utilities.callables import generate_parameter_schema
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
from schemas.parameters.form import form_signature

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


def test_a_sweep_is_each_combination_however_it_is_divided():
    for sweep in (["learning_rate=0.001,0.002; seed=0,1"], ["learning-rate=0.001", "0.002", "seed=0", "1"]):
        variants = GanParameters(sweep=sweep).variants
        assert [(each.learning_rate, each.seed) for each in variants] == [
            (0.001, 0),
            (0.001, 1),
            (0.002, 0),
            (0.002, 1),
        ]
    assert GanParameters(sweep=[""]).variants == [GanParameters(sweep=[""])]
    assert GanParameters(sweep=["recipe=stable,dcgan"]).variants[1].planned_epochs == 50


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        ("size=32,64", "of learning_rate, batch_size, seed, recipe, epochs; not size=32"),
        ("0.1", "not 0.1"),
        ("seed=1,1", "takes different values, as seed=0,1, of .*; not 1"),
        ("seed=x", "cannot give seed the value x: Input should be a valid integer"),
        ("learning_rate=2", "cannot give learning_rate the value 2: Input should be less than or equal to 1"),
        ("seed=" + ",".join(map(str, range(1001))), "more than 1000 variants; give fewer values"),
    ],
)
def test_a_sweep_of_something_else_is_one_sentence(sweep, sentence):
    with pytest.raises(ValidationError, match=sentence):
        GanParameters(sweep=[sweep])


def test_a_cluster_without_a_sweep_is_one_sentence():
    with pytest.raises(ValidationError, match="cluster trains the variants of a sweep; give one"):
        GanParameters(cluster="tls://host:8786")
    assert [each.cluster for each in GanParameters(cluster="tls://host:8786", sweep=["seed=0,1"]).variants] == ["", ""]


@pytest.mark.parametrize("model", DEPLOYED)
def test_a_form_shows_what_the_command_line_takes(model):
    shown = generate_parameter_schema(form_signature(model), {}).model_dump()
    fields = model.model_json_schema()["properties"]
    assert set(shown["properties"]) == set(fields)
    for name, field in shown["properties"].items():
        assert field.pop("position") >= 0
        description = field.pop("description")
        assert description.startswith(fields[name].pop("description"))
        assert not {"<", ">"} & set(description)
        assert field == fields[name]
    assert shown["required"] == model.model_json_schema().get("required", [])


def test_a_form_says_where_paths_lie_and_begins_with_what_is_needed():
    shown = generate_parameter_schema(form_signature(CleanParameters), {}).model_dump()["properties"]
    first = sorted(shown, key=lambda name: shown[name]["position"])[:3]
    assert first == ["source", "out", "schema"]
    assert shown["out"]["description"].endswith("; a path must lie inside the data folder")


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (GanParameters(epochs=20), "avatars 64x64, 20 epochs, stable"),
        (GanParameters(source="https://a.example/faces.zip?key=secret"), "faces.zip 64x64, 30 epochs, stable"),
        (
            AdderParameters(protocol="solved", largest_sums=[16, 256], seeds=1),
            "pairs to 16, 256; solved protocol, 1 seed",
        ),
        (CleanParameters(source="in/orders.csv", out="out"), "clean orders.csv"),
        (CleanInboxParameters(name="orders"), "clean inbox of orders"),
        (RetrainAvatarsParameters(), "retrain avatars"),
    ],
)
def test_the_name_of_a_run_says_what_it_works_on(form, name):
    assert form.run_name == name


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
