"""The "article" protocol: every network of the grid, in every repetition, trained in one compiled program.

As in the article: Keras' default start (Glorot uniform) and Adam, mean squared error, batches of 32 in a fresh order
every epoch, the last 20 % of the rows for validation, early stopping, and of each network the weights of the
epoch with the lowest validation loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.adders import program
from models.adders.network import Adder, IntArray

VALIDATION_SHARE = 0.2
EPOCHS_PER_CALL = 25  # epochs that run before Python sees a result; with 25, Python's own cost vanishes
ORDERS_PER_CALL = 2**22  # but at most this many shuffled row numbers are held in memory


def train_article(
    pairs: Mapping[int, IntArray],
    *,
    hidden_units: Sequence[int],
    seeds: int,
    epochs: int,
    patience: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Adder]:
    """Train one network per largest sum, hidden width and seed.

    The initial weights of a network follow from its seed, largest sum and width, the order of its batches from
    its seed and largest sum. So the rest of the grid changes a network by rounding at most, and the same call
    on the same machine gives the same bits.

    Args:
        pairs: At least one largest sum -> (n, 3) integers: a, b and the sum to learn; n >= 2. The last
                20 % of the rows are for validation.
        hidden_units: Widths of the networks, each at least 1.
        seeds: Number of repetitions, at least 1; they are numbered from `seed` on.
        epochs: The largest number of epochs of a network, at least 1.
        patience: A network stops after this many epochs without a lower validation loss. 0: no early stopping.
        seed: The first repetition's number.
        progress: Called with (epochs done, epochs) every few epochs, and last with (epochs, epochs).

    Returns:
        The networks, by largest sum, then width, then seed.

    Raises:
        ValueError: A table of pairs has fewer than two rows or not three columns.
    """
    widths = tuple(hidden_units)
    cells = [(largest_sum, seed + s) for largest_sum in pairs for s in range(seeds)]
    examples = _examples([pairs[largest_sum] for largest_sum, _ in cells], [largest_sum for largest_sum, _ in cells])
    weights = np.stack([_glorot(largest_sum, widths, number) for largest_sum, number in cells], axis=2)
    shufflers = [np.random.default_rng((number, largest_sum)) for largest_sum, number in cells]
    state = program.start(weights, len(widths))
    sizes = [int(size) for size in examples.train_size]
    chunk = max(1, min(epochs, EPOCHS_PER_CALL, ORDERS_PER_CALL // sum(sizes)))

    history: list[NDArray[np.float32]] = []
    while (done := len(history) * chunk) < epochs and np.any(state.running):
        count = min(chunk, epochs - done)
        orders = shuffled(shufflers, sizes, chunk)
        state, metrics = program.train_epochs(widths, patience, state, examples, orders, np.int32(count))
        history.append(metrics.numpy())
        if progress:
            progress(done + count if np.any(state.running) else epochs, epochs)
    return _adders(state, np.concatenate(history), cells, widths)


def shuffled(shufflers: Sequence[np.random.Generator], sizes: Sequence[int], epochs: int) -> NDArray[np.int32]:
    """Return a fresh order per epoch and row, padded to whole batches: (epochs, rows, examples) int32."""
    orders = np.zeros((epochs, len(sizes), -(-max(sizes) // program.BATCH) * program.BATCH), np.int32)
    for row, (shuffler, size) in enumerate(zip(shufflers, sizes, strict=True)):
        orders[:, row, :size] = np.arange(size)
        shuffler.permuted(orders[:, row, :size], axis=1, out=orders[:, row, :size])
    return orders


def _examples(tables: Sequence[IntArray], largest_sums: Sequence[int]) -> program.Examples:
    """Split every table as Keras does, the last 20 % for validation, and pad them to one size."""
    for table, largest_sum in zip(tables, largest_sums, strict=True):
        if table.ndim != 2 or table.shape[1] != 3 or len(table) < 2:
            raise ValueError(
                f"training to {largest_sum} needs at least two rows of a, b and sum, not an array of {table.shape}"
            )
    splits = [int(len(table) * (1 - VALIDATION_SHARE)) for table in tables]
    train, train_size = _padded([table[:split] for table, split in zip(tables, splits, strict=True)])
    validation, validation_size = _padded([table[split:] for table, split in zip(tables, splits, strict=True)])
    return program.Examples(train, train_size, validation, validation_size)


def _padded(tables: Sequence[IntArray]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Stack tables of unequal length: (rows, longest, 3) float32, and their lengths (rows,) int32."""
    sizes = np.array([len(table) for table in tables], np.int32)
    stacked = np.zeros((len(tables), sizes.max(), 3), np.float32)
    for row, table in enumerate(tables):
        stacked[row, : len(table)] = table
    return stacked, sizes


def _glorot(largest_sum: int, widths: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Return the initial weights of one row of networks, (3, nodes) float32: Glorot uniform, as keras.layers.Dense."""
    networks = []
    for width in widths:
        rng = np.random.default_rng((seed, largest_sum, width))
        inputs = rng.uniform(-1, 1, (2, width)) * np.sqrt(6 / (2 + width))
        outputs = rng.uniform(-1, 1, (1, width)) * np.sqrt(6 / (width + 1))
        networks.append(np.concatenate([inputs, outputs]))
    return np.concatenate(networks, axis=1).astype(np.float32)


def _adders(
    state: program.State, history: NDArray[np.float32], cells: Sequence[tuple[int, int]], widths: tuple[int, ...]
) -> list[Adder]:
    """Cut the grid into its networks; `history` is (epochs, 4, networks, rows)."""
    best_weights = state.best_weights.numpy().astype(np.float64)
    best_epoch, epochs_run = state.best_epoch.numpy(), state.epochs_run.numpy()
    ends = np.cumsum(widths)
    adders = []
    for row, (largest_sum, seed) in enumerate(cells):
        for network, (end, width) in enumerate(zip(ends, widths, strict=True)):
            weights = best_weights[:, end - width : end, row]
            curves = history[: epochs_run[network, row], :, network, row].astype(np.float64)
            adders.append(
                Adder(
                    protocol="article",
                    largest_sum=largest_sum,
                    hidden_units=width,
                    seed=seed,
                    input_weights=weights[:2],
                    output_weights=weights[2],
                    history=dict(zip(program.METRICS, curves.T, strict=True)),
                    best_epoch=int(best_epoch[network, row]),
                )
            )
    order = {largest_sum: index for index, (largest_sum, _) in enumerate(cells)}
    return sorted(adders, key=lambda adder: (order[adder.largest_sum], widths.index(adder.hidden_units), adder.seed))
