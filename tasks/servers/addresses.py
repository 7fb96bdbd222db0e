"""Where the servers of a data folder answer, while `eightytwenty up` runs."""

from contextlib import suppress
from pathlib import Path

from tasks.running.ownership import try_lock
from tasks.running.records import DamagedError, Record


class Addresses(Record):
    """Where the servers answer: the Prefect API, which ends in /api, and MLflow."""

    prefect: str
    mlflow: str

    @property
    def prefect_ui(self) -> str:
        """The Prefect UI."""
        return self.prefect.removesuffix("/api")

    @property
    def mlflow_ui(self) -> str:
        """The list of experiments in the MLflow UI."""
        return f"{self.mlflow}{mlflow_page('experiments')}"


def mlflow_page(path: str) -> str:
    """A page of the MLflow UI; without the query it would open in its GenAI mode.

    >>> mlflow_page("experiments/1/runs")
    '/#/experiments/1/runs?workflowType=machine_learning'
    """
    return f"/#/{path}?workflowType=machine_learning"


def addresses_of(data: Path) -> Addresses | None:
    """The addresses of the servers over this data folder; None if they are not up."""
    with suppress(FileNotFoundError, DamagedError), try_lock(lock_file(data)) as is_alone:
        if not is_alone:
            return Addresses.read(addresses_file(data))
    return None


def addresses_file(data: Path) -> Path:
    """The file in which `up` writes the addresses."""
    return data / "servers" / "up.json"


def lock_file(data: Path) -> Path:
    """The file that `up` keeps locked."""
    return data / "servers" / "up.lock"
