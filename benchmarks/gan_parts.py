"""What each part of the recipe `stable` is worth: the same training with one part left out.

Avatars at 32x32, each variant shown the same pictures, attributes and noise; about a minute a variant on two cores.
Prints a line per variant: FID (lower is better), coverage, diversity, attributes recognised as requested.

    python -m benchmarks.gan_parts
"""

import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from benchmarks.gan_time import HELD_OUT, draw_pictures
from benchmarks.harness import Result, Size, command_line, print_json, run
from models.gans import stable
from models.gans.gan import NOISE
from models.gans.quality.measure import measure, measure_attributes, real_floor
from models.gans.training import default_batch_size, make_repeatable, steps_per_epoch, train_epoch

SIZE, BATCH = 32, default_batch_size("stable")


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
            keras.Model(network.input, keras.layers.Activation("tanh")(network.output))
            for network in (generator, average)
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
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--epochs", type=int, default=Size(8, quick=1))
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=VARIANTS,
        default=Size(list(VARIANTS), quick=["stable", "without pairing"]),
        metavar="VARIANT",
    )
    parser.set_defaults(pictures=Size(4000, quick=32), held_out=Size(HELD_OUT, quick=20))
    run(compare, parser)


def compare(epochs: int, variants: Sequence[str], pictures: int, held_out: int) -> Result:
    """Print the measures of each variant."""
    make_repeatable()
    images, codes, real, real_codes, classifier = draw_pictures(pictures, held_out, SIZE)
    floor = real_floor(classifier, real, 0)
    print_json(floor)
    noise = np.random.default_rng(1).standard_normal((len(real), NOISE), np.float32)
    lines = []
    for name in variants:
        gan = VARIANTS[name](classifier.cardinalities, epochs * steps_per_epoch(pictures, BATCH))
        started = time.process_time()
        for epoch in range(epochs):
            train_epoch(gan, images, codes, epoch=epoch, batch_size=BATCH, seed=0)
        seconds = time.process_time() - started
        fake = gan.draw(noise, real_codes)
        values = measure(classifier, real, fake) | measure_attributes(classifier, fake, real_codes, codes)
        lines.append({"variant": name, "cpu_seconds": seconds, **values})
        print_json(lines[-1])
    return {**floor, "variants": lines}


if __name__ == "__main__":
    main()
