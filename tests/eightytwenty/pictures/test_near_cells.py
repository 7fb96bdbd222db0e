"""Each picture is in one cell, and whatever may be near to it is in the cell or in its halo."""

import numpy as np
import pytest

from eightytwenty.pictures import near_cells
from eightytwenty.pictures.near_cells import Cell, CompareCell, plan_cells
from eightytwenty.pictures.perceptual_hash import perceptual_hash


def plan(means, groups=None):
    groups = np.zeros(len(means), np.int32) if groups is None else groups
    return list(plan_cells(means, groups, np.argsort(groups, kind="stable").astype(np.int32)))


@pytest.mark.parametrize("spread", [40, 160, 255])
def test_no_pair_that_may_be_near_is_divided(monkeypatch, spread):
    monkeypatch.setattr(near_cells, "_CELL", 40)
    monkeypatch.setattr(near_cells, "_MOST_HALO", 2)
    numbers = np.random.default_rng(spread)
    own_colour = numbers.integers(0, spread, (500, 1)) + np.zeros((1, 48), int)
    means = np.clip(own_colour + numbers.integers(-3, 4, (500, 48)), 0, 255).astype(np.uint8)
    groups = numbers.integers(0, 2, 500).astype(np.int32)
    cells = plan(means, groups)
    assert sorted(np.concatenate([own for own, _ in cells]).tolist()) == list(range(500))
    assert len(cells) > 4
    whole = means.astype(int)
    is_near = (np.abs(whole[:, None] - whole).max(axis=2) <= 6) & (groups[:, None] == groups)
    for own, halo in cells:
        assert set(np.flatnonzero(is_near[own].any(axis=0)).tolist()) <= {*own.tolist(), *halo.tolist()}
        assert not set(own.tolist()) & set(halo.tolist())
    assert sum(len(halo) for _, halo in cells) < 500 * 3


def test_what_is_alike_is_not_divided(monkeypatch):
    monkeypatch.setattr(near_cells, "_CELL", 10)
    alike = np.random.default_rng(0).integers(100, 106, (200, 48)).astype(np.uint8)
    assert [(len(own), len(halo)) for own, halo in plan(alike)] == [(200, 0)]
    assert len(plan(np.zeros((200, 48), np.uint8))) == 1


def test_small_groups_share_a_cell():
    groups = np.repeat(np.arange(50_000, dtype=np.int32), 2)
    cells = plan(np.zeros((100_000, 48), np.uint8), groups)
    assert len(cells) == 8
    assert not any(len(halo) for _, halo in cells)
    assert sum(len(np.unique(groups[own])) for own, _ in cells) == 50_000


def test_where_there_is_nothing_there_is_no_cell():
    assert plan(np.zeros((0, 48), np.uint8)) == []


def test_matches_end_with_the_first_that_stays_for_sure():
    levels = np.array([50, 56, 53, 90, 53, 53], np.uint8)
    pictures = levels[:, None, None, None].repeat(32, 1).repeat(32, 2).repeat(3, 3)
    compare = CompareCell(pictures, perceptual_hash(pictures))

    def pairs(is_own, stays):
        cell = Cell(np.arange(6, dtype=np.int32), np.zeros(6, np.int32), np.array(is_own), np.array(stays))
        return compare(cell).tolist()

    nothing, halo = np.zeros(6, bool), np.arange(6) == 0
    assert pairs(~nothing, nothing) == [[2, 0], [4, 0], [5, 0]]
    # of the halo it is not known; the second one stays, because it is near to no earlier one
    assert pairs(~halo, nothing) == [[2, 0], [2, 1], [4, 0], [4, 1], [5, 0], [5, 1]]
    assert pairs(~halo, halo) == [[2, 0], [4, 0], [5, 0]]
    assert pairs(np.arange(6) > 3, nothing) == [[4, 0], [4, 1], [4, 2], [5, 0], [5, 1], [5, 2], [5, 4]]
