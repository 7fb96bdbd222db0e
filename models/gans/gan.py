"""What both recipes have in common: two networks, their optimizers, seeded noise, and a state that can be saved."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.gans.images import Images

NOISE = 100  # numbers that a picture is drawn from, as in the article
_SAMPLE_BATCH = 100
_NOISES = 8  # different uses of noise in one step

Codes = npt.NDArray[np.int32]
State = dict[str, npt.NDArray[Any]]


class Gan(keras.Model):  # type: ignore[misc]
    """A generator and a discriminator that are trained against each other.

    A subclass defines `train_step`. All randomness of a step follows from the seed and the number of the step, so the
    variables are the whole state of a training.

    Args:
        generator: {"noise": float32 (n, NOISE), "attributes": int32 (n, k)} -> float32 (n, s, s, 3), about
            [-1, 1]; without "attributes" where there are none.
        discriminator: {"pictures": float32 (n, s, s, 3) in [-1, 1], "attributes": int32 (n, k)} -> float32 (n, 1).
        seed: of the initial weights, which are drawn again here, and of the noise.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, seed: int) -> None:
        super().__init__()
        self.generator, self.discriminator, self.seed = generator, discriminator, seed
        _initialize([generator, discriminator], seed)
        self.steps = keras.Variable(0, dtype="int64", trainable=False, name="steps")
        self.loss_metrics = [keras.metrics.Mean("discriminator_loss"), keras.metrics.Mean("generator_loss")]

    def compile(self, generator_optimizer: keras.Optimizer, discriminator_optimizer: keras.Optimizer) -> None:
        """Takes an optimizer for each network; plain graphs, because on a CPU they train convolutions fastest."""
        super().compile(jit_compile=False)
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self) -> list[keras.Metric]:
        """The mean losses, which Keras resets at the start of each epoch."""
        return self.loss_metrics

    @property
    def sampler(self) -> keras.Model:
        """The generator that pictures are drawn with."""
        return self.generator

    @property
    def is_conditional(self) -> bool:
        """Whether it takes the attributes that a picture is to have."""
        return "attributes" in self.generator.input

    def noise(self, rows: tf.Tensor, use: int) -> tf.Tensor:
        """Normal noise, float32 (rows, NOISE), the same in each run for a step and a use (0 to 7) within it."""
        return tf.random.stateless_normal([rows, NOISE], self.stateless_seed(use))

    def stateless_seed(self, use: int) -> tf.Tensor:
        """A seed, int64 (2,), for one of the uses of randomness in a step."""
        return tf.stack([tf.constant(self.seed, tf.int64), self.steps.value * _NOISES + use])

    def update_losses(self, discriminator_loss: tf.Tensor, generator_loss: tf.Tensor) -> dict[str, tf.Tensor]:
        """Adds the losses of a step to the means of the epoch."""
        for metric, loss in zip(self.loss_metrics, (discriminator_loss, generator_loss), strict=True):
            metric.update_state(loss)
        return {metric.name: metric.result() for metric in self.loss_metrics}

    def draw(self, noise: npt.NDArray[np.float32], codes: Codes) -> Images:
        """Draws pictures.

        Args:
            noise: (n, NOISE).
            codes: (n, k), the attributes to draw; k is 0 where there are none.

        Returns:
            (n, s, s, 3) RGB.
        """
        pieces = []
        for start in range(0, len(noise), _SAMPLE_BATCH):
            piece = slice(start, start + _SAMPLE_BATCH)
            batch = inputs(self.sampler, tf.constant(noise[piece]), tf.constant(codes[piece]))
            drawn = self.sampler(batch, training=False)
            pieces.append(tf.cast(tf.clip_by_value(tf.round((drawn + 1) * 127.5), 0, 255), tf.uint8).numpy())
        return np.concatenate(pieces)

    @property
    def state(self) -> State:
        """All that the next step depends on: weights, averages, both optimizers, the number of steps."""
        return arrays_of(self._state_variables())

    @state.setter
    def state(self, state: State) -> None:
        put_arrays(state, self._state_variables())

    def _state_variables(self) -> Sequence[keras.Variable]:
        optimizers = [*self.generator_optimizer.variables, *self.discriminator_optimizer.variables]
        # a network's `variables` hold the state of its dropout, too
        return [self.steps, *self.generator.variables, *self.discriminator.variables, *optimizers]


def arrays_of(variables: Sequence[keras.Variable]) -> State:
    """The values of variables, by their positions."""
    return {f"{index:04}": np.asarray(variable) for index, variable in enumerate(variables)}


def put_arrays(arrays: State, variables: Sequence[keras.Variable]) -> None:
    """Assigns to variables the values that `arrays_of` read from variables of the same network.

    Raises:
        ValueError: their number differs.
    """
    if len(variables) != len(arrays):
        raise ValueError(f"a state of {len(arrays)} arrays does not fit a network of {len(variables)}")
    for index, variable in enumerate(variables):
        variable.assign(arrays[f"{index:04}"])


def _initialize(networks: Sequence[keras.Model], seed: int) -> None:
    """Draws everything that starts at random from the seed alone.

    Keras would take its seeds from Python's `random`, from which threads of other libraries draw, too, even after
    `keras.utils.set_random_seed`.
    """
    layers = [layer for network in networks for layer in _layers_in(network)]
    seeds = np.random.SeedSequence(seed).generate_state(len(layers)).tolist()
    for layer, layer_seed in zip(layers, seeds, strict=True):
        initializer = getattr(layer, "kernel_initializer", None)
        if initializer and "seed" in (config := initializer.get_config()):
            drawn = type(initializer).from_config({**config, "seed": layer_seed >> 1})
            layer.kernel.assign(drawn(layer.kernel.shape, layer.kernel.dtype))
        if generator := getattr(layer, "seed_generator", None):  # of dropout
            generator.state.assign([0, layer_seed])


def _layers_in(network: keras.Model) -> Iterator[keras.Layer]:
    for layer in network.layers:
        yield from _layers_in(layer) if hasattr(layer, "layers") else (layer,)


def inputs(network: keras.Model, value: tf.Tensor, codes: tf.Tensor) -> dict[str, tf.Tensor]:
    """The inputs of a network: noise or pictures, and the attributes if it takes any."""
    return {name: codes if name == "attributes" else value for name in network.input}


def scaled(images: tf.Tensor) -> tf.Tensor:
    """uint8 pictures as float32 in [-1, 1]; done inside the step, so that memory holds only bytes."""
    return tf.cast(images, tf.float32) / 127.5 - 1
