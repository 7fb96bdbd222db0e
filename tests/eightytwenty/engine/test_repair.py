"""What counts as a plain cell, and that the fast way to find them is the regular expression that defines them."""

import re

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from eightytwenty.engine.repair import parse_plain
from eightytwenty.schema import Column

near_numbers = (
    st.text(alphabet="0123456789+-_ .e\u0663٠", max_size=21) | st.integers(-(2**66), 2**66).map(str) | st.text()
)


@given(st.lists(near_numbers | st.none(), max_size=30))
@example(["0", "-0", "00", "+0", "-", "", "007", "-7", "9" * 18, "9" * 19, "-" + "9" * 18, "-" + "9" * 19, "7\n"])
@example([str(2**63), str(-(2**63)), str(2**63 - 1), "1_000", " 7", "7 "])
def test_a_number_is_read_if_and_only_if_it_is_plain(cells):
    values = parse_plain(pl.Series("a", cells, dtype=pl.String), Column("a", "integer"))
    plain = [cell if cell is not None and re.fullmatch("0|-?[1-9][0-9]{0,17}", cell) else None for cell in cells]
    assert values.to_list() == [None if cell is None else int(cell) for cell in plain]


@given(st.lists(st.text(alphabet=" a\n\t\u00a0b", max_size=4) | st.none(), max_size=20))
def test_a_text_is_plain_without_space_around_it(cells):
    values = parse_plain(pl.Series("id", cells, dtype=pl.String), Column("id", "text"))
    assert values.to_list() == [cell if cell and cell == cell.strip() else None for cell in cells]
