"""Trains and scores an adder that competes with the champion."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from prefect import task

from eightytwenty.errors import UserError
from models.adders.network import Adder, IntArray, score
from models.adders.solve import train_solved
from tasks.adders.data import FEWEST_PAIRS
from tasks.adders.networks import load_adders, save_adders
from tasks.adders.register import model_fields, register_adder
from tasks.decision import Scores
from tasks.experiment import Cleaned, Trained
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.running.tensorflow import import_quietly
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.registry import find, load
from tasks.tracking.run import Run

_VALIDATION_ONE_IN = 10  # of the different training pairs; they decide which network is the challenger


def train(run: Run, data: Sequence[Cleaned], model: str, **config: int) -> Trained:
    """Trains a challenger, as `train_challenger` does."""
    return Trained(train_challenger(run, data[0], model, **config), {})


@task(task_run_name="train a challenger for {model}")  # without retries, which would log the same network again
def train_challenger(
    run: Run, training: Cleaned, model: str, *, largest_sum: int, hidden_units: int, seeds: int, seed: int
) -> int:
    """Trains networks of one width from several seeds, logs the best to a nested run and registers it.

    Returns:
        its version in the registry.

    Raises:
        UserError: there are too few pairs to learn from.
    """
    pairs = _pairs(training)
    if len(pairs) < FEWEST_PAIRS:
        raise UserError(
            f"{training.raw.name} has {len(pairs)} pairs to learn from, but {FEWEST_PAIRS} are needed: "
            "put more into the inbox."
        )
    config = {"largest_sum": largest_sum, "hidden_units": hidden_units, "seeds": seeds, "seed": seed}

    def make(folder: Path) -> None:
        order = np.random.default_rng([seed, len(pairs)]).permutation(len(pairs))
        save_adders([_best(pairs[order], largest_sum, hidden_units, seeds, seed)], folder)

    stage = run_stage(data_folder(), "train-challenger", {"rows": training.sha256}, config, make)
    (adder,) = load_adders(stage.folder)
    import_quietly()
    record = NetworkRecord(
        name=f"{training.raw.name.rpartition('-')[2]}: {adder.name}",
        parameters={**config, "seed": adder.seed, "protocol": adder.protocol},
        metrics={"rows/training": len(pairs)},
        datasets=[training.dataset],
        **model_fields(adder),
    )
    (run_id,) = log_networks(run, [record])
    return register_adder(replace(run, run_id=run_id), adder, training.dataset, model)


@task(task_run_name="score {model}", **RETRIES)
def score_adder(run: Run, model: str, _: Cleaned, held_out: Cleaned) -> Scores:
    """The accuracy and the mean absolute error of a registered network on held-out pairs."""
    client, pairs = run.client, _pairs(held_out)
    answers = np.asarray(load(client, find(client, model))(pairs[:, :2].astype(np.float32)), np.float64)[:, 0]
    return {
        "accuracy": float(np.mean(np.rint(answers) == pairs[:, 2])),
        "mean_absolute_error": float(np.abs(answers - pairs[:, 2]).mean()),
    }


def _best(pairs: IntArray, largest_sum: int, hidden_units: int, seeds: int, seed: int) -> Adder:
    """The most accurate network on the validation rows; of equals the one of smallest error, then seed."""
    # all copies of a pair are on one side; of few different pairs nine in ten still remain to learn from
    _, first, number = np.unique(pairs[:, :2], axis=0, return_index=True, return_inverse=True)
    in_validation = first[number.ravel()] < np.sort(first)[len(first) // _VALIDATION_ONE_IN]
    validation, training = pairs[in_validation], pairs[~in_validation]
    adders = train_solved({largest_sum: training}, hidden_units=[hidden_units], seeds=seeds, seed=seed)
    scores = [score(adder, validation[:, :2]) for adder in adders]
    best = min(
        range(len(adders)), key=lambda index: (-scores[index].accuracy, scores[index].mean_absolute_error, index)
    )
    return adders[best]


def _pairs(part: Cleaned) -> IntArray:
    """a, b and sum: (n, 3) int64."""
    rows = pl.read_parquet(part.rows / "clean.parquet", columns=["a", "b", "sum"])
    return rows.to_numpy().astype(np.int64)
