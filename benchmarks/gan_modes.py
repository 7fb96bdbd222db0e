"""1000 modes: how many of them `stable` and the article's `dcgan` capture.

Claim: `stable` captures 1000 of 1000 modes of stacked shapes. Both recipes see the same pictures equally often and are
scored on the same number of generated pictures. About half an hour on two cores; writes its numbers beside --out.

    python -m benchmarks.gan_modes --shown 100000
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from benchmarks.shapes import draw, score, train_recogniser
from models.gans.gan import NOISE
from models.gans.training import BUILDERS, build, make_repeatable, steps_in, train_epoch
from schemas.parameters import GanParameters

PICTURES, SCORED = 20_000, 26_000


def main() -> None:
    """Print modes and reverse KL as the training goes on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shown", type=int, default=200_000, help="pictures that each recipe is shown")
    parser.add_argument("--recipe", choices=[*BUILDERS, "both"], default="both")
    parser.add_argument("--out", type=Path, default=Path("data/benchmarks/gan_modes.json"))
    asked = parser.parse_args()

    make_repeatable()
    images, _ = draw(PICTURES, seed=1)
    recogniser = train_recogniser()
    print(f"recogniser of single shapes: {recogniser.held_out_accuracy[0]:.2%} on held-out pictures", flush=True)
    real = score(recogniser, draw(SCORED, seed=2)[0])
    print(f"real pictures: {real.captured} of {real.possible} modes, reverse KL {real.reverse_kl:.3f}", flush=True)
    codes = np.zeros((PICTURES, 0), np.int32)
    noise = np.random.default_rng(3).standard_normal((SCORED, NOISE), np.float32)
    results = []
    for recipe in BUILDERS if asked.recipe == "both" else [asked.recipe]:
        epochs, batch_size = -(-asked.shown // PICTURES), GanParameters(recipe=recipe).pictures_in_step
        gan = build(recipe, 32, (), 0, epochs * steps_in(PICTURES, batch_size))
        seconds = 0.0
        for epoch in range(epochs):
            started = time.perf_counter()
            train_epoch(gan, images, codes, epoch=epoch, batch_size=batch_size, seed=0)
            seconds += time.perf_counter() - started
            modes = score(recogniser, gan.draw(noise, np.zeros((SCORED, 0), np.int32)))
            line = {
                "recipe": recipe,
                "shown": (epoch + 1) * PICTURES,
                "seconds": round(seconds, 1),
                "modes": modes.captured,
                "reverse_kl": round(modes.reverse_kl, 4),
            }
            results.append(line)
            print(json.dumps(line), flush=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
