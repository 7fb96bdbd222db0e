"""1000 modes: how many of them `stable` and the article's `dcgan` capture.

Claim: `stable` captures 1000 of 1000 modes of stacked shapes. Both recipes see the same pictures equally often and are
scored on the same number of generated pictures. About half an hour on two cores.

    python -m benchmarks.gan_modes --shown 100000
"""

import time

import numpy as np

from benchmarks.harness import Result, Size, command_line, print_json, run
from benchmarks.shapes import draw, score, train_recogniser
from models.gans.gan import NOISE
from models.gans.training import BUILDERS, build, default_batch_size, make_repeatable, steps_per_epoch, train_epoch


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--shown", type=int, default=Size(200_000, quick=32), help="pictures that each recipe is shown")
    parser.add_argument("--recipe", choices=[*BUILDERS, "both"], default="both")
    parser.set_defaults(pictures=Size(20_000, quick=32), scored=Size(26_000, quick=32), recognised=Size(4000, quick=60))
    run(compare, parser)


def compare(shown: int, recipe: str, pictures: int, scored: int, recognised: int) -> Result:
    """Print modes and reverse KL during the training.

    Args:
        shown: pictures that each recipe is shown.
        recipe: one of `BUILDERS`, or "both".
        pictures: the number of different ones.
        scored: pictures in which the modes are counted.
        recognised: shapes that the recogniser learns from.
    """
    make_repeatable()
    images, _ = draw(pictures, seed=1)
    recogniser = train_recogniser(n=recognised)
    print(f"recogniser of single shapes: {recogniser.held_out_accuracy[0]:.2%} on held-out pictures", flush=True)
    real = score(recogniser, draw(scored, seed=2)[0])
    print(f"real pictures: {real.captured} of {real.possible} modes, reverse KL {real.reverse_kl:.3f}", flush=True)
    codes = np.zeros((pictures, 0), np.int32)
    noise = np.random.default_rng(3).standard_normal((scored, NOISE), np.float32)
    lines = []
    for name in BUILDERS if recipe == "both" else [recipe]:
        epochs, batch_size = -(-shown // pictures), default_batch_size(name)
        gan = build(name, 32, (), 0, epochs * steps_per_epoch(pictures, batch_size))
        seconds = 0.0
        for epoch in range(epochs):
            started = time.perf_counter()
            train_epoch(gan, images, codes, epoch=epoch, batch_size=batch_size, seed=0)
            seconds += time.perf_counter() - started
            modes = score(recogniser, gan.draw(noise, np.zeros((scored, 0), np.int32)))
            lines.append(
                {
                    "recipe": name,
                    "shown": (epoch + 1) * pictures,
                    "seconds": seconds,
                    "modes": modes.captured,
                    "reverse_kl": modes.reverse_kl,
                }
            )
            print_json(lines[-1])
    return {
        "recogniser_accuracy": recogniser.held_out_accuracy[0],
        "real": {"modes": real.captured, "reverse_kl": real.reverse_kl},
        "looks": lines,
    }


if __name__ == "__main__":
    main()
