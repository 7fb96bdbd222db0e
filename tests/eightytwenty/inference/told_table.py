"""Tables that sources tell, of which the truth is known."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

COLUMNS = ("departure", "arrival", "gate")
NAMES = [f"{first}{second}" for first in ("north", "east", "south", "west") for second in ("post", "line", "news")]


def make_table(
    accuracies: Sequence[float] | Mapping[str, Sequence[float]],
    things: int = 80,
    copiers: Mapping[int, int] | None = None,
    false_values: int = 5,
    silent: float = 0.1,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Makes a table with the columns flight, site and `COLUMNS`.

    Args:
        accuracies: of the sources, of all columns or by column.
        things: how many flights.
        copiers: source -> the one that it copies.
        false_values: among how many values a wrong statement chooses.
        silent: share of the cells that a source leaves out.
        seed: of the random numbers.

    Returns:
        The table, and what is true: key, column, truth.
    """
    by_column = accuracies if isinstance(accuracies, Mapping) else dict.fromkeys(COLUMNS, accuracies)
    rng, sources = np.random.default_rng(seed), len(by_column[COLUMNS[0]])
    keys = [f"F{number}" for number in range(things)]
    cells: dict[str, list[str | None]] = {
        "flight": [key for key in keys for _ in range(sources)],
        "site": list(NAMES[:sources] * things),
    }
    truths = []
    for column in COLUMNS:
        truth = rng.integers(0, 1000, size=things)
        false = truth[:, None] + 1 + rng.integers(0, false_values, size=(things, sources))
        is_right = rng.random((things, sources)) < np.array(by_column[column])[None, :]
        said = np.where(is_right, truth[:, None], false)
        left_out = rng.random((things, sources)) < silent
        for copier, model in (copiers or {}).items():
            said[:, copier], left_out[:, copier] = said[:, model], left_out[:, model]
        cells[column] = [None if out else str(value) for out, value in zip(left_out.flat, said.flat, strict=True)]
        truths.append(pl.DataFrame({"key": keys, "column": [column] * things, "truth": truth.astype(str)}))
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)), pl.concat(truths)
