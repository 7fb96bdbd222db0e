"""The recipe `dcgan`: the article's network, unchanged, for comparison.

A DCGAN (Radford et al. 2016) after TensorFlow's tutorial, as the article's author widened it. It takes no attributes.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from models.gans.gan import NOISE, Gan, scaled

_RATE = 2e-4
_REAL_LABEL = 0.9  # one-sided label smoothing


class Dcgan(Gan):
    """Trains both networks at once with binary cross-entropy."""

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step of each network on uint8 pictures (n, s, s, 3); their attributes are ignored."""
        images, _ = data
        self.steps.assign_add(1)
        noise = self.noise(tf.shape(images)[0], 0)
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = self.generator({"noise": noise}, training=True)
            real_scores = self.discriminator({"pictures": scaled(images)}, training=True)
            fake_scores = self.discriminator({"pictures": fake}, training=True)
            generator_loss = _cross_entropy(1.0, fake_scores)
            discriminator_loss = _cross_entropy(_REAL_LABEL, real_scores) + _cross_entropy(0.0, fake_scores)
        weights = self.generator.trainable_variables
        self.generator_optimizer.apply(generator_tape.gradient(generator_loss, weights), weights)
        weights = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(discriminator_tape.gradient(discriminator_loss, weights), weights)
        return self.update_losses(discriminator_loss, generator_loss)


def _cross_entropy(label: float, scores: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tf.fill(tf.shape(scores), label), scores))


def dcgan(size: int, cardinalities: Sequence[int], seed: int, steps: int, learning_rate: float = 0) -> Dcgan:
    """Builds the networks of the recipe.

    Args:
        size: side of the pictures: 32, 64 or 128. The article's were 64; other sizes take one layer less or more.
        cardinalities: not used: the article's network takes no attributes.
        seed: of the weights and of the noise.
        steps: not used: the article's learning rate was constant.
        learning_rate: 0 = the article's.
    """
    del cardinalities, steps
    gan = Dcgan(_generator(size), _discriminator(size), seed)
    gan.compile(*(keras.optimizers.Adam(learning_rate or _RATE, beta_1=0.5) for _ in range(2)))
    return gan


def _generator(size: int) -> keras.Model:
    noise = keras.Input((NOISE,), name="noise")
    x = layers.Dense(4 * 4 * 1024, use_bias=False)(noise)
    x = layers.Reshape((4, 4, 1024))(layers.LeakyReLU(0.2)(layers.BatchNormalization()(x)))
    for doubling in range(int(math.log2(size // 8))):
        x = layers.Conv2DTranspose(512 >> doubling, 5, strides=2, padding="same", use_bias=False)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(3, 5, strides=2, padding="same", use_bias=False, activation="tanh")(x)
    return keras.Model({"noise": noise}, x)


def _discriminator(size: int) -> keras.Model:
    pictures = keras.Input((size, size, 3), name="pictures")
    x = pictures
    for index, channels in enumerate((64, 128, 256)):
        x = layers.Conv2D(channels, 5, strides=2, padding="same")(x)
        if index == 0:
            x = layers.BatchNormalization()(x)
        x = layers.Dropout(0.3)(layers.LeakyReLU(0.2)(x))
    return keras.Model({"pictures": pictures}, layers.Dense(1)(layers.Flatten()(x)))
