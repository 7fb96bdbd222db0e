"""Trains a GAN for an epoch at a time, so that whoever calls can look, keep and go on in between."""

from collections.abc import Callable, Sequence
from typing import Literal

import keras
import numpy as np

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
    import tensorflow as tf

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
    batches = _Batches(images, codes, batch_size, np.random.default_rng([seed, epoch]))
    watcher = [_Watcher(len(images), batch_size, progress)] if progress else []
    history = gan.fit(batches, epochs=epoch + 1, initial_epoch=epoch, verbose=0, callbacks=watcher, shuffle=False)
    return {name: float(values[0]) for name, values in history.history.items()}


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The pictures in a random order, as bytes."""

    def __init__(self, images: Images | Subset, codes: Codes, batch_size: int, rng: np.random.Generator) -> None:
        super().__init__()
        self._images, self._codes, self._size = images, codes, batch_size
        self._order = rng.permutation(len(images))

    def __len__(self) -> int:
        return steps_in(len(self._order), self._size)

    def __getitem__(self, place: int) -> tuple[Images, Codes]:
        chosen = np.sort(self._order[place * self._size : (place + 1) * self._size])
        return self._images[chosen], self._codes[chosen]


class _Watcher(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, total: int, batch_size: int, progress: Progress) -> None:
        super().__init__()
        self._total, self._size, self._progress = total, batch_size, progress

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 - Keras names it
        self._progress(min(self._total, (batch + 1) * self._size), self._total)
