"""Routes the records of a piece to clean, quarantine or duplicates, and keeps the ledger of changed cells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.engine.duplicates import hash_keys
from eightytwenty.engine.parts import Part
from eightytwenty.engine.rules import Mask, RuleResults, apply_rules, rule_reasons, value_reason
from eightytwenty.engine.validate import clean_schema
from eightytwenty.engine.write import FLAGS
from eightytwenty.kinds import find_kind
from eightytwenty.read.batch import Batch, Indices, Piece
from eightytwenty.read.reader import parse
from eightytwenty.schema import Table


class ContractError(RuntimeError):
    """The cleaning broke its own contract. The fault is in a rule or in the engine, never in the data."""


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
    """

    table: Table
    folder: Path

    def route(self, job: tuple[int, Piece]) -> Part:
        """Routes each record by what it says itself, and keeps what shows whether its key occurs again.

        Args:
            job: the number of a file in the source, and a piece of it.

        Raises:
            ContractError: a row that passed the rules is not clean.
        """
        number, piece = job
        batch = parse(piece, self.table.names)
        results = apply_rules(self.table, batch, piece.columns)
        no_row = np.zeros(len(batch.records), dtype=bool)
        tables = _tables(self.table, batch, results, no_row, _NO_ORIGINALS)
        _validate(tables["clean"], self.table)
        part = Part.make(self.folder / f"{number:04}-{piece.records[0]:012}", number, piece, tables)
        if self.table.unique:
            part.write_hashes(hash_keys(self.table, results))
            if piece.text:
                part.write_piece(piece, ~no_row)
            else:
                part.write_piece(
                    replace(piece, rows=batch.cells.select(name for name in self.table.names if name in piece.columns)),
                    ~_is_plain(self.table, results),
                )
        return part

    def reroute(self, repeats: Repeats) -> Part:
        """Moves copies to the duplicates, and records that contradict each other to quarantine."""
        part, rows = repeats.part, np.union1d(repeats.copies, repeats.conflicting)
        piece = part.read_piece(rows)
        batch = parse(piece, self.table.names)
        results = apply_rules(self.table, batch, piece.columns)
        if self.table.unique:
            results.failures[self.table.unique.name] = np.isin(rows, repeats.conflicting)
        moved = _tables(self.table, batch, results, np.isin(rows, repeats.copies), repeats.originals)
        return part.amend(rows, moved)


def _is_plain(table: Table, results: RuleResults) -> Mask:
    """(n,) bool, the rows whose cells are what their values look like: sound, never changed, of one plain form."""
    if not all(find_kind(column.kind).dtype in (pl.String, pl.Int64) for column in table.columns):
        return np.zeros(results.cells.height, dtype=bool)
    is_plain = results.sound
    is_plain[results.ledger["row"].to_numpy()] = False
    return is_plain


_NO_ORIGINALS = pl.DataFrame(schema={"copy_of_source": pl.String, "copy_of_record": pl.Int64})


def _tables(
    table: Table, batch: Batch, results: RuleResults, is_copy: Mask, originals: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The rows of each output, without their source.

    Args:
        table: the rules.
        batch: n records.
        results: of the rules.
        is_copy: (n,) bool.
        originals: what the k copies copy.
    """
    is_clean = results.sound & ~is_copy
    is_quarantined = ~is_clean & ~is_copy
    ledger = results.ledger.filter(pl.Series(is_clean)[results.ledger["row"]])
    reasons = rule_reasons(table)
    quarantine_rows, copy_rows = np.flatnonzero(is_quarantined), np.flatnonzero(is_copy)
    return {
        "clean": results.values.with_columns(record=batch.records).filter(is_clean),
        "quarantine": _raw_rows(batch, quarantine_rows, _failed_rules(results, is_quarantined, reasons)),
        "duplicates": _raw_rows(batch, copy_rows, originals),
        "flags": _flags(results, is_clean, batch, table, reasons),
        "ledger": ledger.with_columns(pl.Series("record", batch.records)[ledger["row"]]),
    }


def _validate(clean: pl.DataFrame, table: Table) -> None:
    """Validates the clean rows once more, against the strict schema."""
    if clean.height:
        import pandera.errors

        try:
            clean_schema(table).validate(clean.select(table.names), lazy=True)
        except pandera.errors.SchemaErrors as error:
            raise ContractError(
                f"the clean schema of {table.name} refuses rows that passed the rules: {error}"
            ) from error


def _flags(
    results: RuleResults, is_clean: Mask, batch: Batch, table: Table, reasons: Mapping[str, str]
) -> pl.DataFrame:
    """The doubtful cells and rows among the clean rows: record, column, rule, reason and value, sorted by record."""
    schema = {name: pl.Int64 if name == "record" else pl.String for name in FLAGS}
    pieces = [pl.DataFrame(schema=schema)]
    columns = {column.name: column for column in table.columns}
    for rule, column, mask in results.flags:
        rows = np.flatnonzero(mask & is_clean)
        value = results.cells[column][rows] if column else pl.repeat(None, len(rows), dtype=pl.String, eager=True)
        reason = value_reason(columns[column], rule) if column else reasons[rule]
        frame = {"record": batch.records[rows], "column": column, "rule": rule, "reason": reason, "value": value}
        pieces.append(pl.DataFrame(frame, schema=schema))
    return pl.concat(pieces).sort("record", maintain_order=True)


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


def _raw_rows(batch: Batch, rows: Indices, more: pl.DataFrame) -> pl.DataFrame:
    """Record number, line, the columns of `more`, raw cells and original bytes of some rows."""
    numbers = None if batch.lines is None else batch.lines[rows]
    return pl.DataFrame(
        [
            pl.Series("record", batch.records[rows]),
            pl.Series("line", [None] * len(rows) if numbers is None else numbers, dtype=pl.Int64),
            *more.get_columns(),
            *batch.cells[rows].get_columns(),
            pl.Series("original", batch.original(rows), dtype=pl.Binary),
        ]
    )
