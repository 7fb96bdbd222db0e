"""What a source is: the table that describes it best, and the evidence for each of its columns."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from eightytwenty.engine.confidence import DEFAULT
from eightytwenty.engine.repair import repair_column
from eightytwenty.errors import UserError
from eightytwenty.files import name_as_text
from eightytwenty.inference.column import PLAIN, ColumnEvidence, infer_column
from eightytwenty.inference.decide import decide
from eightytwenty.inference.equations import equation_rules, find_relations
from eightytwenty.inference.formulas import COPY
from eightytwenty.inference.keys import find_keys, sure_key
from eightytwenty.inference.measures import MOST_ROWS, in_order_of_content
from eightytwenty.inference.mine import with_mined_rules
from eightytwenty.inference.orders import find_orders
from eightytwenty.inference.sample import Sample, read_sample
from eightytwenty.inference.values import Values
from eightytwenty.kinds.number_format import column_mark
from eightytwenty.progress import Progress
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.options import NO_HEADER, ReadOptions
from eightytwenty.read.reader import Scan, scan_here
from eightytwenty.read.source import RawFile, Source, open_source, without_pattern
from eightytwenty.schema import Column, Respell, Rule, Table, Unique

_MOST_COMPARED = 200  # columns, the first ones, of which all pairs and many triples are tried in about two seconds


@dataclass(frozen=True)
class Inferred:
    """A table that was inferred.

    Args:
        table: the table.
        columns: name -> what it rests on.
        keys: columns, or pairs of columns, that no two different records share.
        key: the one among them that is a key for good; empty if there is none.
        rows: how many rows were looked at.
        seen: how many rows there are.
        broken: how many records are no rows.
    """

    table: Table
    columns: dict[str, ColumnEvidence]
    keys: list[tuple[str, ...]]
    key: tuple[str, ...]
    rows: int
    seen: int
    broken: int = 0


def open_any(path: Path, read: ReadOptions | None = None) -> Source:
    """Opens a source of which nothing is declared but how it is read."""
    return open_source(path, AnyTable(read or ReadOptions()))


def infer_source(
    source: Source,
    name: str = "",
    read: ReadOptions | None = None,
    progress: Progress | None = None,
    min_confidence: float = DEFAULT,
    scan: Scan = scan_here,
) -> Inferred:
    """Infers the table of a source.

    Args:
        source: from `open_any`.
        name: of the table; that of the source if not given.
        read: what is known of its files.
        progress: called with (rows read, about how many there are in all).
        min_confidence: what a repair needs to be made; below, it is only proposed.
        scan: reads the files.

    Raises:
        UserError: there is nothing to read, or no record.
    """
    options = read or ReadOptions()
    source, path = _as_one_table(source, options), source.path
    if not any(file.has_header for file in source.files):
        options = replace(options, header=NO_HEADER)
    inferred = infer_table(
        source.files, name or name_as_text(without_pattern(path).stem) or "table", options, progress, scan
    )
    if not inferred.seen:
        raise UserError(f"{path.name} has no whole record below its header; give a file with records.")
    return replace(inferred, table=decide(inferred.table, min_confidence))


def _as_one_table(source: Source, options: ReadOptions) -> Source:
    """The source, where columns of several files are one if their names differ in case."""
    names = dict.fromkeys(column for file in source.files for column in file.columns)
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(name.casefold(), name)
    if len(spellings) == len(names):
        return source
    columns = (replace(PLAIN, name=name, required=False) for name in spellings.values())
    return open_source(source.path, Table(AnyTable.name, tuple(columns), read=options))


def infer_table(
    files: Sequence[RawFile],
    name: str,
    read: ReadOptions,
    progress: Progress | None = None,
    scan: Scan = scan_here,
) -> Inferred:
    """Infers the table of files.

    Args:
        files: of a source, opened without a table.
        name: of the table.
        read: what is known of the files.
        progress: called with (rows read, about how many there are in all).
        scan: reads the files.
    """
    names = list(dict.fromkeys(column for file in files for column in file.columns))
    sample = read_sample(files, names, progress=progress, scan=scan)
    lacking = {column for column in names if any(column not in file.columns for file in files)}
    # whoever writes commas before fractions does not write them between cells
    has_commas = all(file.format and file.format.dialect.delimiter == "," for file in files)
    inferred = infer_sample(sample, name, read, lacking, read.decimal or ("." if has_commas else ""))
    return replace(inferred, table=with_mined_rules(inferred.table, sample, files, inferred.key, scan))


def infer_sample(sample: Sample, name: str, read: ReadOptions, lacking: set[str], decimal_mark: str = "") -> Inferred:
    """Infers the table of a sample.

    Args:
        sample: rows of the table.
        name: of the table.
        read: what is known of its files.
        lacking: the columns that some file does not have.
        decimal_mark: before fractions, if no column tells; empty if it is not known.
    """
    names = sample.rows.columns

    def infer_one(column: str, values: Values) -> tuple[Column, tuple[Respell, ...], ColumnEvidence]:
        return infer_column(column, values, required=column not in lacking, decimal_mark=mark)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        values = list(pool.map(Values.of, sample.rows.get_columns()))
        marks = set(pool.map(_decimal_mark, values)) - {""}
        mark = marks.pop() if len(marks) == 1 else decimal_mark
        found = dict(zip(names, pool.map(infer_one, names, values), strict=True))
    columns = tuple(column for column, _, _ in found.values())
    rules: tuple[Rule, ...] = tuple(rule for _, respells, _ in found.values() for rule in respells)
    evidence = {column: shown for column, (_, _, shown) in found.items()}
    distinct = sample.rows.unique()
    keys = find_keys(distinct, evidence)
    key = sure_key(keys, distinct, {column.name: column for column in columns}, evidence)
    # of a sample, two records with the same key may both be missing
    if key and sample.is_whole:
        columns = tuple(replace(column, nullable=column.name not in key) for column in columns)
        rules = (*rules, Unique(key))
    table = Table(name, columns, rules, read, csv=True)
    table = replace(table, rules=(*rules, *_rules_between(table.written_columns, sample.rows)))
    return Inferred(table, evidence, keys, key, sample.rows.height, sample.seen, sample.broken)


def _rules_between(columns: Sequence[Column], rows: pl.DataFrame) -> list[Rule]:
    """What the columns say of each other."""
    columns = columns[:_MOST_COMPARED]
    by_name = {column.name: column for column in columns}
    few = _values(columns, in_order_of_content(rows)[:MOST_ROWS])
    related = {name for relation in find_relations(few, by_name) for name in relation.columns}
    orders = find_orders(few, by_name)
    related |= {name for order in orders for name in pl.sql_expr(order.check).meta.root_names()}
    # most columns say nothing of others, and need not be read a second time
    values = _values([by_name[name] for name in by_name if name in related], rows)
    relations = find_relations(values, by_name)
    copies = [relation.result for relation in relations if relation.formula is COPY]
    orders = find_orders(values.drop(copies), by_name, [relation.columns for relation in relations])
    return [*equation_rules(relations, values.schema), *orders]


def _values(columns: Sequence[Column], rows: pl.DataFrame) -> pl.DataFrame:
    """The cells of some columns with the types of their kinds, after their repairs."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        repaired = pool.map(repair_column, (rows[column.name] for column in columns), columns)
    return pl.DataFrame({column.name: one.values for column, one in zip(columns, repaired, strict=True)})


def _decimal_mark(values: Values) -> str:
    return column_mark(values.cells, values.counts)
