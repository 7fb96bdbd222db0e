"""What the tests of whole systems share: the command line of the tests of the flows, and one undisturbed flow."""

from pathlib import Path

import pytest

from tests.flows.conftest import command  # noqa: F401
from tests.system.faults import run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a flow that nothing happened to."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    run(data)
    return data
