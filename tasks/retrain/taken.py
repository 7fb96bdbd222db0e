"""Copies deliveries out of the inbox, so that what is cleaned is what was seen, whatever happens there meanwhile."""

import shutil
from dataclasses import replace
from pathlib import Path

from prefect import task

from eightytwenty.files import irregular, sha256, writing
from tasks.retrain.inbox import Delivery
from tasks.running.retries import RETRIES


@task(**RETRIES)
def fetch(delivery: Delivery, folder: Path) -> Delivery | None:
    """Copies a delivery into a folder.

    Returns:
        the copy, None if what lies there was changed since it was seen.
    """
    place = folder / delivery.sha256 / delivery.name
    shutil.rmtree(place.parent, ignore_errors=True)  # what an attempt left that failed
    with writing(place):
        try:
            for file in _files(delivery.path):
                target = place / file.relative_to(delivery.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target, follow_symlinks=False)
            whole = irregular(place) is None and sha256(place) == delivery.sha256
        except FileNotFoundError:
            whole = False
    return replace(delivery, path=place) if whole else None


def _files(place: Path) -> list[Path]:
    return [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]
