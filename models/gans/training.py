"""Trains a GAN one epoch at a time, so that the caller can measure and save it after each."""

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
_PREFETCHED = 4  # batches
CONDITIONAL = ("stable",)  # the recipes whose generator takes the attributes to draw


def find_gpus() -> list[object]:
    """The GPUs that TensorFlow sees."""
    return list(tf.config.get_visible_devices("GPU"))


def default_batch_size(recipe: Recipe, gpus: Sequence[object] = ()) -> int:
    """Pictures in a step. On a GPU, a step of the small networks takes as long with 64 pictures as with 16."""
    if recipe == "stable":
        return 64 if gpus else 16
    return 128


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """How many steps show each of `rows` pictures once; the last batch may be smaller."""
    return -(-rows // batch_size)


def make_repeatable() -> None:
    """Makes TensorFlow give the same bits in each run on a machine; the last ones depend on the number of threads."""
    tf.config.experimental.enable_op_determinism()


def build(
    recipe: Recipe, size: int, cardinalities: Sequence[int], seed: int, steps: int, learning_rate: float = 0
) -> Gan:
    """Builds the networks of a recipe, to be trained.

    Keras numbers the layers of a process, and TensorFlow adds gradients up in the order of their names: with `dense_9`
    and `dense_10`, three gradients give different last bits than with `dense_8` and `dense_9`. So the numbering is
    reset here, and networks built earlier do not change the weights.

    Args:
        recipe: one of `BUILDERS`.
        size: side of the pictures: 32, 64 or 128.
        cardinalities: number of values of each attribute; a recipe that is not in `CONDITIONAL` ignores them.
        seed: of the weights and of the noise.
        steps: of the whole training.
        learning_rate: of both networks; 0 = as the recipe says.
    """
    keras.utils.clear_session(free_memory=False)
    return BUILDERS[recipe](size, cardinalities, seed, steps, learning_rate)


def train_epoch(
    gan: Gan,
    images: Images | Subset,
    codes: Codes,
    *,
    epoch: int,
    batch_size: int,
    seed: int,
    progress: Progress | None = None,
    prefetch: bool = False,
) -> dict[str, float]:
    """Shows each picture once.

    Args:
        gan: from `build`.
        images: (n, s, s, 3) RGB; may be a memory map.
        codes: (n, k) attributes; k is 0 where there are none.
        epoch: from 0; with `seed` it gives the order of the pictures.
        batch_size: pictures in a step; the last step of an epoch may have fewer.
        seed: of the order.
        progress: called with (pictures shown, n).
        prefetch: whether the next batches are read while a step runs, which pays where a GPU does the step.

    Returns:
        the mean losses of the epoch: discriminator_loss, generator_loss.
    """
    batches = _batches(images, codes, batch_size, np.random.default_rng([seed, epoch]))
    if prefetch:
        batches = batches.prefetch(_PREFETCHED)
    watcher = [_Watcher(len(images), batch_size, progress)] if progress else []
    history = gan.fit(batches, epochs=epoch + 1, initial_epoch=epoch, verbose=0, callbacks=watcher, shuffle=False)
    return {name: float(values[0]) for name, values in history.history.items()}


def _batches(images: Images | Subset, codes: Codes, batch_size: int, rng: np.random.Generator) -> tf.data.Dataset:
    """The pictures in a random order, as bytes.

    We build the dataset ourselves: the one that Keras makes of a `keras.utils.PyDataset` tunes itself, and its tuning
    thread is often not woken at the end, so that the epoch then waits idle, for up to as long again as it took.
    """
    order = rng.permutation(len(images))

    def batches() -> Iterator[tuple[Images, Codes]]:
        for start in range(0, len(order), batch_size):
            rows = np.sort(order[start : start + batch_size])
            yield images[rows], codes[rows]

    signature = (tf.TensorSpec((None, *images.shape[1:]), tf.uint8), tf.TensorSpec((None, codes.shape[1]), tf.int32))
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature).with_options(options)
    # with a length: without one, Keras finds the end only by a failed step, which it counts as a step
    return dataset.apply(tf.data.experimental.assert_cardinality(steps_per_epoch(len(order), batch_size)))


class _Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, total: int, batch_size: int, progress: Progress) -> None:
        super().__init__()
        self._total, self._size, self._progress = total, batch_size, progress

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 - Keras names it
        self._progress(min(self._total, (batch + 1) * self._size), self._total)
