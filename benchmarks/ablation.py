"""What each mechanism of the judge earns: tables are cleaned boldly with one of them left out at a time.

The tables are given as for benchmarks.tables; those without errors are left out. Each is inferred once. The weights of
the judge stay as they are, so that a mechanism earns what no other one finds, too.

    python -m benchmarks.ablation DIR... [--processes 2]
"""

import logging
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl

from benchmarks.harness import Result, command_line, run
from benchmarks.tables import BOLD, group_of, own_tables, score_cleaned, table_pairs
from eightytwenty import UserError, clean
from eightytwenty.evaluate.cell_score import CellScore
from eightytwenty.inference import judge as judging
from eightytwenty.inference.candidates import FEATURES
from eightytwenty.inference.far_slips import FarSlips
from eightytwenty.inference.judge import Judge
from eightytwenty.inference.speller import Speller
from eightytwenty.inference.table import infer_source, open_any
from eightytwenty.inference.unreadable import Reader
from eightytwenty.mined_rules import Depends, MinedRule, Once, Reference, SourceVotes, Template, Typos
from eightytwenty.schema import Table

_CONTEXT = ("fits", "misfits", "kept_left")  # what the other columns of a row say of a proposal
# Mechanisms that are rules: which ones are left out.
_RULES: dict[str, Callable[[MinedRule], bool]] = {
    "dependencies": lambda rule: isinstance(rule, Depends) and len(rule.when) == 1 and not rule.where,
    "dependencies in a part": lambda rule: isinstance(rule, Depends) and bool(rule.where),
    "pairs of columns": lambda rule: isinstance(rule, Depends) and len(rule.when) == 2,
    "templates": lambda rule: isinstance(rule, Template),
    "references": lambda rule: isinstance(rule, Reference),
    "repeated values": lambda rule: isinstance(rule, Once),
    "sources": lambda rule: isinstance(rule, SourceVotes),
    "slips, all": lambda rule: isinstance(rule, Typos),
    "everything": lambda _: True,
}
# Mechanisms within a rule: the classes that then propose nothing.
_PROPOSERS: dict[str, type[Speller | FarSlips | Reader]] = {
    "near slips": Speller,
    "far slips": FarSlips,
    "unreadable cells": Reader,
}
_NOTHING, _WITHOUT_CONTEXT = "nothing", "context"
_VARIANTS = (_NOTHING, *_RULES, *_PROPOSERS, _WITHOUT_CONTEXT)


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    run(leave_out, parser)


def leave_out(folders: list[Path], processes: int) -> Result:
    """Scores all tables with errors below the folders without one mechanism at a time."""
    with tempfile.TemporaryDirectory() as own, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        pairs = [pair for pair in table_pairs(folders or [own_tables(Path(own))]) if pair[0] != pair[1]]
        groups: dict[str, dict[str, CellScore]] = {}
        for pair, scores in zip(pairs, pool.map(_score, pairs), strict=True):
            of_group = groups.setdefault(group_of(pair[0]), dict.fromkeys(_VARIANTS, CellScore()))
            for variant, score in scores.items():
                of_group[variant] += score
    print(f"{'without':22s}" + "".join(f"{group:>26s}" for group in groups))
    for variant in _VARIANTS:
        numbers = [_numbers(of_group[variant]) for of_group in groups.values()]
        print(f"{variant:22s}" + "".join(f"{text:>26s}" for text in numbers))
    print("detection F1, repair F1, right cells that were changed")
    return {
        variant: {
            group: [of_group[variant].detection[2], of_group[variant].repair[2], of_group[variant].broken]
            for group, of_group in groups.items()
        }
        for variant in _VARIANTS
    }


def _numbers(score: CellScore) -> str:
    return f"{score.detection[2]:.3f} {score.repair[2]:.3f} {score.broken:6,}"


def _score(pair: tuple[Path, Path]) -> dict[str, CellScore]:
    """The typed score of one table for each variant; nothing if it cannot be compared with its truth."""
    logging.disable()
    try:
        table = infer_source(open_any(pair[0]), min_confidence=BOLD).table
    except UserError as error:
        print(f"{pair[0]} is left out: {error}", flush=True)
        return {}
    scores = {}
    for variant in _VARIANTS:
        with tempfile.TemporaryDirectory() as folder, _without(variant):
            cleaned = clean(pair[0], _table_without(table, variant), Path(folder, "cleaned"))
            scored = score_cleaned(pair, cleaned)
        if not scored:
            return {}
        scores[variant] = scored[1]
    return scores


def _table_without(table: Table, variant: str) -> Table:
    """The table without the rules of a mechanism, and a judge who has not read any cells yet."""
    is_out = _RULES.get(variant)
    rules = tuple(rule for rule in table.rules if not (is_out and isinstance(rule, MinedRule) and is_out(rule)))
    judge = table.judge
    return replace(table, rules=rules, judge=Judge(judge.evidence, judge.forms) if isinstance(judge, Judge) else judge)


def _without(variant: str) -> AbstractContextManager[object]:
    """A context in which a mechanism within a rule is switched off."""
    if variant == _WITHOUT_CONTEXT:
        is_kept = np.array([1.0, *(name not in _CONTEXT for name in FEATURES)])
        weights = tuple(weights * is_kept for weights in judging.weights())
        return patch.object(judging, "weights", lambda: weights)
    if variant not in _PROPOSERS:
        return nullcontext()
    proposer = _PROPOSERS[variant]
    propose: Callable[..., pl.DataFrame] = proposer.propose

    def propose_nothing(self: object, cells: pl.Series) -> pl.DataFrame:
        return propose(self, cells[:0])

    return patch.object(proposer, "propose", propose_nothing)


if __name__ == "__main__":
    main()
