"""Finds clean rows that are the same thing entered twice: equal but for their key, or but for how they are written.

The likeness of a row is a hash of its values that does not know case, spaces, punctuation and accents, nor the order of
the letters in a cell, so that it is quick. It is kept and compared as the hashes of keys are. Only rows whose likeness
occurs again are looked at as text.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.duplicates import Ordinals, repeated_hashes, rows_with
from eightytwenty.engine.executor import Executor
from eightytwenty.engine.parts import LIKENESSES, TEXTS, Hashes, Part
from eightytwenty.engine.repair import canonical
from eightytwenty.engine.rules import RuleResults
from eightytwenty.mined_rules import NearDuplicates
from eightytwenty.schema import Table

_FEWEST = 2  # cells with a value: one value alone comes again in other rows by chance
# Share of the rows: where more look like another one, rows look alike by right. So many are kept in memory at most.
_MOST_ALIKE = 0.1
_GROUP = ("group", "twin")  # hashes of a row, of 128 bits together, so that no two rows have the same
_ROWS: Mapping[str, Any] = {
    "ordinal": pl.Int64,
    **dict.fromkeys((*_GROUP, "writing", "rest"), pl.UInt64),
    "is_own": pl.Boolean,
}
_MIX = np.uint64(0xBF58476D1CE4E5B9)  # from the finalizer of SplitMix64, https://prng.di.unimi.it/splitmix64.c
# what people leave out or write in another way; a dash that is a minus sign or a grade (A-) is none of it
_PUNCTUATION = r"[\s.,;:'\"’‘“”„!?()\[\]{}_]+|\b[-‐–—/]\b"


def _letter_hashes() -> Hashes:
    """(256,) a random number for each byte: the same for a letter in both cases, 0 for what is no letter or digit."""
    numbers = np.random.default_rng(0).integers(1, 1 << 63, 256, dtype=np.uint64)
    for byte in range(128):
        if not chr(byte).isalnum():
            numbers[byte] = 0
        elif chr(byte).isupper():
            numbers[byte] = numbers[ord(chr(byte).lower())]
    return numbers


_LETTERS = _letter_hashes()


def hash_likenesses(rule: NearDuplicates, results: RuleResults, is_row: npt.NDArray[np.bool_]) -> pl.Series:
    """Hashes what each record is but for its key and its writing: UInt64, null for a record that says too little.

    Args:
        rule: says which columns count.
        results: what the rules found in n records.
        is_row: (n,) the records that are rows.
    """
    total, filled = np.zeros(len(is_row), np.uint64), np.zeros(len(is_row), np.int64)
    for at, name in enumerate(rule.near_duplicates):
        cells, values = results.cells[name], results.values[name]
        hashes = _bags(cells) if values.dtype == pl.String else _hash_values(cells, values)
        is_filled = cells.is_not_null().to_numpy()
        total += _mixed(hashes, at) * is_filled
        filled += is_filled
    return pl.Series("hash", total).set(pl.Series(~is_row | (filled < _FEWEST)), None)


def _mixed(hashes: Hashes, at: int) -> Hashes:
    """(n,) hashes of the values of a column as those of its cells, so that the place of a value in a row counts."""
    mixed = (hashes + np.uint64(at + 1)) * _MIX
    mixed ^= mixed >> np.uint64(31)
    return mixed * _MIX


def _hash_values(cells: pl.Series, values: pl.Series) -> Hashes:
    """(n,) UInt64, equal for equal values; of a cell that cannot be read, the text counts."""
    hashes = values.to_physical().hash().to_numpy().copy()
    unread = (cells.is_not_null() & values.is_null()).arg_true()
    if len(unread):
        hashes[unread.to_numpy()] = _bags(cells[unread])
    return hashes


def _bags(cells: pl.Series) -> Hashes:
    """(n,) UInt64, equal for cells that have the same letters and digits."""
    cells = cells.fill_null("")
    foreign = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    if len(foreign):
        plain = _folded(cells[foreign]).str.replace_all(r"[^\p{L}\p{N}]+", "")
        cells = cells.scatter(foreign, plain)
    array: Any = cells.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, content = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]]
    sums = np.zeros(len(letters) + 1, np.uint64)
    np.cumsum(_LETTERS[letters], out=sums[1:])
    sums = sums[ends - ends[0]]
    bags: Hashes = sums[1:] - sums[:-1]
    return bags


def _folded(cells: pl.Series) -> pl.Series:
    """Texts in lower case, without accents."""
    folded = cells.str.to_lowercase().str.normalize("NFKD").str.to_lowercase()
    return folded.str.replace_all(r"\p{M}+", "")


def without_writing(cells: pl.Series) -> pl.Series:
    """(n,) String, equal for cells that differ in case, spaces, punctuation and accents only.

    Marks between digits count, because they tell numbers apart.

    >>> without_writing(pl.Series(["Café  du Nord.", "cafe du-nord", "1.5", "15", "A+", "A-"])).to_list()
    ['cafedunord ', 'cafedunord ', '15 1 5', '15 15', 'a+ ', 'a- ']
    """
    folded = _folded(cells)
    numbers = folded.str.extract_all(r"\d+").list.join(" ")
    return folded.str.replace_all(_PUNCTUATION, "") + " " + numbers


def find_near_duplicates(table: Table, parts: Sequence[Part], executor: Executor) -> pl.DataFrame:
    """Finds the clean rows that have near duplicates; the order of the rows is no difference to which they are.

    Args:
        table: with a rule on near duplicates, and a judge.
        parts: of all files, in order.
        executor: looks at the parts.

    Returns:
        one line per such row, sorted: ordinal (it counts the records of all files, from 0), other (that of the first
        other row of its kind), is_written (whether the two are written in the same way), is_rest (whether the columns
        that do not count are equal, too).
    """
    repeated, counts = repeated_hashes(LIKENESSES, parts, executor)
    found, offset = [pl.DataFrame(schema=_ROWS)], 0
    if int(counts.sum()) <= _MOST_ALIKE * sum(part.height for part in parts):
        look = functools.partial(_candidates, _Repeated(table, repeated, counts))
        for part, rows in zip(parts, executor(look, parts), strict=True):
            if rows is not None:
                found.append(rows.with_columns(pl.col("ordinal") + offset))
            offset += part.height
    rows = pl.concat(found)
    ordinals = pl.col("ordinal").sort()
    groups = rows.group_by(_GROUP).agg(
        size=pl.len(), is_own=pl.col("is_own").all(), first=ordinals.first(), second=ordinals.get(1, null_on_oob=True)
    )
    alike = rows.drop("is_own").join(groups.filter(pl.col("size") > 1, pl.col("is_own")), on=_GROUP)
    is_first = pl.col("ordinal") == pl.col("first")
    alike = alike.with_columns(other=pl.when(is_first).then("second").otherwise("first"))
    others = rows.select(other="ordinal", other_writing="writing", other_rest="rest")
    return (
        alike.join(others, on="other")
        .select(
            "ordinal",
            "other",
            is_written=pl.col("writing") == pl.col("other_writing"),
            is_rest=pl.col("rest") == pl.col("other_rest"),
        )
        .sort("ordinal")
    )


@dataclass(frozen=True)
class _Repeated:
    """What occurs more than once.

    Args:
        table: with a rule on near duplicates, and a judge.
        hashes: (k,) likenesses, sorted.
        counts: (k,) how many records have each.
    """

    table: Table
    hashes: Hashes
    counts: Ordinals


def _candidates(repeated: _Repeated, part: Part) -> pl.DataFrame | None:
    """The clean rows of a part whose likeness occurs again, with their numbers in the part; None if there is none."""
    table, rule = repeated.table, repeated.table.near_duplicates
    rows = rows_with(LIKENESSES, repeated.hashes, part)
    if not len(rows) or not rule or not table.judge:
        return None
    texts = part.read_table(TEXTS)
    is_candidate = np.isin(texts["record"].to_numpy() - part.first, rows)
    texts, values = texts.filter(is_candidate), part.read_table("clean").filter(is_candidate)
    records = texts["record"].to_numpy() - part.first
    at = np.searchsorted(repeated.hashes, part.read_hashes(LIKENESSES)[records].to_numpy())
    own = [canonical(texts[name], values[name]) for name in rule.near_duplicates]
    said = pl.DataFrame([without_writing(cells) if values[cells.name].dtype == pl.String else cells for cells in own])
    rest = texts.with_columns(record=pl.lit("")).drop(rule.near_duplicates)  # one column at least
    return pl.DataFrame(
        {
            "ordinal": records,
            "group": _hash_rows(said, 1),
            "twin": _hash_rows(said, 2),
            "writing": _hash_rows(pl.DataFrame(own), 3),
            "rest": _hash_rows(rest, 3),
            "is_own": table.judge.are_own(
                table.rules, texts.select(rule.near_duplicates), pl.Series(repeated.counts[at])
            ),
        },
        _ROWS,
    )


def _hash_rows(cells: pl.DataFrame, seed: int) -> pl.Series:
    """(n,) UInt64, of the rows as JSON, so that no cell can look like two cells."""
    return cells.select(pl.struct(pl.all()).struct.json_encode())[:, 0].hash(seed)


def reasons(rule: NearDuplicates, names: Sequence[str], found: pl.DataFrame, other_ids: pl.Series) -> pl.Series:
    """Why rows are near duplicates, for people.

    Args:
        rule: says which columns count.
        names: of all columns.
        found: k lines of `find_near_duplicates`.
        other_ids: (k,) String, the row ids of the other rows.
    """
    rest = [name for name in names if name not in rule.near_duplicates]
    but_rest = rest[0] if len(rest) == 1 else "other columns"
    but = pl.concat_str(
        pl.when(~pl.col("is_rest")).then(pl.lit(but_rest)),
        pl.when(~pl.col("is_written")).then(pl.lit("how it is written")),
        separator=" and ",
        ignore_nulls=True,
    )
    texts = found.with_columns(other_ids.alias("id"), but=but)
    return texts.select(
        pl.format("the same as {}", "id")
        + pl.when(pl.col("but") == "").then(pl.lit("")).otherwise(pl.format(" but for {}", "but"))
    ).to_series()
