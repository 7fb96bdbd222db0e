"""One picture of a whole training: a row of samples for each epoch."""

from collections.abc import Collection, Sequence

import numpy as np

from reports.grid import PictureArray, grid, select_evenly

MOST_ROWS = 64
_COLUMNS = 16
_WIDTH = 64  # approximate width of a sample in pixels


def contact_sheet(
    samples: PictureArray,
    epochs: Sequence[int] | None = None,
    *,
    best: int | None = None,
    alarms: Collection[int] = (),
) -> PictureArray:
    """Lays out the samples of the epochs, a row for each, from the first epoch to the last.

    If there are many epochs, some are shown, evenly spaced, and always the first, the best and the last. If an epoch
    with an alarm is left out, the next epoch shown is marked.

    Args:
        samples: (epochs, n, s, s, 3), uint8: for each epoch the samples from the same noise; the first 16 are shown.
        epochs: the number of each epoch; by default 1, 2, 3, ...
        best: number of the best epoch.
        alarms: numbers of the epochs after which an alarm was raised.

    Returns:
        (height, width, 3), uint8.
    """
    numbers = list(epochs) if epochs is not None else list(range(1, len(samples) + 1))
    rows = select_evenly(len(samples), MOST_ROWS, [numbers.index(best)] if best is not None else [])
    labels, marked_rows = [], set()
    previous = -1
    for row, index in enumerate(rows):
        has_alarm = any(numbers[passed] in alarms for passed in range(previous + 1, index + 1))
        notes = [note for note, applies in (("best", numbers[index] == best), ("alarm", has_alarm)) if applies]
        labels.append(", ".join([f"epoch {numbers[index]}", *notes]))
        if has_alarm:
            marked_rows.add(row)
        previous = index
    pictures = samples[rows][:, :_COLUMNS]
    count, columns, height, width, _ = pictures.shape
    return grid(
        np.reshape(pictures, (count * columns, height, width, 3)),
        columns,
        max(1, round(_WIDTH / width)),
        row_labels=labels,
        marked_rows=marked_rows,
    )
