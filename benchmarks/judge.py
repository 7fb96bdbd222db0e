"""How well the judge weighs the evidence of tables; `--write` makes the weights that are fitted those of the library.

The tables are given as for benchmarks.tables. Each proposal that the rules of a table make for a cell is right or
wrong by the truth of the table; two logistic models learn which are right, one where groups or templates vote and one
where nothing but the spelling speaks. That they hold for other tables is seen by leaving out some tables at a time:
their proposals are judged by the weights that all others give. What sources tell is not weighed here.

    python -m benchmarks.judge DIR... [--processes 2] [--write] [--figures FOLDER]
"""

import csv
import logging
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import minimize

from benchmarks.harness import Result, command_line, run
from benchmarks.judge_figures import precision_recall_figure, reliability_figure
from benchmarks.tables import group_of, own_tables, read_pair, table_pairs
from eightytwenty import UserError
from eightytwenty.evaluate.cell_score import plain_value
from eightytwenty.inference.candidates import FEATURES
from eightytwenty.inference.gather import repaired_cells
from eightytwenty.inference.groups import Floats, Mask
from eightytwenty.inference.judge import INTERCEPT, WEIGHTS, Judge
from eightytwenty.inference.table import infer_source, open_any
from eightytwenty.mined_rules import active
from reports.style import save

_FOLDS = 12  # parts of the tables that are left out, one after the other
_SEED = 0  # of the order in which tables are dealt to the folds
_MOST = 400  # proposals for which a table counts at most, so that no large table decides alone
_PENALTY = 2.0  # on the square of a weight, in units of the standard deviation of its feature
_CONFIDENCES = (0.5, 0.8, 0.99)
_ALONE = FEATURES.index("is_spelling_alone")
# What speaks for a proposal must never count against it, and the other way round: a table in which it seems to do so
# has too few errors to tell.
_FOR = {
    *("lead", "rules", "support", "is_near", "is_one_edit", "is_rare"),
    *("is_unreadable", "oddness", "spelling", "fits"),
}
_AGAINST = {
    *("rival", "kept", "kept_rules", "kept_left", "count", "own", "is_exception"),
    *("is_other_number", "misfits"),
}


@dataclass(frozen=True)
class Proposals:
    """What the rules of a table propose for n of its cells.

    Args:
        table: the file.
        group: that the table is in.
        features: (n, features) what speaks for and against each.
        is_right: (n,) whether the proposal is the truth.
        was_right: (n,) whether the cell is the truth.
        errors: wrong cells of the table, with and without a proposal.
        confidence: (n,) that each is right, by the other tables.
    """

    table: Path
    group: str
    features: Floats
    is_right: Mask
    was_right: Mask
    errors: int
    confidence: Floats

    @property
    def key(self) -> str:
        """What is left out as one: a table with and without errors, and those of the same name."""
        return self.table.parent.name if self.table.name in {"dirty.csv", "clean.csv"} else self.table.name


Weights = tuple[Floats, Floats]  # behind the intercept: where groups vote, and where nothing but the spelling speaks


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--figures", type=Path)
    run(measure_judge, parser)


def measure_judge(folders: list[Path], processes: int, write: bool, figures: Path | None) -> Result:
    """Fits the weights to all tables below the folders, and measures them on those that are left out."""
    tables = _gather(folders, processes)
    weights = _fit(tables)
    left_out = _judge_left_out(tables)
    groups: dict[str, list[Proposals]] = {}
    for table in left_out:
        groups.setdefault(table.group, []).append(table)
    result: Result = {group: _print(group, _pooled(of_group)) for group, of_group in groups.items()}
    if write:
        _write(weights)
    if figures:
        figures.mkdir(parents=True, exist_ok=True)
        pooled = _pooled(left_out)
        save(reliability_figure(pooled.confidence, pooled.is_right), figures / "any-table-reliability.png")
        curves = {
            group: (one.confidence, one.is_right, one.errors)
            for group, one in ((group, _pooled(of_group)) for group, of_group in groups.items())
            if one.errors
        }
        save(precision_recall_figure(curves, _CONFIDENCES), figures / "any-table-precision-recall.png")
    return {"groups": result, "weights": dict(zip((INTERCEPT, *FEATURES), zip(*weights, strict=True), strict=True))}


def _gather(folders: list[Path], processes: int) -> list[Proposals]:
    """The proposals for all tables, sorted by table."""
    with tempfile.TemporaryDirectory() as own, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        pairs = sorted(table_pairs(folders or [own_tables(Path(own))]))
        return [found for found in pool.map(_propose, pairs) if found]


