"""What the tests of whole systems share."""

from pathlib import Path

import pytest

from tests.system.faults import run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a flow that nothing happened to."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    run(data)
    return data
