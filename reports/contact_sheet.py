"""One picture of a whole training: a square of samples for each epoch."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from reports.grid import ALARM, INK, PictureArray, captioned, grid, select_evenly

MOST_EPOCHS = 64
_WIDTH = 64  # approximate width of a sample in pixels
_GAP = 16  # pixels more between squares than between samples


def contact_sheet(
    samples: PictureArray,
    epochs: Sequence[int] | None = None,
    *,
    best: int | None = None,
    alarms: Collection[int] = (),
) -> PictureArray:
    """Lays out the samples of the epochs, a captioned square for each, from the first epoch to the last.

    If there are many epochs, some are shown, evenly spaced, and always the first, the best and the last. If an epoch
    with an alarm is left out, the next epoch shown is marked.

    Args:
        samples: (epochs, n, s, s, 3), uint8: for each epoch the samples from the same noise.
        epochs: the number of each epoch; by default 1, 2, 3, ...
        best: number of the best epoch.
        alarms: numbers of the epochs after which an alarm was raised.

    Returns:
        (height, width, 3), uint8.
    """
    numbers = list(epochs) if epochs is not None else list(range(1, len(samples) + 1))
    scale = max(1, round(_WIDTH / samples.shape[3]))
    squares = []
    previous = -1
    for index in select_evenly(len(samples), MOST_EPOCHS, [numbers.index(best)] if best is not None else []):
        has_alarm = any(numbers[passed] in alarms for passed in range(previous + 1, index + 1))
        notes = [note for note, applies in (("best", numbers[index] == best), ("alarm", has_alarm)) if applies]
        caption = ", ".join([f"epoch {numbers[index]}", *notes])
        squares.append(captioned(grid(samples[index], scale=scale), caption, colour=ALARM if has_alarm else INK))
        previous = index
    # captions can be wider than a few small samples, so that the squares differ in width
    width = max(square.shape[1] for square in squares)
    padded = [np.pad(square, ((0, _GAP), (0, width + _GAP - square.shape[1]), (0, 0)), "edge") for square in squares]
    root = math.ceil(math.sqrt(len(squares)))
    columns = min(range(root, root + 3), key=lambda number: -len(squares) % number)  # the fewest empty places
    return grid(np.stack(padded), columns, 1)
