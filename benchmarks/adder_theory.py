"""Every number of docs/adders.md: why the article's networks end where they end, and why the solved ones do not.

Run with `python -m benchmarks.adder_theory`; two to three minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from models.adders.domain import all_pairs, beyond_pairs
from models.adders.ensemble import train_article
from models.adders.network import Adder, FloatArray, IntArray, score
from models.adders.solve import fit, train_solved

SIZES, WIDTHS, SEEDS, EPOCHS, PATIENCE = (16, 256, 65536), (1, 2, 4, 8, 16), 10, 1000, 5
STEPS_PER_EPOCH, LEARNING_RATE = 250, 1e-3  # 8,000 training rows in batches of 32


def clean_rows(largest_sum: int, n: int = 10_000) -> IntArray:
    """Return (n, 3) int64 a, b, sum: what cleaning delivers."""
    pairs = np.random.default_rng(largest_sum).integers(0, largest_sum // 2, (n, 2), endpoint=True)
    return np.column_stack([pairs, pairs.sum(axis=1)])


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return "min / median / max"."""
    return " / ".join(f"{value:.{digits}f}" for value in np.percentile(values, [0, 50, 100]))


def main() -> None:
    """Print all sections."""
    pairs = {largest_sum: clean_rows(largest_sum) for largest_sum in SIZES}
    article = train_article(pairs, hidden_units=WIDTHS, seeds=SEEDS, epochs=EPOCHS, patience=PATIENCE)
    solved = train_solved(pairs, hidden_units=WIDTHS, seeds=SEEDS)
    results(article, "article protocol, patience 5")
    results(solved, "solved protocol")
    one_node(article)
    same_function(article)
    error_surface(article)
    expansion(article)
    reach(pairs)
    saturation(article)
    ingredients(pairs)
    float32_limit()


def results(adders: Sequence[Adder], title: str) -> None:
    """Print scores inside and beyond the trained range: min / median / max over seeds."""
    print(f"\n## {title}, {SEEDS} seeds: min / median / max\n")
    print("largest sum, nodes | accuracy % | mean absolute error | epochs | error beyond | accuracy % beyond")
    for largest_sum in SIZES:
        for width in WIDTHS:
            cell = select(adders, largest_sum, width)
            inside = [score(adder, all_pairs(largest_sum)) for adder in cell]
            beyond = [score(adder, beyond_pairs(largest_sum, seed=0)) for adder in cell]
            print(
                f"{largest_sum:>6}, {width:>2}",
                spread([100 * s.accuracy for s in inside], 1),
                spread([s.mean_absolute_error for s in inside]),
                spread([len(adder.history.get("loss", ())) for adder in cell], 0),
                spread([s.mean_absolute_error for s in beyond]),
                spread([100 * s.accuracy for s in beyond], 1),
                sep=" | ",
            )


def one_node(article: Sequence[Adder]) -> None:
    """Print the best that one node can do without a bias, found by float64 least squares from many starts."""
    print("\n## one node without bias: the global least-squares optimum\n")
    for largest_sum in SIZES:
        pairs = all_pairs(largest_sum)[:20_000]
        inputs, total = pairs / largest_sum, pairs.sum(axis=1)

        def residuals(p: FloatArray, inputs: FloatArray = inputs, total: IntArray = total) -> FloatArray:
            return np.asarray(p[2] * expit(inputs @ p[:2]) - total / total.max())

        starts = np.random.default_rng(0).normal(size=(20, 3))
        best = min((least_squares(residuals, start, method="lm") for start in starts), key=lambda found: found.cost)
        adder = Adder("optimum", largest_sum, 1, 0, best.x[:2, None], best.x[2:] * 1.0, scale=float(largest_sum))
        own = score(adder, pairs)
        trained = [score(a, all_pairs(largest_sum)).mean_absolute_error for a in select(article, largest_sum, 1)]
        print(
            f"{largest_sum}: error {own.mean_absolute_error:.3f}, accuracy {100 * own.accuracy:.1f} %, "
            f"says {adder.predict([[0, 0]])[0]:.2f} to 0 + 0; trained: {spread(trained)}"
        )


