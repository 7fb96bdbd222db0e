"""Cleaning tables of which nothing is told, against the same tables as they should be.

Each folder holds dirty.csv and clean.csv of the same shape; a CSV file by itself counts as error-free, so that nothing
should change in it. Groups of tables are the folders they lie in; their cells are pooled, unless they are few. With
--quick, tables that the benchmark makes itself.

    python -m benchmarks.tables DIR... [--processes 2]
"""

import csv
import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from benchmarks.harness import Result, command_line, run
from eightytwenty import Cleaned, UserError, clean
from eightytwenty.engine.confidence import DEFAULT
from eightytwenty.evaluate.cell_score import CellScore, Rows, lower_bound, score_cells

_FEWEST = 100  # repairs of a rule that make its precision worth printing
_FEW = 3  # tables in a folder that are scored one by one
BOLD = 0.8  # the confidence that a repair needs
_POINTS = {"careful": None, "bold": BOLD}
_TABLES = ("clean", "ledger", "flags")


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    run(score_tables, parser)


def score_tables(folders: list[Path], processes: int) -> Result:
    """Cleans and scores all tables below the folders, carefully and boldly."""
    result: Result = {}
    for point, least in _POINTS.items():
        print(f"{point}: repairs that are right with a confidence of {least or DEFAULT:.0%} are made", flush=True)
        groups: dict[str, list[CellScore]] = {}
        for dirty, scores in score_pairs(folders, processes, least):
            group = group_of(dirty)
            groups[group] = [a + b for a, b in zip(groups.get(group, [CellScore()] * 2), scores, strict=True)]
        of_groups = {group: _print(group, strict, typed) for group, (strict, typed) in groups.items()}
        result[point] = {**of_groups, "rules": _print_rules([typed for _, typed in groups.values()])}
    return result


def group_of(dirty: Path) -> str:
    """The name of the group that a table is in: its folder, or the table itself where it is one of few."""
    is_pair = dirty.name in {"dirty.csv", "clean.csv"}
    place = dirty.parent.parent if is_pair else dirty.parent
    few = is_pair and len(list(place.iterdir())) <= _FEW
    return f"{(dirty.parent if few else place).name}{'' if dirty.name == 'dirty.csv' else ', without errors'}"


def score_pairs(
    folders: list[Path], processes: int, min_confidence: float | None = None
) -> Iterator[tuple[Path, tuple[CellScore, CellScore]]]:
    """Cleans all tables below the folders; yields each with its scores, strict and typed.

    Args:
        folders: of tables.
        processes: that clean at once.
        min_confidence: as for `eightytwenty.clean`.
    """
    with (
        tempfile.TemporaryDirectory() as own,
        ProcessPoolExecutor(processes, get_context("spawn")) as pool,
    ):
        pairs = list(table_pairs(folders or [own_tables(Path(own))]))
        score = partial(_score, min_confidence=min_confidence)
        yield from zip((dirty for dirty, _ in pairs), pool.map(score, pairs), strict=True)


def table_pairs(folders: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """The tables below folders, and the truth of each; a truth is a table without errors, too."""
    for folder in folders:
        for file in sorted(folder.rglob("*.csv")):
            truth = file.parent / "clean.csv"
            yield file, truth if file.name == "dirty.csv" and truth.exists() else file


def _score(pair: tuple[Path, Path], min_confidence: float | None) -> tuple[CellScore, CellScore]:
    """Scores one table, strict and typed."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        try:
            cleaned = clean(pair[0], None, Path(folder, "cleaned"), min_confidence=min_confidence)
        except UserError as error:
            print(f"{pair[0]} is left out: {error}", flush=True)
            return CellScore(), CellScore()
        return score_cleaned(pair, cleaned) or (CellScore(), CellScore())


def score_cleaned(pair: tuple[Path, Path], cleaned: Cleaned) -> tuple[CellScore, CellScore] | None:
    """Scores a cleaned table, strict and typed; None if it cannot be compared with its truth.

    Args:
        pair: the files of the table and of its truth.
        cleaned: the table.
    """
    tables = {name: getattr(cleaned, name).collect() for name in _TABLES}
    names = [name for name in tables["clean"].columns if name not in {"source", "record"}]
    read = read_pair(pair, cleaned.summary.rows, len(names))
    if not read:
        return None
    position = {name: str(at) for at, name in enumerate(names)}
    for name in ("ledger", "flags"):
        tables[name] = tables[name].with_columns(pl.col("column").replace_strict(position, default=None))
    return score_cells(*read, tables), score_cells(*read, tables, typed=True)


def read_pair(pair: tuple[Path, Path], rows: int, columns: int) -> tuple[Rows, Rows] | None:
    """The rows of a table and of its truth; None, with a sentence, if a CSV reader finds others than the library.

    Args:
        pair: the files.
        rows: of the table, as the library reads it, without its header.
        columns: the same.
    """
    dirty, truth = map(_read, pair)
    above = len(dirty) - rows  # the header, what stands above it, or nothing
    if above < 0 or len(dirty) == above or columns != len(dirty[above]):
        print(f"{pair[0]} is left out: a CSV reader finds other rows or columns in it", flush=True)
        return None
    return dirty[above:], truth[above:]


def _read(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8", errors="replace") as stream:
        header, *rows = csv.reader(stream)
    return [header, *(row + [""] * (len(header) - len(row)) for row in rows if row)]


def _print(group: str, strict: CellScore, typed: CellScore) -> Result:
    print(f"{group}: {typed.cells:,} cells, {typed.errors:,} errors, {typed.rows:,} rows not clean", flush=True)
    for name, score in (("strict", strict), ("typed", typed)):
        numbers = " ".join(f"{value:.3f}" for value in (*score.detection, *score.repair))
        print(
            f"  {name}: detection P R F1, repair P R F1: {numbers}; changed or flagged {score.marked:,}, changed "
            f"{score.changed:,}, right {score.right:,}, harm {score.harm:.3%} ({score.broken:,}); "
            f"marks of missing values {score.missing:,}"
        )
    return {
        "cells": typed.cells,
        "errors": typed.errors,
        "detection_f1": typed.detection[2],
        "repair_f1": typed.repair[2],
        "harm": typed.harm,
        "strict_harm": strict.harm,
    }


def _print_rules(scores: list[CellScore]) -> Result:
    repairs, right = Counter[str](), Counter[str]()
    for score in scores:
        repairs += score.repairs
        right += score.right_repairs
    for rule, number in repairs.most_common():
        bound = lower_bound(right[rule], number)
        few = "" if number >= _FEWEST else ", few"
        print(f"  {rule}: {right[rule]:,} of {number:,} repairs are right, at least {bound:.3f}{few}")
    return {rule: [right[rule], number] for rule, number in repairs.items()}


def own_tables(folder: Path) -> Path:
    """Two small tables with a few faults, for --quick."""
    places = (("Bergen", "Vestland"), ("Hamar", "Innlandet"), ("Molde", "Romsdal"), ("Narvik", "Nordland"))
    for table, number in (("first", 160), ("second", 200)):
        rows = [[f"A-{n:03}", *places[n % 4], f"{n % 28 + 1:02}/{n % 12 + 1:02}/2024"] for n in range(number)]
        place = folder / "own" / table
        place.mkdir(parents=True)
        _write(place / "clean.csv", rows)
        rows[5][2], rows[9][2], rows[20][1], rows[31][3] = "Nordland", "Inlandet", "Bergn", "x"
        _write(place / "dirty.csv", rows)
    return folder


def _write(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("id", "town", "county", "day"), *rows])


if __name__ == "__main__":
    main()
