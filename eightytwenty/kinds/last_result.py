"""Keeps what was found of the last cells, because several kinds look at the same cells, one after the other."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import polars as pl

Result = TypeVar("Result")


def keep_last(function: Callable[[pl.Series], Result]) -> Callable[[pl.Series], Result]:
    """A function of cells that returns the same result again for the same series, in each thread for its last one."""
    last = threading.local()

    @wraps(function)
    def kept(cells: pl.Series) -> Result:
        if getattr(last, "cells", None) is not cells:
            last.result = function(cells)
            last.cells = cells
        result: Result = last.result
        return result

    return kept
