"""`eightytwenty deploy` where there is nothing to deploy to; tests/system/ has the rest."""

import json
import subprocess
from pathlib import Path

from tests.flows.conftest import COMMAND, environment


def test_without_a_server_named_it_says_which_variable_to_set(command, tmp_path):
    done = command(tmp_path / "data", "deploy")
    assert done.returncode == 2
    assert "set PREFECT_API_URL" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_server_that_does_not_answer_is_one_sentence(tmp_path: Path):
    named = {**environment(tmp_path / "data"), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = subprocess.run([*COMMAND, "deploy"], env=named, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no Prefect server answers at http://127.0.0.1:9/api" in done.stderr
    assert done.stderr.count("\n") == 1


def test_status_of_nothing_makes_nothing(command, tmp_path):
    done = command(tmp_path / "data", "status")
    assert done.returncode == 0, done.stderr
    assert "No server is up" in done.stdout
    assert "No run is recorded yet" in done.stdout
    assert not (tmp_path / "data").exists()
    told = json.loads(command(tmp_path / "data", "status", "--json").stdout)
    assert (told["prefect_answers"], told["mlflow_runs"]) == (False, [])
