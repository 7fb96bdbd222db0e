"""Fixtures of the tests of whole systems: the command line, and one flow without a fault."""

from pathlib import Path

import pytest

from tests.flows.conftest import command  # noqa: F401
from tests.system.faults import run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a flow that ran without a fault."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    run(data)
    return data
