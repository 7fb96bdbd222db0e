"""The runs that a killed training goes on in."""

from pathlib import Path

from tasks.running.records import DamagedError, Record

_RUNS = "runs.json"


class RunIds(Record):
    """The ids of the parent run and of the training's own run, saved beside its checkpoint."""

    parent: str = ""
    network: str = ""

    @classmethod
    def load(cls, folder: Path) -> "RunIds":
        """The runs of an interrupted training; empty if there is none."""
        try:
            return cls.read(folder / _RUNS)
        except (FileNotFoundError, DamagedError):
            return cls()

    def save(self, folder: Path) -> None:
        """Writes them beside the checkpoint."""
        self.write(folder / _RUNS)
