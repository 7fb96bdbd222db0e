"""A sample depends on what the rows say, not on their order or on the pieces in which they come."""

import polars as pl
import pytest

from eightytwenty import infer, table_yaml
from eightytwenty.engine.in_parts import in_units
from eightytwenty.inference.sample import read_sample, sample_rows
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import scan_here
from eightytwenty.read.source import open_source

ROWS = pl.DataFrame({"a": [str(n) for n in range(5_000)], "b": [str(n % 7) for n in range(5_000)]})


@pytest.mark.parametrize("height", [1, 77, 5_000])
@pytest.mark.parametrize("seed", [None, 1])
def test_it_is_the_same_in_any_order_and_in_any_pieces(height, seed):
    whole = sample_rows([ROWS], ["a", "b"], 100)
    rows = ROWS if seed is None else ROWS.sample(fraction=1, shuffle=True, seed=seed)
    other = sample_rows(rows.iter_slices(height), ["a", "b"], 100)
    assert (whole.rows.height, whole.seen) == (other.rows.height, other.seen) == (100, 5_000)
    assert not whole.is_whole
    assert whole.rows.sort("a").equals(other.rows.sort("a"))


def test_equal_rows_stay_together():
    rows = pl.concat([ROWS, ROWS])
    sample = sample_rows([rows], ["a", "b"], 100)
    assert 100 <= sample.rows.height <= 101
    assert sample.rows.filter(pl.col("a").is_duplicated()).height >= 98
    assert sample_rows([rows], ["a", "b"]).is_whole


@pytest.mark.parametrize("most", [100, 5_000])
def test_it_is_the_same_from_the_samples_of_units(tmp_path, most):
    ROWS.write_csv(tmp_path / "raw.csv")
    files = open_source(tmp_path / "raw.csv", AnyTable(ReadOptions())).files
    scan = in_units(map, unit_bytes=7_000)
    whole, of_units = (read_sample(files, ["a", "b"], most, scan=one) for one in (scan_here, scan))
    assert whole.rows.sort("a").equals(of_units.rows.sort("a"))
    assert (whole.seen, whole.broken) == (of_units.seen, of_units.broken) == (5_000, 0)


def test_spaces_around_cells_go(tmp_path):
    (tmp_path / "raw.csv").write_text("a,b\n x , \n")
    files = open_source(tmp_path / "raw.csv", AnyTable(ReadOptions())).files
    assert read_sample(files, ["a", "b"]).rows.rows() == [("x", None)]


def test_of_a_large_table_a_sample_is_looked_at_wherever_its_rows_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("eightytwenty.inference.sample.MOST_ROWS", 500)
    # the first half looks like numbers, which they are not
    lines = [*(f"{n},x\n" for n in range(2_000)), *(f"K-{n:05},y\n" for n in range(2_000))]
    (tmp_path / "raw.csv").write_text("code,letter\n" + "".join(lines))
    (tmp_path / "turned.csv").write_text("code,letter\n" + "".join(reversed(lines)))
    tables = [infer(tmp_path / name, "codes") for name in ("raw.csv", "turned.csv")]
    assert tables[0].columns[0].kind != "integer"
    assert table_yaml(tables[0]) == table_yaml(tables[1])
