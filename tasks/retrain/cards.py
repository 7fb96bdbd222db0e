"""What the files of a dataset hold: the card of a version, the fates of deliveries, a retraining under way."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from eightytwenty.engine.summary import FATES
from tasks.ingest.generate import ATTRIBUTION
from tasks.running.records import Record
from tasks.tracking.run import Dataset

RAW, INDEX = "raw", "index"


class Version(Record):
    """A version of a dataset, as its card.json describes it.

    Attributes:
        folder: where it lies; not in the file.
        number: from 1.
        parent: number of the version that it grew out of; 0 for the first.
        cleaned: name of the folder of cleaned rows.
        sha256: digest of the cleaned rows.
        raw_sha256: digest of the accepted files.
        index_sha256: digest of what is kept about these files, so that they need not be cleaned again; empty if
            nothing is.
        kind: the largest sum, or the size, that it was cleaned for.
        deliveries: digest -> name of every delivery in it.
        added: names of the deliveries that its parent does not have.
        rows: the number of raw rows ("rows"), and of those that ended as clean, quarantine and duplicates.
        made: when, ISO 8601.
    """

    folder: Path = Field(default=Path(), exclude=True)
    number: int
    parent: int
    cleaned: str
    sha256: str
    raw_sha256: str
    index_sha256: str = ""
    kind: dict[str, object]
    deliveries: dict[str, str]
    added: list[str]
    rows: dict[str, int]
    made: str

    @model_validator(mode="after")
    def _require_accounts(self) -> Self:
        fates = [self.rows.get(fate, -1) for fate in FATES]
        if min(fates) < 0 or sum(fates) != self.rows.get("rows"):
            raise ValueError("the fates do not add up to the rows")
        return self

    @property
    def name(self) -> str:
        """The name of its folder, such as v0001."""
        return self.folder.name

    @property
    def rows_folder(self) -> Path:
        """The cleaned rows."""
        return self.folder / self.cleaned

    @property
    def raw(self) -> Path:
        """The accepted files."""
        return self.folder / RAW

    @property
    def index(self) -> Path:
        """What is kept about the accepted files."""
        return self.folder / INDEX

    def dataset(self, model: str) -> Dataset:
        """As an input of an MLflow run of this model."""
        return Dataset(f"{model}-{self.name}", self.rows_folder, self.sha256, self.rows["clean"])

    @property
    def attribution(self) -> str:
        """Whom to credit, as the deliveries say; may be empty."""
        return "".join(sorted({file.read_text(encoding="utf-8") for file in self.raw.glob(f"*/{ATTRIBUTION}")}))


class Fate(Record):
    """What became of a delivery."""

    name: str
    when: str
    fate: Literal["accepted", "refused"]
    why: str
    terms: dict[str, object] | None = None


class Deliveries(Record):
    """deliveries.json: digest -> fate of the delivery, key -> judgement of the challenger."""

    deliveries: dict[str, Fate] = Field(default_factory=dict)
    judged: dict[str, dict[str, object]] = Field(default_factory=dict)


class Pending(Record):
    """pending.json: the key of a retraining, and its MLflow run."""

    key: str
    run: str
