"""The compiled program that trains a whole grid of adders at once, step for step as Keras `fit` would train each.

Networks stand in rows and columns. A row is one training set in one repetition; its networks, one per hidden
width, see the same batches. The nodes of all widths of a row stand one after another in one axis, so that no
arithmetic is wasted on padding: with widths (1, 2, 4) axis `nodes` is [1 | 2 2 | 4 4 4 4]. Every tensor keeps
that axis outside and the examples of the batch inside, which was the fastest of five layouts under XLA on a CPU.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

BATCH = 32
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-7  # keras.optimizers.Adam()
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")

Tensor = Any  # TensorFlow carries no types


class Examples(NamedTuple):
    """What the networks learn from. Sets of unequal size are padded at the end; `size` counts the real examples."""

    train: Tensor  # (rows, examples, 3) float32: a, b, sum
    train_size: Tensor  # (rows,) int32
    validation: Tensor  # (rows, examples, 3) float32
    validation_size: Tensor  # (rows,) int32


class State(NamedTuple):
    """Everything that changes while training. The first axis of the weights is (a, b, output)."""

    epoch: Tensor  # () int32: epochs done
    weights: Tensor  # (3, nodes, rows) float32
    first_moment: Tensor  # as the weights: Adam's mean of the gradients
    second_moment: Tensor  # as the weights: Adam's mean of their squares
    best_weights: Tensor  # as the weights: at the end of the epoch with the lowest validation loss
    best_loss: Tensor  # (networks, rows) float32
    best_epoch: Tensor  # (networks, rows) int32, from 0
    running: Tensor  # (networks, rows) bool: early stopping has not ended this network
    epochs_run: Tensor  # (networks, rows) int32


def start(weights: Tensor, networks: int) -> State:
    """Return the state before the first epoch, for (3, nodes, rows) float32 weights and this many networks a row."""
    weights = tf.convert_to_tensor(weights, tf.float32)
    cells = [networks, weights.shape[2]]
    return State(
        epoch=tf.constant(0),
        weights=weights,
        first_moment=tf.zeros_like(weights),
        second_moment=tf.zeros_like(weights),
        best_weights=weights,
        best_loss=tf.fill(cells, float("inf")),
        best_epoch=tf.zeros(cells, tf.int32),
        running=tf.ones(cells, tf.bool),
        epochs_run=tf.zeros(cells, tf.int32),
    )


def _train_epochs(
    hidden_units: tuple[int, ...], patience: int, state: State, examples: Examples, orders: Tensor, count: Tensor
) -> tuple[State, Tensor]:
    """Train `count` epochs, or fewer when early stopping has ended every network.

    A network that has stopped is still computed, because others in its row may be running, but it is no longer
    recorded: its best weights and its history stay as they were.

    Args:
        hidden_units: Widths of the networks of a row, in the order of the axis `nodes`.
        patience: Epochs without a lower validation loss after which a network stops; 0 means never.
        state: The current state of the training.
        examples: The training and validation sets.
        orders: (epochs, rows, examples) int32: for each epoch and row, the order of the examples. First comes a
            permutation of the row's own `train_size`, then padding up to a multiple of the batch size.
        count: () int32, at most `epochs`.

    Returns:
        The new state, and (epochs, 4, networks, rows) float32 of METRICS; only the first `count` epochs are filled.
    """
    steps = orders.shape[2] // BATCH
    sizes = tf.clip_by_value(examples.train_size - BATCH * tf.range(steps)[:, None], 0, BATCH)  # (steps, rows)
    history = tf.zeros([orders.shape[0], len(METRICS), *state.running.shape])
    done = tf.constant(0)
    while done < count and tf.reduce_any(state.running):
        order = tf.gather(orders, done)
        state, loss, accuracy = _train_epoch(hidden_units, state, examples.train, order, sizes)
        val_loss, val_accuracy = _evaluate(hidden_units, state.weights, examples.validation, examples.validation_size)
        state = _early_stopping(hidden_units, patience, state, val_loss)
        row = tf.stack([loss, accuracy, val_loss, val_accuracy])
        history = tf.tensor_scatter_nd_update(history, done[None, None], row[None])
        done += 1
    return state, history


train_epochs = tf.function(_train_epochs, jit_compile=True)


def _train_epoch(
    hidden_units: tuple[int, ...], state: State, train: Tensor, order: Tensor, sizes: Tensor
) -> tuple[State, Tensor, Tensor]:
    """Train one epoch; return the state, and loss and accuracy as `fit` reports them: averaged while training."""
    steps, rows = sizes.shape
    batches = tf.reshape(tf.gather(train, order, batch_dims=1), [rows, steps, BATCH, 3])
    batches = tf.transpose(batches, [1, 3, 0, 2])  # (steps, 3, rows, BATCH)
    mask = tf.cast(tf.range(BATCH) < sizes[:, :, None], tf.float32)  # (steps, rows, BATCH): 0 for padding
    share = tf.math.divide_no_nan(mask, tf.cast(sizes, tf.float32)[:, :, None])  # the mean over the batch

    # A row with fewer batches than another does nothing in the steps that it lacks.
    active = sizes > 0
    steps_of_row = tf.reduce_sum(tf.cast(active, tf.int32), axis=0)
    step_number = tf.cast(state.epoch * steps_of_row + tf.range(1, steps + 1)[:, None], tf.float32)
    rate = LEARNING_RATE * tf.sqrt(1 - tf.pow(BETA_2, step_number)) / (1 - tf.pow(BETA_1, step_number))
    rates = tf.where(active[:, None], tf.stack([rate, *_constants(rate, 1 - BETA_1, 1 - BETA_2)], axis=1), 0.0)

    weights, first, second = state.weights, state.first_moment, state.second_moment
    squares = tf.zeros([len(hidden_units), rows, BATCH])
    right = tf.zeros([len(hidden_units), rows, BATCH])
    for step in tf.range(steps):
        a, b, total = tf.unstack(tf.gather(batches, step))
        hidden, prediction = _forward(hidden_units, weights, a, b)
        error = prediction - total
        squares += error * error * mask[step]
        right += tf.cast(tf.round(prediction) == total, tf.float32) * mask[step]

        slope = tf.repeat(2 * share[step] * error, hidden_units, axis=0)  # d loss / d prediction, for every node
        inner = slope * weights[2][:, :, None] * hidden * (1 - hidden)
        gradient = tf.reduce_sum(tf.stack([inner * a, inner * b, slope * hidden]), axis=3)

        learning_rate, decay_1, decay_2 = tf.unstack(rates[step])
        first += (gradient - first) * decay_1
        second += (gradient * gradient - second) * decay_2
        weights -= first * learning_rate / (tf.sqrt(second) + EPSILON)

    examples_of_row = tf.cast(tf.reduce_sum(sizes, axis=0), tf.float32)
    state = state._replace(weights=weights, first_moment=first, second_moment=second)
    return state, tf.reduce_sum(squares, 2) / examples_of_row, tf.reduce_sum(right, 2) / examples_of_row


def _evaluate(hidden_units: tuple[int, ...], weights: Tensor, examples: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean squared error and accuracy, each (networks, rows), on (rows, examples, 3) padded examples."""
    a, b, total = tf.unstack(examples, axis=2)
    _, prediction = _forward(hidden_units, weights, a, b)
    mask = tf.range(examples.shape[1]) < size[:, None]
    squares = tf.where(mask, tf.square(prediction - total), 0.0)
    right = tf.cast(mask & (tf.round(prediction) == total), tf.float32)
    count = tf.cast(size, tf.float32)
    return tf.reduce_sum(squares, 2) / count, tf.reduce_sum(right, 2) / count


