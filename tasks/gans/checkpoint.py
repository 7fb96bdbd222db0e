"""What a training needs to go on after any kind of death: a file written whole after each epoch, its samples beside.

The file before it is kept as well, in case the newest was damaged on disk. Arrays only: nothing in it can be executed.
"""

import hashlib
import io
import json
import logging
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eightytwenty.files import write_whole
from models.gans.quality.collapse import Alarm

State = dict[str, npt.NDArray[Any]]
_NEWEST, _BEFORE, _SAMPLES = "newest.npz", "before.npz", "samples-{:05}.npz"
_DIGEST = 32  # bytes behind each file, so that damage is found before anything is made of its content
_KEEP_SECONDS = 30 * 24 * 3600
"""How long the checkpoints of a training are kept that nobody takes up again."""


class _DamagedError(Exception):
    """A file is not what was written."""


@dataclass
class Checkpoint:
    """A training after some epochs.

    Attributes:
        state: all that the next step depends on (`models.gans.gan.Gan.state`).
        best: the sampler's weights after the best epoch: that with the lowest FID and no alarm.
        best_epoch: its number from 1; 0 before the first.
        history: metric -> its value after each epoch.
        samples: (epochs, 16, s, s, 3) uint8, drawn from the same noise after each epoch.
        alarms: raised until now.
    """

    state: State = field(default_factory=dict)
    best: State = field(default_factory=dict)
    best_epoch: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    samples: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """How many epochs are done."""
        return len(self.samples)

    @property
    def story(self) -> "Checkpoint":
        """The same without weights: what is worth keeping of a finished training."""
        return replace(self, state={}, best={})


def keep(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint; the newest until now becomes the one before. Of the samples only what is new is written.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    for epoch, samples in enumerate(checkpoint.samples, start=1):
        place = folder / _SAMPLES.format(epoch)
        # the last one always: what stands there may be of a training that was lost
        if epoch == checkpoint.epochs or not place.exists():
            _write(place, {"samples": samples})
    told = {
        "epochs": checkpoint.epochs,
        "best_epoch": checkpoint.best_epoch,
        "history": checkpoint.history,
        "alarms": [asdict(alarm) for alarm in checkpoint.alarms],
    }
    arrays: State = {
        **{f"state/{name}": value for name, value in checkpoint.state.items()},
        **{f"best/{name}": value for name, value in checkpoint.best.items()},
        "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
    }
    newest = folder / _NEWEST
    if newest.exists():
        newest.replace(folder / _BEFORE)
    _write(newest, arrays)


def find(folder: Path) -> Checkpoint:
    """The newest checkpoint in a folder that can be read, or an empty one; says so where another one is damaged."""
    found, damaged = Checkpoint(), []
    for place in (folder / _NEWEST, folder / _BEFORE):
        try:
            if place.exists():
                found = _read(place)
                break
        except (OSError, _DamagedError):
            damaged.append(str(place))
    if damaged:
        then = f"goes on after epoch {found.epochs}" if found.epochs else "starts anew"
        log = logging.getLogger(__name__)
        log.warning("%s (or its samples) cannot be read or is damaged; the training %s", " and ".join(damaged), then)
    return found


def remove_abandoned(checkpoints: Path, current: Path) -> None:
    """Removes the checkpoints of other trainings that nobody touched for 30 days.

    Args:
        checkpoints: holds a folder for each training.
        current: the folder of the training that is about to go on.
    """
    for folder in checkpoints.glob("*/"):
        with suppress(FileNotFoundError):  # another process may remove it just now
            touched = max(place.stat().st_mtime for place in (folder, *folder.iterdir()))
            if folder != current and time.time() - touched > _KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _read(place: Path) -> Checkpoint:
    arrays = _load(place)
    told = json.loads(arrays["told"].tobytes())
    epochs = range(1, told["epochs"] + 1)
    return Checkpoint(
        state={name.removeprefix("state/"): value for name, value in arrays.items() if name.startswith("state/")},
        best={name.removeprefix("best/"): value for name, value in arrays.items() if name.startswith("best/")},
        best_epoch=told["best_epoch"],
        history=told["history"],
        samples=[_load(place.with_name(_SAMPLES.format(epoch)))["samples"] for epoch in epochs],
        alarms=[Alarm(**alarm) for alarm in told["alarms"]],
    )


def _write(place: Path, arrays: State) -> None:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    content.write(hashlib.sha256(content.getvalue()).digest())
    write_whole(place, content.getvalue())


def _load(place: Path) -> State:
    content = place.read_bytes()
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise _DamagedError
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
