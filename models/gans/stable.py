"""The recipe `stable`: a small GAN that does not collapse.

Each part is somebody's finding:

- real and generated pictures are compared in pairs (Jolicoeur-Martineau 2019, "The relativistic discriminator"), a loss
  that has no minimum in which all generated pictures are alike (Sun et al. 2020, "Towards a better global loss
  landscape of GANs"); the pictures of a pair have the same attributes;
- penalties on the gradient at real (R1) and generated (R2) pictures make the training converge (Mescheder et al. 2018,
  "Which training methods for GANs do actually converge?"; Huang et al. 2024, "The GAN is dead; long live the GAN!");
- the penalties are taken on every eighth step only, eight times as large (Karras et al. 2020, "Analyzing and improving
  the image quality of StyleGAN");
- no normalisation, and Adam without momentum (Huang et al. 2024);
- in the second half of the training the learning rate falls to 0 (as in Zhu et al. 2017, "Unpaired image-to-image
  translation using cycle-consistent adversarial networks"), along half a cosine: with a constant one the weights never
  settle;
- pictures are drawn with a running average of the generator's weights (Yazıcı et al. 2019, "The unusual effectiveness
  of averaging in GAN training");
- attributes enter the discriminator by projection (Miyato and Koyama 2018, "cGANs with projection discriminator");
  in the generator they join the noise and, with it, set a gain for each channel (after Karras et al. 2019,
  "A style-based generator architecture");
- the pictures' last doubling is a rearrangement of channels (Shi et al. 2016, "Real-time single image and video
  super-resolution"), which saves the most expensive convolution.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from models.gans.gan import NOISE, Gan, inputs, scaled

_CHANNELS = (256, 128, 64, 32, 32)  # of the generator, from 4x4 up
_FEATURES = 256
_RATE = 1e-3
_PENALTY_EVERY = 8  # steps
PENALTY = 1.0
_LONGEST_AVERAGE = 0.999


class StableGan(Gan):
    """Trains with the relativistic pairing loss and both gradient penalties.

    Args:
        generator: see `Gan`.
        discriminator: see `Gan`.
        average: a copy of the generator, which becomes its running average.
        seed: of the noise.
        penalty: weight of the gradient penalties (gamma of Mescheder et al.).
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, average: keras.Model, seed: int, penalty: float
    ) -> None:
        super().__init__(generator, discriminator, seed)
        self.average, self.penalty = average, penalty
        average.set_weights(generator.get_weights())

    @property
    def sampler(self) -> keras.Model:
        """The running average."""
        return self.average

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step of each network on uint8 pictures (n, s, s, 3) and their attributes int32 (n, k)."""
        images, codes = data
        real, rows = scaled(images), tf.shape(images)[0]
        self.steps.assign_add(1)

        fake = self.generator(inputs(self.generator, self.noise(rows, 0), codes), training=True)
        both, both_codes = tf.concat([real, fake], 0), tf.concat([codes, codes], 0)
        discriminator_loss, *gradients = tf.cond(
            tf.equal(self.steps.value % _PENALTY_EVERY, 0),
            lambda: self._penalised(both, both_codes, rows),
            lambda: self._plain(both, both_codes, rows),
        )
        self.discriminator_optimizer.apply(gradients, self.discriminator.trainable_variables)

        real_scores = self._scores(real, codes)
        with tf.GradientTape() as tape:
            fake = self.generator(inputs(self.generator, self.noise(rows, 1), codes), training=True)
            generator_loss = self._pairing_loss(self._scores(fake, codes), real_scores)
        weights = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(generator_loss, weights), weights)

        # short at first, so that the average soon forgets the network's first pictures
        steps = tf.cast(self.steps.value, tf.float32)
        decay = tf.minimum(_LONGEST_AVERAGE, (1 + steps) / (10 + steps))
        for mean, weight in zip(self.average.trainable_variables, weights, strict=True):
            mean.assign(weight + decay * (mean - weight))
        return self.update_losses(discriminator_loss, generator_loss)

    def _scores(self, pictures: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        return self.discriminator(inputs(self.discriminator, pictures, codes), training=True)[:, 0]

    def _plain(self, both: tf.Tensor, codes: tf.Tensor, rows: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            scores = self._scores(both, codes)
            loss = self._pairing_loss(scores[:rows], scores[rows:])
        return [loss, *tape.gradient(loss, self.discriminator.trainable_variables)]

    def _penalised(self, both: tf.Tensor, codes: tf.Tensor, rows: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(both)
                scores = self._scores(both, codes)
            slope = inner.gradient(scores, both)
            # R1 and R2 at once: gamma / 2 times the squared slope, a mean over real and one over generated pictures
            steepness = 2 * tf.reduce_mean(tf.reduce_sum(tf.square(slope), [1, 2, 3]))
            loss = self._pairing_loss(scores[:rows], scores[rows:])
            penalised = loss + _PENALTY_EVERY * self.penalty / 2 * steepness
        return [loss, *tape.gradient(penalised, self.discriminator.trainable_variables)]

    def _pairing_loss(self, better: tf.Tensor, worse: tf.Tensor) -> tf.Tensor:
        """How far the first of each pair is from scoring higher than the second."""
        return tf.reduce_mean(tf.nn.softplus(worse - better))

    def _state_variables(self) -> Sequence[keras.Variable]:
        return [*super()._state_variables(), *self.average.variables]


def stable(size: int, cardinalities: Sequence[int], seed: int, steps: int, learning_rate: float = 0) -> StableGan:
    """Builds the networks of the recipe.

    Args:
        size: side of the pictures: 32, 64 or 128.
        cardinalities: number of values of each attribute.
        seed: of the weights and of the noise.
        steps: of the whole training, at the end of which the learning rate is 0.
        learning_rate: in its first half; 0 = as the recipe says.
    """
    gan = StableGan(
        generator(size, cardinalities),
        discriminator(size, cardinalities),
        generator(size, cardinalities),
        seed,
        PENALTY,
    )
    gan.compile(adam(steps, learning_rate), adam(steps, learning_rate))
    return gan


def adam(steps: int, learning_rate: float = 0) -> keras.Optimizer:
    """The optimizer of each network, for a training of `steps` steps."""
    constant_steps, first = steps // 2, learning_rate or _RATE
    rate = keras.optimizers.schedules.CosineDecay(
        first, decay_steps=steps - constant_steps, warmup_target=first, warmup_steps=constant_steps
    )
    return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9, epsilon=1e-8)


def generator(size: int, cardinalities: Sequence[int]) -> keras.Model:
    """A generator (see `Gan`) for pictures of a size and attributes of these cardinalities."""
    noise = keras.Input((NOISE,), name="noise")
    network_inputs = {"noise": noise}
    latent = noise
    if cardinalities:
        network_inputs["attributes"] = keras.Input((len(cardinalities),), dtype="int32", name="attributes")
        latent = layers.Concatenate()([noise, _one_hot(network_inputs["attributes"], cardinalities)])
    style = _active(layers.Dense(_FEATURES, kernel_initializer=_he()))(latent)
    x = layers.Dense(4 * 4 * _CHANNELS[0], kernel_initializer=_he())(style)
    x = layers.LeakyReLU(0.2)(layers.Reshape((4, 4, _CHANNELS[0]))(x))
    doublings = int(math.log2(size // 4)) - 1
    for channels in _CHANNELS[1 : doublings + 1]:
        x = layers.UpSampling2D(interpolation="nearest")(x)
        x = layers.Conv2D(channels, 3, padding="same", kernel_initializer=_he())(x)
        gain = layers.Dense(channels, kernel_initializer="zeros", bias_initializer="ones")(style)
        x = layers.LeakyReLU(0.2)(layers.Multiply()([x, layers.Reshape((1, 1, channels))(gain)]))
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=_he(0.1))(x)
    # no tanh: where pictures are mostly white it would saturate, and the network would stop learning
    return keras.Model(network_inputs, _depth_to_space(x, size // 2))


def discriminator(size: int, cardinalities: Sequence[int]) -> keras.Model:
    """A discriminator (see `Gan`) of pictures of a size and attributes of these cardinalities."""
    pictures = keras.Input((size, size, 3), name="pictures")
    network_inputs = {"pictures": pictures}
    x = _space_to_depth(pictures, size // 2)
    x = _active(layers.Conv2D(32, 3, padding="same", kernel_initializer=_he()))(x)
    for doubling in range(int(math.log2(size // 8))):
        channels = min(32 << (doubling + 1), 256)
        # looking at each size before it is halved is what tells an ellipse from a potato
        x = _active(layers.Conv2D(channels // 2, 3, padding="same", kernel_initializer=_he()))(x)
        x = _active(layers.Conv2D(channels, 4, strides=2, padding="same", kernel_initializer=_he()))(x)
    features = _active(layers.Dense(_FEATURES, kernel_initializer=_he()))(layers.Flatten()(x))
    score = layers.Dense(1)(features)
    if cardinalities:
        network_inputs["attributes"] = keras.Input((len(cardinalities),), dtype="int32", name="attributes")
        projection = layers.Dense(
            _FEATURES, use_bias=False, kernel_initializer=keras.initializers.RandomNormal(stddev=1 / 16)
        )(_one_hot(network_inputs["attributes"], cardinalities))
        score = layers.Add()([score, layers.Dot(1)([features, projection])])
    return keras.Model(network_inputs, score)


def _active(layer: keras.Layer) -> keras.Sequential:
    return keras.Sequential([layer, layers.LeakyReLU(0.2)])


def _he(scale: float = 1.0) -> keras.Initializer:
    return keras.initializers.VarianceScaling(2 * scale, "fan_in", "truncated_normal")


def _one_hot(codes: keras.KerasTensor, cardinalities: Sequence[int]) -> keras.KerasTensor:
    columns = [keras.ops.one_hot(codes[:, index], values) for index, values in enumerate(cardinalities)]
    return keras.ops.concatenate(columns, axis=1)


def _depth_to_space(x: keras.KerasTensor, side: int) -> keras.KerasTensor:
    """(n, side, side, 12) -> (n, 2 side, 2 side, 3), in layers that any Keras can load."""
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((side, side, 2, 2, 3))(x))
    return layers.Reshape((2 * side, 2 * side, 3))(x)


def _space_to_depth(x: keras.KerasTensor, side: int) -> keras.KerasTensor:
    """(n, 2 side, 2 side, 3) -> (n, side, side, 12)."""
    x = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((side, 2, side, 2, 3))(x))
    return layers.Reshape((side, side, 12))(x)
