"""The parameters of retraining: which data is added, and what a challenger must reach to become champion."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field

from schemas.parameters.base import EvenOrChampions, LocalPath, Parameters, Seed, Share, SizeOrChampions
from schemas.parameters.training import GENERATED


class RetrainParameters(Parameters):
    """What all retraining has in common."""

    defaults: ClassVar[Mapping[str, int]] = {}  # of numbers that 0 leaves to the champion

    inbox: LocalPath = Field(
        "",
        description="folder into which new files and folders are put; if empty, the one in inbox/ that is named after "
        "the model",
    )
    model: str = Field("model", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    margin: Share = Field(
        0.01,
        description="how much better than the champion the challenger must be to replace it: in accuracy, or as a "
        "share of the FID",
    )
    most_drift: float = Field(
        0.1,
        ge=0,
        le=10,
        description="Kullback-Leibler divergence of a column of the new rows from the champion's data, in nats and "
        "beyond what chance explains, above which they are refused",
    )
    on_drift: Literal["refuse", "accept"] = Field(
        "refuse", description="refuse new rows that drifted, or accept and report them"
    )
    most_quarantine: Share = Field(
        0.5, description="share of a delivery's rows in quarantine above which it is refused"
    )
    seed: Seed = Field(0, description="the same seed gives the same challenger, bit for bit")

    @property
    def run_name(self) -> str:
        """Such as "retrain adders"."""
        return f"retrain {self.model}"

    def with_champion_defaults(self, champion: Mapping[str, str]) -> Self:
        """The same parameters; 0 stands for the number in a champion's tag or, if there is none, for the default.

        A champion without the tag is refused later, when it is checked.
        """
        numbers = {name: champion.get(name, "") for name in self.defaults if not getattr(self, name)}
        return self.model_copy(
            update={name: int(text) if text.isdecimal() else self.defaults[name] for name, text in numbers.items()}
        )


class RetrainAddersParameters(RetrainParameters):
    """Add new pairs of numbers to the dataset, train a challenger on it, and make the better network champion."""

    defaults: ClassVar[Mapping[str, int]] = {"largest_sum": 65536}
    model: str = Field("adders", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    start: LocalPath = Field(
        GENERATED,
        description="what the dataset begins with: 'generated', a file or folder; if empty, the first new files",
    )
    rows: int = Field(10_000, ge=100, le=100_000_000, description="generated pairs to begin with")
    largest_sum: EvenOrChampions = Field(
        0,
        description="of a pair, even; a and b go up to half of it; 0 = that of the champion, or 65536 if there is none",
    )
    least_accuracy: Share = Field(0.95, description="on held-out rows, below which no challenger becomes champion")
    hidden_units: int = Field(4, ge=1, le=64, description="sigmoid nodes of the challenger")
    seeds: int = Field(3, ge=1, le=1000, description="networks trained, of which the best is the challenger")


class RetrainAvatarsParameters(RetrainParameters):
    """Add new pictures to the dataset, train a challenger on it, and make the better network champion."""

    defaults: ClassVar[Mapping[str, int]] = {"size": 32}
    model: str = Field("avatars", pattern=r"^\w[\w .-]*$", description="registered model to compete for")
    start: LocalPath = Field(
        "avatars",
        description="what the dataset begins with: 'avatars', a folder or archive; if empty, the first new files",
    )
    rows: int = Field(4000, ge=150, le=1_000_000, description="avatars drawn to begin with")
    size: SizeOrChampions = Field(
        0, description="side of the pictures in pixels; 0 = that of the champion, or 32 if there is none"
    )
    epochs: int = Field(8, ge=1, le=100_000, description="passes over the pictures")
    least_coverage: Share = Field(0.7, description="of held-out pictures, below which no challenger becomes champion")
