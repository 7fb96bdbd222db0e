"""What a retraining needs to know of what it trains: adders on pairs of numbers, or GANs on pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from tasks.retrain.gate import Decision, Scores
from tasks.retrain.inbox import Delivery
from tasks.retrain.versions import Version
from tasks.tracking.run import Run
from tasks.validate.gate import FinishedCheck


class RefusedError(UserError):
    """New rows that must not become part of the dataset: a sentence that says why."""


@dataclass(frozen=True)
class CleanedDelivery:
    """A delivery that was copied and cleaned.

    Attributes:
        delivery: the copy, which exists until the retraining ends.
        rows: folder of the cleaned rows.
        sha256: digest of it.
        summary: what became of its rows.
        checked: its check by Great Expectations.
    """

    delivery: Delivery
    rows: Path
    sha256: str
    summary: Summary
    checked: FinishedCheck


class Experiment(Protocol):
    """One model with its data, as the retraining drives it.

    Attributes:
        flow: name of the flow, and of the MLflow experiment.
        rows_folder: name of the folder of cleaned rows in a dataset version.
    """

    flow: str
    rows_folder: str

    def first_delivery(self) -> Delivery | None:
        """What the dataset begins with; None if it begins with the first delivery in the inbox."""

    def clean_delivery(self, delivery: Delivery) -> CleanedDelivery:
        """Cleans and checks the copy of a delivery.

        Raises:
            UserError: it cannot be read.
        """

    def copy_files(self, cleaned: CleanedDelivery, place: Path) -> None:
        """Copies the accepted raw files of a delivery into a folder of a dataset version."""

    def clean_version(self, folder: Path) -> Summary:
        """Cleans the raw files of a dataset version.

        Raises:
            RefusedError: they do not go together.
        """

    def profile(self, rows: Path) -> pl.DataFrame:
        """The columns of cleaned rows that are compared to detect drift."""

    def check_champion(self, champion: ModelVersion) -> None:
        """Checks that a challenger can be compared with this champion.

        Raises:
            UserError: it was made for something else.
        """

    @property
    def training_parameters(self) -> Mapping[str, object]:
        """All parameters on which the challenger depends, besides its data."""

    @property
    def gate_parameters(self) -> Mapping[str, object]:
        """All parameters on which the decision depends, besides the scores."""

    def train(self, run: Run, version: Version) -> int:
        """Trains a challenger, logs it to a nested run and registers it.

        Returns:
            its version in the registry.

        Raises:
            UserError: there are too few rows to learn from, or too few to compare by.
        """

    def score(self, client: MlflowClient, model: ModelVersion, version: Version) -> Scores:
        """Scores a registered network on the held-out rows of a dataset version."""

    def decide(self, challenger: Scores, champion: Scores | None) -> Decision:
        """Whether the challenger becomes champion."""

    def delete_checkpoints(self, version: Version) -> None:
        """Deletes what only an interrupted training needs."""
