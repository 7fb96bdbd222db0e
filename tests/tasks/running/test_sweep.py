"""Stages of a sweep are done once, on whatever process, and a process that is lost is one sentence."""

import os
import signal
from functools import partial
from pathlib import Path

import dask.config
import pytest

from benchmarks.dask_cluster import dask_cluster
from eightytwenty.errors import UserError
from tasks.adders.grid import SEEDS, Grid, train_grid
from tasks.experiment import Raw
from tasks.running import sweep
from tasks.running.sweep import PlannedStage, run_stages


def write(text: str, folder: Path) -> None:
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "text").write_text(text)


def end(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_: Path) -> None:
    raise UserError("There is nothing; give something.")


def planned(*texts: str) -> list[PlannedStage]:
    return [PlannedStage("write", {}, {"text": text}, partial(write, text)) for text in texts]


def pids(stages) -> list[int]:
    return [int((stage.folder / "pid").read_text()) for stage in stages]


def test_one_stage_is_done_here_and_several_on_processes_each_once(tmp_path):
    (alone,) = run_stages(tmp_path, planned("a"))
    assert pids([alone]) == [os.getpid()]
    several = list(run_stages(tmp_path, planned("a", "b", "c")))
    assert [(stage.folder / "text").read_text() for stage in several] == ["a", "b", "c"]
    assert [stage.fresh for stage in several] == [False, True, True]
    assert os.getpid() not in pids(several[1:])
    again = list(run_stages(tmp_path, planned("c", "b"), "tls://nobody:1"))  # nobody is asked
    assert pids(again) == pids(several[:0:-1])


def test_an_error_and_a_lost_process_are_sentences_and_what_is_done_stays(tmp_path):
    lost = PlannedStage("end", {}, {}, end)
    with pytest.raises(UserError, match="A process of the sweep was ended, as happens where memory is short; free"):
        list(run_stages(tmp_path, [lost, *planned("a")]))
    stages = run_stages(tmp_path, [*planned("a"), PlannedStage("refuse", {}, {}, refuse)])
    first = next(stages)
    with pytest.raises(UserError, match="There is nothing"):
        next(stages)
    assert planned("a")[0].find(tmp_path).sha256 == first.sha256


def test_a_worker_of_another_version_is_refused(tmp_path):
    with pytest.raises(UserError, match="has another version of the workflow or of one of its libraries; start all"):
        sweep._train(tmp_path, "another", planned("a")[0])


def adders(protocol: str, raw: Path, seeds: int) -> list[PlannedStage]:
    grid = Grid(protocol, (16,), (1, 2), seeds=seeds, seed=1, order=1, rows=60, epochs=3, patience=0)
    tables = {16: Raw("pairs-16", raw, "0" * 64)}
    return [PlannedStage("train", {}, part.key, partial(train_grid, "train", tables, part)) for part in grid.parts]


@pytest.mark.parametrize("protocol", ["solved", pytest.param("article", marks=pytest.mark.soak)])
def test_a_cluster_trains_the_same_networks_as_processes_of_this_machine(tmp_path, monkeypatch, protocol):
    raw = tmp_path / "pairs.csv"
    raw.write_text("a,b,sum\n" + "".join(f"{n % 9},{n % 7},{n % 9 + n % 7}\n" for n in range(80)))
    stages = adders(protocol, raw, SEEDS + 1)
    here = [stage.sha256 for stage in run_stages(tmp_path / "here", stages)]
    (tmp_path / "there").mkdir()
    with dask_cluster(tmp_path / "dask", workers=1) as cluster:
        for name, value in cluster.settings.items():
            monkeypatch.setenv(name, value)
        dask.config.refresh()
        there = list(run_stages(tmp_path / "there", stages, cluster.address))
    assert [stage.sha256 for stage in there] == here
    assert all(stage.fresh for stage in there)
    assert len(set(here)) == 2
    # a sweep of more seeds finds what is done
    assert adders(protocol, raw, 2 * SEEDS)[0].find(tmp_path / "there")
    assert not list((tmp_path / "there").glob(".sweep*"))
