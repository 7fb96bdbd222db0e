"""The cleaning contract, for random tables of every kind, read from YAML."""

import csv
import io
import itertools

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eightytwenty.engine import duplicates
from eightytwenty.engine.executor import in_threads
from eightytwenty.engine.repair import canonical, parse_plain
from eightytwenty.kinds.spelling import typed_text
from eightytwenty.schema_file import read_table, table_yaml
from tests.eightytwenty.executors import pickled
from tests.eightytwenty.random_tables import rows, tables

executors = st.sampled_from([in_threads, pickled])
FATES = ("clean", "quarantine", "duplicates")
examples = tables().flatmap(lambda table: st.tuples(st.just(table), rows(table)))


def as_csv(names, lines):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    writer.writerows(lines)
    return stream.getvalue().encode()


def from_yaml(table, folder):
    path = folder / "table.yaml"
    path.write_text(table_yaml(table), encoding="utf-8")
    return read_table(path)


@settings(max_examples=60)
@given(examples, executors)
def test_every_row_ends_once_and_the_ledger_explains_every_change(clean_source, tmp_path_factory, example, executor):
    table, lines = example
    table = from_yaml(table, tmp_path_factory.getbasetemp())
    cleaned = clean_source(as_csv(table.names, lines), table=table, executor=executor)
    assert sorted(record for fate in FATES for record in cleaned[fate]["record"]) == list(range(1, len(lines) + 1))
    for fate in ("quarantine", "duplicates"):
        for row in cleaned[fate].iter_rows(named=True):
            assert [row[name] for name in table.names] == [cell or None for cell in lines[row["record"] - 1]]
            assert next(csv.reader(io.StringIO(row["original"].decode(), newline=""))) == list(lines[row["record"] - 1])
    # the ledger, applied in order to the raw cells, gives exactly the clean row
    clean = cleaned["clean"]
    state = {
        (record, name): cell or None
        for record in clean["record"]
        for name, cell in zip(table.names, lines[record - 1], strict=True)
    }
    for change in cleaned["ledger"].iter_rows(named=True):
        place = change["record"], change["column"]
        assert state[place] == change["before"] != change["after"]
        state[place] = change["after"]
    for column in table.columns:
        cells = pl.Series([state[record, column.name] for record in clean["record"]], dtype=pl.String)
        assert parse_plain(cells, column).equals(clean[column.name])
    assert set(cleaned["flags"]["record"]) <= set(clean["record"])


@settings(max_examples=30)
@given(examples, st.integers(1, 40), executors, st.sampled_from([1, 3, 1 << 22]))
def test_neither_pieces_nor_executors_change_a_byte(clean_source, example, piece, executor, compared):
    table, lines = example
    content = as_csv(table.names, lines)
    whole = clean_source(content, table=table).files
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_COMPARED", compared)
        assert clean_source(content, table=table, piece=piece, executor=executor).files == whole


@settings(max_examples=30)
@given(examples, st.integers(1, 40), executors)
def test_neither_pieces_nor_executors_change_a_byte_from_parquet(clean_source, example, piece, executor):
    table, lines = example
    stored = io.BytesIO()
    pl.DataFrame(lines, dict.fromkeys(table.names, pl.String), orient="row").write_parquet(stored)
    whole = clean_source(stored.getvalue(), "table.parquet", table).files
    assert clean_source(stored.getvalue(), "table.parquet", table, piece, executor).files == whole


@settings(max_examples=30)
@given(examples, st.lists(st.integers(0, 2), min_size=1), executors)
def test_a_source_that_grows_is_cleaned_as_if_it_came_at_once(
    clean_source, tmp_path_factory, example, deliveries, executor
):
    table, lines = example
    files = {
        f"{number}.csv": as_csv(table.names, own)
        for number in range(3)
        if (own := [line for line, place in zip(lines, itertools.cycle(deliveries), strict=False) if place == number])
    }
    assume(files)
    index = tmp_path_factory.mktemp("index")
    for count in range(1, len(files) + 1):
        grown = dict(list(files.items())[:count])
        at_once, with_index = (
            clean_source(grown, table=table, executor=executor, index=place) for place in (None, index)
        )
        assert with_index.files == at_once.files


@settings(max_examples=60)
@given(examples)
def test_what_is_clean_stays_as_it_is(clean_source, example):
    table, lines = example
    first = clean_source(as_csv(table.names, lines), table=table)
    clean = first["clean"].drop("source", "record")
    if not clean.height:
        return
    stored = io.BytesIO()
    clean.write_parquet(stored)
    texts = clean.select(typed_text(column) for column in clean)
    lines = [["" if cell is None else cell for cell in row] for row in texts.iter_rows()]
    sources = [clean_source(stored.getvalue(), "c.parquet", table)]
    if all(any(line) for line in lines):  # an empty line is no record
        sources.append(clean_source(as_csv(clean.columns, lines), table=table))
    for again in sources:
        assert again["ledger"].is_empty()
        assert again["clean"].drop("source", "record").equals(clean)


@settings(max_examples=25)
@given(examples.flatmap(lambda example: st.tuples(st.just(example), st.permutations(example[1]))))
def test_the_order_of_rows_does_not_matter(clean_source, examples):
    (table, lines), shuffled = examples
    results = [clean_source(as_csv(table.names, order), table=table) for order in (lines, shuffled)]
    first, second = (
        (
            sorted(map(str, result["clean"].select(table.names).rows())),
            *(sorted(result[fate]["original"].to_list()) for fate in ("quarantine", "duplicates")),
        )
        for result in results
    )
    assert first == second


def test_equal_values_of_a_kind_have_one_canonical_text():
    cells = pl.Series(["1.5", "1.50", "x"])
    values = pl.Series(["1.5", "1.50", None]).cast(pl.Decimal(38, 18))
    assert canonical(cells, values).n_unique() == 2
