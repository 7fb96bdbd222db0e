"""Trains a GAN for an epoch at a time, so that whoever calls can look, keep and go on in between."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from models.gans.dcgan import dcgan
from models.gans.gan import Codes, Gan
from models.gans.images import Images, Subset
from models.gans.stable import stable

Recipe = Literal["stable", "dcgan"]
Progress = Callable[[int, int], None]

BUILDERS = {"stable": stable, "dcgan": dcgan}
CONDITIONAL = ("stable",)  # the recipes that draw the attributes that they are asked for


def steps_in(rows: int, batch_size: int) -> int:
    """How many steps show each of so many pictures once; the last one has what is left."""
    return -(-rows // batch_size)


def make_repeatable() -> None:
    """Makes TensorFlow give the same bits in each run on a machine; another number of threads changes the last ones."""
    tf.config.experimental.enable_op_determinism()


def build(recipe: Recipe, size: int, cardinalities: Sequence[int], seed: int, steps: int) -> Gan:
    """Builds the networks of a recipe, to be trained.

    Keras numbers the layers of a process, and TensorFlow orders by name what it adds up: with `dense_9` and `dense_10`
    three gradients give other last bits than with `dense_8` and `dense_9`. So the numbers start anew here, and what
    was built before does not show in the weights.

    Args:
        recipe: one of `BUILDERS`.
        size: side of the pictures: 32, 64 or 128.
        cardinalities: number of values of each attribute; a recipe that is not in `CONDITIONAL` ignores them.
        seed: of the weights and of the noise.
        steps: of the whole training.
    """
    keras.utils.clear_session(free_memory=False)
    return BUILDERS[recipe](size, cardinalities, seed, steps)


def train_epoch(
    gan: Gan,
    images: Images | Subset,
    codes: Codes,
    *,
    epoch: int,
    batch_size: int,
    seed: int,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Shows each picture once.

    Args:
        gan: from `build`.
        images: (n, s, s, 3) RGB; may be a memory map.
        codes: (n, k) attributes; k is 0 where there are none.
        epoch: from 0; with `seed` it gives the order of the pictures.
        batch_size: pictures in a step; the last step of an epoch has what is left.
        seed: of the order.
        progress: called with (pictures shown, n).

    Returns:
        the mean losses of the epoch: discriminator_loss, generator_loss.
    """
    batches = _batches(images, codes, batch_size, np.random.default_rng([seed, epoch]))
    watcher = [_Watcher(len(images), batch_size, progress)] if progress else []
    history = gan.fit(batches, epochs=epoch + 1, initial_epoch=epoch, verbose=0, callbacks=watcher, shuffle=False)
    return {name: float(values[0]) for name, values in history.history.items()}


def _batches(images: Images | Subset, codes: Codes, batch_size: int, rng: np.random.Generator) -> tf.data.Dataset:
    """The pictures in a random order, as bytes.

    A dataset of our own, because that of a `keras.utils.PyDataset` tunes itself, and the thread that does so often is
    not woken at the end: an epoch then waits, idle, for up to as long again as it took.
    """
    order = rng.permutation(len(images))

    def batches() -> Iterator[tuple[Images, Codes]]:
        for start in range(0, len(order), batch_size):
            chosen = np.sort(order[start : start + batch_size])
            yield images[chosen], codes[chosen]

    signature = (tf.TensorSpec((None, *images.shape[1:]), tf.uint8), tf.TensorSpec((None, codes.shape[1]), tf.int32))
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature).with_options(options)
    # a length, because without one Keras only finds the end by a step in vain, which counts all the same
    return dataset.apply(tf.data.experimental.assert_cardinality(steps_in(len(order), batch_size)))


class _Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, total: int, batch_size: int, progress: Progress) -> None:
        super().__init__()
        self._total, self._size, self._progress = total, batch_size, progress

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 - Keras names it
        self._progress(min(self._total, (batch + 1) * self._size), self._total)
