"""The result of the last cells is kept, and no other."""

import threading

import polars as pl

from eightytwenty.kinds.last_result import keep_last


def test_only_the_same_cells_have_the_same_result():
    calls = []

    @keep_last
    def length(cells):
        calls.append(cells.to_list())
        return len(cells)

    one, equal, other = pl.Series(["a"]), pl.Series(["a"]), pl.Series(["a", "b"])
    assert [length(cells) for cells in (one, one, equal, other, other, one)] == [1, 1, 1, 2, 2, 1]
    assert calls == [["a"], ["a"], ["a", "b"], ["a"]]
    thread = threading.Thread(target=length, args=(one,))
    thread.start()
    thread.join()
    assert len(calls) == 5  # each thread has a last one of its own
