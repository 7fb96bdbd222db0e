"""Pictures that both recipes learn from in a second, at 64x64.

The claim is the ratio of the two; how many a second it is depends on the machine.
"""

import time

import numpy as np

from models.gans.gan import Gan
from models.gans.training import BUILDERS, build, make_repeatable, train_epoch
from schemas.parameters import GanParameters

PICTURES = {"stable": 2048, "dcgan": 384}
ROUNDS = 3


def main() -> None:
    """Print pictures a second and the ratio."""
    make_repeatable()
    images = np.random.default_rng(0).integers(0, 256, (max(PICTURES.values()), 64, 64, 3), np.uint8)
    gans = {recipe: build(recipe, 64, (), 0, steps=10_000) for recipe in BUILDERS}
    for recipe, gan in gans.items():
        _rate(gan, images, recipe, 0)  # traces the graphs
    rates: dict[str, list[float]] = {recipe: [] for recipe in gans}
    for turn in range(ROUNDS):  # in turns, so that a busy moment meets both
        for recipe, gan in gans.items():
            rates[recipe].append(_rate(gan, images, recipe, turn + 1))
    for recipe, some in rates.items():
        weights = gans[recipe].generator.count_params(), gans[recipe].discriminator.count_params()
        print(f"{recipe}: {max(some):.0f} pictures/s; {weights[0]:,} + {weights[1]:,} weights")
    print(f"stable learns from {max(rates['stable']) / max(rates['dcgan']):.1f} times as many pictures a second")


def _rate(gan: Gan, images: np.ndarray, recipe: str, epoch: int) -> float:
    count = PICTURES[recipe]
    started = time.perf_counter()
    train_epoch(
        gan,
        images[:count],
        np.zeros((count, 0), np.int32),
        epoch=epoch,
        batch_size=GanParameters(recipe=recipe).pictures_in_step,
        seed=0,
    )
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
