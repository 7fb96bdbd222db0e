"""Copies deliveries out of the inbox, so that what is cleaned is what was seen, whatever happens there meanwhile."""

import shutil
from pathlib import Path

from schemas.errors import UserError
from tasks.files import sha256
from tasks.retrain.inbox import Delivery
from tasks.stages import data_folder, run_stage


def copied(delivery: Delivery) -> Delivery:
    """The delivery as a stage that nobody changes.

    Raises:
        UserError: it was changed since it was seen.
    """

    def make(folder: Path) -> None:
        place = folder / delivery.name
        if delivery.path.is_dir():
            shutil.copytree(delivery.path, place, ignore=_neither_file_nor_folder)
        else:
            shutil.copy2(delivery.path, place)
        if sha256(place) != delivery.sha256:
            raise UserError(f"{delivery.path} was changed while it was read; run again when it is whole.")

    stage = run_stage(data_folder(), "take-in", {"delivery": delivery.sha256}, {"name": delivery.name}, make)
    return Delivery(delivery.name, stage.folder / delivery.name, delivery.sha256)


def _neither_file_nor_folder(parent: str, names: list[str]) -> list[str]:
    """Links, pipes and the like, which no digest covers."""
    places = {name: Path(parent, name) for name in names}
    return [name for name, at in places.items() if at.is_symlink() or not (at.is_file() or at.is_dir())]
