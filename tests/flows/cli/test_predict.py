"""Asking a registered adder from the command line: two numbers, files, and invalid questions."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from eightytwenty.cli import parse
from eightytwenty.errors import UserError
from eightytwenty.files import remove
from flows.cli.predict import predict_command
from models.adders.domain import all_pairs
from models.adders.network import Adder, score
from models.adders.solve import train_solved
from schemas.parameters import PredictParameters
from tasks.adders.register import best, model_fields, register_adder
from tasks.adders.results import ScoredAdder, score_all
from tasks.tracking.champion import promote_first
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.local import DIGEST, find_local
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.run import Dataset, Run
from tasks.tracking.store import connect
from tests.flows.conftest import environment
from tests.tasks.damages import damage
from tests.tasks.generator import log_generator


def log_adder(run: Run, adder: Adder) -> int:
    """Log a network and register it; returns the version."""
    record = NetworkRecord(adder.name, **model_fields(adder))
    (run_id,) = log_networks(run, [record])
    dataset = Dataset("pairs-16", Path("pairs.parquet"), "ab" * 32, 81)
    return register_adder(replace(run, run_id=run_id), adder, dataset)


def solved(largest_sum: int = 16) -> Adder:
    pairs = all_pairs(largest_sum)
    (adder,) = train_solved({largest_sum: np.column_stack([pairs, pairs.sum(axis=1)])}, hidden_units=[2], seeds=1)
    return adder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an adder that is champion, and a generator."""
    data = tmp_path_factory.mktemp("predict") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        with parent_run(data, "adders", "one", {}) as run:
            version = log_adder(run, solved())
            promote_first(run.client, "adders", version, "It was the first.")
            log_generator(run, "avatars", conditional=False)
    return data


@pytest.fixture
def ask(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Callable[..., str]:
    """Asks as the command line does, without a new process, and returns what was printed."""
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        _, parameters = parse(["predict", *arguments])
        assert isinstance(parameters, PredictParameters)
        predict_command(parameters)
        return capsys.readouterr().out

    return run


def test_the_answer_can_be_json(ask: Callable[..., str]) -> None:
    answer = json.loads(ask("2", "30", "--json"))
    assert answer.pop("exact") == pytest.approx(32, abs=0.5)
    assert answer == {"model": "adders/1", "numbers": [2, 30], "sum": 32, "beyond_its_domain": True}
    Path("pairs.csv").write_text("a,b\n1,2\nx,2\n")
    counts = {"rows": 2, "unanswered": 1, "beyond_its_domain": 0}
    assert json.loads(ask("--file", "pairs.csv", "--json")) == {"model": "adders/1", "file": "sums.csv", **counts}


def sums(source: str | bytes, ask: Callable[..., str], name: str = "pairs.csv") -> pl.DataFrame:
    Path(name).write_bytes(source if isinstance(source, bytes) else source.encode())
    ask("--file", name)
    return pl.read_csv("sums.csv", schema_overrides={"a": pl.String, "b": pl.String})


def test_two_and_two(ask) -> None:
    output = ask("2", "2")
    assert output == "2 + 2 = 4\n  answered by adders/1\n"
    assert ask("2", "2", "--model", "adders/1") == output


def test_a_rounded_answer_is_shown_with_the_exact_one(ask) -> None:
    first, second = ask("2.25", "1").splitlines()
    assert first == "2.25 + 1 = 3"
    assert second.startswith("  answered by adders/1, which says 3.2")


@pytest.mark.parametrize("numbers", [("9", "1"), ("--", "-1", "2"), ("1e300", "1")])
def test_beyond_its_domain_it_answers_with_a_note(ask, numbers) -> None:
    output = ask(*numbers)
    assert " = " in output
    assert "beyond its domain: adders/1 learned sums to 16, of numbers from 0 to 8" in output
    assert "beyond" not in ask("8", "8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["2"], "give either two numbers, such as 2 2, or --file"),
        (["2", "2", "2"], "give either two numbers"),
        ([], "give either two numbers"),
        (["2", "2", "--file", "pairs.csv"], "give either two numbers"),
        (["2", "two"], "two is not a number"),
        (["nan", "2"], "nan is not a number"),
        (["2", "2", "--model", "avatars/1"], "the model avatars/1 does not add numbers: choose an adder"),
        (["2", "2", "--model", "adders/7"], "there is no 'adders/7': choose one of adders@champion"),
        (["2", "2", "--model", "cats@champion"], "there is no registered model 'cats'"),
        (["--file", "nowhere.csv"], "nowhere.csv does not exist"),
        (["--file", "cats.csv"], "no column a or b among name"),
        (["--file", "pairs.csv", "--out", "pairs.csv"], "pairs.csv is the file with the questions"),
        (["--file", "pairs.csv", "--out", "cats.csv"], "cats.csv exists and was not written by this command"),
        (["--file", "pairs.csv", "--out", "."], "is a folder: give --out a file name"),
    ],
)
def test_an_invalid_question_is_one_sentence(ask, tmp_path, arguments, sentence) -> None:
    (tmp_path / "pairs.csv").write_text("a,b\n1,2\n")
    (tmp_path / "cats.csv").write_text("name\nTom\n")
    with pytest.raises(UserError) as caught:
        ask(*arguments)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "pairs.csv").read_text() == "a,b\n1,2\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cats.csv", "pairs.csv"]


def test_without_a_model_no_database_is_made(ask, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(tmp_path / "data"))
    with pytest.raises(UserError, match="there are no models in"):
        ask("2", "2")
    assert not (tmp_path / "data").exists()