def _propose(pair: tuple[Path, Path]) -> Proposals | None:
    """The proposals for one table; None if it cannot be compared with its truth."""
    logging.disable()
    try:
        inferred = infer_source(open_any(pair[0]))
    except UserError as error:
        print(f"{pair[0]} is left out: {error}", flush=True)
        return None
    table = inferred.table
    read = read_pair(pair, inferred.seen + inferred.broken, len(table.columns))
    if not read or not isinstance(table.judge, Judge):
        return None
    dirty, truth = ([[plain_value(cell) for cell in row] for row in rows] for rows in read)
    texts = {
        name: pl.Series([row[at].strip() or None for row in read[0]], dtype=pl.String)
        for at, name in enumerate(table.names)
    }
    found, _ = table.judge.find_candidates(active(table.rules), repaired_cells(table, pl.DataFrame(texts)))
    position = {name: at for at, name in enumerate(table.names)}
    at = [(row, position[column]) for row, column in found.select("row", "column").iter_rows()]
    was_right = np.array([dirty[row][column] == truth[row][column] for row, column in at], bool)
    is_true = [
        plain_value(meant or "") == truth[row][column]
        for (row, column), meant in zip(at, found["proposal"], strict=True)
    ]
    errors = sum(a != b for rows in zip(dirty, truth, strict=True) for a, b in zip(*rows, strict=True))
    features: Floats = found.select(FEATURES).to_numpy()
    return Proposals(
        *(pair[0], group_of(pair[0]), features, np.array(is_true, bool) & ~was_right, was_right, errors),
        confidence=np.zeros(len(at)),
    )


def _fit(tables: Sequence[Proposals]) -> Weights:
    """The weights that tables give."""
    votes, spelling = (
        [
            (table.features[is_one], table.is_right[is_one])
            for table in tables
            if (is_one := (table.features[:, _ALONE] > 0) == is_alone).any()
        ]
        for is_alone in (False, True)
    )
    return _fit_one(votes), _fit_one(spelling)


def _fit_one(tables: Sequence[tuple[Floats, Mask]]) -> Floats:
    """The intercept and the weights of one logistic model, with a penalty on large weights."""
    if not tables:
        return np.zeros(len(FEATURES) + 1)
    features, is_right = np.vstack([table[0] for table in tables]), np.concatenate([table[1] for table in tables])
    counts = np.concatenate([np.full(len(table[1]), min(1, _MOST / len(table[1]))) for table in tables])
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9  # of a feature that never differs, too
    scaled = np.column_stack([np.ones(len(features)), (features - mean) / spread])

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_odds = scaled @ weights
        value = counts @ (np.logaddexp(0, log_odds) - is_right * log_odds) + _PENALTY / 2 * (weights[1:] ** 2).sum()
        slope = scaled.T @ (counts * (1 / (1 + np.exp(-log_odds)) - is_right))
        slope[1:] += _PENALTY * weights[1:]
        return float(value), slope

    bounds = [(None, None), *((0 if name in _FOR else None, 0 if name in _AGAINST else None) for name in FEATURES)]
    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return np.concatenate([[found[0] - (found[1:] * mean / spread).sum()], found[1:] / spread])


def _judge_left_out(tables: Sequence[Proposals]) -> list[Proposals]:
    """The same tables, with the confidence that each proposal has by the other ones."""
    keys = sorted({table.key for table in tables})
    folds = np.arange(len(keys)) % _FOLDS
    np.random.default_rng(_SEED).shuffle(folds)
    fold = dict(zip(keys, folds.tolist(), strict=True))
    judged = {}
    for number in sorted(set(fold.values())):
        votes, spelling = _fit([table for table in tables if fold[table.key] != number])
        for table in tables:
            if fold[table.key] == number:
                weights = np.where(table.features[:, [_ALONE]] > 0, spelling, votes)
                log_odds = weights[:, 0] + (table.features * weights[:, 1:]).sum(axis=1)
                judged[table.table] = replace(table, confidence=1 / (1 + np.exp(-log_odds)))
    return [judged[table.table] for table in tables]


def _pooled(tables: Iterable[Proposals]) -> Proposals:
    """The proposals for several tables as those for one."""
    tables = list(tables)
    return replace(
        tables[0],
        features=np.concatenate([table.features for table in tables]),
        is_right=np.concatenate([table.is_right for table in tables]),
        was_right=np.concatenate([table.was_right for table in tables]),
        errors=sum(table.errors for table in tables),
        confidence=np.concatenate([table.confidence for table in tables]),
    )


def _print(group: str, table: Proposals) -> Result:
    """Prints what would be repaired at some confidences; right cells that would change are broken."""
    print(f"{group}: {table.errors:,} errors, {table.is_right.sum():,} of them with a right proposal", flush=True)
    result: Result = {"errors": table.errors, "right": int(table.is_right.sum())}
    for least in _CONFIDENCES:
        is_sure = table.confidence >= least
        number, right, broken = (int((is_sure & what).sum()) for what in (is_sure, table.is_right, table.was_right))
        precision = right / number if number else 0.0
        print(f"  from {least:.0%} on: {right:,} of {number:,} right ({precision:.3f}), {broken:,} broken")
        result[str(least)] = [number, right, broken]
    return result


def _write(weights: Weights) -> None:
    with WEIGHTS.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("feature", "votes", "spelling"))
        for name, *of_models in zip((INTERCEPT, *FEATURES), *weights, strict=True):
            writer.writerow((name, *(f"{weight + 0.0:.4f}" for weight in of_models)))


if __name__ == "__main__":
    main()
