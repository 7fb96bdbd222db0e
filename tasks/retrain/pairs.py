"""Retraining of the adders: pairs of numbers in, a network that adds them out."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from eightytwenty.engine.run import clean_table
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.read.source import SUFFIXES, open_source
from models.adders.network import Adder, IntArray, score, to_keras
from models.adders.solve import train_solved
from schemas.pairs import pairs_table
from schemas.parameters import GENERATED, RetrainAddersParameters
from tasks.adders.networks import load_adders, save_adders
from tasks.adders.register import metadata, register_adder
from tasks.adders.tables import FEWEST_PAIRS, RawTable
from tasks.adders.tasks import check_pairs, clean_pairs
from tasks.ingest.pairs import draw_pairs
from tasks.retrain.experiment import CleanedDelivery
from tasks.retrain.gate import Decision, Scores, decide_adder
from tasks.retrain.held_out import held_out_pairs, require_enough
from tasks.retrain.inbox import Delivery
from tasks.retrain.reading import read_delivered_pairs
from tasks.retrain.versions import RAW, Version, link_tree
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.confined import run_confined
from tasks.running.stages import data_folder, run_stage
from tasks.running.tensorflow import import_quietly
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.registry import load
from tasks.tracking.run import Dataset, Run

_COLUMNS = ["a", "b", "sum"]
_VALIDATION_ONE_IN = 10  # of the different training pairs; they decide which network is the challenger


class PairsExperiment:
    """See `tasks.retrain.experiment.Experiment`."""

    flow, rows_folder = "retrain-adders", "rows"

    def __init__(self, parameters: RetrainAddersParameters) -> None:
        self._parameters, self._table = parameters, pairs_table(parameters.largest_sum)

    def first_delivery(self) -> Delivery | None:
        """Generated pairs without ids, which could be those of the user's own records; or a file or folder."""
        parameters = self._parameters
        if parameters.start != GENERATED:
            return Delivery.at(require_allowed_to_copy(parameters.start)) if parameters.start else None
        config = parameters.model_dump(include={"rows", "largest_sum", "seed"})

        def make(folder: Path) -> None:
            draw_pairs(**config).drop("record_id").write_csv(folder / "generated.csv")

        return Delivery.at(run_stage(data_folder(), "start", {}, config, make).folder / "generated.csv")

    def clean_delivery(self, delivery: Delivery) -> CleanedDelivery:
        """Cleans and checks a delivery."""

        def clean(raw: RawTable, folder: Path) -> None:
            run_confined(read_delivered_pairs, str(raw.path), str(folder), raw.largest_sum, size=delivery.size)

        table = clean_pairs(RawTable(delivery.path, delivery.sha256, self._parameters.largest_sum, 0.0), clean)
        checked = check_pairs(table, self._parameters.most_quarantine)
        return CleanedDelivery(delivery, table.rows.parent, table.stage.sha256, table.summary, checked)

    def copy_files(self, cleaned: CleanedDelivery, place: Path) -> None:
        """Links the files as they arrived: rows in quarantine end there again, and are accounted for."""
        path = cleaned.delivery.path
        # a file that is named directly may have any suffix; in a folder only those of tables are read
        suffix = "" if path.is_dir() or path.suffix.lower() in SUFFIXES else ".csv"
        link_tree(path, place / f"{cleaned.delivery.name}{suffix}")

    def clean_version(self, folder: Path) -> Summary:
        """Cleans all files of a version together."""
        return clean_table(open_source(folder / RAW, self._table), self._table, folder / self.rows_folder)

    def profile(self, rows: Path) -> pl.DataFrame:
        """a, b, sum and difference: a and b may each be distributed as before, but not their combinations."""
        pairs = pl.read_parquet(rows / "clean.parquet" if rows.is_dir() else rows, columns=_COLUMNS)
        return pairs.with_columns(difference=pl.col("a") - pl.col("b"))

    def check_champion(self, champion: ModelVersion) -> None:
        """A champion with another largest sum cannot be compared."""
        largest_sum = champion.tags.get("largest_sum", "another number")
        if largest_sum != str(self._parameters.largest_sum):
            raise UserError(
                f"the champion {champion.name}/{champion.version} adds up to {largest_sum}, and a challenger up to "
                f"{self._parameters.largest_sum} cannot be compared with it: give its largest sum, or another model."
            )

    @property
    def training_parameters(self) -> Mapping[str, object]:
        """What the challenger is trained with."""
        return self._parameters.model_dump(include={"largest_sum", "hidden_units", "seeds", "seed"})

    @property
    def gate_parameters(self) -> Mapping[str, object]:
        """What the challenger must reach."""
        return self._parameters.model_dump(include={"least_accuracy", "margin"})

    def train(self, run: Run, version: Version) -> int:
        """Trains networks from several seeds; the challenger is the best on the validation rows."""
        config = dict(self.training_parameters)
        training, _ = self._split(version)
        if len(training) < FEWEST_PAIRS:
            raise UserError(
                f"{version.name} has {len(training)} pairs to learn from, but {FEWEST_PAIRS} are needed: "
                "put more into the inbox."
            )

        def make(folder: Path) -> None:
            save_adders([self._best(training)], folder)

        stage = run_stage(data_folder(), "train-challenger", {"dataset": version.sha256}, config, make)
        (adder,) = load_adders(stage.folder)
        import_quietly()
        dataset = Dataset(
            f"{self._parameters.model}-{version.name}", version.rows_folder, version.sha256, version.rows["clean"]
        )
        record = NetworkRecord(
            name=f"challenger of {version.name}",
            parameters={**config, "seed": adder.seed, "protocol": adder.protocol},
            metrics={"training_rows": len(training)},
            model=partial(to_keras, adder),
            input_example=np.array([[2.0, 2.0], [1.0, 0.0]]),
            datasets=[dataset],
            metadata=metadata(adder),
        )
        (run_id,) = log_networks(run, [record])
        nested = replace(run, run_id=run_id)
        return register_adder(nested, adder, dataset, self._parameters.model)

    def score(self, client: MlflowClient, model: ModelVersion, version: Version) -> Scores:
        """Its accuracy and mean absolute error on the held-out pairs."""
        pairs = self._split(version)[1]
        answers = np.asarray(load(client, model)(pairs[:, :2].astype(np.float32)), np.float64)[:, 0]
        return {
            "accuracy": float(np.mean(np.rint(answers) == pairs[:, 2])),
            "mean_absolute_error": float(np.abs(answers - pairs[:, 2]).mean()),
        }

    def decide(self, challenger: Scores, champion: Scores | None) -> Decision:
        """By accuracy."""
        gate = self._parameters
        return decide_adder(challenger, champion, least_accuracy=gate.least_accuracy, margin=gate.margin)

    def delete_checkpoints(self, version: Version) -> None:
        """There are none: the training takes a second."""

    def _split(self, version: Version) -> tuple[IntArray, IntArray]:
        """The training pairs, in an order drawn with the seed, and the held-out ones: each (n, 3) int64."""
        pairs = pl.read_parquet(version.rows_folder / "clean.parquet", columns=_COLUMNS).to_numpy().astype(np.int64)
        held_out = require_enough(held_out_pairs(pairs), version.name, "pairs")
        order = np.random.default_rng([self._parameters.seed, version.number]).permutation(np.flatnonzero(~held_out))
        return pairs[order], pairs[held_out]

    def _best(self, pairs: IntArray) -> Adder:
        """The most accurate network on the validation rows; of equals the one of smallest error, then seed."""
        config = self._parameters
        # all copies of a pair are on one side; of few different pairs nine in ten still remain to learn from
        _, first, number = np.unique(pairs[:, :2], axis=0, return_index=True, return_inverse=True)
        in_validation = first[number.ravel()] < np.sort(first)[len(first) // _VALIDATION_ONE_IN]
        validation, training = pairs[in_validation], pairs[~in_validation]
        adders = train_solved(
            {config.largest_sum: training}, hidden_units=[config.hidden_units], seeds=config.seeds, seed=config.seed
        )
        scores = [score(adder, validation[:, :2]) for adder in adders]
        best = min(
            range(len(adders)), key=lambda index: (-scores[index].accuracy, scores[index].mean_absolute_error, index)
        )
        return adders[best]