def same_function(article: Sequence[Adder]) -> None:
    """Print how the nodes of the networks up to 16 fall into two opposite groups, and how alike the functions are."""
    print("\n## up to 16: two groups of nodes, one function\n")
    pairs = all_pairs(16)
    chosen = []
    for width in (2, 4, 8, 16):
        cell = select(article, 16, width)
        mixed = [a for a in cell if a.output_weights.min() < 0 < a.output_weights.max()]
        single = [a for a in cell if a not in mixed]
        up = [a.output_weights[a.output_weights > 0].sum() for a in mixed]
        down = [a.output_weights[a.output_weights < 0].sum() for a in mixed]
        same_way = [np.sign(a.output_weights * a.input_weights.sum(axis=0)).min() for a in mixed]
        sizes = [np.abs(a.input_weights.mean(axis=0)) for a in mixed]
        chosen.append(min(mixed, key=lambda a: abs(a.output_weights.max() - np.median(up))))
        errors = [score(a, pairs).mean_absolute_error for a in mixed]
        print(
            f"{width} nodes: {len(mixed)} of {len(cell)} have both signs; every node rises with the sum: "
            f"{min(same_way) > 0}; sum of positive output weights {spread(up, 1)}, of negative {spread(down, 1)}; "
            f"input weight {spread([s.mean() for s in sizes])}, differs inside a network by at most "
            f"{max(np.ptp(s) / s.mean() for s in sizes):.0%}; error {spread(errors)}"
        )
        if single:
            errors = [score(a, pairs).mean_absolute_error for a in single]
            print(f"   {len(single)} with one sign only, error {spread(errors)}")
    functions = [a.predict(pairs) for a in chosen[:3]]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        error_i, error_j = functions[i] - pairs.sum(axis=1), functions[j] - pairs.sum(axis=1)
        print(
            f"{chosen[i].hidden_units} and {chosen[j].hidden_units} nodes: mean difference "
            f"{np.abs(functions[i] - functions[j]).mean():.3f}, correlation of the errors "
            f"{np.corrcoef(error_i, error_j)[0, 1]:.3f}"
        )


def error_surface(article: Sequence[Adder]) -> None:
    """Print where the signed error of each network changes sign: straight valley, or ring around a hill."""
    print("\n## error surfaces: sign changes along the diagonal and the antidiagonal; error at four places\n")
    for largest_sum in (16, 256):
        side = largest_sum // 2 + 1
        pairs = all_pairs(largest_sum)
        total = pairs.sum(axis=1)
        for width in WIDTHS:
            for kind, opposite in (("one sign", False), ("both signs", True)):
                # Networks whose training ended at its start (all predictions near 0) have no surface to speak of.
                cell = [
                    a
                    for a in select(article, largest_sum, width)
                    if (a.output_weights.min() < 0 < a.output_weights.max()) == opposite
                    and score(a, pairs).mean_absolute_error < largest_sum / 4
                ]
                if not cell:
                    continue
                errors = [a.predict(pairs) - total for a in cell]
                grids = [error.reshape(side, side) for error in errors]
                by_sum = [
                    1 - np.var(e - (np.bincount(total, e) / np.bincount(total))[total]) / np.var(e) for e in errors
                ]
                print(
                    f"{largest_sum:>3}, {width:>2} nodes, {kind} ({len(cell)}): sign changes "
                    f"{spread([changes(np.diag(g)) for g in grids], 0)} and "
                    f"{spread([changes(np.diag(g[::-1])) for g in grids], 0)}; error at (0, 0) "
                    f"{np.median([g[0, 0] for g in grids]):.2f}, middle "
                    f"{np.median([g[side // 2, side // 2] for g in grids]):.2f}, top "
                    f"{np.median([g[-1, -1] for g in grids]):.2f}, side corners "
                    f"{np.median([(g[0, -1] + g[-1, 0]) / 2 for g in grids]):.2f}; share explained by a + b alone "
                    f"{spread([100 * share for share in by_sum], 0)} %"
                )


