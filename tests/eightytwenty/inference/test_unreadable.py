"""Cells that are none of their column's kind are read where one thing can have been meant."""

import polars as pl
import pytest

from eightytwenty.inference.unreadable import Reader
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind


@pytest.fixture
def weights():
    cells = pl.Series([f"{50 + n % 20}.5 kg" for n in range(100)])
    return Reader.of(Values.of(cells), find_kind("quantity", "1234 kg"))


@pytest.mark.parametrize("cell", ["61.5 kx", "61.5 xg"])
def test_a_mangled_label_is_the_label_of_the_column(weights, cell):
    assert weights.propose(pl.Series([cell]))["proposal"].to_list() == ["61.5 kg"]


@pytest.mark.parametrize("cell", ["61.5 lb", "61.5 mg", "61.5 g", "61.5 oz", "61.5 €"])
def test_another_unit_is_no_mangled_label(weights, cell):
    assert weights.propose(pl.Series([cell])).is_empty()
