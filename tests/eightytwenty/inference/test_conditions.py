"""Dependencies in a part of a table are found there, and chance makes none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.inference.conditions import find_conditional
from eightytwenty.inference.dependencies import CodedColumn, find_dependencies

ROWS, US, CA = 1_500, 0, 1


def coded(columns):
    return {name: CodedColumn(codes, int(codes.max(initial=-1)) + 1) for name, codes in columns.items()}


def found(columns):
    table = coded(columns)
    return {(*one.when, one.then, *one.where): one for one in find_conditional(table, find_dependencies(table))}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def places(rng, rows=ROWS, share=0.3, noise=0.02, places=60):
    """Zip codes that say the city in one of three countries, and nothing in the others."""
    country = rng.choice(3, rows, p=[share, (1 - share) / 2, (1 - share) / 2])
    zips = rng.integers(places, size=rows)
    is_random = (country != US) | (rng.random(rows) < noise)
    city = np.where(is_random, rng.integers(40, size=rows), zips * 7 % 40)
    return {"country": country, "zip": zips, "city": city, "number": rng.integers(30, size=rows)}


def test_a_dependency_is_found_where_it_holds(rng):
    columns = places(rng)
    conditional = found(columns)
    assert set(conditional) == {("zip", "city", "country", US)}
    (one,) = conditional.values()
    assert one.holds == pytest.approx(0.98, abs=0.02)
    assert one.count == 59  # and one zip code in a single row
    # its groups are those of the rows that keep the condition
    assert one.groups.counts.sum() == (columns["country"] == US).sum()


def test_two_parts_may_have_one_each(rng):
    columns = places(rng, rows=3_000)
    columns["city"] = np.where(columns["country"] == CA, columns["zip"] * 11 % 40, columns["city"])
    columns["country"] = np.where(rng.random(3_000) < 0.4, 3, columns["country"])
    assert {key for key in found(columns) if key[1] == "city"} <= {
        ("zip", "city", "country", US),
        ("zip", "city", "country", CA),
    }


def test_what_holds_in_the_whole_table_is_not_found_again(rng):
    columns = places(rng)
    columns["city"] = columns["zip"] * 7 % 40
    assert not found(columns)


def test_a_part_in_which_a_dependency_only_looks_better_is_none(rng):
    # three in four rows are right everywhere, and a few parts have more luck
    columns = {f"condition {n}": rng.integers(6, size=600) for n in range(8)}
    groups = rng.integers(12, size=600)
    columns |= {"zip": groups, "city": np.where(rng.random(600) < 0.25, (groups + 3) % 12, groups)}
    table = coded(columns)
    assert not find_conditional(table, [])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 8), st.floats(1, 5))
def test_chance_makes_none(seed, width, skew):
    rng = np.random.default_rng(seed)
    sizes = rng.choice([2, 4, 12, 60], width)
    columns = {f"c{n}": (rng.random(700) ** skew * size).astype(np.int64) for n, size in enumerate(sizes)}
    assert not find_conditional(coded(columns), [])


def test_of_conditions_that_say_the_same_one_counts(rng):
    columns = places(rng)
    columns["currency"] = np.where(columns["country"] == US, 0, 1 + (columns["country"] == CA))
    columns["currency"][rng.permutation(ROWS)[:20]] = 2  # less exact than the country
    assert set(found(columns)) == {("zip", "city", "country", US)}


def test_few_rows_or_groups_are_not_enough(rng):
    assert not found(places(rng, rows=150))
    assert not found(places(rng, places=8))


@pytest.mark.parametrize("name", ["country", "zip", "city"])
def test_cells_that_cannot_be_counted_keep_no_condition_and_are_in_no_group(rng, name):
    columns = places(rng, rows=3_000)
    lost = rng.random(3_000) < 0.3
    columns[name] = np.where(lost, -rng.integers(1, 3, size=3_000), columns[name])
    (one,) = found(columns).values()
    assert (
        one.groups.counts.sum() == ((columns["country"] == US) & (columns["zip"] >= 0) & (columns["city"] >= 0)).sum()
    )


def test_the_order_of_rows_hardly_matters(rng):
    columns = places(rng)
    order = rng.permutation(ROWS)
    assert found({name: codes[order] for name, codes in columns.items()}).keys() == found(columns).keys()


def test_small_and_empty_tables_have_none():
    assert not find_conditional({}, [])
    assert not find_conditional(coded({"a": np.arange(9), "b": np.arange(9), "c": np.arange(9)}), [])
    assert not find_conditional(coded({name: np.full(80, -1) for name in "abc"}), [])
    assert not find_conditional(coded({"a": np.arange(80) % 3, "b": np.arange(80) % 20}), [])
