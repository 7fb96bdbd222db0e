"""What a model is to the flows: an `Experiment`, and the references that travel between its stages.

A stage is a small frozen configuration that can be called, most often a function with `functools.partial`. It is built
from the form once, in the flow. A task is given its stage and references to data: never the form, a live client or
another task.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.engine.summary import Summary
from reports.eighty_twenty import EightyTwenty, Gain, StageTime
from schemas.expectations import BatchExpectations
from tasks.cleaning import Clean
from tasks.decision import Decision, Scores
from tasks.tracking.run import Dataset, Run

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class Raw:
    """Raw data.

    Attributes:
        name: of the dataset, such as pairs-16.
        path: a file or folder.
        sha256: its digest.
        seconds: wall-clock seconds that it took to get it.
        fresh: whether that was done just now.
        truth: for generated data, where its faults are written down.
        attribution: whom to credit wherever it is shown; may be empty.
        title: what it is in words, such as "pairs to 16"; empty if its name says it.
        attributes: of pictures, a file with a table of their attributes, if it is not among them.
    """

    name: str
    path: Path
    sha256: str
    seconds: float = 0.0
    fresh: bool = True
    truth: Path | None = None
    attribution: str = ""
    title: str = ""
    attributes: Path | None = None

    @property
    def words(self) -> str:
        """The title; without one, the name."""
        return self.title or self.name


@dataclass(frozen=True)
class Cleaned:
    """Cleaned data.

    Attributes:
        raw: what it was made from.
        rows: the folder that cleaning wrote.
        sha256: digest of the stage that wrote it.
        summary: what became of the raw rows.
        dataset: as an input of an MLflow run; of a part of a dataset it is the whole.
        seconds: wall-clock seconds that it took.
        fresh: whether that was done just now.
    """

    raw: Raw
    rows: Path
    sha256: str
    summary: Summary
    dataset: Dataset
    seconds: float
    fresh: bool


@dataclass(frozen=True)
class Findings:
    """What a training reports.

    Attributes:
        folder: with all pictures and tables.
        places: label -> place or command, where to look next.
        page: Markdown for the Prefect UI, in parts: the result, pictures, the report.
        results: what the terminal shows.
        notes: what must be said at the end, such as whom to credit.
        network: what to call the network that was registered.
    """

    folder: Path
    places: Mapping[str, str]
    page: Sequence[str]
    results: "tuple[RenderableType, ...]" = ()
    notes: str = ""
    network: str = "trained network"


@dataclass(frozen=True)
class Trained:
    """A network that was trained, logged and registered.

    Attributes:
        version: of the registered model.
        scores: by which it may become the first champion.
        stages: what the time of its training went into.
        gains: what cleaning bought.
        subject: what `gains` are about.
        report: reports the run, given whether the network is champion; None: as `tasks.report.report_plainly` does.
    """

    version: int
    scores: Scores
    stages: tuple[StageTime, ...] = ()
    gains: tuple[Gain, ...] = ()
    subject: str = ""
    report: Callable[[Run, EightyTwenty, bool], Findings] | None = None


Ingest = Callable[[], Raw]
Check = partial[tuple[BatchExpectations, Mapping[str, int]]]


@dataclass(frozen=True)
class Data:
    """One table, or one folder of pictures.

    Attributes:
        ingest: generates it, or finds what the user named; None if it begins with what is delivered.
        clean: how it is cleaned.
        check: what a cleaned batch must be, and more counts for the expectations on the fates of its rows.
    """

    ingest: Ingest | None
    clean: Clean
    check: Check


@dataclass(frozen=True)
class Experiment:
    """One model: ingest, clean, check, train, score, decide.

    `train` and `score` are called in the flow, and call tasks of their own.

    Attributes:
        model: name of the registered model.
        title: of the run in MLflow.
        data: what it learns from.
        train: given the run, the cleaned data and the model, trains, logs and registers a network. Its keywords are
            all on which a challenger depends besides its data.
        score: given the run, a network as adders/3, training rows and held-out rows, scores the network on the latter.
        decide: given the scores of a challenger and of the champion, if there is one, decides whether it is replaced.
        checkpoints: given the cleaned data, the folder from which a killed training continues; None if it starts over.
    """

    model: str
    title: str
    data: tuple[Data, ...]
    train: "partial[Trained]"
    score: Callable[[Run, str, Cleaned, Cleaned], Scores]
    decide: "partial[Decision]"
    checkpoints: Callable[[Sequence[Cleaned]], Path] | None = None
