"""Where pictures come from: they are drawn here, or are the user's."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eightytwenty.files import sha256
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.source import open_pictures
from schemas.attribute_expectations import pictures_expectations
from schemas.attributes import KNOWN_ATTRIBUTES
from schemas.expectations import BatchExpectations
from tasks.experiment import Cleaned, Raw
from tasks.ingest.generate import ATTRIBUTION, AVATARS, generate_pictures
from tasks.retrain.inbox import Delivery
from tasks.running.allowed_paths import fetch
from tasks.running.links import link_tree
from tasks.running.progress import task_progress
from tasks.running.stages import data_folder, run_stage


def drawn(*, name: str, source: str, rows: int, size: int, dirt: float, seed: int) -> Raw:
    """Draws pictures for a dataset with this name; see `tasks.ingest.generate.generate_pictures`."""
    config: dict[str, Any] = {"source": source, "rows": rows, "size": size, "dirt": dirt, "seed": seed}

    def make(folder: Path) -> None:
        with task_progress(f"draw {source}", "pictures") as progress:
            generate_pictures(folder / "pictures", **config, progress=progress)

    stage = run_stage(data_folder(), "ingest-pictures", {}, config, make)
    folder = stage.folder / "pictures"
    raw, file = folder / "raw", folder / ATTRIBUTION
    attribution = file.read_text(encoding="utf-8") if file.exists() else ""
    title = f"{source} {size}x{size}"
    return Raw(name, raw, sha256(raw), stage.seconds, stage.fresh, folder, attribution, title)


def own(*, name: str, source: str, attributes: str) -> Raw:
    """Finds a folder, zip or tar, or its http(s) address, and opens it.

    Args:
        name: of the dataset.
        source: the pictures.
        attributes: file with a table of their attributes, if it is not among them.

    Raises:
        UserError: it cannot be read.
    """
    started = time.perf_counter()
    path = fetch(source, data_folder()).resolve()
    table = Path(attributes) if attributes else None
    digest = open_pictures(path, table, known_attributes=KNOWN_ATTRIBUTES).sha256()
    return Raw(name, path, digest, time.perf_counter() - started, attributes=table)


def start(*, rows: int, size: int, seed: int) -> Delivery:
    """Draws what a dataset begins with: avatars without faults."""
    raw = drawn(name=AVATARS, source=AVATARS, rows=rows, size=size, dirt=0, seed=seed)

    def make(folder: Path) -> None:
        link_tree(raw.path, folder / AVATARS)
        (folder / AVATARS / ATTRIBUTION).write_text(raw.attribution, encoding="utf-8")

    return Delivery.at(run_stage(data_folder(), "start", {"raw": raw.sha256}, {}, make).folder / AVATARS)


def expectations(cleaned: Cleaned, **config: Any) -> tuple[BatchExpectations, Mapping[str, int]]:
    """See `schemas.attribute_expectations.pictures_expectations`."""
    pictures, rows = read_pictures(cleaned.rows), cleaned.summary.clean
    expected = pictures_expectations(cleaned.raw.name, pictures.attributes, rows=rows, **config)
    return expected, {"pictures_in_file": len(pictures.images)}
