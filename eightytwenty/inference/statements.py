"""What the sources of a table say of the things in it: counts that are gathered per piece of the table and added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_IDENTITY = ["column", "key", "source", "value"]
# Share of a column's cells that the usual shapes make up. What is written otherwise may be one of them with a remark.
_USUAL = 0.8
_WITHIN_WORD = r"^\w\w\z"


@dataclass(frozen=True)
class Statements:
    """What is said in one column, by m pairs of a thing and a source (a pair may say two things).

    Args:
        claims: (c,) key and value (String), sorted by both: what anyone says of a thing.
        sources: (s,) String, the names of the sources.
        thing: (m,) number of the thing.
        claim: (m,) row of `claims`; -1 where the source leaves the cell out.
        source: (m,) row of `sources`.
        weight: (m,) 1, or less for each of several statements of one source on one thing.
        claim_thing: (c,) number of the thing.
        things: how many things there are.
    """

    claims: pl.DataFrame
    sources: pl.Series
    thing: Indices
    claim: Indices
    source: Indices
    weight: Floats
    claim_thing: Indices
    things: int


def sums(number: Indices, weights: Floats, length: int = 0) -> Floats:
    """The sum of the weights with each number from 0 to the highest one, and to `length` - 1."""
    # of nothing, NumPy counts whole numbers
    return np.bincount(number, weights=weights, minlength=length).astype(np.float64)


def gather(cells: pl.DataFrame, key: str, source: str, told: Sequence[str]) -> pl.DataFrame:
    """Counts the statements in a piece of a table.

    Args:
        cells: (n, columns) String, null where a cell is missing.
        key: the column that names the thing.
        source: the column that names who tells.
        told: the columns that are told.

    Returns:
        Column, key, source, value (null where it is left out), count.
    """
    rows = cells.select(pl.col(key).alias("key"), pl.col(source).alias("source"), *told).drop_nulls(["key", "source"])
    return pl.concat(
        [
            rows.group_by("key", "source", pl.col(column).alias("value"))
            .agg(count=pl.len().cast(pl.Int64))
            .select(pl.lit(column).alias("column"), "key", "source", "value", "count")
            for column in told
        ]
    )


def merge(pieces: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Adds up the counts of several pieces."""
    return pl.concat(pieces).group_by(_IDENTITY).agg(pl.col("count").sum())


def usual_shapes(column: str, counts: pl.DataFrame) -> tuple[str, ...]:
    """How most values of a column are written, with 9 for digits and A for words; most frequent first.

    Args:
        column: its name.
        counts: as `gather` returns them.
    """
    said = counts.filter(pl.col("column") == column).drop_nulls("value")
    shapes = said.group_by(shape=_shape(pl.col("value"))).agg(pl.col("count").sum())
    shapes = shapes.sort("count", "shape", descending=[True, False])
    before = shapes["count"].cum_sum() - shapes["count"]
    return tuple(shapes.filter(before < _USUAL * int(shapes["count"].sum()))["shape"])


def statements_on(column: str, counts: pl.DataFrame, shapes: Sequence[str]) -> Statements:
    """The statements on one column, in an order that depends on nothing but their content.

    Args:
        column: its name.
        counts: as `gather` returns them.
        shapes: the usual ones of the column.
    """
    said = counts.filter(pl.col("column") == column).drop("column")
    said = _without_remarks(said, shapes).group_by("key", "source", "value").agg(pl.col("count").sum())
    # who says something twice and leaves it out once, says it
    pair = ("key", "source")
    said = said.filter(pl.col("value").is_not_null() | (pl.col("value").is_not_null().sum().over(pair) == 0))
    said = said.with_columns(weight=pl.col("count") / pl.col("count").sum().over(pair)).sort("key", "value", "source")
    claims = said.filter(pl.col("value").is_not_null()).select("key", "value").unique(maintain_order=True)
    numbered = said.with_columns(
        thing=pl.col("key").rle_id().cast(pl.Int64), number=pl.struct("key", "value").rle_id().cast(pl.Int64)
    )
    is_silent = numbered["value"].is_null().to_numpy()
    sources = said["source"].unique().sort()
    source = said["source"].rank("dense").cast(pl.Int64) - 1
    thing, number = numbered["thing"].to_numpy(), numbered["number"].to_numpy()
    claim = np.full(len(thing), -1, dtype=np.int64)
    _, first, claim[~is_silent] = np.unique(number[~is_silent], return_index=True, return_inverse=True)
    return Statements(
        claims,
        sources,
        thing,
        claim,
        source.to_numpy(),
        said["weight"].to_numpy(),
        thing[~is_silent][first],
        int(thing[-1]) + 1 if len(thing) else 0,
    )


def _without_remarks(said: pl.DataFrame, shapes: Sequence[str]) -> pl.DataFrame:
    """Takes "7:15 p.m. (estimated)" for "7:15 p.m.", where another source says so of the same thing.

    Only what is written in an unusual way can be another statement with a remark: of names, one often contains another.
    """
    is_usual = _shape(pl.col("value")).is_in(list(shapes))
    claims = said.select("key", "value").drop_nulls().unique()
    longer = claims.filter(~is_usual).rename({"value": "longer"})
    pairs = longer.join(claims.filter(is_usual), on="key")
    at, value = pl.col("longer").str.find(pl.col("value"), literal=True), pl.col("value")
    pairs = (
        pairs.with_columns(at=at)
        .drop_nulls("at")
        .with_columns(
            ahead=pl.col("longer").cast(pl.Binary).bin.slice(0, pl.col("at")).cast(pl.String),
            behind=pl.col("longer").cast(pl.Binary).bin.slice(pl.col("at") + value.str.len_bytes()).cast(pl.String),
        )
    )
    # "11:15" is no remark on "1:15"
    is_cut = pl.concat_str(pl.col("ahead").str.tail(1), value.str.head(1)).str.contains(_WITHIN_WORD)
    is_cut |= pl.concat_str(value.str.tail(1), pl.col("behind").str.head(1)).str.contains(_WITHIN_WORD)
    meant = (
        pairs.filter(~is_cut)
        .select("key", "longer", "value")
        .sort(pl.col("value").str.len_bytes(), "value", descending=[True, False])
        .unique(["key", "longer"], keep="first", maintain_order=True)
        .rename({"longer": "value", "value": "meant"})
    )
    if not meant.height:
        return said
    return said.join(meant, on=["key", "value"], how="left").select(
        "key", "source", pl.coalesce("meant", "value").alias("value"), "count"
    )


def _shape(value: pl.Expr) -> pl.Expr:
    """How a value is written: 9 for digits, A for words."""
    return value.str.replace_all(r"\d+", "9").str.replace_all(r"\p{L}+", "A")
