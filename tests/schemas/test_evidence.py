"""Rows like those of the evidence are what it says, at every size; others are named in words."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from eightytwenty import Column, Unique, clean, infer_into, read_table
from eightytwenty.schema import Table
from schemas.evidence import Evidence, Statement, compare_with_evidence
from schemas.expectations import FEWEST_ROWS
from schemas.table_expectations import table_expectations
from tasks.validate import check_batch

CITIES = ("Oslo", "Bergen", "Bodø")


def orders(
    rows: int,
    seed: int,
    *,
    missing: float = 0.01,
    wrong: float = 0.0,
    top: float = 300.0,
    first: int = 0,
    year: int = 2024,
    cities: tuple[str, ...] = CITIES,
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    days = np.datetime64(f"{year}-01-01") + rng.integers(0, 360, rows)
    return pl.DataFrame(
        {
            "order": np.arange(first, first + rows).astype(str),
            "day": days.astype(str),
            "city": np.where(rng.random(rows) < missing, "", rng.choice(cities, rows)),
            "price": np.where(rng.random(rows) < wrong, "?!", np.char.mod("%.2f", rng.random(rows) * top)),
        }
    )


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with schema.yaml and the evidence, of 1,000 orders."""
    folder = tmp_path_factory.mktemp("evidence")
    orders(1000, 1).write_csv(folder / "orders.csv")
    infer_into(folder / "orders.csv", folder / "orders")
    return folder / "orders"


def evidence(schema: Path) -> Evidence:
    return Evidence.model_validate_json((schema / "evidence" / "columns.json").read_bytes())


def compare(
    folder: Path, schema: Path, rows: pl.DataFrame, *, most_drift: float = 0.05, mask: bool = False
) -> tuple[Table, list[Statement]]:
    rows.write_csv(folder / "new.csv")
    table = read_table(schema / "schema.yaml")
    clean(folder / "new.csv", table, folder / "cleaned")
    files = (pl.scan_parquet(folder / "cleaned" / f"{name}.parquet") for name in ("clean", "flags"))
    return table, compare_with_evidence(table, evidence(schema), *files, most_drift=most_drift, mask=mask)


def drift(folder: Path, schema: Path, rows: pl.DataFrame, **how: object) -> list[str]:
    return [each.sentence for each in compare(folder, schema, rows, **how)[1] if not each.is_met]


@pytest.mark.parametrize("rows", [FEWEST_ROWS, 100, 1000, 20_000])
def test_rows_like_those_before_are_as_expected_with_no_drift_tolerated(tmp_path, schema, rows):
    table, statements = compare(tmp_path, schema, orders(rows, 2, first=10**6, year=2025), most_drift=0.0)
    assert {each.column for each in statements} == set(table.names)
    assert [each.sentence for each in statements if not each.is_met] == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"missing": 0.12}, r"^city: \d\d % missing, 0.8 % before$"),
        ({"missing": 1.0}, r"^city: 100 % missing, 0.8 % before$"),
        ({"wrong": 0.3}, r"^price: \d\d % of the kind decimal, 100 % before$"),
        ({"top": 400.0}, r"^price: \d\d % outside of 0\.\d+ to 299\.\d+ \(now \d\.\d+ to 39\d\.\d+\), none before$"),
        ({"year": 1999}, r"^day: 100 % outside of 2024-01-01 to 2024-12-25 \(now 1999.* to 1999.*\), none before$"),
        ({"cities": tuple("abcdefghijklmnopqrstuvwxyz")}, r"^city: 26 different values, 3 before$"),
    ],
)
def test_what_differs_is_named_by_column_in_words(tmp_path, schema, changed, sentence):
    (found,) = drift(tmp_path, schema, orders(600, 3, **changed))
    assert re.match(sentence, found), found


def test_what_is_tolerated_is_no_drift(tmp_path, schema):
    assert drift(tmp_path, schema, orders(600, 3, missing=0.12), most_drift=0.2) == []


def test_one_value_again_and_again_is_drift_of_a_column_of_many(tmp_path, schema):
    rows = orders(600, 3).with_columns(price=pl.lit("7.00"))
    (found,) = drift(tmp_path, schema, rows)
    assert found.startswith("price: 1 different value, 9")


def test_the_ends_of_a_range_are_hidden_where_examples_are(tmp_path, schema):
    (found,) = drift(tmp_path, schema, orders(600, 3, top=4000.0), mask=True)
    assert "outside of 9.99 to 999.99 (now 9" in found
    assert "299" not in found


def test_hidden_ends_are_not_compared(tmp_path, schema):
    orders(1000, 1).write_csv(tmp_path / "orders.csv")
    infer_into(tmp_path / "orders.csv", tmp_path / "masked", mask=True)
    assert drift(tmp_path, tmp_path / "masked", orders(600, 3, top=4000.0)) == []


def test_an_end_of_nines_is_an_end(tmp_path, schema):
    rows = orders(1000, 1).with_columns(
        price=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("999.99")).otherwise("price")
    )
    rows.write_csv(tmp_path / "orders.csv")
    infer_into(tmp_path / "orders.csv", tmp_path / "nines")
    (found,) = drift(tmp_path, tmp_path / "nines", orders(600, 3, top=4000.0))
    assert "outside of 0." in found


def test_few_rows_and_columns_without_evidence_say_nothing(tmp_path, schema):
    assert compare(tmp_path, schema, orders(FEWEST_ROWS - 1, 2))[1] == []
    content = json.loads((schema / "evidence" / "columns.json").read_text())
    only = Evidence.model_validate({"columns": {"city": content["columns"]["city"], "gone": content["columns"]["day"]}})
    files = [pl.scan_parquet(tmp_path / "cleaned" / f"{name}.parquet") for name in ("clean", "flags")]
    orders(100, 2).write_csv(tmp_path / "new.csv")
    clean(tmp_path / "new.csv", read_table(schema / "schema.yaml"), tmp_path / "cleaned")
    statements = compare_with_evidence(read_table(schema / "schema.yaml"), only, *files, most_drift=0.05)
    assert {each.column for each in statements} == {"city"}


def test_great_expectations_judges_the_statements_the_key_and_the_fates(tmp_path, schema):
    table, statements = compare(tmp_path, schema, orders(600, 3, missing=0.12))
    expectations = table_expectations("orders", table, table.names, statements, most_quarantine=0.1)
    file = tmp_path / "cleaned" / "clean.parquet"
    fates = {"rows": 1000, "clean": 600, "quarantine": 400, "duplicates": 0}
    rows = pl.read_parquet(file).with_columns(order=pl.col("order") // 2)
    rows.write_parquet(file)
    key, city, lost = check_batch(file, fates, expectations, tmp_path / "docs").failures
    assert key.startswith("clean: No two rows may have the same order; observed 100% unexpected")
    assert city.startswith("columns: city: ")
    assert " before; it must be 0 % to " in city
    assert lost == "fates: The share of rows in quarantine must be at most 0.1; observed 0.4."


def test_a_key_of_two_columns_is_one_and_a_column_that_files_lack_is_none():
    places = Table("places", (Column("a", "text", required=False), Column("b", "text")), (Unique(("a", "b")),))
    (expectation,) = table_expectations("places", places, ["a", "b"]).clean
    assert expectation.column_list == ["a", "b"]
    assert table_expectations("places", places, ["b"]).clean == ()
    assert table_expectations("pictures", None, []).clean == ()
