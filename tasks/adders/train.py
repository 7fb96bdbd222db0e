"""Trains the networks of both protocols, logs them, registers the best, and reports them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

from models.adders.network import Adder, IntArray
from reports.accounts import Stopwatch, timed_stage
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.results import results_markdown, results_rich
from tasks.adders.data import FEWEST_PAIRS, reaching, sizes_reached, training_pairs, uncleaned_pairs
from tasks.adders.networks import load_adders, save_adders
from tasks.adders.record import draw_results, record_networks, results_frame, summary_metrics
from tasks.adders.register import best, find_registered, register_adder
from tasks.adders.results import ScoredAdder, by_cell, gains, score_all
from tasks.experiment import Cleaned, Findings, Raw, Trained
from tasks.report import write_report
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES
from tasks.running.stages import Stage, data_folder, run_stage
from tasks.running.tensorflow import import_quietly
from tasks.tracking.run import Dataset, Run


@dataclass(frozen=True)
class Grid:
    """The networks of one protocol: each size, width and seed.

    Attributes:
        protocol: "article" or "solved".
        largest_sums: the sizes, in ascending order.
        hidden_units: the widths, in ascending order.
        seeds: repetitions of each.
        seed: number of the first.
        rows: pairs that each learns from, at most.
        epochs: at most; of the article's protocol only.
        patience: epochs without a better validation loss before stopping; of the article's protocol only.
    """

    protocol: str
    largest_sums: tuple[int, ...]
    hidden_units: tuple[int, ...]
    seeds: int
    seed: int
    rows: int
    epochs: int
    patience: int

    @property
    def key(self) -> dict[str, object]:
        """All on which the networks depend, besides their pairs."""
        unused = () if self.protocol == "article" else ("epochs", "patience")
        return {name: value for name, value in vars(self).items() if name not in unused}

    def train(self, pairs: Mapping[int, IntArray], progress: Callable[[int, int], None]) -> list[Adder]:
        """Trains on pairs by size; progress is in epochs or, of the solved protocol, in networks."""
        shared: dict[str, Any] = {"hidden_units": self.hidden_units, "seeds": self.seeds, "seed": self.seed}
        if self.protocol == "article":
            from models.adders.ensemble import train_article

            return train_article(pairs, **shared, epochs=self.epochs, patience=self.patience, progress=progress)
        from models.adders.solve import train_solved

        return train_solved(pairs, **shared, progress=progress)


def train(
    run: Run,
    data: Sequence[Cleaned],
    model: str,
    *,
    grids: Sequence[Grid],
    tables: Sequence[int],
    is_own: bool,
    logged: Mapping[str, object],
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

    Raises:
        UserError: there are too few clean pairs.
    """
    by_size = dict(zip(tables, data, strict=True))
    if is_own:
        sizes = tuple(sizes_reached(data[0], grids[0].largest_sums))
        if omitted := sorted(set(grids[0].largest_sums) - set(sizes)):
            get_run_logger().warning("sums to %s are left out: the source has too few pairs for them", omitted)
        grids = [replace(grid, largest_sums=sizes) for grid in grids]
    cleaned = [train_adders(by_size, grid) for grid in grids]
    raws = {size: table.raw for size, table in by_size.items()}
    widest = [replace(grid, hidden_units=grid.hidden_units[-1:]) for grid in grids]
    uncleaned = [train_adders(raws, grid) for grid in widest]
    stopwatch = Stopwatch()
    with stopwatch("score", "modelling"):
        networks, uncleaned_networks = score_networks(cleaned), score_networks(uncleaned)
    with stopwatch("track in MLflow", "other"):
        datasets = {size: by_size[reaching(by_size, size)].dataset for size in grids[0].largest_sums}
        version = log_adders(run, networks, datasets, model, logged)
    widths = ", ".join(sorted({f"{network.adder.hidden_units} nodes" for network in uncleaned_networks}))
    return Trained(
        version,
        {"accuracy": networks[best(networks)].inside.accuracy},
        stages=(
            *(timed_stage(stage.name.replace("-", " "), "modelling", [stage]) for stage in cleaned),
            *stopwatch.stages,
            timed_stage("train uncleaned", "other", uncleaned),
        ),
        gains=gains(networks, uncleaned_networks),
        subject=f"accuracy with {widths}",
        report=partial(report_adders, networks, f"{model}/{version}"),
    )


@task(task_run_name="train adders, {grid.protocol} protocol", **RETRIES)
def train_adders(tables: Mapping[int, Cleaned] | Mapping[int, Raw], grid: Grid) -> Stage:
    """Trains a grid on the clean pairs of tables or, to show what cleaning buys, on raw rows as they came.

    Args:
        tables: by their largest sum, in ascending order.
        grid: the networks.

    Raises:
        UserError: there are too few clean pairs.
    """
    sources = {size: reaching(tables, size) for size in grid.largest_sums}

    def read(size: int) -> IntArray:
        table = tables[sources[size]]
        if isinstance(table, Raw):
            return uncleaned_pairs(table, sources[size], grid.rows, grid.seed)
        return training_pairs(table, size, grid.rows, grid.seed)

    def make(folder: Path) -> None:
        import_quietly()
        # too few uncleaned rows may parse; clean ones were counted before
        pairs = {size: rows for size in grid.largest_sums if len(rows := read(size)) >= FEWEST_PAIRS}
        unit = "epochs" if grid.protocol == "article" else "networks"
        with task_progress(name.replace("-", " "), unit) as progress:
            save_adders(grid.train(pairs, progress) if pairs else [], folder)

    is_raw = isinstance(tables[sources[grid.largest_sums[0]]], Raw)
    name = f"train-{grid.protocol}-uncleaned" if is_raw else f"train-{grid.protocol}"
    inputs = {str(size): tables[source].sha256 for size, source in sources.items()}
    return run_stage(data_folder(), name, inputs, grid.key, make)


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