def expansion(article: Sequence[Adder]) -> None:
    """Print how well the Taylor expansion of the sigmoid, to third and fifth order, tells the sign of the error."""
    print("\n## up to 16, both signs: share of pairs whose error has the sign of the Taylor expansion, %\n")
    pairs = all_pairs(16)
    total = pairs.sum(axis=1)
    for width in (2, 4, 8):
        cell = [a for a in select(article, 16, width) if a.output_weights.min() < 0 < a.output_weights.max()]
        third, fifth = [], []
        for a in cell:
            z = pairs @ a.input_weights
            error = a.predict(pairs) - total
            cubic = 0.5 + z / 4 - z**3 / 48
            for kept, expanded in ((third, cubic), (fifth, cubic + z**5 / 480)):
                kept.append(100 * np.mean((expanded @ a.output_weights > total) == (error > 0)))
        print(f"{width} nodes: third order {spread(third, 0)}, fifth order {spread(fifth, 0)}")
        if width == 2:
            for node in range(2):
                weights = [*cell[0].input_weights[:, node], cell[0].output_weights[node]]
                print(f"   seed {cell[0].seed}, node {node + 1}: a, b, output {np.round(weights, 3).tolist()}")


def reach(pairs: dict[int, IntArray]) -> None:
    """Print the output weights that 100 % needs, the epochs that Adam needs to get there, and a test of it."""
    print("\n## how far the output weights must go (V = 2 L sqrt(L / 24) for a pair of nodes)\n")
    for largest_sum in SIZES:
        needed = 2 * largest_sum * np.sqrt(largest_sum / 24)
        epochs = needed / (LEARNING_RATE * STEPS_PER_EPOCH)
        print(f"{largest_sum}: V = {needed:,.0f}, epochs {epochs:,.0f} with 2 nodes, {epochs / 8:,.0f} with 16")
    for epochs in (1000, 3000):
        longer = train_article({256: pairs[256]}, hidden_units=(16,), seeds=5, epochs=epochs, patience=0)
        scores = [score(adder, all_pairs(256)) for adder in longer]
        errors = [s.mean_absolute_error for s in scores]
        sums = [adder.output_weights[adder.output_weights > 0].sum() for adder in longer]
        print(
            f"256, 16 nodes, {epochs} epochs, no early stopping: accuracy % "
            f"{spread([100 * s.accuracy for s in scores], 1)}, error {spread(errors)}, "
            f"sum of positive output weights {spread(sums, 0)}"
        )


def saturation(article: Sequence[Adder]) -> None:
    """Print what the networks up to 65536 answer: a count of saturated nodes times 250."""
    print("\n## up to 65536\n")
    pairs = all_pairs(65536)
    per_node = LEARNING_RATE * STEPS_PER_EPOCH * EPOCHS
    print(f"Adam's way in {EPOCHS} epochs: {per_node:.0f} per weight; mean sum {pairs.sum(axis=1).mean():.0f}")
    floor = np.maximum(pairs.sum(axis=1) - 16 * per_node, 0).mean()
    print(f"error of a network that answers at most 16 x 250 = 4000: at least {floor:.0f}")
    for width in WIDTHS:
        cell = select(article, 65536, width)
        largest = [float(a.predict(pairs).max()) for a in cell]
        arrived = [int((a.output_weights > 0.9 * per_node).sum()) for a in cell]
        hidden = np.concatenate([a.hidden(pairs).ravel() for a in cell])
        print(
            f"{width:>2} nodes: largest answers {[round(value) for value in sorted(largest)]}, "
            f"nodes with output weight near 250: {sorted(arrived)}, activations below .001 or above .999: "
            f"{100 * np.mean((hidden < 0.001) | (hidden > 0.999)):.1f} %"
        )


