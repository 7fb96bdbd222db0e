"""What each part of the recipe `stable` is worth: the same training with one part taken out.

Avatars at 32x32, each variant shown the same pictures, attributes and noise; about a minute a variant on two cores.
Prints a line per variant: FID (lower is better), coverage, diversity, attributes recognised as asked.

    python -m benchmarks.gan_parts
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from benchmarks.gan_time import pictures
from models.gans import stable
from models.gans.gan import NOISE
from models.gans.quality.measure import measure, measure_attributes, real_floor
from models.gans.training import make_repeatable, steps_in, train_epoch
from schemas.parameters import GanParameters

SIZE, PICTURES, BATCH = 32, 4000, GanParameters().pictures_in_step


class Separate(stable.StableGan):
    """Scores real and generated pictures by themselves: the loss of the first GAN (Goodfellow et al. 2014)."""

    def _pairing_loss(self, better: tf.Tensor, worse: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.softplus(-better)) + tf.reduce_mean(tf.nn.softplus(worse))


def build(
    cardinalities: tuple[int, ...],
    steps: int,
    kind: type[stable.StableGan] = stable.StableGan,
    penalty: float = stable.PENALTY,
    squash: bool = False,
) -> stable.StableGan:
    """The recipe, or a variant of it."""
    keras.utils.clear_session(free_memory=False)  # as `models.gans.training.build` does, for the same reason
    generator, average = (stable.generator(SIZE, cardinalities) for _ in range(2))
    if squash:
        generator, average = (
            keras.Model(one.input, keras.layers.Activation("tanh")(one.output)) for one in (generator, average)
        )
    gan = kind(generator, stable.discriminator(SIZE, cardinalities), average, 0, penalty)
    gan.compile(stable.adam(steps), stable.adam(steps))
    return gan


VARIANTS: dict[str, Callable[[tuple[int, ...], int], stable.StableGan]] = {
    "stable": build,
    "without pairing": lambda cardinalities, steps: build(cardinalities, steps, Separate),
    "without penalties": lambda cardinalities, steps: build(cardinalities, steps, penalty=0.0),
    "penalties a tenth": lambda cardinalities, steps: build(cardinalities, steps, penalty=stable.PENALTY / 10),
    # the rate of a training that is far from its end
    "constant rate": lambda cardinalities, steps: build(cardinalities, 1000 * steps),
    "with tanh": lambda cardinalities, steps: build(cardinalities, steps, squash=True),
}


def main() -> None:
    """Print the measures of each variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--out", type=Path, default=Path("data/benchmarks/gan_parts.json"))
    asked = parser.parse_args()

    make_repeatable()
    images, codes, real, real_codes, classifier = pictures(PICTURES, SIZE)
    print(json.dumps(real_floor(classifier, real, 0)), flush=True)
    noise = np.random.default_rng(1).standard_normal((len(real), NOISE), np.float32)
    lines = []
    for name in asked.variants:
        gan = VARIANTS[name](classifier.cardinalities, asked.epochs * steps_in(PICTURES, BATCH))
        started = time.process_time()
        for epoch in range(asked.epochs):
            train_epoch(gan, images, codes, epoch=epoch, batch_size=BATCH, seed=0)
        seconds = time.process_time() - started
        fake = gan.draw(noise, real_codes)
        values = measure(classifier, real, fake) | measure_attributes(classifier, fake, real_codes, codes)
        lines.append({"variant": name, "cpu_seconds": round(seconds), **{k: round(v, 3) for k, v in values.items()}})
        print(json.dumps(lines[-1]), flush=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
