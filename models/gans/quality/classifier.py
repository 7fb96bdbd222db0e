"""A small network that names the attributes of pictures: not downloaded, trained here on the real pictures.

Its last hidden layer gives the features for FID, KID, density and coverage; its answers on generated pictures tell
whether a generator drew the attributes that it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.gans.images import Images, Subset
from models.gans.quality.features import FloatArray

Codes = NDArray[np.int32]

FEATURES = 128  # width of the last hidden layer
WIDTHS = (32, 64, 128)  # channels of the convolutions, each of which halves the picture
HELD_OUT_SHARE = 0.1
LEARNING_RATE = 3e-3
WARM_UP_SHARE = 0.2
BATCH = 256  # pictures that go through the trained network at a time


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained classifier of k attributes.

    Attributes:
        cardinalities: The number of values of each attribute.
        held_out_accuracy: (k,) float32, the share of held-out real pictures named correctly, per attribute.
        network: keras.Model from float32 (n, size, size, 3) in [0, 255] to features and logits.
    """

    cardinalities: tuple[int, ...]
    held_out_accuracy: FloatArray
    network: Any

    def features(self, images: Images) -> FloatArray:
        """Return the last hidden layer: uint8 (n, size, size, 3) -> float32 (n, 128)."""
        return self._run(images)[0]

    def predict(self, images: Images | Subset) -> Codes:
        """Return the most likely value of each attribute: uint8 (n, size, size, 3) -> int32 (n, k)."""
        return _most_likely(self._run(images)[1], self.cardinalities)

    def save(self, path: Path) -> None:
        """Write everything to one .npz file, the same bytes for the same classifier."""
        weights = {f"weight_{number:02d}": weight for number, weight in enumerate(self.network.get_weights())}
        size = np.int32(self.network.input_shape[1])
        with path.open("wb") as file:
            np.savez(file, size=size, cardinalities=self.cardinalities, accuracy=self.held_out_accuracy, **weights)

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what `save` wrote.

        Raises:
            OSError: There is no such file.
            ValueError: The file is not a classifier.
        """
        with np.load(path, allow_pickle=False) as file:
            if "cardinalities" not in file:
                raise ValueError(f"{path} is not a classifier that was saved here")
            cardinalities = tuple(int(cardinality) for cardinality in file["cardinalities"])
            network = _network(int(file["size"]), sum(cardinalities), seed=0)
            network.set_weights([file[name] for name in sorted(file.files) if name.startswith("weight_")])
            return cls(cardinalities, file["accuracy"], network)

    def _run(self, images: Images | Subset) -> tuple[FloatArray, FloatArray]:
        """Return (features, logits) of pictures, batch by batch."""
        if not len(images):
            raise ValueError("the classifier needs at least one picture")
        batches = (images[start : start + BATCH].astype(np.float32) for start in range(0, len(images), BATCH))
        features, logits = zip(*(self.network.predict_on_batch(batch) for batch in batches), strict=True)
        return np.concatenate(features), np.concatenate(logits)


def train_classifier(
    images: Images | Subset,
    codes: Codes,
    cardinalities: tuple[int, ...],
    *,
    seed: int,
    epochs: int = 10,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> Classifier:
    """Train on nine tenths of the real pictures and measure on the rest.

    Three convolutions with batch norm (3 x 3, stride 2), a hidden layer and one softmax per attribute; Adam, the
    learning rate rising and falling once over the planned epochs (Smith and Topin, "Super-Convergence", 2018). The
    number of epochs is fixed in advance: nothing is chosen by the held-out pictures, so their accuracy is honest.

    The same call on the same machine gives the same bits. A different number of TensorFlow threads sums the gradients
    of a convolution in a different order and changes the last bits; `enable_op_determinism` does not prevent that.

    Args:
        images: uint8 (n, size, size, 3), size a multiple of 8, n >= 20.
        codes: (n, k) integers, the value of each attribute in [0, cardinality).
        cardinalities: The number of values of each of the k attributes.
        seed: Initial weights, split and order of the batches follow from it.
        epochs: Passes over the training pictures, at least 1.
        batch_size: Pictures per step.
        progress: Called with (epochs done, epochs) after every epoch.

    Raises:
        ValueError: Pictures and codes do not fit each other, or there are fewer than 20 pictures.
    """
    _check(images, codes, cardinalities)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    held_out, train = np.split(order, [int(len(images) * HELD_OUT_SHARE)])
    batch_size = min(batch_size, len(train))
    steps = len(train) // batch_size  # the rest of an epoch's order is dropped; the next epoch has another order

    network = _network(images.shape[1], sum(cardinalities), seed)
    step = _train_step(network, cardinalities, steps * epochs)
    for epoch in range(epochs):
        shuffled = rng.permutation(train)
        for start in range(0, steps * batch_size, batch_size):
            rows = shuffled[start : start + batch_size]
            step(images[rows].astype(np.float32), codes[rows].astype(np.int32))
        if progress:
            progress(epoch + 1, epochs)
    classifier = Classifier(tuple(cardinalities), np.zeros(len(cardinalities), np.float32), network)
    right = classifier.predict(Subset(images, held_out)) == codes[held_out]
    return Classifier(classifier.cardinalities, right.mean(axis=0, dtype=np.float32), network)


def _network(size: int, outputs: int, seed: int) -> Any:
    """Build the network: pictures -> (features, the logits of all attributes side by side)."""
    import keras
    from keras import layers

    seeds = (keras.initializers.GlorotUniform(seed=seed * 100 + number) for number in range(100))
    pictures = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pictures)
    for width in WIDTHS:
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False, kernel_initializer=next(seeds))(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(FEATURES, use_bias=False, kernel_initializer=next(seeds))(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    features = layers.ReLU(name="features")(x)
    logits = layers.Dense(outputs, kernel_initializer=next(seeds), name="logits")(features)
    return keras.Model(pictures, [features, logits])


def _train_step(network: Any, cardinalities: Sequence[int], steps: int) -> Callable[[FloatArray, Codes], Any]:
    """Return a compiled step of training on float32 pictures and int32 codes."""
    import keras
    import tensorflow as tf

    warm_up = max(1, int(steps * WARM_UP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE / 25, max(1, steps - warm_up), warmup_target=LEARNING_RATE, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.Adam(schedule)
    optimizer.build(network.trainable_variables)

    def step(pictures: Any, codes: Any) -> None:
        with tf.GradientTape() as tape:
            logits = network(pictures, training=True)[1]
            losses = [
                tf.nn.sparse_softmax_cross_entropy_with_logits(codes[:, attribute], part)
                for attribute, part in enumerate(tf.split(logits, cardinalities, axis=1))
            ]
            loss = tf.reduce_mean(tf.add_n(losses))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    return tf.function(step)  # type: ignore[no-any-return]


def _most_likely(logits: FloatArray, cardinalities: Sequence[int]) -> Codes:
    """Return the value of each attribute with the largest logit: (n, sum of cardinalities) -> (n, k) int32."""
    parts = np.split(logits, np.cumsum(cardinalities)[:-1], axis=1)
    return np.stack([part.argmax(axis=1) for part in parts], axis=1).astype(np.int32)


def _check(images: Images | Subset, codes: Codes, cardinalities: Sequence[int]) -> None:
    if codes.shape != (len(images), len(cardinalities)):
        raise ValueError(
            f"{len(images)} pictures with {len(cardinalities)} attributes need codes of shape "
            f"{(len(images), len(cardinalities))}, not {codes.shape}"
        )
    if len(images) < 20:
        raise ValueError(f"a classifier needs at least 20 pictures, not {len(images)}")
    if codes.min() < 0 or (codes >= np.asarray(cardinalities)).any():
        raise ValueError("every code must lie between 0 and the number of values of its attribute")
