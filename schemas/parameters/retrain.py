"""The parameters of retraining: what comes in, and what a challenger must show to become champion."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field

from schemas.parameters.base import EvenOrChampions, Parameters, SizeOrChampions
from schemas.parameters.training import GENERATED


class RetrainParameters(Parameters):
    """What all retraining has in common."""

    inbox: str = Field(
        "",
        title="Inbox",
        description="folder that new files and folders are put into; empty: inbox/<model> in the data folder",
    )
    model: str = Field("model", title="Model", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    margin: float = Field(
        0.01,
        title="Margin",
        ge=0,
        le=1,
        description="how much better than the champion the challenger must be to take its place: in accuracy, or as a "
        "share of the FID",
    )
    most_drift: float = Field(
        0.1,
        title="Most drift",
        ge=0,
        le=10,
        description="Kullback-Leibler divergence of a column of the new rows from the champion's data, in nats and "
        "beyond what chance makes, above which they are refused",
    )
    on_drift: Literal["refuse", "accept"] = Field(
        "refuse", title="On drift", description="refuse new rows that drifted, or accept them and say so"
    )
    most_quarantine: float = Field(
        0.5,
        title="Most quarantine",
        ge=0,
        le=1,
        description="share of a delivery's rows in quarantine above which it is refused",
    )
    seed: int = Field(
        0, title="Seed", ge=0, le=2**31, description="the same seed gives the same challenger, bit for bit"
    )

    def with_champion_defaults(self, champion: Mapping[str, str]) -> Self:
        """The same, and what was left to the champion as its tags say; these are empty where there is none."""
        raise NotImplementedError


class RetrainAddersParameters(RetrainParameters):
    """Take in new pairs of numbers, train a challenger on all of them, and let the better one be champion."""

    model: str = Field("adders", title="Model", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    start: str = Field(
        GENERATED,
        title="Start",
        description="what the dataset begins with: 'generated', a file or folder, or empty: with the first new files",
    )
    rows: int = Field(10_000, title="Rows", ge=100, le=100_000_000, description="generated pairs to begin with")
    largest_sum: EvenOrChampions = Field(
        0,
        title="Largest sum",
        description="of a pair, even; a and b go up to half of it; 0: the champion's, or 65536 where there is none",
    )
    least_accuracy: float = Field(
        0.95,
        title="Least accuracy",
        ge=0,
        le=1,
        description="on held-out rows, below which no challenger becomes champion",
    )
    hidden_units: int = Field(4, title="Hidden units", ge=1, le=64, description="sigmoid nodes of the challenger")
    seeds: int = Field(
        3, title="Seeds", ge=1, le=1000, description="networks trained, of which the best is the challenger"
    )

    def with_champion_defaults(self, champion: Mapping[str, str]) -> Self:
        """With the champion's largest sum where none was asked for."""
        return self.model_copy(update={"largest_sum": self.largest_sum or _known(champion, "largest_sum", 65536)})


class RetrainAvatarsParameters(RetrainParameters):
    """Take in new pictures, train a challenger on all of them, and let the better one be champion."""

    model: str = Field("avatars", title="Model", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    start: str = Field(
        "avatars",
        title="Start",
        description="what the dataset begins with: 'avatars', a folder or archive, or empty: with the first new files",
    )
    rows: int = Field(4000, title="Rows", ge=150, le=1_000_000, description="avatars drawn to begin with")
    size: SizeOrChampions = Field(
        0, title="Size", description="side of the pictures in pixels; 0: the champion's, or 32 where there is none"
    )
    epochs: int = Field(8, title="Epochs", ge=1, le=100_000, description="passes over the pictures")
    least_coverage: float = Field(
        0.7,
        title="Least coverage",
        ge=0,
        le=1,
        description="of held-out pictures, below which no challenger becomes champion",
    )

    def with_champion_defaults(self, champion: Mapping[str, str]) -> Self:
        """With the champion's size where none was asked for."""
        return self.model_copy(update={"size": self.size or _known(champion, "size", 32)})


def _known(champion: Mapping[str, str], tag: str, otherwise: int) -> int:
    """What the champion's tag says; one without it cannot be met, which is said where it is compared."""
    value = champion.get(tag, "")
    return int(value) if value.isdecimal() else otherwise
