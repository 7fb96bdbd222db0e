"""Routes the records of a piece to clean, quarantine or duplicates, and keeps the ledger of changed cells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.engine.account import validate_clean
from eightytwenty.engine.duplicates import hash_keys
from eightytwenty.engine.near_duplicates import hash_likenesses
from eightytwenty.engine.parts import KEYS, LIKENESSES, TEXTS, Part
from eightytwenty.engine.reasons import OUT_OF_RANGE, PATTERN, UNKNOWN
from eightytwenty.engine.rules import Doubt, Mask, RuleResults, apply_rules, rule_reasons, value_reason
from eightytwenty.engine.validate import clean_schema
from eightytwenty.engine.write import FLAGS
from eightytwenty.read.batch import Batch, Indices, Piece
from eightytwenty.read.reader import parse
from eightytwenty.schema import Column, Table


@dataclass(frozen=True)
class Repeats:
    """The records of a part that share a key with others.

    Args:
        part: the part.
        copies: rows of the part that are copies of another record, sorted.
        originals: for each of `copies`, the record that it copies: copy_of_source and copy_of_record.
        conflicting: rows of the part that share a key with a record that differs, sorted.
    """

    part: Part
    copies: Indices
    originals: pl.DataFrame
    conflicting: Indices


@dataclass(frozen=True)
class Router:
    """The two stages that look at every part alone.

    Args:
        table: the rules.
        folder: of the parts.
        amended: a folder for the amendments of parts.
    """

    table: Table
    folder: Path
    amended: Path

    def route(self, job: tuple[int, Piece]) -> Part:
        """Routes each record by what it says itself, and keeps what shows whether its key occurs again.

        Args:
            job: the number of a file in the source, and a piece of it.

        Raises:
            ContractError: a row that passed the rules is not clean.
        """
        number, piece = job
        batch = parse(piece, self.table.names)
        results = apply_rules(self.table, batch, piece.filled)
        no_row = np.zeros(len(batch.records), dtype=bool)
        tables = self._tables(batch, results, no_row, NO_ORIGINALS)
        validate_clean(tables["clean"].select(self.table.names), clean_schema(self.table), self.table.name)
        part = Part.draft(self.folder, number, piece, tables)
        if self.table.unique:
            part.write_hashes(KEYS, hash_keys(self.table, results))
            if piece.text:
                part.write_piece(piece, ~no_row)
            else:
                part.write_piece(replace(piece, rows=batch.cells), ~_is_plain(self.table, results))
        if rule := self.table.near_duplicates:
            part.write_hashes(LIKENESSES, hash_likenesses(rule, results, batch.problems.is_null().to_numpy()))
        return part.finish(self.folder)

    def reroute(self, repeats: Repeats) -> Part:
        """Moves copies to the duplicates, and records that contradict each other to quarantine."""
        part, rows = repeats.part, np.union1d(repeats.copies, repeats.conflicting)
        piece = part.read_piece(rows)
        batch = parse(piece, self.table.names)
        results = apply_rules(self.table, batch, piece.filled)
        if self.table.unique:
            results.failures[self.table.unique.name] = np.isin(rows, repeats.conflicting)
        moved = self._tables(batch, results, np.isin(rows, repeats.copies), repeats.originals)
        return part.amend(self.amended, rows, moved)

    def _tables(
        self, batch: Batch, results: RuleResults, is_copy: Mask, originals: pl.DataFrame
    ) -> dict[str, pl.DataFrame]:
        row_ids = pl.DataFrame({"record": batch.records})
        columns = {column.name: column for column in self.table.columns}
        tables = route_rows(row_ids, results, batch.raw, is_copy, originals, rule_reasons(self.table), columns)
        if self.table.csv or self.table.near_duplicates:
            tables[TEXTS] = row_ids.hstack(results.cells).filter(results.sound & ~is_copy)
        return tables


def _is_plain(table: Table, results: RuleResults) -> Mask:
    """(n,) bool, the rows whose cells are what their values look like: sound, never changed, of one plain form."""
    if not all(column.form.has_one_form for column in table.columns):
        return np.zeros(results.cells.height, dtype=bool)
    is_plain = results.sound
    is_plain[results.ledger["row"].to_numpy()] = False
    return is_plain


NO_ORIGINALS = pl.DataFrame(schema={"copy_of_source": pl.String, "copy_of_record": pl.Int64})


def route_rows(
    row_ids: pl.DataFrame,
    results: RuleResults,
    raw: Callable[[Indices], pl.DataFrame],
    is_copy: Mask,
    originals: pl.DataFrame,
    reasons: Mapping[str, str],
    columns: Mapping[str, Column],
) -> dict[str, pl.DataFrame]:
    """Routes rows to clean, quarantine or duplicates, and keeps the changes and doubts of the clean ones.

    Args:
        row_ids: n rows, sorted.
        results: what the rules found in them.
        raw: row indices -> how these rows arrived, as the outputs keep it.
        is_copy: (n,) bool.
        originals: copy_of_source and copy_of_record of the k copies.
        reasons: rule -> its reason.
        columns: those of the table, by name.

    Returns:
        The rows of each output.
    """
    is_clean = results.sound & ~is_copy
    is_quarantined = ~is_clean & ~is_copy
    ledger = results.ledger.filter(pl.Series(is_clean)[results.ledger["row"]])
    of_rule = ledger["rule"].replace_strict(reasons, return_dtype=pl.String)
    ledger = ledger.with_columns(pl.col("reason").fill_null(of_rule))
    quarantined, copies = np.flatnonzero(is_quarantined), np.flatnonzero(is_copy)
    failed = _failed_rules(results, is_quarantined, reasons)
    return {
        "clean": row_ids.hstack(results.values).filter(is_clean),
        "quarantine": pl.concat([row_ids[quarantined], failed, raw(quarantined)], how="horizontal"),
        "duplicates": pl.concat([row_ids[copies], originals, raw(copies)], how="horizontal"),
        "flags": _flags(results, is_clean, row_ids, columns, reasons),
        "ledger": row_ids[ledger["row"]].hstack(ledger),
    }


def _flags(
    results: RuleResults,
    is_clean: Mask,
    row_ids: pl.DataFrame,
    columns: Mapping[str, Column],
    by_rule: Mapping[str, str],
) -> pl.DataFrame:
    """The doubtful cells and rows among the clean rows, sorted."""
    pieces = [row_ids.clear().with_columns(pl.lit(None, dtype).alias(name) for name, dtype in FLAGS.items())]
    for doubt in results.flags:
        is_kept = is_clean[doubt.rows]
        rows, column = doubt.rows[is_kept], doubt.column
        proposals, confidence, reasons = (
            value.filter(is_kept) if isinstance(value, pl.Series) else value
            for value in (doubt.proposals, doubt.confidence, doubt.reasons)
        )
        pieces.append(
            row_ids[rows].with_columns(
                column=pl.lit(column, pl.String),
                rule=pl.lit(doubt.rule),
                reason=pl.lit(_reason(doubt, columns, by_rule)) if reasons is None else reasons,
                value=results.cells[column][rows] if column else pl.lit(None, pl.String),
                proposal=proposals if proposals is not None else pl.lit(None, pl.String),
                confidence=confidence if isinstance(confidence, pl.Series) else pl.lit(confidence, pl.Float64),
            )
        )
    return pl.concat(pieces).sort(row_ids.columns, maintain_order=True)


def _reason(doubt: Doubt, columns: Mapping[str, Column], reasons: Mapping[str, str]) -> str:
    """Why a cell or a row is doubtful."""
    if doubt.column and doubt.rule in {OUT_OF_RANGE, UNKNOWN, PATTERN}:
        return value_reason(columns[doubt.column], doubt.rule)
    return reasons[doubt.rule]


def _failed_rules(results: RuleResults, is_quarantined: Mask, reasons: Mapping[str, str]) -> pl.DataFrame:
    """The failed rules of each quarantined row, in the order of the rules, and their reasons."""
    schema = {"row": pl.Int64, "rules": pl.String}
    failures = [
        pl.DataFrame({"row": np.flatnonzero(mask & is_quarantined), "rules": rule}, schema=schema)
        for rule, mask in results.failures.items()
    ]
    rules = pl.concat(failures).group_by("row", maintain_order=True).agg("rules").sort("row")
    reason = pl.col("rules").list.eval(pl.element().replace_strict(reasons)).list.join("; ")
    return rules.select("rules", reason.alias("reason"))
