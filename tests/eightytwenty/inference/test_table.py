"""An inferred table is stable, can be written and read, and cleans what it was inferred from without doing harm."""

import csv
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty import clean, infer, read_table, table_yaml
from eightytwenty.errors import UserError
from eightytwenty.read.options import NO_HEADER
from eightytwenty.schema import Unique

VALUES = {
    "size": ["7", "1200", "-3", "15 ", "7.0", "n/a", "", "x"],
    "price": ["$5.00", "$1,200.50", "7", "$-3.10", "free", ""],
    "share": ["5%", "7.5%", "12", "100%***"],
    "day": ["01/15/2024", "12/31/2023", "2024-01-05", "02/03/2024", "someday"],
    "clock": ["7:10 a.m.", "11:30 p.m.", "19:10", "7:10 a.m.*", "noon"],
    "sold": ["Yes", "No", "yes", "?", ""],
    "city": ["Rome", "Oslo", "ROME", "Rome***", "Sao Paulo", "São Paulo", "O''Brien"],
    "code": ["A-001", "A-002", "B-117", "b-9"],
    "note": ["all is well", "nothing to say, much to do", "-", "unknown", "a “quoted” word"],
    "mail": ["ann@example.org", "BOB@Example.ORG", "nobody"],
}


@st.composite
def tables(draw):
    """The text of a table: some columns, each with values of which the first ones are frequent."""
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5, unique=True))
    height = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    rows = [
        [VALUES[name][min(int(rng.exponential(1.4)), len(VALUES[name]) - 1)] for name in names] for _ in range(height)
    ]
    return names, rows


def as_text(names, rows):
    stream = io.StringIO()
    csv.writer(stream).writerows([names, *rows])
    return stream.getvalue()


def cleaned(folder, text, table=None, name="raw.csv"):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return clean(folder / name, table, folder / "out")


def values(cleaning):
    with (cleaning.folder / "clean.csv").open(encoding="utf-8", newline="") as stream:
        return [row[2:] for row in csv.reader(stream)]


@settings(deadline=None)
@given(example=tables())
def test_it_is_written_and_read_without_a_change(tmp_path_factory, example):
    folder = tmp_path_factory.mktemp("yaml")
    (folder / "raw.csv").write_text(as_text(*example), encoding="utf-8", newline="")
    table = infer(folder / "raw.csv")
    (folder / "schema.yaml").write_text(table_yaml(table), encoding="utf-8")
    assert read_table(folder / "schema.yaml") == table
    assert table_yaml(read_table(folder / "schema.yaml")) == table_yaml(table)


@settings(deadline=None, max_examples=15)
@given(example=tables())
def test_what_is_clean_stays_as_it_is(tmp_path_factory, example):
    folder = tmp_path_factory.mktemp("again")
    first = cleaned(folder, as_text(*example))
    table = read_table(first.folder / "schema.yaml")
    text = (first.folder / "clean.csv").read_text(encoding="utf-8")
    again = cleaned(folder / "again", text, table, "clean.csv")
    assert again.ledger.collect().is_empty()
    assert values(again) == values(first)


@settings(deadline=None, max_examples=15)
@given(example=tables(), seed=st.integers(0, 1000))
def test_the_order_of_the_rows_changes_no_repair(tmp_path_factory, example, seed):
    names, rows = example
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    folder = tmp_path_factory.mktemp("shuffled")
    one = cleaned(folder / "one", as_text(names, rows))
    two = cleaned(folder / "two", as_text(names, [rows[at] for at in order]))
    assert (one.folder / "schema.yaml").read_bytes() == (two.folder / "schema.yaml").read_bytes()
    for name in ("ledger", "flags"):
        a, b = getattr(one, name).collect(), getattr(two, name).collect()
        back = b.with_columns(record=pl.Series([order[record - 1] + 1 for record in b["record"]], dtype=pl.Int64))
        assert a.sort(a.columns).equals(back.sort(a.columns))


def test_the_same_source_gives_the_same_bytes(tmp_path):
    names, rows = list(VALUES), [[values[n % len(values)] for values in VALUES.values()] for n in range(50)]
    folders = [cleaned(tmp_path / str(n), as_text(names, rows)).folder for n in range(2)]
    files = sorted(path.relative_to(folders[0]) for path in folders[0].rglob("*") if path.is_file())
    assert {path.name for path in files} >= {"schema.yaml", "columns.json", "columns.md", "clean.csv", "flags.parquet"}
    for file in files:
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes(), file


