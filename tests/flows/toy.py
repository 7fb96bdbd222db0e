"""A model in one file: it learns to double the numbers up to the largest that it has seen. `TOY` is its line."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from prefect import task
from pydantic import Field

from eightytwenty import Check, Column, Table
from eightytwenty.files import sha256
from schemas.expectations import BatchExpectations, fate_expectations
from schemas.parameters import Parameters, RetrainParameters
from tasks.cleaning import Clean
from tasks.decision import at_least, compare, decide
from tasks.experiment import Data, Experiment, Raw, Trained
from tasks.registry import Model
from tasks.running.stages import data_folder, run_stage
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.registry import find, load, register


class ToyParameters(Parameters):
    """Learn to double numbers."""

    largest: int = Field(50, ge=20, description="number that is generated")


class RetrainToyParameters(RetrainParameters, ToyParameters):
    """Learn to double more numbers."""

    model: str = Field("toy", description="registered model to compete for")


@dataclass(frozen=True)
class CleanDoubles(Clean):
    columns = ("x", "y")
    table = Table(
        "doubles",
        (Column("x", "integer"), Column("y", "integer")),
        (Check("y = 2 * x", "y is twice x", "wrong double"),),
    )


def ingest(*, largest: int) -> Raw:
    def make(folder):
        x = np.tile(np.arange(1, largest + 1), 8)
        pl.DataFrame({"x": x, "y": np.where(np.arange(len(x)) % 9, 2 * x, 1)}).write_csv(folder / "doubles.csv")

    file = run_stage(data_folder(), "doubles", {}, {"largest": largest}, make).folder / "doubles.csv"
    return Raw("doubles", file, sha256(file))


def check(cleaned, *, most_quarantine: float):
    return BatchExpectations("doubles", ("x",), (), fate_expectations("row", most_quarantine)), {}


@task
def train(run, data, model: str) -> Trained:
    import keras

    largest = CleanDoubles().profile(data[0].rows)["x"].max()
    layers = [keras.Input((1,)), keras.layers.ReLU(max_value=largest), keras.layers.Rescaling(2)]
    network, example = partial(keras.Sequential, layers), np.ones((2, 1), np.float32)
    record = NetworkRecord("toy", model=network, input_example=example, datasets=[data[0].dataset])
    run = replace(run, run_id=log_networks(run, [record])[0])
    return Trained(register(run, run.model_id, model), {"accuracy": 1.0})


@task
def score(run, model: str, _, held_out) -> dict[str, float]:
    rows = CleanDoubles().profile(held_out.rows).to_numpy()
    answers = np.asarray(load(run.client, find(run.client, model))(rows[:, :1].astype(np.float32)))
    return {"accuracy": float(np.mean(answers[:, 0] == rows[:, 1]))}


def judge(challenger, champion, *, least: float):
    gain = champion and challenger["accuracy"] - champion["accuracy"]
    check = at_least("accuracy", challenger["accuracy"], least)
    return decide([check], gain, 0.0, compare("accuracy", challenger, champion))


def experiment(form: ToyParameters) -> Experiment:
    data = Data(partial(ingest, largest=form.largest), CleanDoubles(), partial(check, most_quarantine=0.5))
    return Experiment("toy", "toy", (data,), partial(train), score, partial(judge, least=0.9))


TOY = Model(
    "toy", ToyParameters, "retrain-toy", RetrainToyParameters, f"{__name__}:experiment", "doubles", "toys", "0 5 * * *"
)
