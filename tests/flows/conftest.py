"""The real command line in processes of its own, over data folders of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.retrain import inbox

QUICK = ["--rows", "400", "--largest-sums", "16", "--hidden-units", "1,2", "--seeds", "1", "--epochs", "30"]
COMMAND = [sys.executable, "-m", "eightytwenty"]


def environment(data: Path) -> dict[str, str]:
    """The environment of a user who has configured nothing but the data folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "MLFLOW_"))}
    return {**kept, "EIGHTYTWENTY_DATA": str(data)}


def stages(data: Path) -> dict[str, str]:
    """Name -> digest of the output of every finished stage."""
    cards = {card.parent.name: json.loads(card.read_text()) for card in (data / "stages").glob("*/stage.json")}
    return {name: card["sha256"] for name, card in cards.items()}


@pytest.fixture(scope="package", autouse=True)
def _no_waiting_for_deliveries() -> Iterator[None]:
    """Deliveries of the tests are complete when they are put into the inbox."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "QUIET_SECONDS", 0)
        yield


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env=environment(data),
            cwd=data.parent,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run
