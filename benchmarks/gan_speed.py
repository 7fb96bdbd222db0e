"""Pictures that both recipes learn from in a second, at 64x64.

The claim is the ratio of the two; the numbers themselves depend on the machine.
"""

import time

import numpy as np

from benchmarks.harness import Result, Size, command_line, run
from models.gans.gan import Gan
from models.gans.training import BUILDERS, build, default_batch_size, make_repeatable, train_epoch


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(
        pictures=Size({"stable": 2048, "dcgan": 384}, quick={"stable": 32, "dcgan": 32}),
        rounds=Size(3, quick=1),
    )
    run(compare, parser)


def compare(pictures: dict[str, int], rounds: int) -> Result:
    """Print pictures a second and the ratio."""
    make_repeatable()
    images = np.random.default_rng(0).integers(0, 256, (max(pictures.values()), 64, 64, 3), np.uint8)
    gans = {recipe: build(recipe, 64, (), 0, steps=10_000) for recipe in BUILDERS}
    for recipe, gan in gans.items():
        _rate(gan, images[: pictures[recipe]], recipe, 0)  # traces the graphs
    rates: dict[str, list[float]] = {recipe: [] for recipe in gans}
    for turn in range(rounds):  # in turns, so that a busy moment affects both
        for recipe, gan in gans.items():
            rates[recipe].append(_rate(gan, images[: pictures[recipe]], recipe, turn + 1))
    best = {recipe: max(values) for recipe, values in rates.items()}
    for recipe, rate in best.items():
        weights = gans[recipe].generator.count_params(), gans[recipe].discriminator.count_params()
        print(f"{recipe}: {rate:.0f} pictures/s; {weights[0]:,} + {weights[1]:,} weights")
    ratio = best["stable"] / best["dcgan"]
    print(f"stable learns from {ratio:.1f} times as many pictures a second")
    return {"ratio": ratio, "pictures_a_second": best}


def _rate(gan: Gan, images: np.ndarray, recipe: str, epoch: int) -> float:
    started = time.perf_counter()
    train_epoch(
        gan,
        images,
        np.zeros((len(images), 0), np.int32),
        epoch=epoch,
        batch_size=default_batch_size(recipe),
        seed=0,
    )
    return len(images) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
