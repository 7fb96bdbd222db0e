"""What a run says of its origin: no path cuts it short, and no secret is in it."""

import pytest

from tasks.tracking.provenance import command, provenance_tags

ADDRESS = "https://me:hunter2@a.example/pairs.csv?token=hunter2"


@pytest.mark.parametrize(
    "source", [["--source", ADDRESS], [f"--source={ADDRESS}"], ["--source=https://me:hunter2@a:b/"]]
)
def test_a_secret_in_an_address_is_in_no_command(source: list[str]) -> None:
    line = command(["/opt/eightytwenty/__main__.py", "adders", *source, "--rows", "9"])
    assert line.startswith("eightytwenty adders --source")
    assert line.endswith(" --rows 9")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        (["/bin/eightytwenty", "retrain-adders", "--inbox", "/a/b"], "eightytwenty retrain-adders"),
        (["/bin/eightytwenty"], "eightytwenty"),
        (["/bin/pytest", "-q", "tests/one.py"], "pytest"),
    ],
)
def test_the_source_is_the_command_without_its_options(monkeypatch, arguments: list[str], source: str) -> None:
    monkeypatch.setattr("sys.argv", arguments)
    assert provenance_tags()["mlflow.source.name"] == source
