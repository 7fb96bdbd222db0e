"""Values become codes by their rank and come back; several columns become one number."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.inference.codes import MISSING, UNKNOWN, Vocabulary, combine
from eightytwenty.inference.values import Values

CELLS = st.lists(st.none() | st.sampled_from(["Rome", "Oslo", " ", "null", "é", ""]), max_size=20)


def texts(cells):
    return pl.Series("cell", cells, pl.String)


@given(CELLS, CELLS)
def test_known_values_come_back_and_others_are_told_apart(cells, later):
    vocabulary = Vocabulary(Values.of(texts(cells)))
    codes = vocabulary.encode(texts(later))
    expected = [MISSING if cell is None else UNKNOWN if cell not in cells else cell for cell in later]
    decoded = vocabulary.decode(codes).to_list()
    assert [code if code < 0 else cell for code, cell in zip(codes.tolist(), decoded, strict=True)] == expected
    assert all(cell is None for code, cell in zip(codes, decoded, strict=True) if code < 0)
    assert vocabulary.counts.tolist() == sorted(vocabulary.counts.tolist(), reverse=True)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 3)), max_size=20))
def test_pairs_are_equal_where_both_parts_are(pairs):
    first, second = (np.array([pair[at] for pair in pairs], np.int64) for at in (0, 1))
    together = combine([first, second], [3, 4]).tolist()
    for pair, number in zip(pairs, together, strict=True):
        assert number == min(pair) if min(pair) < 0 else divmod(number, 4) == pair
