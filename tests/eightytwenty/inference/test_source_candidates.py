"""Which tables may be told by sources; many look like it and are not."""

import numpy as np
import polars as pl
import pytest

from eightytwenty.inference.source_candidates import find_candidates, whole_things
from eightytwenty.inference.sources import find_sources
from tests.eightytwenty.inference.told_table import COLUMNS, NAMES, make_table

_THINGS, _SOURCES = 150, 8


def _table(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({name: np.asarray(cells).astype(str) for name, cells in columns.items()})


def _ordinary() -> dict[str, pl.DataFrame]:
    """Tables in which each thing occurs once with each of some names, and that are told by no sources."""
    rng = np.random.default_rng(1)
    thing, number = np.repeat(np.arange(_THINGS), _SOURCES), np.tile(np.arange(_SOURCES), _THINGS)
    name, rows = np.array(NAMES)[number], _THINGS * _SOURCES

    def anything(values: int) -> np.ndarray:
        return rng.integers(0, values, size=rows)

    def of_thing(values: int) -> np.ndarray:
        return rng.integers(0, values, size=_THINGS)[thing]

    def slips(cells: np.ndarray, share: float) -> np.ndarray:
        return np.where(rng.random(rows) < share, cells + 1000 + np.arange(rows), cells)

    def over_time(values: int, change: float) -> np.ndarray:
        cells = rng.integers(0, values, size=(_THINGS, _SOURCES))
        changed = rng.random((_THINGS, _SOURCES)) < change
        since = np.maximum.accumulate(np.where(changed, np.arange(_SOURCES), 0), axis=1)
        return np.take_along_axis(cells, since, axis=1).ravel()

    abroad = 1000 * (number % 4 == 3)
    major, rank = of_thing(40) + abroad, of_thing(40) + abroad
    grade = of_thing(12) + abroad
    price, less = of_thing(900), rng.random(rows) < 0.03 * number
    return {
        "slips": _table(code=thing, shop=name, a=slips(of_thing(500), 0.1), b=slips(of_thing(90), 0.1)),
        "no disagreement": _table(code=thing, shop=name, a=of_thing(500), b=of_thing(90)),
        "measures": _table(city=thing, sensor=name, a=anything(1000), b=anything(1000), c=anything(1000)),
        "orders": _table(order=thing, item=name, day=of_thing(300), buyer=of_thing(90), pieces=anything(40)),
        "addresses over time": _table(person=thing, wave=name, home=over_time(500, 0.05), work=over_time(90, 0.08)),
        "prices by shop": _table(product=thing, shop=name, price=price - less, list_price=price + 9 - less),
        "numbered periods": _table(city=thing, period=np.char.add("week ", number.astype(str)), major=major, rank=rank),
        "months": _table(
            city=thing,
            month=np.array(["May", "June", "July", "March", "April", "August", "October", "January"])[number],
            major=major,
            rank=rank,
        ),
        "means by country": _table(
            code=thing, hospital=name, country=np.where(abroad, "B", "A"), mean=major, most=rank
        ),
        "grades": _table(person=thing, firm=name, grade=grade, pay=100 * grade, title=7 * grade),
        "much else": _table(
            code=thing,
            site=name,
            a=slips(of_thing(500), 0.2),
            b=slips(of_thing(90), 0.2),
            c=anything(900),
            d=anything(900),
            e=anything(900),
        ),
        "few rows": _table(code=thing, shop=name, a=of_thing(500), b=of_thing(90))[:30],
    }


@pytest.mark.parametrize("name", _ordinary())
def test_ordinary_tables_are_not_told(name: str) -> None:
    assert find_sources(_ordinary()[name]) is None


@pytest.mark.parametrize(
    "name",
    ["no disagreement", "measures", "orders", "numbered periods", "months", "means by country", "grades", "much else"],
)
def test_ordinary_tables_are_not_even_candidates(name: str) -> None:
    assert find_candidates(_ordinary()[name]) == []


def test_a_table_without_columns_or_rows_is_not_told() -> None:
    assert find_sources(pl.DataFrame()) is None
    assert find_sources(make_table([0.9, 0.9, 0.5, 0.5, 0.5])[0].clear()) is None


def test_what_else_is_in_the_table_does_not_matter() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4])
    cells = cells.with_columns(
        row=pl.int_range(pl.len()).cast(pl.String),
        owner=pl.col("site").str.head(1),
        note=pl.lit(None, pl.String),
        seen=pl.lit("2011-12-01"),
    )
    (candidate,) = find_candidates(cells)
    assert (candidate.key, candidate.source, candidate.told) == ("flight", "site", COLUMNS)


def test_columns_that_are_told_together_are_found() -> None:
    # whoever is wrong of one is wrong of the other
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4], false_values=2)
    later = (pl.col("departure").cast(pl.Int64) + 45).cast(pl.String)
    (candidate,) = find_candidates(cells.select("flight", "site", "departure", later.alias("arrival")))
    assert candidate.told == ("departure", "arrival")


def test_a_large_table_is_looked_at_thing_by_thing() -> None:
    cells = pl.DataFrame({"thing": [str(row // 10) for row in range(300_000)]})
    sizes = whole_things(cells, "thing").group_by("thing").len()["len"]
    assert set(sizes) == {10}
    assert 90_000 < sizes.sum() < 110_000
