"""Trains the networks of both protocols, logs them, registers the best, and reports them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from prefect import get_run_logger, task

from reports.accounts import Stopwatch, timed_stage
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.results import results_markdown, results_rich
from tasks.adders.data import reaching, sizes_reached
from tasks.adders.grid import Grid, train_grid
from tasks.adders.networks import load_adders
from tasks.adders.record import draw_results, record_networks, results_frame, summary_metrics
from tasks.adders.register import best, find_registered, register_adder
from tasks.adders.results import ScoredAdder, by_cell, gains, score_all
from tasks.experiment import Cleaned, Findings, Raw, Trained
from tasks.report import write_report
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES
from tasks.running.stages import Stage, data_folder
from tasks.running.sweep import PlannedStage, run_stages
from tasks.running.tensorflow import import_quietly
from tasks.tracking.run import Dataset, Run


def train(
    run: Run,
    data: Sequence[Cleaned],
    model: str,
    *,
    grids: Sequence[Grid],
    tables: Sequence[int],
    is_own: bool,
    logged: Mapping[str, object],
    cluster: str = "",
) -> Trained:
    """Trains every network on clean rows, and the widest ones also on the rows as they came.

    Args:
        run: of the flow.
        data: the tables.
        model: the registered model.
        grids: one for each protocol.
        tables: the largest sum of each table, in ascending order.
        is_own: whether the only table is the user's, which may be too small for some sizes.
        logged: parameters that all networks are logged with.
        cluster: address of a Dask scheduler whose workers train, `SEEDS` seeds a task; may be empty.

    Raises:
        UserError: there are too few clean pairs, or the cluster cannot be used.
    """
    by_size = dict(zip(tables, data, strict=True))
    if is_own:
        sizes = tuple(sizes_reached(data[0], grids[0].largest_sums))
        if omitted := sorted(set(grids[0].largest_sums) - set(sizes)):
            get_run_logger().warning("sums to %s are left out: the source has too few pairs for them", omitted)
        grids = [replace(grid, largest_sums=sizes) for grid in grids]
    cleaned = [train_adders(by_size, grid, cluster) for grid in grids]
    raws = {size: table.raw for size, table in by_size.items()}
    widest = [replace(grid, hidden_units=grid.hidden_units[-1:]) for grid in grids]
    uncleaned = [stage for grid in widest for stage in train_adders(raws, grid, cluster)]
    stopwatch = Stopwatch()
    with stopwatch("score", "modelling"):
        networks, uncleaned_networks = score_networks(list(chain(*cleaned))), score_networks(uncleaned)
    with stopwatch("track in MLflow", "other"):
        datasets = {size: by_size[reaching(by_size, size)].dataset for size in grids[0].largest_sums}
        version = log_adders(run, networks, datasets, model, logged)
    widths = ", ".join(sorted({f"{network.adder.hidden_units} nodes" for network in uncleaned_networks}))
    return Trained(
        version,
        {"accuracy": networks[best(networks)].inside.accuracy},
        stages=(
            *(timed_stage(stages[0].name.replace("-", " "), "modelling", stages) for stages in cleaned),
            *stopwatch.stages,
            timed_stage("train uncleaned", "other", uncleaned),
        ),
        gains=gains(networks, uncleaned_networks),
        subject=f"accuracy with {widths}",
        report=partial(report_adders, networks, f"{model}/{version}"),
    )


@task(task_run_name="train adders, {grid.protocol} protocol", **RETRIES)
def train_adders(tables: Mapping[int, Cleaned] | Mapping[int, Raw], grid: Grid, cluster: str = "") -> list[Stage]:
    """Trains a grid on the clean pairs of tables or, to show what cleaning buys, on raw rows as they came.

    Args:
        tables: by their largest sum, in ascending order.
        grid: the networks.
        cluster: as in `train`.

    Returns:
        a stage for each part of the grid.

    Raises:
        UserError: there are too few clean pairs, or the cluster cannot be used.
    """
    sources = {size: reaching(tables, size) for size in grid.largest_sums}
    is_raw = isinstance(tables[sources[grid.largest_sums[0]]], Raw)
    name = f"train-{grid.protocol}-uncleaned" if is_raw else f"train-{grid.protocol}"
    inputs = {str(size): tables[source].sha256 for size, source in sources.items()}
    parts = grid.parts
    planned = [PlannedStage(name, inputs, part.key, partial(train_grid, name, tables, part)) for part in parts]
    stages = run_stages(data_folder(), planned, cluster)
    if len(parts) == 1:
        return list(stages)
    done = []
    with task_progress(name.replace("-", " "), "tasks") as progress:
        for stage in stages:
            done.append(stage)
            progress(len(done), len(parts))
    return done


@task(task_run_name="score the networks", **RETRIES)
def score_networks(trainings: Sequence[Stage]) -> list[ScoredAdder]:
    """Scores the networks of several trainings on the pairs of their domain and beyond."""
    return score_all([adder for training in trainings for adder in load_adders(training.folder)])


@task(task_run_name="log the networks to MLflow")  # without retries, which would log the networks again
def log_adders(
    run: Run,
    networks: Sequence[ScoredAdder],
    datasets: Mapping[int, Dataset],
    model: str,
    logged: Mapping[str, object],
) -> int:
    """Logs a nested MLflow run for each network, and registers the best of them.

    Returns:
        the version of the best network.
    """
    index = best(networks)
    adder = networks[index].adder
    version = find_registered(run.client, adder, model)
    if version is None:
        import_quietly()
    run_id = record_networks(run, networks, index, datasets, logged, with_model=version is None)
    return version or register_adder(replace(run, run_id=run_id), adder, datasets[adder.largest_sum], model)


@task(task_run_name="report", **RETRIES)
def report_adders(
    networks: Sequence[ScoredAdder], model: str, run: Run, shares: EightyTwenty, is_champion: bool
) -> Findings:
    """Writes tables, pictures and the 80/20 report to disk and to the MLflow run."""
    cells = by_cell(networks)

    def draw(folder: Path) -> tuple[str, str]:
        draw_results(folder, networks, cells)
        markdown = eighty_twenty_markdown(shares)
        (folder / "eighty_twenty.md").write_text(markdown, encoding="utf-8")
        return f"# How well the networks add\n\n{results_markdown(cells)}", markdown

    run.log_table(results_frame(cells), "results.json")
    kinds = {f"shares/{kind}": shares.time_share(kind) for kind in ("cleaning", "modelling")}
    metrics = {"quality/accuracy": networks[best(networks)].inside.accuracy, **summary_metrics(cells), **kinds}
    folder, page = write_report(run, shares, draw, metrics, {"results": "how well the networks add"})
    option = "" if is_champion else f" --model {model}"
    places = {
        "pictures and tables": str(folder),
        "80/20 report": str(folder / "eighty_twenty.md"),
        "ask it": f"eightytwenty predict 2 2{option}",
    }
    return Findings(folder, places, page, (results_rich(cells),), network="best network")
