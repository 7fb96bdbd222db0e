"""Writes the scores of a cleaning into MLflow."""

from collections.abc import Sequence

import polars as pl

from eightytwenty.evaluate.score import CleaningScore
from tasks.tracking.run import Run


def log_scores(run: Run, scores: Sequence[CleaningScore]) -> None:
    """Logs the scores of one or more cleanings, added up: a table by kind of fault, and the totals as metrics."""
    if not scores:
        return
    kinds = pl.concat(one.kinds for one in scores).group_by("kind").sum().sort("kind")
    run.log_table(kinds.to_pandas(), "cleaning_score.json")
    totals = kinds.select("injected", "caught", "right", "wrong").sum().row(0, named=True)
    touched = {"touched": sum(one.touched for one in scores), "lost": sum(one.lost for one in scores)}
    run.log_metrics({f"dirt_{name}": float(count) for name, count in {**totals, **touched}.items()})
