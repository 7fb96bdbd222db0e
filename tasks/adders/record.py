"""Writes a run of the adders into MLflow: a nested run for each network, the tables and pictures for the whole."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from models.adders.domain import pairs_summing_to
from models.adders.network import to_keras
from reports.adder_figures import error_along_sum, validation_curves
from reports.error_surface import error_surface
from reports.network_drawing import network_drawing
from reports.results import CellResult, results_markdown
from reports.results_figure import results_table
from reports.style import save
from tasks.adders.register import metadata
from tasks.adders.results import Scored, by_cell, shown
from tasks.running.progress import task_progress
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.run import Dataset, Run

_LINE = 120  # the article looked at the pairs that sum to 120


def record_networks(
    run: Run, scored: Sequence[Scored], datasets: Mapping[int, Dataset], shared: Mapping[str, object]
) -> list[str]:
    """Logs one nested run per network: parameters, loss and accuracy per epoch, final scores and the Keras model.

    The network of median error in each cell also gets its error surface and the drawing of its weights.

    Args:
        run: the parent.
        scored: the networks.
        datasets: largest sum -> the clean table that its networks learned from.
        shared: parameters of the run that all networks have in common.

    Returns:
        the ids of the nested runs, in order.
    """
    drawn = shown(scored)

    def records() -> Iterator[NetworkRecord]:
        for done, one in enumerate(scored, start=1):
            adder = one.adder
            figures = {}
            if adder.name in drawn:
                figures = {"error.png": error_surface(adder), "network.png": network_drawing(adder)}
            yield NetworkRecord(
                name=adder.name,
                parameters={
                    "protocol": adder.protocol,
                    "largest_sum": adder.largest_sum,
                    "hidden_units": adder.hidden_units,
                    "seed": adder.seed,
                    "output_bias": adder.output_bias != 0,
                    **shared,
                },
                history=adder.history,
                metrics={
                    "domain_accuracy": one.inside.accuracy,
                    "domain_mean_absolute_error": one.inside.mean_absolute_error,
                    "beyond_accuracy": one.beyond.accuracy,
                    "beyond_mean_absolute_error": one.beyond.mean_absolute_error,
                    **({"best_epoch": adder.best_epoch} if adder.history else {}),
                },
                figures=figures,
                model=partial(to_keras, adder),
                datasets=[datasets[adder.largest_sum]],
                input_example=np.array([[2.0, 2.0], [1.0, 0.0]]),
                metadata=metadata(adder),
            )
            progress(done, len(scored))

    with task_progress("log networks to MLflow", "networks") as progress:
        return log_networks(run, records())


def draw_results(folder: Path, scored: Sequence[Scored]) -> list[CellResult]:
    """Writes the result table and the pictures of all networks together into a folder.

    Returns:
        the results by cell.
    """
    cells = by_cell(scored)
    drawn = shown(scored)
    adders = [one.adder for one in scored]
    (folder / "results.md").write_text(results_markdown(cells))
    save(results_table(cells), folder / "results.png")
    if any(adder.history for adder in adders):
        save(validation_curves(adders), folder / "validation_loss.png")
    sizes = sorted({adder.largest_sum for adder in adders})
    for protocol in dict.fromkeys(adder.protocol for adder in adders):
        for size in sizes:
            ones = [a for a in adders if (a.protocol, a.largest_sum) == (protocol, size) and a.name in drawn]
            if len(pairs_summing_to(_LINE, size)) and size < 1 << 10:
                save(error_along_sum(ones, _LINE), folder / f"error_along_{_LINE}_{protocol}_{size}.png")
    return cells


def summary_metrics(cells: Sequence[CellResult]) -> dict[str, float]:
    """Best accuracy and smallest error of each protocol and largest sum, for the parent run."""
    metrics: dict[str, float] = {}
    for cell in cells:
        accuracy, error = (f"{cell.protocol}_{cell.largest_sum}_{name}" for name in ("best_accuracy", "least_error"))
        metrics[accuracy] = max(metrics.get(accuracy, 0.0), cell.accuracy[2])
        metrics[error] = min(metrics.get(error, float("inf")), cell.error[0])
    return metrics


def results_frame(cells: Sequence[CellResult]) -> pd.DataFrame:
    """The results as a table for MLflow: a line per cell, medians over the seeds."""
    return pd.DataFrame(
        [
            {
                "protocol": cell.protocol,
                "largest_sum": cell.largest_sum,
                "hidden_units": cell.hidden_units,
                "accuracy": cell.accuracy[1],
                "mean_absolute_error": cell.error[1],
                "accuracy_beyond": cell.accuracy_beyond[1] if cell.beyond else float("nan"),
            }
            for cell in cells
        ]
    )
