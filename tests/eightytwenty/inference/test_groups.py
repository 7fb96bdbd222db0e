"""Groups are counted in any order and in any pieces, and what they vote for is what a slow loop finds."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.inference.groups import Groups

SIZE = 4
ROWS = st.lists(st.tuples(st.integers(-2, 4), st.integers(-2, SIZE - 1)), max_size=40)


def columns(rows):
    return np.array([key for key, _ in rows], np.int64), np.array([value for _, value in rows], np.int64)


def groups(rows):
    return Groups.of(*columns(rows), SIZE)


def lines(counted):
    return list(zip(counted.keys.tolist(), counted.values.tolist(), counted.counts.tolist(), strict=True))


@given(ROWS, st.data())
def test_pieces_in_any_order_add_up_to_what_is_counted_at_once(rows, data):
    shuffled = data.draw(st.permutations(rows))
    at = data.draw(st.integers(0, len(rows)))
    counts = Counter((key, value) for key, value in rows if key >= 0 and value >= 0)
    expected = [(key, value, count) for (key, value), count in sorted(counts.items())]
    assert lines(groups(rows)) == expected
    assert lines(groups(shuffled[:at]) + groups(shuffled[at:])) == expected
    keys, values = columns([pair for pair, _ in counts.items()])
    assert lines(Groups.of(keys, values, SIZE, np.array(list(counts.values()), np.int64))) == expected


@given(ROWS, ROWS)
def test_votes_are_those_of_the_other_rows(rows, others):
    """`others` are rows of a later delivery, which may have groups and values that were never counted."""
    counted = groups(rows)
    weights = counted.weights(counted.noise)
    known = [(key, value) for key, value in rows if key >= 0 and value >= 0]
    judged = rows + others
    votes = counted.vote(*columns(judged))
    for at, (key, value) in enumerate(judged):
        counts = Counter(other for group, other in known if group == key)
        if key < 0 or not counts:
            assert (votes.winner[at], votes.support[at], votes.others[at], votes.lead[at]) == (-1, 0, 0, 0)
            assert not votes.agrees[at]
            continue
        tally = sorted(((-count * weights[one], one) for one, count in counts.items()))
        winner, best = tally[0][1], -tally[0][0]
        own = counts[value] if value >= 0 else 0
        assert votes.winner[at] == winner
        assert votes.agrees[at] == (value == winner)
        assert votes.support[at] == counts[winner] - (value == winner)
        assert votes.own[at] == own
        assert votes.others[at] == sum(counts.values()) - (own > 0)
        second = -tally[1][0] if len(tally) > 1 else 0
        lead = best - weights[value] - second if value == winner else best - max(own - 1, 0) * weights[value]
        assert votes.lead[at] == pytest.approx(lead)


@given(ROWS)
def test_half_a_row_is_predicted_where_votes_are_equal(rows):
    counted = groups(rows)
    right, of = 0.0, 0
    for key in {key for key, _ in rows if key >= 0}:
        values = [value for group, value in rows if group == key and value >= 0]
        if len(values) < 2:
            continue
        of += len(values)
        for at, value in enumerate(values):
            tally = Counter(values[:at] + values[at + 1 :])
            most = max(tally.values())
            best = sorted(one for one, count in tally.items() if count == most)
            right += (value in best) / len(best) if len(best) <= 2 else 0.0
    predicted, rows_of = counted.predicted(np.ones(SIZE))
    assert rows_of == of
    # ties between three values or more are not told apart, so that at most those rows differ
    assert predicted <= of
    if all(len({value for group, value in rows if group == key and value >= 0}) <= 2 for key, _ in rows):
        assert predicted <= right + 1e-9


def test_a_rare_value_needs_fewer_votes_and_noise_is_estimated():
    keys = np.repeat(np.arange(50), 10)
    values = keys % 25
    values[::10] = 25  # one row in ten has a value of no group
    counted = Groups.of(keys, values, 26)
    assert 0.09 < counted.noise < 0.12
    weights = counted.weights(counted.noise)
    assert weights[25] < weights[0]
    assert counted.winners(weights).tolist() == [True] * 25 + [False]
    assert 25 not in counted.settled(weights).values
    votes = counted.vote(keys[:1], values[:1])
    assert (votes.support[0], votes.others[0], votes.own[0], bool(votes.wins[0])) == (9, 9, 1, False)


def test_rows_that_differ_and_agree_with_each_other_are_no_mistakes():
    keys = np.repeat(np.arange(30), 10)
    two_values = np.where(np.arange(300) % 10 < 6, keys, 30 + keys)  # 6 and 4 rows in each group
    scattered = np.where(np.arange(300) % 10 < 6, keys, 30 + np.random.default_rng(0).integers(30, size=300))
    assert Groups.of(keys, two_values, 60).stickiness > 0.9
    assert abs(Groups.of(keys, scattered, 60).stickiness) < 0.1
    assert np.isnan(Groups.of(keys, keys, 60).stickiness)


def test_no_rows_vote_for_nothing():
    empty = Groups.of(np.empty(0, np.int64), np.empty(0, np.int64), 0)
    votes = empty.vote(np.array([0, -1]), np.array([-2, -1]))
    assert votes.winner.tolist() == [-1, -1]
    assert lines(empty + empty) == []
