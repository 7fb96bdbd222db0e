"""Columns whose values are among those of another one, such as `parent_id` and `id`, and cells that are not.

Many columns hold values of others by chance: small numbers occur in every column that numbers its rows. Values that
differ from those of a column in one character show how likely that is: if the other column has these as often, it has
all values of the sort.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import polars as pl

from eightytwenty.engine.executor import in_threads
from eightytwenty.inference.chance import log_chance
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.gather import repaired_cells
from eightytwenty.inference.near_words import find_near
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Reference
from eightytwenty.read.batch import Piece
from eightytwenty.read.reader import Pieces, Scan, parse, scan_here
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Respell, Table

_MOST_COLUMNS = 100  # of a table in which all ordered pairs are tried
_FEWEST = 20  # different values of either column; of fewer, nobody would make a rule
_HOLDS = 0.98  # of the different values, and of the cells
_UNIQUE, _LARGER = 0.95, 2  # of the cells of the other column are different, or it has so many times as many values
_MOST_LOOKED_AT, _LOOKS_GOOD = 100, 0.9  # values of each column that show whether it is worth a closer look
_BY_CHANCE = math.log(0.001)  # of any reference in a table in which there is none
_MOST_CHANGED = 200  # values that are compared with what differs from them in one character
_CYCLES = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_STEPS = range(1, 10)  # from a digit to each of the others
_LAST = re.compile(r"[1-9A-Za-z](?=[^1-9A-Za-z]*$)")  # before any zeros: of round numbers, the next is round, too
_SHORTEST = 4  # characters of a value that is taken for a slip of another: of fewer, many are one apart
NOT_FOUND = pl.Schema({"row": pl.Int64, **dict.fromkeys(("cell", "proposal", "reason"), pl.String)})


def find_references(texts: pl.DataFrame, names: Sequence[str]) -> list[Reference]:
    """The columns whose values occur in another one, at most one rule for each.

    Args:
        texts: (n, columns) String, all rows of the table.
        names: columns that hold names or numbers of things, and no measures; at most the first 100 are looked at.
    """
    values = {name: texts[name].drop_nulls().unique().sort() for name in names[:_MOST_COLUMNS]}
    values = {name: found for name, found in values.items() if len(found) >= _FEWEST}
    promising = list(_promising(values))
    tried = [
        (rule, is_unique, other)
        for column, other in promising
        if (is_unique := _is_unique(texts[other], values[other])) or len(values[other]) >= _LARGER * len(values[column])
        if (rule := _reference(texts, column, other, values[other], math.log(len(values) ** 2)))
    ]
    best: dict[str, Reference] = {}
    order = list(values)
    for rule, _, _ in sorted(tried, key=lambda one: (-one[0].holds, -one[1], len(values[one[2]]), order.index(one[2]))):
        best.setdefault(rule.column, rule)
    return [best[name] for name in order if name in best]


def _promising(values: Mapping[str, pl.Series]) -> Iterator[tuple[str, str]]:
    """The pairs of columns of which nearly all of some values of the first occur in the second."""
    some = {name: found.gather_every(-(-len(found) // _MOST_LOOKED_AT)) for name, found in values.items()}
    looked = pl.concat(
        [pl.DataFrame({"column": name, "value": found}) for name, found in some.items()]
        or [pl.DataFrame(schema={"column": pl.String, "value": pl.String})]
    )
    for other, known in values.items():
        shares = looked.group_by("column", maintain_order=True).agg(pl.col("value").is_in(known.implode()).mean())
        for column, share in shares.rows():
            if column != other and share >= _LOOKS_GOOD:
                yield column, other


def _is_unique(cells: pl.Series, values: pl.Series) -> bool:
    return len(values) >= _UNIQUE * cells.count()


def _reference(texts: pl.DataFrame, column: str, other: str, known: pl.Series, log_tests: float) -> Reference | None:
    """The rule that the values of a column occur in another one, unless these are too few, or it may be chance.

    Args:
        texts: with the cells.
        column: the name of the column.
        other: the name of the other one.
        known: its values.
        log_tests: log of how many pairs of columns are tried.
    """
    # a cell that is equal to the other one of its own row says nothing
    counted = Values.of(texts[column].filter(texts[column].ne_missing(texts[other])))
    is_found = counted.cells.is_in(known.implode())
    found, different = int(is_found.sum()), len(counted)
    if different < _FEWEST or found < _HOLDS * different or counted.share(is_found) < _HOLDS:
        return None
    if log_chance(found, different, _by_chance(counted.cells, known)) + log_tests > _BY_CHANCE:
        return None
    return Reference(column, other, round(found / different, 3))


def _by_chance(cells: pl.Series, known: pl.Series) -> float:
    """The share of values like some cells that a column has: with another digit or letter, whichever it has most."""
    cells = cells.sort().gather_every(-(-len(cells) // _MOST_CHANGED))
    shares = [
        int(pl.Series([_changed(cell, step) for cell in cells], dtype=pl.String).is_in(known.implode()).sum())
        for step in _STEPS
    ]
    return (max(shares) + 1) / (len(cells) + 2)


def _changed(text: str, step: int) -> str | None:
    """A text with another character in the place of its last letter or digit other than 0; None if it has none.

    >>> _changed("K-0410", 1), _changed("1950", 5), _changed("Oslo", 2), _changed("00", 1)
    ('K-0420', '1900', 'Oslq', None)
    """
    match = _LAST.search(text)
    if not match:
        return None
    cycle = next(cycle for cycle in _CYCLES if match[0] in cycle)
    other = cycle[(cycle.index(match[0]) + step) % len(cycle)]
    return text[: match.start()] + other + text[match.end() :]


def not_found(rule: Reference, evidence: Evidence, cells: Cells) -> pl.DataFrame:
    """The cells of n rows whose values do not occur where they should.

    Args:
        rule: which says where.
        evidence: for it.
        cells: of the rows. Those that are not of their column's kind are left out, since that says enough.

    Returns:
        One line for each: row, cell, proposal (where one value is one slip away, and no other), and reason.
    """
    known = evidence.references.get(rule.references)
    if known is None or known.is_empty():
        return pl.DataFrame(schema=NOT_FOUND)
    values = cells.texts[rule.column].drop_nulls().unique().sort()
    missing = values.filter(~values.is_in(known.implode()))
    missing = missing.filter(~missing.is_in(cells.unreadable_values(rule.column).implode()))
    if missing.is_empty():
        return pl.DataFrame(schema=NOT_FOUND)
    others = evidence.vocabularies[rule.column].values.cells
    found = int(others.is_in(known.implode()).sum())
    lines = pl.DataFrame({"cell": missing}).with_columns(
        others=len(others) - missing.is_in(others.implode()).cast(pl.Int64)
    )
    counted = (pl.lit(rule.references), pl.lit(found), "others")
    lines = lines.join(_slips(missing, known), on="cell", how="left").with_columns(
        reason=pl.format("'{}' does not occur in {}, as {} of {} other values do", "cell", *counted)
    )
    rows = pl.DataFrame({"cell": cells.texts[rule.column]}).with_row_index("row")
    return rows.join(lines, on="cell", maintain_order="left").select(list(NOT_FOUND)).cast(NOT_FOUND)


def _slips(cells: pl.Series, known: pl.Series) -> pl.DataFrame:
    """The cells that are one slip away from one known value alone: cell, proposal."""
    cells = cells.filter(cells.str.len_chars() >= _SHORTEST)
    pairs = find_near(cells, known)
    pairs = pairs.filter(pl.len().over("text") == 1)
    return pl.DataFrame([cells.gather(pairs["text"]).alias("cell"), known.gather(pairs["word"]).alias("proposal")])


def reference_values(
    files: Sequence[RawFile], table: Table, names: Collection[str], scan: Scan = scan_here
) -> dict[str, pl.Series]:
    """Column -> String, all its values in the rows of files, after the repairs of the column.

    Args:
        files: of a source.
        table: of the files.
        names: of the columns.
        scan: reads the files.
    """
    columns = tuple(column for column in table.columns if column.name in names)
    respells = tuple(rule for rule in table.rules if isinstance(rule, Respell) and rule.column in names)
    some = replace(table, columns=columns, rules=respells, judge=None)
    return _distinct(scan(files, partial(_values_of_pieces, table=table, some=some)), some.names)


def _values_of_pieces(pieces: Pieces, *, table: Table, some: Table) -> dict[str, pl.Series]:
    """The values of some columns in some pieces."""
    return _distinct(in_threads(partial(_values, table=table, some=some), pieces), some.names)


def _distinct(found: Iterable[Mapping[str, pl.Series]], names: Iterable[str]) -> dict[str, pl.Series]:
    """The values of columns, each once, sorted."""
    together: dict[str, list[pl.Series]] = {name: [pl.Series(dtype=pl.String)] for name in names}
    for values in found:
        for name, of_column in values.items():
            together[name].append(of_column)
    return {name: pl.concat(values).unique().sort() for name, values in together.items()}


def _values(job: tuple[int, Piece], *, table: Table, some: Table) -> dict[str, pl.Series]:
    """The values of some columns in one piece."""
    batch = parse(job[1], table.names)
    texts = repaired_cells(some, batch.cells.filter(batch.problems.is_null())).texts
    return {name: texts[name].drop_nulls().unique().rename("") for name in texts.columns}
