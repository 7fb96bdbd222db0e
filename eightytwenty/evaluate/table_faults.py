"""Injects faults into clean pairs and keeps the truth, so that the cleaning can be scored.

Each dirty record gets one fault. Where it should end is part of the truth: `clean` if the fault can be repaired,
otherwise `quarantine` or `duplicates`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import polars as pl

from eightytwenty.kinds.number_words import spell

NAMES = ("record_id", "a", "b", "sum")
_NUMBERS = NAMES[1:]
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

TRUTH = {"record": pl.Int64, "kind": pl.String, "fate": pl.String, "column": pl.String} | dict.fromkeys(
    _NUMBERS, pl.Int64
)

Row = dict[str, int]
Damage = Callable[[bytes], bytes]


def _pick(rng: np.random.Generator, *options: str) -> str:
    return options[rng.integers(len(options))]


def _scientific(rng: np.random.Generator, value: int) -> str:
    digits = str(value)
    power = len(digits) - 1
    return f"{digits[0]}.{digits[1:] or '0'}" + _pick(rng, f"e{power}", f"E+{power:02}", f"e+{power}")


def _word(rng: np.random.Generator, value: int) -> str:
    return _pick(rng, spell(value), spell(value).capitalize(), spell(value).replace("-", " "))


# Faults of one cell that can be repaired: other spellings of its value.
_SPELLINGS: dict[str, Callable[[np.random.Generator, int], str]] = {
    "missing cell": lambda rng, _: _pick(rng, "", "NA", "n/a", "null", "?"),
    "number word": _word,
    "thousands separator": lambda rng, value: f"{value:,}".replace(",", _pick(rng, ",", ".", " ", "'", "\u00a0")),
    "decimal form": lambda rng, value: _pick(rng, f"{value}.0", f"{value},0", f"{value}.00"),
    "full-width digits": lambda _, value: str(value).translate(_FULL_WIDTH),
    "stray spaces": lambda rng, value: _pick(rng, f" {value}", f"{value}  ", f"\t{value}", f"\u00a0{value} "),
    "unit or currency": lambda rng, v: _pick(rng, f"${v}", f"{v} €", f"EUR {v}", f"{v} kg", f"{v}pcs", f"£ {v}"),
    "scientific notation": _scientific,
}
# Faults of one cell that nothing can repair.
_NONSENSE: dict[str, Callable[[np.random.Generator], str]] = {
    "non-finite": lambda rng: _pick(rng, "nan", "inf", "-inf", "Infinity", "#DIV/0!", "1e999"),
    "text": lambda rng: _pick(rng, "abc", "unknown", "see note", "x7", "7%", "2024-01-05", "twelvety"),
}


def _wrong_sum(rng: np.random.Generator, row: Row, largest_sum: int) -> Row:
    wrong = int(rng.integers(0, largest_sum))
    return {"sum": wrong + (wrong >= row["sum"])}


def _too_large(rng: np.random.Generator, row: Row, largest_sum: int) -> Row:
    a = int(rng.integers(largest_sum // 2 + 1, 2 * largest_sum))
    return {"a": a, "sum": a + row["b"]}


def _negative(rng: np.random.Generator, row: Row, largest_sum: int) -> Row:
    b = -int(rng.integers(1, largest_sum // 2 + 1))
    return {"b": b, "sum": row["a"] + b}


# Faults of a row's values: plain digits that cannot be true.
_FALSE_VALUES = {"wrong sum": _wrong_sum, "out of range": _too_large, "negative": _negative}


def _cut(offset: int, line: bytes) -> bytes:
    # at least one delimiter is lost, and at least one byte remains
    return line[: 1 + offset % line.rindex(b",")]


def _lengthen(offset: int, line: bytes) -> bytes:
    return line + (b",", b",7", b",,x")[offset % 3]


def _insert_byte(offset: int, line: bytes) -> bytes:
    index = line.index(b",") + 1 + offset % (len(line) - line.index(b",") - 1)
    return line[:index] + b"\xff" + line[index:]


# Faults of a record's bytes, which a Parquet file cannot have.
_BROKEN_RECORDS: dict[str, Callable[[int, bytes], bytes]] = {
    "row cut off": _cut,
    "too many cells": _lengthen,
    "undecodable bytes": _insert_byte,
}
# Faults that insert a record: a copy, a copy with other values, the header.
_EXTRA_RECORDS = ("re-sent record", "conflicting record", "repeated header")
BYTE_KINDS = (*_BROKEN_RECORDS, "repeated header")
KINDS = (*_SPELLINGS, *_NONSENSE, *_FALSE_VALUES, *_BROKEN_RECORDS, *_EXTRA_RECORDS)


@dataclass(frozen=True)
class DirtyTable:
    """A dirty table.

    Args:
        cells: the records as text (record_id, a, b, sum), with copies and headers, in file order.
        damage: index in `cells` -> function that damages the bytes of that record.
        truth: one line per faulty record: record (Int64, from 1), kind, fate, column (null if the fault is in the
            whole record), and the true a, b, sum (Int64).
    """

    cells: pl.DataFrame
    damage: dict[int, Damage]
    truth: pl.DataFrame


@dataclass(frozen=True)
class _Fault:
    """A fault of one record, and where the record should end."""

    fate: str = "quarantine"
    column: str | None = None
    cells: dict[str, str] = field(default_factory=dict)
    damage: Damage | None = None
    extra_record: tuple[str, ...] | None = None


def _fault(kind: str, rng: np.random.Generator, record_id: str, row: Row, largest_sum: int) -> _Fault:
    if kind in _SPELLINGS:
        smallest = 1000 if kind == "thousands separator" else 0
        column = _pick(rng, *(name for name in _NUMBERS if row[name] >= smallest))
        return _Fault("clean", column, {column: _SPELLINGS[kind](rng, row[column])})
    if kind in _NONSENSE:
        column = _pick(rng, *_NUMBERS)
        return _Fault(column=column, cells={column: _NONSENSE[kind](rng)})
    if kind in _FALSE_VALUES:
        return _Fault(cells={name: str(value) for name, value in _FALSE_VALUES[kind](rng, row, largest_sum).items()})
    if kind in _BROKEN_RECORDS:
        return _Fault(damage=partial(_BROKEN_RECORDS[kind], int(rng.integers(1 << 30))))
    if kind == "re-sent record":
        return _Fault("duplicates", extra_record=(record_id, *(str(row[name]) for name in _NUMBERS)))
    if kind == "conflicting record":
        a = (row["a"] + int(rng.integers(1, largest_sum // 2 + 1))) % (largest_sum // 2 + 1)
        return _Fault(extra_record=(record_id, str(a), str(row["b"]), str(a + row["b"])))
    return _Fault(extra_record=NAMES)


def add_dirt(
    pairs: pl.DataFrame, *, share: float, largest_sum: int, seed: int, kinds: Sequence[str] = KINDS
) -> DirtyTable:
    """Puts one fault into each of `share` of the records, cycling through the kinds.

    Args:
        pairs: record_id (String), a, b, sum (Int64), clean.
        share: 0 to 1.
        largest_sum: the largest sum of clean records.
        seed: of the choice of records and faults.
        kinds: of faults; a kind that no record can have (a thousands separator below 1000) is skipped.
    """
    rng = np.random.default_rng([seed, largest_sum, 1])
    numbers = pairs.select(_NUMBERS).to_numpy()
    possible_kinds = [kind for kind in kinds if kind != "thousands separator" or largest_sum >= 1000]
    chosen = rng.permutation(pairs.height)[: round(share * pairs.height)]
    if not possible_kinds or not len(chosen):
        return DirtyTable(pairs.cast(pl.String), {}, pl.DataFrame(schema=TRUTH))

    faults: list[tuple[int, str, _Fault]] = []
    for position, kind in zip(chosen.tolist(), itertools.cycle(possible_kinds)):
        row = dict(zip(_NUMBERS, numbers[position].tolist(), strict=True))
        if kind != "thousands separator" or max(row.values()) >= 1000:
            faults.append((position, kind, _fault(kind, rng, pairs["record_id"][position], row, largest_sum)))

    cells = pairs.cast(pl.String)
    for name in _NUMBERS:
        new = {position: fault.cells[name] for position, _, fault in faults if name in fault.cells}
        cells = cells.with_columns(cells[name].scatter(list(new), list(new.values())))
    # each extra record follows, at any distance, the record that it belongs to
    places = np.array(
        [rng.integers(position, pairs.height) for position, _, fault in faults if fault.extra_record], dtype=np.int64
    )
    extra = pl.DataFrame(
        [fault.extra_record for _, _, fault in faults if fault.extra_record], schema=cells.schema, orient="row"
    )
    order = np.argsort(np.concatenate([np.arange(pairs.height), places]), kind="stable")
    record = np.empty(len(order), dtype=np.int64)  # index before sorting -> record number in the file
    record[order] = np.arange(1, len(order) + 1)

    extra_indices = iter(range(pairs.height, len(order)))
    truth = []
    for position, kind, fault in faults:
        indices = [position] if fault.extra_record is None else [next(extra_indices)]
        if kind == "conflicting record":
            indices.append(position)  # nothing says which of the two is true
        truth += [
            (int(record[index]), kind, fault.fate, fault.column, *numbers[position].tolist()) for index in indices
        ]
    return DirtyTable(
        pl.concat([cells, extra])[order],
        {int(record[position]) - 1: fault.damage for position, _, fault in faults if fault.damage},
        pl.DataFrame(truth, schema=TRUTH, orient="row").sort("record"),
    )
