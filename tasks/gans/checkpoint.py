"""What a training needs to resume after any kind of crash: one file after each epoch, written whole, and its samples.

The previous file is kept as well, in case the newest is damaged on disk. They hold arrays only, so nothing in them can
be executed.
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

from eightytwenty.files import make_way, write_whole
from models.gans.quality.collapse import Alarm
from tasks.running.records import DamagedError

SPEED = "images_per_second"
"""The one metric that differs between two runs of the same training."""

State = dict[str, npt.NDArray[Any]]
_NEWEST, _PREVIOUS, _SAMPLES = "newest.npz", "previous.npz", "samples-{:05}.npz"
_DIGEST = 32  # bytes at the end of each file, so that damage is noticed before the content is used
_KEEP_SECONDS = 30 * 24 * 3600
"""How long the checkpoints of an abandoned training are kept."""


@dataclass
class Checkpoint:
    """A training after some epochs.

    Attributes:
        state: all that the next step depends on (`models.gans.gan.Gan.state`).
        best: the sampler's weights after the best epoch, the one with the lowest FID and no alarm.
        best_epoch: its number from 1; 0 before the first.
        history: metric -> its value after each epoch.
        samples: (epochs, 16, s, s, 3) uint8, drawn from the same noise and attributes after each epoch.
        alarms: raised so far.
    """

    state: State = field(default_factory=dict)
    best: State = field(default_factory=dict)
    best_epoch: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    samples: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """The number of epochs done."""
        return len(self.samples)

    @property
    def results(self) -> "Checkpoint":
        """The part of a finished training that is worth keeping, and the same in every run: no weights, no speed."""
        history = {name: values for name, values in self.history.items() if name != SPEED}
        return replace(self, state={}, best={}, history=history)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint; the newest so far becomes the previous one. Only new samples are written.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    for epoch, samples in enumerate(checkpoint.samples, start=1):
        path = folder / _SAMPLES.format(epoch)
        # the last one always: a file that exists may be from a training that was lost
        if epoch == checkpoint.epochs or not path.exists():
            _write(path, {"samples": samples})
    metadata = {
        "epochs": checkpoint.epochs,
        "best_epoch": checkpoint.best_epoch,
        "history": checkpoint.history,
        "alarms": [asdict(alarm) for alarm in checkpoint.alarms],
    }
    arrays: State = {
        **{f"state/{name}": value for name, value in checkpoint.state.items()},
        **{f"best/{name}": value for name, value in checkpoint.best.items()},
        "metadata": np.frombuffer(json.dumps(metadata).encode(), np.uint8),
    }
    newest = folder / _NEWEST
    if newest.is_file():
        make_way(folder / _PREVIOUS)
        newest.replace(folder / _PREVIOUS)
    _write(newest, arrays)


def load_checkpoint(folder: Path) -> Checkpoint:
    """The newest checkpoint in a folder that can be read, or an empty one; logs a warning if one is damaged."""
    checkpoint, damaged = Checkpoint(), []
    for path in (folder / _NEWEST, folder / _PREVIOUS):
        try:
            if path.exists():
                checkpoint = _read(path)
                break
        except (OSError, DamagedError):
            damaged.append(str(path))
    if damaged:
        effect = f"continues after epoch {checkpoint.epochs}" if checkpoint.epochs else "starts from the beginning"
        log = logging.getLogger(__name__)
        log.warning("%s (or its samples) cannot be read or is damaged; the training %s", " and ".join(damaged), effect)
    return checkpoint


def remove_abandoned(checkpoints: Path, current: Path) -> None:
    """Removes the checkpoints of other trainings that have not changed for 30 days, and what is in the way of one.

    Args:
        checkpoints: holds a folder for each training.
        current: the folder of the training that is about to continue.
    """
    if current.is_file():
        current.unlink()
    for folder in checkpoints.glob("*/"):
        with suppress(FileNotFoundError):  # another process may remove it just now
            touched = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
            if folder != current and time.time() - touched > _KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> Checkpoint:
    arrays = _load(path)
    metadata = json.loads(arrays["metadata"].tobytes())
    epochs = range(1, metadata["epochs"] + 1)
    return Checkpoint(
        state={name.removeprefix("state/"): value for name, value in arrays.items() if name.startswith("state/")},
        best={name.removeprefix("best/"): value for name, value in arrays.items() if name.startswith("best/")},
        best_epoch=metadata["best_epoch"],
        history=metadata["history"],
        samples=[_load(path.with_name(_SAMPLES.format(epoch)))["samples"] for epoch in epochs],
        alarms=[Alarm(**alarm) for alarm in metadata["alarms"]],
    )


def _write(path: Path, arrays: State) -> None:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    content.write(hashlib.sha256(content.getvalue()).digest())
    make_way(path)
    write_whole(path, content.getvalue())


def _load(path: Path) -> State:
    content = path.read_bytes()
    if hashlib.sha256(content[:-_DIGEST]).digest() != content[-_DIGEST:]:
        raise DamagedError(path)
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
