"""Dependencies are found under noise and beside constants, and nothing is found that is merely likely."""

import numpy as np
import pytest

from eightytwenty.inference.dependencies import CodedColumn, find_dependencies

ROWS = 2_000


def found(columns):
    coded = {name: CodedColumn(codes, int(codes.max(initial=-1)) + 1) for name, codes in columns.items()}
    return {(one.when, one.then): one for one in find_dependencies(coded)}


def with_noise(rng, codes, share, size):
    return np.where(rng.random(len(codes)) < share, rng.integers(size, size=len(codes)), codes)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_a_dependency_is_found_under_noise_and_not_the_other_way_round(rng, noise):
    zips = rng.integers(100, size=ROWS)
    columns = {"zip": zips, "city": with_noise(rng, zips % 20, noise, 20), "chance": rng.integers(20, size=ROWS)}
    dependencies = found(columns)
    assert set(dependencies) == {(("zip",), "city")}
    assert dependencies[("zip",), "city"].holds == pytest.approx(1 - noise, abs=0.03)
    assert dependencies[("zip",), "city"].count == 100


def test_what_is_correlated_does_not_depend(rng):
    zips = rng.integers(100, size=ROWS)
    # nine in ten rows have one of two values of their group: a favourite, and one that agrees as well
    second = np.where(rng.random(ROWS) < 0.55, zips % 20, (zips + 7) % 20)
    assert not found({"zip": zips, "favourite": second})


def test_nothing_depends_on_a_unique_column_nor_is_a_constant_determined(rng):
    numbers, zips = rng.permutation(ROWS), rng.integers(100, size=ROWS)
    nearly = np.where(rng.random(ROWS) < 0.02, 1, 0)
    columns = {"id": numbers, "zip": zips, "same": np.zeros(ROWS, np.int64), "nearly": nearly}
    assert not found(columns)


def test_a_nearly_constant_column_depends_where_its_rare_values_go_with_their_groups(rng):
    zips = rng.integers(100, size=ROWS)
    country = np.where(zips < 5, 1, 0)
    assert set(found({"zip": zips, "country": country})) == {(("zip",), "country")}


def test_mistakes_do_not_hide_that_a_small_skewed_column_depends(rng):
    grade = rng.choice(3, size=180, p=[0.65, 0.25, 0.1])
    code = grade.copy()
    code[::9] = 3 + np.arange(len(code[::9])) % 9  # a mistake in one row of nine
    assert (("grade",), "code") in found({"grade": grade, "code": code})
    assert not found({"grade": grade, "code": rng.permutation(code)})


def test_two_columns_together_determine_what_neither_does(rng):
    first, second = rng.integers(12, size=ROWS), rng.integers(8, size=ROWS)
    table = rng.integers(30, size=(12, 8))
    columns = {"month": first, "shop": second, "price": with_noise(rng, table[first, second], 0.02, 30)}
    assert (("month", "shop"), "price") in found(columns)
    assert not [when for when, _ in found(columns) if len(when) == 1]


def test_cells_that_cannot_be_counted_do_not_count(rng):
    zips = rng.integers(100, size=ROWS)
    city = np.where(rng.random(ROWS) < 0.5, -rng.integers(1, 3, size=ROWS), zips % 20)
    assert set(found({"zip": zips, "city": city})) == {(("zip",), "city")}


def test_the_order_of_rows_hardly_matters(rng):
    zips = rng.integers(100, size=ROWS)
    columns = {"zip": zips, "city": with_noise(rng, zips % 20, 0.05, 20)}
    order = rng.permutation(ROWS)
    plain, shuffled = found(columns), found({name: codes[order] for name, codes in columns.items()})
    assert {name: (one.holds, one.count) for name, one in plain.items()} == {
        name: (one.holds, one.count) for name, one in shuffled.items()
    }


def test_small_and_empty_tables_have_none():
    assert not find_dependencies({})
    assert not found({"a": np.arange(9), "b": np.arange(9)})
    assert not found({"a": np.full(50, -1), "b": np.arange(50) % 3})
