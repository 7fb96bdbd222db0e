"""The networks of a protocol, and how any process trains them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.adders.network import Adder, IntArray
from tasks.adders.data import FEWEST_PAIRS, reaching, training_pairs, uncleaned_pairs
from tasks.adders.networks import save_adders
from tasks.experiment import Cleaned, Raw
from tasks.running.progress import task_progress
from tasks.running.tensorflow import import_quietly

SEEDS = 60
"""The most seeds of one task. With the defaults they take a core 11 s and more, several starts of a process."""


@dataclass(frozen=True)
class Grid:
    """The networks of one protocol: each size, width and seed.

    Attributes:
        protocol: "article" or "solved".
        largest_sums: the sizes, in ascending order.
        hidden_units: the widths, in ascending order.
        seeds: repetitions of each.
        seed: number of the first.
        order: seed of the order of the pairs.
        rows: pairs that each learns from, at most.
        epochs: at most; of the article's protocol only.
        patience: epochs without a better validation loss before stopping; of the article's protocol only.
    """

    protocol: str
    largest_sums: tuple[int, ...]
    hidden_units: tuple[int, ...]
    seeds: int
    seed: int
    order: int
    rows: int
    epochs: int
    patience: int

    @property
    def key(self) -> dict[str, object]:
        """All on which the networks depend, besides their pairs."""
        unused = () if self.protocol == "article" else ("epochs", "patience")
        return {name: value for name, value in vars(self).items() if name not in unused}

    @property
    def parts(self) -> list["Grid"]:
        """The same networks in grids of at most `SEEDS` seeds, which can be trained side by side."""
        end = self.seed + self.seeds
        firsts = range(self.seed, end, SEEDS)
        return [replace(self, seed=first, seeds=min(SEEDS, end - first)) for first in firsts]

    def train(self, pairs: Mapping[int, IntArray], progress: Callable[[int, int], None]) -> list[Adder]:
        """Trains on pairs by size; progress is in epochs or, of the solved protocol, in networks."""
        shared: dict[str, Any] = {"hidden_units": self.hidden_units, "seeds": self.seeds, "seed": self.seed}
        if self.protocol == "article":
            import_quietly()
            from models.adders.ensemble import train_article

            return train_article(pairs, **shared, epochs=self.epochs, patience=self.patience, progress=progress)
        from models.adders.solve import train_solved

        return train_solved(pairs, **shared, progress=progress)


def train_grid(name: str, tables: Mapping[int, Cleaned] | Mapping[int, Raw], grid: Grid, folder: Path) -> None:
    """Trains a grid on the clean pairs of tables, or on raw rows as they came.

    Args:
        name: of the training.
        tables: by their largest sum, in ascending order.
        grid: the networks.
        folder: for them.

    Raises:
        UserError: there are too few clean pairs.
    """

    def read(size: int) -> IntArray:
        source = reaching(tables, size)
        table = tables[source]
        if isinstance(table, Raw):
            return uncleaned_pairs(table, source, grid.rows, grid.order)
        return training_pairs(table, size, grid.rows, grid.order)

    # too few uncleaned rows may parse; clean ones were counted before
    pairs = {size: rows for size in grid.largest_sums if len(rows := read(size)) >= FEWEST_PAIRS}
    unit = "epochs" if grid.protocol == "article" else "networks"
    with task_progress(name.replace("-", " "), unit) as progress:
        save_adders(grid.train(pairs, progress) if pairs else [], folder)
