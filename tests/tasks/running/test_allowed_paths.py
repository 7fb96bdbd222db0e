"""Which paths a deployment's run may use. The environment variable is Prefect's own way to mock such a run."""

import os
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from tasks.running.allowed_paths import require_allowed, require_allowed_store, require_allowed_to_copy


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import prefect  # noqa: F401

    (tmp_path / "data").mkdir()
    (tmp_path / "more").mkdir()
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a deployment")
    return tmp_path / "data"


def test_the_command_line_may_use_any_path(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    assert require_allowed("/etc/hostname") == Path("/etc/hostname")
    assert require_allowed("pairs.csv") == Path("pairs.csv")


def test_a_relative_path_counts_from_the_data_folder(data: Path) -> None:
    assert require_allowed("in/pairs.csv") == data / "in" / "pairs.csv"
    assert require_allowed(str(data / "pairs.csv")) == data / "pairs.csv"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../more/pairs.csv", "in/../../more", "link/pairs.csv", "~/pairs.csv/../../.."]
)
def test_a_path_that_leads_outside_is_refused(data: Path, path: str) -> None:
    (data / "link").symlink_to(data.parent / "more")
    with pytest.raises(UserError, match="lies outside the folders") as error:
        require_allowed(path)
    assert "EIGHTYTWENTY_SOURCES" in str(error.value)


def test_named_folders_are_allowed_too(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "link").symlink_to(data.parent / "more")
    monkeypatch.setenv("EIGHTYTWENTY_SOURCES", os.pathsep.join(["/nowhere", str(data / "link")]))
    assert require_allowed("link/pairs.csv") == data.parent / "more" / "pairs.csv"
    with pytest.raises(UserError):
        require_allowed(str(data.parent / "moreover"))


@pytest.mark.parametrize("path", ["datasets/adders/v0001/rows", "mlflow", "stages/../reports/x", "link", "."])
def test_the_programs_own_folders_are_left_alone(data: Path, path: str) -> None:
    (data / "datasets").mkdir()
    (data / "link").symlink_to(data / "datasets")
    with pytest.raises(UserError, match="where the program keeps its own files"):
        require_allowed(path)


@pytest.mark.parametrize("path", [".", "..", "stages", "datasets/adders"])
def test_nothing_is_copied_into_itself_from_the_command_line(
    data: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    monkeypatch.chdir(data)
    with pytest.raises(UserError, match="where the program keeps its own files"):
        require_allowed_to_copy(path)
    assert require_allowed_to_copy("inbox/adders") == Path("inbox/adders")
    assert require_allowed_to_copy(str(data.parent / "more")) == data.parent / "more"


def test_a_store_is_read_only_where_the_worker_names_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGHTYTWENTY_STORES", "s3://bucket/orders/,gs://other")
    for address in ("s3://bucket/orders", "s3://bucket/orders/2024.csv", "gs://other/a"):
        require_allowed_store(address)
    for address in ("s3://bucket", "s3://bucket/orders-of-others", "gs://others"):
        with pytest.raises(UserError, match="is none of the stores that runs from the UI may read"):
            require_allowed_store(address)
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID")
    require_allowed_store("s3://bucket")
