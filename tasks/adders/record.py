"""Writes a run of the adders into MLflow: a nested run for each network, and tables and pictures for all of them."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from models.adders.domain import pairs_summing_to
from reports.adder_figures import error_along_sum, validation_curves
from reports.error_surface import error_surface
from reports.network_drawing import network_drawing
from reports.networks_figure import networks_figure
from reports.results import CellResult, results_markdown
from reports.results_figure import results_figure
from reports.style import save
from tasks.adders.networks import save_adders
from tasks.adders.register import model_fields
from tasks.adders.results import ScoredAdder, representatives
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.run import Dataset, Run

_LINE = 120  # the article looked at the pairs that sum to 120


def record_networks(
    run: Run,
    networks: Sequence[ScoredAdder],
    best: int,
    datasets: Mapping[int, Dataset],
    shared: Mapping[str, object],
    *,
    with_model: bool,
) -> str:
    """Logs one nested run per network: parameters, loss and accuracy by epoch, and final scores.

    All networks are in one artifact of the parent, `networks`. A model, the error surface and the drawing of the
    weights are logged of the best alone, because thirty of them would take longer than the training.

    Args:
        run: the parent.
        networks: with their scores.
        best: the index of the network that is to be registered.
        datasets: largest sum -> the clean table that its networks learned from.
        shared: parameters of the run that all networks have in common.
        with_model: whether the model of the best is logged, too.

    Returns:
        the id of the nested run of the best.
    """

    def records() -> Iterator[NetworkRecord]:
        for number, network in enumerate(networks):
            adder, is_best = network.adder, number == best
            figures = {"error.png": error_surface(adder), "network.png": network_drawing(adder)} if is_best else {}
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
                history={f"training/{name}": values for name, values in adder.history.items()},
                metrics={
                    "quality/accuracy": network.inside.accuracy,
                    "quality/mean_absolute_error": network.inside.mean_absolute_error,
                    "quality/accuracy_beyond": network.beyond.accuracy,
                    "quality/mean_absolute_error_beyond": network.beyond.mean_absolute_error,
                    **({"training/best_epoch": adder.best_epoch} if adder.history else {}),
                },
                figures=figures,
                datasets=[datasets[adder.largest_sum]],
                **(model_fields(adder) if is_best and with_model else {}),
            )

    with tempfile.TemporaryDirectory() as folder:
        save_adders([network.adder for network in networks], Path(folder))
        run.log_artifact(Path(folder), "networks")
    return log_networks(run, records())[best]


def draw_results(folder: Path, networks: Sequence[ScoredAdder], cells: Sequence[CellResult]) -> None:
    """Writes the result table and the pictures of all networks, which have these results by cell, into a folder."""
    names = representatives(networks)
    adders = [network.adder for network in networks]
    (folder / "results.md").write_text(results_markdown(cells), encoding="utf-8")
    save(results_figure(cells), folder / "results.png")
    if any(adder.history for adder in adders):
        save(validation_curves(adders), folder / "validation_loss.png")
    sizes = sorted({adder.largest_sum for adder in adders})
    for protocol in dict.fromkeys(adder.protocol for adder in adders):
        for size in sizes:
            members = [a for a in adders if (a.protocol, a.largest_sum) == (protocol, size) and a.name in names]
            if len(pairs_summing_to(_LINE, size)) and size < 1 << 10:
                save(error_along_sum(members, _LINE), folder / f"error_along_{_LINE}_{protocol}_{size}.png")
            if members:
                save(networks_figure(members), folder / f"networks_{protocol}_{size}.png")


def summary_metrics(cells: Sequence[CellResult]) -> dict[str, float]:
    """Best accuracy and smallest error of each protocol and largest sum, for the parent run."""
    metrics: dict[str, float] = {}
    for cell in cells:
        accuracy, error = (f"sums/{cell.protocol}_{cell.largest_sum}_{name}" for name in ("accuracy", "error"))
        metrics[accuracy] = max(metrics.get(accuracy, 0.0), cell.accuracy[2])
        metrics[error] = min(metrics.get(error, float("inf")), cell.error[0])
    return metrics


def results_frame(cells: Sequence[CellResult]) -> pd.DataFrame:
    """The results as a table for MLflow: a row per cell, medians over the seeds."""
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
