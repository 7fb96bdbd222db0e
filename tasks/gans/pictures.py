"""Pictures on their way from raw to training: references to what lies on disk."""

import json
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.engine.summary import Summary
from eightytwenty.pictures.store import ATTRIBUTES
from schemas.attributes import CARTOONSET, CARTOONSET_ATTRIBUTION
from tasks.running.stages import Stage
from tasks.tracking.run import Dataset


@dataclass(frozen=True)
class RawPictures:
    """Raw pictures.

    Args:
        path: folder or archive.
        sha256: its digest.
        seconds: wall-clock seconds that it took to get them.
        fresh: whether that was done just now.
        truth: folder with what is known of pictures that were drawn here: the faults, the pictures without them.
        attribution: whom to name wherever the pictures are shown.
    """

    path: Path
    sha256: str
    seconds: float
    fresh: bool = True
    truth: Path | None = None
    attribution: str = ""


@dataclass(frozen=True)
class CleanPictures:
    """Cleaned pictures: the finished stage and its summary."""

    name: str
    raw: RawPictures
    stage: Stage
    summary: Summary

    @property
    def folder(self) -> Path:
        """What `eightytwenty.pictures.run.clean_pictures` wrote."""
        return self.stage.folder / "pictures"

    @property
    def attribution(self) -> str:
        """Whom to name wherever the pictures, or what was learned from them, are shown; empty where nobody is known."""
        names = json.loads((self.folder / ATTRIBUTES).read_text(encoding="utf-8"))
        is_cartoon_set = list(names) == [one.name for one in CARTOONSET]
        return self.raw.attribution or (CARTOONSET_ATTRIBUTION if is_cartoon_set else "")

    @property
    def gallery(self) -> Path:
        """The page that shows what cleaning did."""
        return self.stage.folder / "gallery.png"

    @property
    def dataset(self) -> Dataset:
        """The pictures as an input of an MLflow run."""
        return Dataset(self.name, self.folder, self.stage.sha256, self.summary.clean)