def _forward(hidden_units: tuple[int, ...], weights: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return the activations (nodes, rows, examples) and the predictions (networks, rows, examples) for a and b."""
    hidden = tf.sigmoid(a * weights[0][:, :, None] + b * weights[1][:, :, None])
    by_network = tf.split(hidden * weights[2][:, :, None], hidden_units)
    return hidden, tf.stack([tf.reduce_sum(nodes, axis=0) for nodes in by_network])


def _early_stopping(hidden_units: tuple[int, ...], patience: int, state: State, val_loss: Tensor) -> State:
    """Do what keras.callbacks.EarlyStopping does, for each network separately."""
    # The first epoch counts as an improvement even where its loss is not a number.
    better = state.running & ((val_loss < state.best_loss) | (state.epoch == 0))
    best_epoch = tf.where(better, state.epoch, state.best_epoch)
    running = state.running & (state.epoch - best_epoch < patience) if patience else state.running
    return state._replace(
        epoch=state.epoch + 1,
        best_weights=tf.where(tf.repeat(better, hidden_units, axis=0), state.weights, state.best_weights),
        best_loss=tf.where(better, val_loss, state.best_loss),
        best_epoch=best_epoch,
        running=running,
        epochs_run=state.epochs_run + tf.cast(state.running, tf.int32),
    )


def _constants(like: Tensor, *values: float) -> list[Tensor]:
    """Return tensors of the shape of `like`, each filled with one value."""
    return [tf.fill(like.shape, value) for value in values]
