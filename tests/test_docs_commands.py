"""Every command of a page is run: here, by the test that RUN_ELSEWHERE names, or by a person whom the page warns."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eightytwenty.cli import parse
from tests.system.test_faults_table import names_of_tests

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_THE_LIBRARY = ("clean", "check", "explain", "infer", "schema")
PROGRAMS = ("eightytwenty", "make", "git", "pip", "python", "docker", "curl", "export", "prefect", "mlflow")
TAKES_LONG = re.compile(r"# .*\btakes\b.* (minutes|hours)\b")
# how a command begins -> the test that runs it, or the program that does
RUN_ELSEWHERE = {
    "git clone": ".ci/run",
    "pip install ./eightytwenty": "tests/test_packaging.py::test_the_wheel_holds_the_library_and_nothing_else",
    "make run": "tests/flows/test_run.py::test_all_of_it_ends_with_both_results",
    "make test": ".ci/run",
    "eightytwenty predict 2 2": "tests/flows/cli/test_predict.py::test_two_and_two",
    "eightytwenty predict --file": (
        "tests/flows/cli/test_predict.py::test_every_row_of_a_file_has_a_sum_or_a_reason_in_the_order_of_the_file"
    ),
    "eightytwenty adders": "tests/flows/test_adders.py::test_own_pairs_are_cleaned_and_learned",
    "eightytwenty draw": "tests/flows/test_gan.py::test_the_registered_model_draws_the_attributes_it_is_given",
    "eightytwenty faces": "tests/tasks/gans/test_registered.py::test_the_page_says_whose_faces_they_are",
    "eightytwenty up": "tests/system/test_up.py::test_it_says_where_everything_is",
    "eightytwenty status": "tests/system/test_up.py::test_status_lists_servers_and_runs",
    "eightytwenty deploy": (
        "tests/system/test_worker.py::test_a_run_that_ends_within_a_minute_completes_although_its_worker_is_stopped"
    ),
    **dict.fromkeys(
        ("eightytwenty clean /shared/orders", "eightytwenty merge"),
        "tests/eightytwenty/test_cluster.py::test_a_lost_worker_costs_what_it_was_doing",
    ),
    "eightytwenty retrain-adders": (
        "tests/flows/test_retrain_killed.py::test_killed_and_run_again_the_result_is_the_same"
    ),
    "eightytwenty rollback": (
        "tests/flows/cli/test_rollback.py::test_rolling_back_goes_further_back_each_time_and_shows_the_history"
    ),
    # docs/compose.md: `make compose-test`, which needs an engine, runs them
    **dict.fromkeys(
        ("compose/", "docker compose", "git pull", "curl --user admin", "export"), "tests/system/compose.py"
    ),
}
EXIT_CODES = {"check": 1}  # the example is of a check that fails


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it: without its prompt, its folder and the variables before it."""

    page: Path
    line: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)

    @property
    def is_of_the_library(self) -> bool:
        return self.words[0] == "eightytwenty" and self.words[1] in OF_THE_LIBRARY and not self.places

    @property
    def places(self) -> set[str]:
        return {start for start in RUN_ELSEWHERE if " ".join(self.words).startswith(start)}


def shown_commands(page: Path) -> Iterator[Shown]:
    """The commands in the shell blocks of a page: indented ones, and fenced ones whose language is a shell."""
    text = re.sub(r"\\\n\s*", "", page.read_text(encoding="utf-8"))
    text = re.sub(
        r"^```(\w*)\n(.*?)^```$",
        lambda block: re.sub("^", "    ", block[2], flags=re.M) if block[1] in {"", "bash", "sh"} else "",
        text,
        flags=re.M | re.S,
    )
    for line in re.findall(r"^ {4}(?:\$ )?((?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?\S.*)$", text, re.M):
        command = re.sub(r"^(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?", "", line)
        if command.split()[0] in PROGRAMS or re.match(r"compose/\w+\.sh", command):
            yield Shown(page, command)


COMMANDS = [command for page in PAGES for command in shown_commands(page)]


def test_each_is_run_by_a_test_or_marked_as_one_that_takes_long() -> None:
    assert len(COMMANDS) > 50
    unknown = [
        f"{shown.page.name}: {shown.line}"
        for shown in COMMANDS
        if not (shown.is_of_the_library or shown.places or TAKES_LONG.search(shown.line))
    ]
    assert unknown == []
    assert set().union(*(shown.places for shown in COMMANDS)) == set(RUN_ELSEWHERE)


@pytest.mark.parametrize("place", sorted(set(RUN_ELSEWHERE.values())))
def test_what_runs_the_others_exists(place: str) -> None:
    file, _, test = place.partition("::")
    assert (ROOT / file).is_file()
    assert not test or test in names_of_tests(ROOT / file)


def test_each_has_the_options_that_a_page_gives_it() -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    inline = re.findall(r"`(?:\.venv/bin/)?eightytwenty ([^`.]* --[^`.]+)`", pages)
    lines = [shown.line.removeprefix("eightytwenty ") for shown in COMMANDS if shown.line.startswith("eightytwenty ")]
    for line in inline + lines:
        words = shlex.split(line, comments=True)
        command, _ = parse(words)
        assert command.name == words[0].replace("-", "_")


@pytest.fixture
def _sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the pages name, in the working folder."""
    monkeypatch.chdir(tmp_path)
    cities = ("Oslo", "Bergen", "Tromsø")
    lines = [f"{n},{2562651000 + n % 7},{n % 50 + 10}%,{cities[n % 3]}" for n in range(1, 1501)]
    lines[::100] = [re.sub(r"\d+%", "not yet", line) for line in lines[::100]]
    table = "\n".join(["visit,phone,score,city", *lines]) + "\n"
    for name in ("messy", "more", "visits", "orders", "hospital"):
        (tmp_path / f"{name}.csv").write_text(table, encoding="utf-8")
    page = (ROOT / "docs" / "cleaning.md").read_text(encoding="utf-8")
    for name, language in {"readings.yaml": "yaml", "raw.csv": "csv"}.items():
        (content,) = re.findall(rf"as `{name}`:\n\n```{language}\n(.*?)```", page, re.S)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "faces.zip").mkdir()  # a folder is a source as well, whatever its name
    for n in range(3):
        pixels = np.random.default_rng(n).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "faces.zip" / f"{n}.png")


@pytest.mark.usefixtures("_sources")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(shown.is_of_the_library for shown in shown_commands(page))],
    ids=lambda page: page.name,
)
def test_those_of_the_library_run_one_after_the_other(page: Path) -> None:
    for line in dict.fromkeys(shown.line for shown in shown_commands(page) if shown.is_of_the_library):
        words = shlex.split(line, comments=True)
        command, options = parse(words[1:])
        module, _, function = command.function.partition(":")
        code = 0
        try:
            getattr(import_module(module), function)(options)
        except SystemExit as end:
            code = end.code
        assert code == EXIT_CODES.get(command.name, 0), line
        assert "--out" not in words or Path(words[words.index("--out") + 1]).exists(), line