def ingredients(pairs: dict[int, IntArray]) -> None:
    """Print the accuracy of 2 and 16 nodes when one ingredient of the solved protocol is left out."""
    print("\n## leaving out one ingredient, 5 seeds: accuracy %, min / median / max\n")
    for width in (2, 16):
        for largest_sum, rows in pairs.items():
            adam = train_article(
                {largest_sum: rows / largest_sum}, hidden_units=(width,), seeds=5, epochs=1000, patience=0
            )
            tried = {
                "scaled, Adam in float32, Glorot start": [replace(a, scale=float(largest_sum)) for a in adam],
                "not scaled, Levenberg-Marquardt": [refit(rows, 1, width, s, 1e-3) for s in range(5)],
                "scaled, Levenberg-Marquardt, Glorot-sized start": [
                    refit(rows, largest_sum, width, s, 0.6) for s in range(5)
                ],
                "all of them": [refit(rows, largest_sum, width, s, 1e-3) for s in range(5)],
            }
            for name, adders in tried.items():
                scores = [score(adder, all_pairs(largest_sum)) for adder in adders]
                print(
                    f"{largest_sum:>6}, {width:>2} nodes, {name}: {spread([100 * s.accuracy for s in scores], 1)}, "
                    f"error {spread([s.mean_absolute_error for s in scores])}"
                )
    print("\nwithout fitting at all: random input weights of .001, output weights by linear least squares")
    for width in (2, 4, 16):
        start = 1e-3 * np.random.default_rng(0).standard_normal((2, width))
        hidden = expit(pairs[65536][:, :2] / 65536 @ start)
        output, *_ = np.linalg.lstsq(hidden, pairs[65536][:, 2] / 65536, rcond=None)
        linear = Adder("linear", 65536, width, 0, start, output, scale=65536.0)
        print(f"65536, {width} nodes: accuracy {100 * score(linear, all_pairs(65536)).accuracy:.1f} %")


def float32_limit() -> None:
    """Print the best accuracy of a pair of opposite nodes in float32, over all sizes of its input weights."""
    print("\n## two opposite nodes, V (sigmoid(u s) - sigmoid(-u s)), the best u of 200: accuracy %\n")
    for largest_sum in SIZES:
        pairs = all_pairs(largest_sum)
        total = pairs.sum(axis=1)
        best = {}
        for kind in (np.float32, np.float64):
            accuracies = []
            for u in np.geomspace(1e-4, 1, 200):
                inputs = (pairs / largest_sum).astype(kind)
                weights = np.array([[u, -u], [u, -u]], kind)
                hidden = 1 / (1 + np.exp(-(inputs @ weights)))
                shape = np.tanh(u * total / largest_sum / 2)
                size = (shape @ total) / (shape @ shape)
                answer = hidden @ np.array([size, -size], kind)
                accuracies.append(np.mean(np.rint(answer) == total))
            best[kind.__name__] = f"{100 * max(accuracies):.2f}"
        print(largest_sum, best)


def refit(rows: IntArray, scale: int, width: int, seed: int, start_size: float) -> Adder:
    """Return a Levenberg-Marquardt fit to 1,000 rows divided by `scale`, from input weights of this size."""
    start = start_size * np.random.default_rng(seed).standard_normal((2, width))
    return fit(rows[:1000] / scale, scale, width, seed, start)


def changes(values: FloatArray) -> int:
    """Count the sign changes along a line."""
    return int(np.count_nonzero(np.diff(np.sign(values))))


def select(adders: Sequence[Adder], largest_sum: int, width: int) -> list[Adder]:
    """Return the networks of one cell of the grid."""
    return [a for a in adders if (a.largest_sum, a.hidden_units) == (largest_sum, width)]


if __name__ == "__main__":
    main()
