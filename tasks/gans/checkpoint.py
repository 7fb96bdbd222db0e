"""What a training needs to go on after any kind of death: one file, written whole after each epoch.

The file before it is kept as well, in case the newest was damaged on disk. Arrays only: nothing in it can be executed.
"""

import io
import json
import logging
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.gans.quality.collapse import Alarm
from tasks.files import write_whole

State = dict[str, npt.NDArray[Any]]
_NEWEST, _BEFORE = "newest.npz", "before.npz"


@dataclass
class Checkpoint:
    """A training after some epochs.

    Attributes:
        state: all that the next step depends on (`models.gans.gan.Gan.state`).
        best: the sampler's weights after the best epoch.
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
    """Writes a checkpoint; the newest until now becomes the one before.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    told = {
        "best_epoch": checkpoint.best_epoch,
        "history": checkpoint.history,
        "alarms": [asdict(alarm) for alarm in checkpoint.alarms],
    }
    arrays: State = {
        **{f"state/{name}": value for name, value in checkpoint.state.items()},
        **{f"best/{name}": value for name, value in checkpoint.best.items()},
        "samples": np.stack(checkpoint.samples),
        "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
    }
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    newest = folder / _NEWEST
    if newest.exists():
        newest.replace(folder / _BEFORE)
    write_whole(newest, content.getvalue())


def find(folder: Path) -> Checkpoint:
    """The newest checkpoint in a folder that can be read, or an empty one."""
    for name in (_NEWEST, _BEFORE):
        try:
            return _read(folder / name)
        except FileNotFoundError:
            continue
        # all that zipfile and NumPy make of damaged bytes
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile):
            logging.getLogger(__name__).warning("%s is damaged and is not used", folder / name)
    return Checkpoint()


def _read(place: Path) -> Checkpoint:
    # every member of the file carries a checksum, which reading verifies
    with np.load(place, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    told = json.loads(arrays["told"].tobytes())
    return Checkpoint(
        state={name.removeprefix("state/"): value for name, value in arrays.items() if name.startswith("state/")},
        best={name.removeprefix("best/"): value for name, value in arrays.items() if name.startswith("best/")},
        best_epoch=told["best_epoch"],
        history=told["history"],
        samples=list(arrays["samples"]),
        alarms=[Alarm(**alarm) for alarm in told["alarms"]],
    )
