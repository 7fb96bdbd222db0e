"""The bound on a coincidence is never below its exact probability, and does not exaggerate by far."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.inference.chance import log_chance


def exact(hits, tries, rate):
    return sum(math.comb(tries, n) * rate**n * (1 - rate) ** (tries - n) for n in range(hits, tries + 1))


@given(st.integers(1, 40), st.integers(0, 40), st.floats(0.01, 0.99))
def test_it_is_a_bound(tries, hits, rate):
    hits = min(hits, tries)
    assert log_chance(hits, tries, rate) >= math.log(exact(hits, tries, rate)) - 1e-9


@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_where_all_hit_it_is_exact(tries, rate):
    assert log_chance(tries, tries, rate) == pytest.approx(tries * math.log(rate))


def test_more_hits_are_less_likely_and_none_are_certain():
    chances = [log_chance(hits, 20, 0.3) for hits in range(7, 21)]
    assert chances == sorted(chances, reverse=True)
    assert log_chance(0, 0, 0.3) == log_chance(6, 20, 0.3) == log_chance(20, 20, 1.0) == 0
    assert log_chance(1, 5, 0.0) == -math.inf