ODD = {
    "one column": "a\n1\n2\n3\n",
    "one row": "a,b,c\n1,x,2024-01-05\n",
    "all missing": "a,b\n,\n,\n,\n",
    "only marks": "a,b\nn/a,-\nN/A,-\n",
    "names that need quotes": '"a ""b""","c, d","e\nf",😀,\'g\',"h: {i}",#\n1,2,3,4,5,6,7\n8,9,10,11,12,13,14\n',
    "everything mixed": "a\n1\n2024-01-05\nx\n$5\n7%\nann@example.org\n{}\n\n-\n12:30\n",
    "columns of one name": "a,a,A,,\n1,2,3,4,5\n6,7,8,9,10\n",
    "names of our own": "source,record,a\nx,1,2\ny,2,3\n",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_are_cleaned_and_their_schema_reads_them_again(tmp_path, name):
    first = cleaned(tmp_path, ODD[name])
    assert first.fates["clean"] == first.summary.rows > 0
    again = clean(tmp_path / "raw.csv", read_table(first.folder / "schema.yaml"), tmp_path / "again")
    for file in ("clean.csv", "clean.parquet", "ledger.parquet", "flags.parquet"):
        assert (again.folder / file).read_bytes() == (first.folder / file).read_bytes()


def test_a_table_without_a_header(tmp_path):
    first = cleaned(tmp_path, "".join(f"{n},2024-01-{n:02},x{n}\n" for n in range(1, 29)))
    table = read_table(first.folder / "schema.yaml")
    assert table.read.header == NO_HEADER
    assert table.names == ["column_1", "column_2", "column_3"]
    assert first.summary.rows == 28


@pytest.mark.soak
def test_two_thousand_columns_and_long_cells(tmp_path):
    wide = ",".join(f"c{n}" for n in range(2_000)) + "\n"
    rows = "".join(",".join(str(n * row) for n in range(2_000)) + "\n" for row in range(1, 6))
    assert len(infer_text(tmp_path, wide + rows).columns) == 2_000
    first = cleaned(tmp_path / "long", "a,b\n" + "".join(f"{n},{'x' * (1 << 20)}{n}\n" for n in range(3)))
    assert first.fates["clean"] == 3
    assert (first.folder / "schema.yaml").stat().st_size < 2_000


def infer_text(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "raw.csv").write_text(text, encoding="utf-8")
    return infer(folder / "raw.csv")


def test_nothing_loses_precision(tmp_path):
    ids = [f"12345678901234567{n:02}" for n in range(30)]
    decimals = [f"123456789012.1234567890123456{n:02}" for n in range(30)]
    text = "id,amount\n" + "".join(f"{a},{b}\n" for a, b in zip(ids, decimals, strict=True))
    rows = cleaned(tmp_path, text).clean.collect()
    assert rows["id"].to_list() == ids
    assert [str(value) for value in rows["amount"].cast(pl.String)] == decimals


def test_types_are_those_of_the_kinds(tmp_path):
    names = ["size", "price", "day", "clock", "sold", "city"]
    rows = [[VALUES[name][n % 2] for name in names] for n in range(30)]
    frame = cleaned(tmp_path, as_text(names, rows)).clean.collect()
    dtypes = [frame.schema[name] for name in names]
    assert dtypes == [pl.Int64, pl.Decimal(38, 18), pl.Date, pl.Time, pl.Boolean, pl.String]


def test_a_key_is_a_rule_and_equal_records_are_copies(tmp_path):
    lines = [f"K{n:03},{n % 7}\n" for n in range(40)]
    first = cleaned(tmp_path, "id,size\n" + "".join([*lines, lines[3]]))
    assert first.fates == {"clean": 40, "quarantine": 0, "duplicates": 1}
    assert Unique(("id",)) in read_table(first.folder / "schema.yaml").rules


def test_a_key_is_one_after_the_repairs_and_has_a_name_or_counts(tmp_path):
    def keys(name, cells):
        text = f"{name},n\n" + "".join(f"{cell},{number % 3}\n" for number, cell in enumerate(cells))
        return [rule for rule in infer_text(tmp_path / name, text).rules if isinstance(rule, Unique)]

    numbers = [str(n) for n in range(10, 60)]
    assert keys("record", numbers) == [Unique(("record_",))]
    assert keys("temperature", [*numbers[:30], *numbers[31:]]) == []
    assert keys("id", [*numbers, "ERR"]) == []
    assert keys("number", [*numbers, "10.0"]) == []


def test_an_error_of_a_spreadsheet_is_no_way_to_write_a_missing_value(tmp_path):
    first = cleaned(tmp_path, "v\n" + "ok\n" * 9 + "#N/A\n" + "#DIV/0!\n" * 3 + "bad\n")
    assert [row[0] for row in values(first)] == ["v", *["ok"] * 9, *[""] * 4, "bad"]


def test_long_runs_of_spaces_take_no_longer_than_other_characters(tmp_path):
    text = "id,v\n" + "".join(f"{n},a{' ' * 900_000}b\n" for n in range(5))
    assert [column.name for column in infer_text(tmp_path, text).columns] == ["id", "v"]


def test_files_with_different_columns(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "1.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "raw" / "2.csv").write_text("a,c\n5,x\n6,y\n")
    table = infer(tmp_path / "raw")
    assert {column.name: column.required for column in table.columns} == {"a": True, "b": False, "c": False}
    assert clean(tmp_path / "raw", table, tmp_path / "out").fates["clean"] == 4


@pytest.mark.parametrize(("text", "sentence"), [("", "is empty"), ("a,b\n", "no whole record"), ("a,b\n1\n2\n", "")])
def test_what_is_no_table_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "raw.csv").write_text(text)
    if sentence:
        with pytest.raises(UserError, match=sentence):
            infer(tmp_path / "raw.csv")
    else:
        assert infer(tmp_path / "raw.csv").columns


def test_columns_of_several_files_are_one_if_their_names_differ_in_case(tmp_path):
    folder = tmp_path / "deliveries"
    folder.mkdir()
    (folder / "1.csv").write_text("Id,Total\n1,12\n2,13\n3,15\n")
    (folder / "2.csv").write_text("TOTAL,id,note\n16,4,late\n18,5,soon\n")
    cleaned = clean(folder, None, tmp_path / "out")
    assert cleaned.clean.collect().select("Id", "Total", "note").rows() == [
        *((1, 12, None), (2, 13, None), (3, 15, None)),
        *((4, 16, "late"), (5, 18, "soon")),
    ]
    assert [column.name for column in read_table(tmp_path / "out/schema.yaml").columns] == ["Id", "Total", "note"]
