"""Every number of docs/adders.md: why the article's networks end where they do, and why the solved ones do not.

Run with `python -m benchmarks.adder_theory`; two to three minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from benchmarks.harness import Result, Size, command_line, run
from models.adders.domain import all_pairs, beyond_pairs
from models.adders.ensemble import train_article
from models.adders.network import Adder, FloatArray, IntArray, score
from models.adders.solve import fit, train_solved

SIZES, WIDTHS, PATIENCE = (16, 256, 65536), (1, 2, 4, 8, 16), 5
STEPS_PER_EPOCH, LEARNING_RATE = 250, 1e-3  # 8,000 training rows in batches of 32

# Of each line of a section: its label, and name -> a number, a list, or minimum, median and maximum over the seeds.
Lines = Iterator[tuple[str, dict[str, Any]]]


def clean_rows(largest_sum: int, n: int = 10_000) -> IntArray:
    """Return (n, 3) int64 a, b, sum, like the result of cleaning."""
    pairs = np.random.default_rng(largest_sum).integers(0, largest_sum // 2, (n, 2), endpoint=True)
    return np.column_stack([pairs, pairs.sum(axis=1)])


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--seeds", type=int, default=Size(10, quick=2))
    parser.add_argument("--epochs", type=int, default=1000)
    parser.set_defaults(rows=Size(10_000, quick=100), starts=Size(20, quick=2), slopes=Size(200, quick=4))
    run(theory, parser)


def theory(seeds: int, epochs: int, rows: int, starts: int, slopes: int) -> Result:
    """Print all sections.

    Args:
        seeds: repetitions of each network; half as many if something is changed.
        epochs: the largest number of epochs of the article's protocol.
        rows: pairs for each largest sum.
        starts: of the search for the best single node.
        slopes: sizes of the input weights that are tried for a pair of opposite nodes.
    """
    pairs = {largest_sum: clean_rows(largest_sum, rows) for largest_sum in SIZES}
    article = train_article(pairs, hidden_units=WIDTHS, seeds=seeds, epochs=epochs, patience=PATIENCE)
    solved = train_solved(pairs, hidden_units=WIDTHS, seeds=seeds)
    half = -(-seeds // 2)
    sections = {
        "article": (f"article protocol, patience {PATIENCE}, {seeds} seeds", results(article)),
        "solved": (f"solved protocol, {seeds} seeds", results(solved)),
        "one_node": ("one node without bias: the global least-squares optimum", one_node(article, starts)),
        "same_function": ("up to 16: two groups of nodes, one function", same_function(article)),
        "error_surface": ("error surfaces: sign changes along the diagonals, error at four places", surface(article)),
        "expansion": ("up to 16: % of pairs whose error has the sign of the Taylor expansion", expansion(article)),
        "reach": (f"output weights must reach V = 2 L sqrt(L / 24); {half} seeds", reach(pairs, half, epochs)),
        "saturation": ("up to 65536: activations below .001 or above .999", saturation(article, epochs)),
        "ingredients": (f"leaving out one ingredient, {half} seeds", ingredients(pairs, half, epochs)),
        "no_fit": ("random input weights of .001, output weights by linear least squares", no_fit(pairs)),
        "float32_limit": (f"V (sigmoid(u s) - sigmoid(-u s)), the best u of {slopes}: % right", precision(slopes)),
    }
    print("Three numbers with slashes are minimum / median / maximum over the seeds.")
    return {name: show(title, lines) for name, (title, lines) in sections.items()}


def show(title: str, lines: Lines) -> dict[str, dict[str, Any]]:
    """Print a section line by line and return it."""
    print(f"\n## {title}\n")
    section = {}
    for label, numbers in lines:
        print(f"{label}:", ", ".join(f"{name.replace('_', ' ')} {text(value)}" for name, value in numbers.items()))
        section[label] = numbers
    return section


def text(value: Any) -> str:
    """Return a number with at most three decimal places, or several with slashes between them."""
    return " / ".join(map(text, value)) if isinstance(value, list) else f"{round(value, 3):,}"


def results(adders: Sequence[Adder]) -> Lines:
    """Give the scores inside and beyond the trained range."""
    for largest_sum in SIZES:
        for width in WIDTHS:
            cell = select(adders, largest_sum, width)
            beyond = scores(cell, beyond_pairs(largest_sum, seed=0))
            epochs = spread([len(adder.history.get("loss", ())) for adder in cell])
            inside = scores(cell, all_pairs(largest_sum)) | {"epochs": epochs}
            yield f"{largest_sum}, {width} nodes", inside | {f"{name}_beyond": value for name, value in beyond.items()}


def one_node(article: Sequence[Adder], starts: int) -> Lines:
    """Give the best that one node can do without a bias, found by float64 least squares from many starts."""
    for largest_sum in SIZES:
        pairs = all_pairs(largest_sum)[:20_000]
        inputs, total = pairs / largest_sum, pairs.sum(axis=1)

        def residuals(p: FloatArray, inputs: FloatArray = inputs, total: IntArray = total) -> FloatArray:
            return np.asarray(p[2] * expit(inputs @ p[:2]) - total / total.max())

        weights = np.random.default_rng(0).normal(size=(starts, 3))
        best = min((least_squares(residuals, start, method="lm") for start in weights), key=lambda fitted: fitted.cost)
        adder = Adder("optimum", largest_sum, 1, 0, best.x[:2, None], best.x[2:] * 1.0, scale=float(largest_sum))
        own = score(adder, pairs)
        numbers = {"error": own.mean_absolute_error, "percent_right": 100 * own.accuracy}
        numbers["answer_to_0_and_0"] = adder.predict([[0, 0]])[0]
        numbers["error_of_the_trained"] = scores(select(article, largest_sum, 1), all_pairs(largest_sum))["error"]
        yield f"{largest_sum}", numbers


def same_function(article: Sequence[Adder]) -> Lines:
    """Show how the nodes of the networks up to 16 form two opposite groups, and how similar the functions are."""
    pairs = all_pairs(16)
    total = pairs.sum(axis=1)
    typical = []
    for width in (2, 4, 8, 16):
        cell = select(article, 16, width)
        mixed = [a for a in cell if both_signs(a)]
        single = [a for a in cell if not both_signs(a)]
        if mixed:
            up = [a.output_weights[a.output_weights > 0].sum() for a in mixed]
            down = [a.output_weights[a.output_weights < 0].sum() for a in mixed]
            same_way = [np.sign(a.output_weights * a.input_weights.sum(axis=0)).min() for a in mixed]
            sizes = [np.abs(a.input_weights.mean(axis=0)) for a in mixed]
            typical.append(min(mixed, key=lambda a: abs(a.output_weights.max() - np.median(up))))
            numbers = {
                "networks": len(mixed),
                "networks_whose_nodes_all_rise_with_the_sum": sum(way > 0 for way in same_way),
                "sum_of_positive_output_weights": spread(up),
                "of_negative": spread(down),
                "input_weight": spread([s.mean() for s in sizes]),
                "percent_it_differs_inside_a_network_at_most": 100 * max(np.ptp(s) / s.mean() for s in sizes),
            }
            yield f"{width} nodes, both signs", numbers | scores(mixed, pairs)
        if single:
            yield f"{width} nodes, one sign", {"networks": len(single)} | scores(single, pairs)
    for first, second in combinations(typical[:3], 2):
        sums = first.predict(pairs), second.predict(pairs)
        correlation = np.corrcoef(sums[0] - total, sums[1] - total)[0, 1]
        numbers = {"mean_difference": np.abs(sums[0] - sums[1]).mean(), "correlation_of_the_errors": correlation}
        yield f"{first.hidden_units} and {second.hidden_units} nodes", numbers


def surface(article: Sequence[Adder]) -> Lines:
    """Show where the signed error of each network changes sign: straight valley, or ring around a hill."""
    for largest_sum in (16, 256):
        side = largest_sum // 2 + 1
        pairs = all_pairs(largest_sum)
        total = pairs.sum(axis=1)
        for width in WIDTHS:
            for kind, opposite in (("one sign", False), ("both signs", True)):
                # Networks whose training stopped right away (all predictions near 0) have no surface to speak of.
                cell = [
                    a
                    for a in select(article, largest_sum, width)
                    if both_signs(a) == opposite and score(a, pairs).mean_absolute_error < largest_sum / 4
                ]
                if not cell:
                    continue
                errors = [a.predict(pairs) - total for a in cell]
                grids = [error.reshape(side, side) for error in errors]
                by_sum = [
                    1 - np.var(e - (np.bincount(total, e) / np.bincount(total))[total]) / np.var(e) for e in errors
                ]
                numbers = {
                    "networks": len(cell),
                    "changes_along_the_diagonal": spread([changes(np.diag(g)) for g in grids]),
                    "along_the_antidiagonal": spread([changes(np.diag(g[::-1])) for g in grids]),
                    "error_at_0_and_0": np.median([g[0, 0] for g in grids]),
                    "in_the_middle": np.median([g[side // 2, side // 2] for g in grids]),
                    "at_the_top": np.median([g[-1, -1] for g in grids]),
                    "in_the_side_corners": np.median([(g[0, -1] + g[-1, 0]) / 2 for g in grids]),
                    "percent_explained_by_the_sum_alone": spread([100 * share for share in by_sum]),
                }
                yield f"{largest_sum}, {width} nodes, {kind}", numbers


def expansion(article: Sequence[Adder]) -> Lines:
    """Show how well the Taylor expansion of the sigmoid, to third and fifth order, gives the sign of the error."""
    pairs = all_pairs(16)
    total = pairs.sum(axis=1)
    for width in (2, 4, 8):
        cell = [a for a in select(article, 16, width) if both_signs(a)]
        if not cell:
            continue
        third, fifth = [], []
        for a in cell:
            z = pairs @ a.input_weights
            error = a.predict(pairs) - total
            cubic = 0.5 + z / 4 - z**3 / 48
            for shares, polynomial in ((third, cubic), (fifth, cubic + z**5 / 480)):
                shares.append(100 * np.mean((polynomial @ a.output_weights > total) == (error > 0)))
        yield f"{width} nodes, both signs", {"third_order": spread(third), "fifth_order": spread(fifth)}
        if width == 2:
            for node, (a, b) in enumerate(cell[0].input_weights.T):
                weights = {"a": a, "b": b, "output": cell[0].output_weights[node]}
                yield f"2 nodes, seed {cell[0].seed}, node {node + 1}", weights


def reach(pairs: dict[int, IntArray], seeds: int, epochs: int) -> Lines:
    """Give the output weights that 100 % needs, the epochs that Adam needs to get there, and a test of it."""
    for largest_sum in SIZES:
        needed = 2 * largest_sum * np.sqrt(largest_sum / 24)
        least_epochs = needed / (LEARNING_RATE * STEPS_PER_EPOCH)
        yield f"{largest_sum}", {"V": needed, "epochs_with_2_nodes": least_epochs, "with_16": least_epochs / 8}
    for longer in (epochs, 3 * epochs):
        adders = train_article({256: pairs[256]}, hidden_units=(16,), seeds=seeds, epochs=longer, patience=0)
        sums = spread([adder.output_weights[adder.output_weights > 0].sum() for adder in adders])
        numbers = scores(adders, all_pairs(256)) | {"sum_of_positive_output_weights": sums}
        yield f"256, 16 nodes, {longer} epochs, no early stopping", numbers


def saturation(article: Sequence[Adder], epochs: int) -> Lines:
    """Show what the networks up to 65536 answer: the number of saturated nodes times 250."""
    pairs = all_pairs(65536)
    total = pairs.sum(axis=1)
    per_node = LEARNING_RATE * STEPS_PER_EPOCH * epochs
    floor = np.maximum(total - 16 * per_node, 0).mean()
    numbers: dict[str, Any] = {"way_of_a_weight": per_node, "mean_sum": total.mean(), "least_error_of_16_nodes": floor}
    yield f"Adam in {epochs} epochs", numbers
    for width in WIDTHS:
        cell = select(article, 65536, width)
        hidden = np.concatenate([a.hidden(pairs).ravel() for a in cell])
        numbers = {
            "largest_answer_of_each": sorted(round(float(a.predict(pairs).max())) for a in cell),
            "nodes_of_each_that_went_the_way": sorted(int((a.output_weights > 0.9 * per_node).sum()) for a in cell),
            "percent_of_activations": 100 * np.mean((hidden < 0.001) | (hidden > 0.999)),
        }
        yield f"{width} nodes", numbers


def ingredients(pairs: dict[int, IntArray], seeds: int, epochs: int) -> Lines:
    """Give the accuracy of 2 and 16 nodes when one ingredient of the solved protocol is left out."""
    for width in (2, 16):
        for largest_sum, rows in pairs.items():
            adam = train_article(
                {largest_sum: rows / largest_sum}, hidden_units=(width,), seeds=seeds, epochs=epochs, patience=0
            )
            variants = {
                "scaled, Adam in float32, Glorot start": [replace(a, scale=float(largest_sum)) for a in adam],
                "not scaled, Levenberg-Marquardt": [refit(rows, 1, width, s, 1e-3) for s in range(seeds)],
                "scaled, Levenberg-Marquardt, Glorot-sized start": [
                    refit(rows, largest_sum, width, s, 0.6) for s in range(seeds)
                ],
                "all of them": [refit(rows, largest_sum, width, s, 1e-3) for s in range(seeds)],
            }
            for name, adders in variants.items():
                yield f"{largest_sum}, {width} nodes, {name}", scores(adders, all_pairs(largest_sum))


def no_fit(pairs: dict[int, IntArray]) -> Lines:
    """Give the accuracy up to 65536 without fitting at all."""
    for width in (2, 4, 16):
        start = 1e-3 * np.random.default_rng(0).standard_normal((2, width))
        hidden = expit(pairs[65536][:, :2] / 65536 @ start)
        output, *_ = np.linalg.lstsq(hidden, pairs[65536][:, 2] / 65536, rcond=None)
        linear = Adder("linear", 65536, width, 0, start, output, scale=65536.0)
        yield f"{width} nodes", {"percent_right": 100 * score(linear, all_pairs(65536)).accuracy}


def precision(slopes: int) -> Lines:
    """Give the best accuracy of two opposite nodes in float32 and float64, over all sizes of their input weights."""
    for largest_sum in SIZES:
        pairs = all_pairs(largest_sum)
        total = pairs.sum(axis=1)
        best = {}
        for kind in (np.float32, np.float64):
            accuracies = []
            for u in np.geomspace(1e-4, 1, slopes):
                inputs = (pairs / largest_sum).astype(kind)
                weights = np.array([[u, -u], [u, -u]], kind)
                hidden = 1 / (1 + np.exp(-(inputs @ weights)))
                shape = np.tanh(u * total / largest_sum / 2)
                size = (shape @ total) / (shape @ shape)
                answer = hidden @ np.array([size, -size], kind)
                accuracies.append(np.mean(np.rint(answer) == total))
            best[kind.__name__] = 100 * max(accuracies)
        yield f"{largest_sum}", best


def spread(values: Sequence[float]) -> list[float]:
    """Return minimum, median and maximum."""
    return [float(value) for value in np.percentile(values, [0, 50, 100])]


def scores(adders: Sequence[Adder], pairs: IntArray) -> dict[str, Any]:
    """Return how the accuracy in % and the mean absolute error spread over networks."""
    results = [score(adder, pairs) for adder in adders]
    accuracies = spread([100 * result.accuracy for result in results])
    return {"percent_right": accuracies, "error": spread([result.mean_absolute_error for result in results])}


def refit(rows: IntArray, scale: int, width: int, seed: int, start_size: float) -> Adder:
    """Return a Levenberg-Marquardt fit to 1,000 rows divided by `scale`, from input weights of this size."""
    start = start_size * np.random.default_rng(seed).standard_normal((2, width))
    return fit(rows[:1000] / scale, scale, width, seed, start)


def both_signs(adder: Adder) -> bool:
    """Return whether some nodes add to the answer and others subtract from it."""
    return bool(adder.output_weights.min() < 0 < adder.output_weights.max())


def changes(values: FloatArray) -> int:
    """Count the sign changes along a line."""
    return int(np.count_nonzero(np.diff(np.sign(values))))


def select(adders: Sequence[Adder], largest_sum: int, width: int) -> list[Adder]:
    """Return the networks of one cell of the grid."""
    return [a for a in adders if (a.largest_sum, a.hidden_units) == (largest_sum, width)]


if __name__ == "__main__":
    main()