def test_every_row_of_a_file_has_a_sum_or_a_reason_in_the_order_of_the_file(ask) -> None:
    source = 'id;b;a\n1;2;3\n2;seven;1\n3;;4\n4;x;1\n5;1;1e400\n6;"7,000";1\n7;1;2;3\n8;9;1\n9;0;0\n'
    answers = sums(source, ask)
    assert answers["record"].to_list() == list(range(1, 10))
    assert answers["sum"].to_list() == [5, 8, None, None, None, None, None, 10, 0]
    assert answers["beyond"].to_list() == [False, False, None, None, None, None, None, True, False]
    assert answers["b"].to_list()[:6] == ["2", "seven", None, "x", "1", "7,000"]
    no_a, no_b = "a is not a number", "b is not a number"
    reasons = [None, None, "b is missing", no_b, no_a, no_b, "too many cells", None, None]
    assert answers["reason"].to_list() == reasons
    assert answers["original"].to_list()[2:7] == ["3;;4", "4;x;1", "5;1;1e400", '6;"7,000";1', "7;1;2;3"]
    output = ask("--file", "pairs.csv")
    assert "4 of 9 rows answered by adders/1" in output
    assert "5 without an answer: the column reason says why" in output
    assert "1 beyond its domain" in output


@pytest.mark.parametrize("source", ["a,b\n", b"a,b\n\xff,1\n", "a,b\n,\n"])
def test_a_file_without_an_answer_still_has_the_columns(ask, source) -> None:
    answers = sums(source, ask)
    assert answers["sum"].null_count() == answers.height
    assert answers.columns == ["file", "record", "a", "b", "sum", "raw", "beyond", "reason", "original"]


def test_parquet_is_answered_and_an_older_answer_is_replaced(ask, tmp_path) -> None:
    sums("a,b\n1,2\n", ask)
    pl.DataFrame({"a": [1.0, 2.5, None], "b": [2, 1, 1]}).write_parquet("pairs.parquet")
    answers = sums((tmp_path / "pairs.parquet").read_bytes(), ask, "pairs.parquet")
    assert answers["sum"].to_list()[::2] == [3, None]
    assert answers["raw"][1] == pytest.approx(3.5, abs=0.01)


def test_it_answers_from_a_process_of_its_own_without_any_server(command, data) -> None:
    done = command(data, "predict", "2", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 + 2 = 4\n")
    assert not (data / "prefect").exists()
    done = command(data, "predict", "2")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_it_needs_neither_mlflow_nor_tensorflow(data) -> None:
    code = """
import sys
from eightytwenty.cli import main
sys.argv = ["eightytwenty", "predict", "2", "2"]
main()
print(sorted({"keras", "mlflow", "pandas", "tensorflow"} & sys.modules.keys()))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(data), cwd=data.parent, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("answered by adders/1\n[]\n")


@pytest.mark.parametrize("what", ["no digest", "nothing there", "nothing", "a flipped bit", "a folder"])
def test_without_sound_arrays_keras_gives_the_same_answers(ask, data, what) -> None:
    output, client = ask("2.25", "1"), connect(data)
    version = client.get_model_version("adders", "1")
    path = Path(version.source.removeprefix("file://")) / "arrays" / "networks.json"
    content = path.read_bytes()
    if what == "no digest":  # as an earlier release registered it
        client.delete_model_version_tag("adders", "1", DIGEST)
    else:
        damage(path, what)
    try:
        assert find_local(data, "adders/1")
        assert ask("2.25", "1") == output
    finally:
        remove(path)
        path.write_bytes(content)
        client.set_model_version_tag("adders", "1", DIGEST, version.tags[DIGEST])


def test_a_network_is_registered_once(data, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with parent_run(data, "adders", "again", {}) as run:
        assert log_adder(run, solved()) == 1
        assert log_adder(run, solved(largest_sum=256)) == 2
        tags = run.client.get_model_version("adders", "2").tags
    expected = {"protocol": "solved", "largest_sum": "256", "hidden_units": "2", "dataset_sha256": "ab" * 32}
    assert expected.items() <= tags.items()


def test_the_best_is_the_most_accurate_of_the_widest_then_the_smaller_then_the_first() -> None:
    def network(largest_sum: int, hidden_units: int, seed: int, right: bool) -> ScoredAdder:
        weights = np.full((2, hidden_units), 1e-3), np.full(hidden_units, 4e3 / hidden_units)
        bias = -2e3 if right else -1.9e3
        adder = Adder("solved", largest_sum, hidden_units, seed, *weights, output_bias=bias)
        assert (score(adder, all_pairs(largest_sum)).accuracy == 1) == right
        return score_all([adder])[0]

    scored = [network(*config) for config in [(8, 1, 0, True), (16, 2, 1, True), (16, 2, 0, True), (16, 4, 0, True)]]
    assert best(scored) == 2
    assert best([*scored, network(16, 1, 0, False), network(16, 1, 5, True)]) == 5


def test_a_copy_for_spreadsheets_has_no_formula(ask) -> None:
    answers = sums("a,b\n-1,1\n=1+1,1\n", ask)
    copy = pl.read_csv("sums-for-spreadsheets.csv", schema_overrides={"a": pl.String, "b": pl.String})
    assert answers["a"].to_list() == ["-1", "=1+1"]
    assert copy["a"].to_list() == ["-1", "'=1+1"]
    assert copy["original"].to_list() == [None, "'=1+1,1"]
    ask("--file", "pairs.csv")  # replaces both
