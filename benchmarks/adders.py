"""The article's experiment: one compiled ensemble against Keras `fit`, and the solved protocol.

Claim: 15 networks, 1,000 epochs, at least 600 times faster than the same work by Keras `fit` in the same run.
"""

from __future__ import annotations

import time

from benchmarks.adder_theory import SIZES, WIDTHS, clean_rows
from benchmarks.harness import Result, Size, command_line, run
from models.adders.domain import all_pairs, beyond_pairs
from models.adders.ensemble import EPOCHS_PER_CALL, train_article
from models.adders.network import IntArray, score
from models.adders.solve import train_solved

EPOCHS = 1000


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(
        rows=Size(10_000, quick=200),
        keras_epochs=Size(3, quick=1),
        ensembles=Size({1: EPOCHS, 20: 120, 100: 30}, quick={1: 2}),
    )
    run(compare, parser)


def compare(rows: int, keras_epochs: int, ensembles: dict[int, int]) -> Result:
    """Print the ratios, and seconds and accuracies of the solved protocol.

    Args:
        rows: pairs for each largest sum.
        keras_epochs: epochs that Keras actually runs.
        ensembles: seeds -> epochs that an ensemble of that many seeds actually runs.
    """
    pairs = {largest_sum: clean_rows(largest_sum, rows) for largest_sum in SIZES}
    networks = len(SIZES) * len(WIDTHS)
    keras_epoch = keras_seconds_per_epoch(pairs, keras_epochs)
    print(
        f"Keras fit: {1000 * keras_epoch:.0f} ms for an epoch of one network (mean over five widths, "
        f"the better of two runs of {keras_epochs} epochs); {networks} networks x {EPOCHS} epochs scaled from it: "
        f"{networks * EPOCHS * keras_epoch:,.0f} s"
    )
    ratios = {}
    for seeds, epochs in ensembles.items():
        compilation, per_epoch = ensemble_seconds(pairs, seeds, epochs)
        total = compilation + EPOCHS * per_epoch
        ratios[seeds] = networks * seeds * EPOCHS * keras_epoch / total
        how = "all of them run" if epochs == EPOCHS else f"scaled from {epochs}"
        print(
            f"ensemble, {seeds} seeds = {networks * seeds} networks: {1000 * per_epoch:.1f} ms an epoch, "
            f"{EPOCHS} epochs ({how}) with {compilation:.1f} s of compilation {total:.1f} s: "
            f"{ratios[seeds]:,.0f} times faster than Keras fit"
        )

    begin = time.perf_counter()
    solved = train_solved(pairs, hidden_units=WIDTHS, seeds=1)
    seconds = time.perf_counter() - begin
    inside = [score(adder, all_pairs(adder.largest_sum)).accuracy for adder in solved]
    beyond = [score(adder, beyond_pairs(adder.largest_sum, seed=0)).accuracy for adder in solved]
    print(
        f"solved: {len(solved)} networks in {seconds:.2f} s, "
        f"accuracy {100 * min(inside):.1f} to {100 * max(inside):.1f} %, "
        f"beyond the trained range {100 * min(beyond):.1f} to {100 * max(beyond):.1f} %"
    )
    return {
        "keras_seconds_per_epoch": keras_epoch,
        "ratio_by_seeds": ratios,
        "solved_seconds": seconds,
        "solved_least_accuracy": min(inside),
        "solved_least_accuracy_beyond": min(beyond),
    }


def keras_seconds_per_epoch(pairs: dict[int, IntArray], epochs: int) -> float:
    """Return the seconds of one epoch of `fit` with the article's settings: the best of two runs, mean over widths."""
    import keras

    # `fit` shuffles, which TensorFlow refuses without a seed if results must repeat (see `tasks`)
    keras.utils.set_random_seed(0)
    rows = pairs[256].astype("float32")
    seconds = 0.0
    for width in WIDTHS:
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(width, "sigmoid", use_bias=False),
                keras.layers.Dense(1, use_bias=False),
            ]
        )
        model.compile("adam", "mse")

        def fit(epochs: int, model: keras.Model = model) -> float:
            begin = time.perf_counter()
            model.fit(rows[:, :2], rows[:, 2], validation_split=0.2, epochs=epochs, verbose=0)
            return time.perf_counter() - begin

        fit(1)  # compiles
        seconds += min(fit(epochs), fit(epochs)) / epochs
    return seconds / len(WIDTHS)


def ensemble_seconds(pairs: dict[int, IntArray], seeds: int, epochs: int) -> tuple[float, float]:
    """Return the seconds of compilation, and of one epoch after it: the best of two runs."""

    def train(epochs: int) -> float:
        begin = time.perf_counter()
        train_article(pairs, hidden_units=WIDTHS, seeds=seeds, epochs=epochs, patience=0)
        return time.perf_counter() - begin

    warm_up = min(EPOCHS_PER_CALL, epochs)
    first = train(warm_up)
    per_epoch = min(train(epochs), train(epochs)) / epochs
    return max(0.0, first - warm_up * per_epoch), per_epoch


if __name__ == "__main__":
    main()
