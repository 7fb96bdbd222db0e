"""One picture of a whole training: a row of samples for each epoch."""

from collections.abc import Collection, Sequence

import numpy as np

from reports.grid import PictureArray, evenly, grid

MOST_ROWS = 64
_COLUMNS = 16
_WIDTH = 64  # pixels of a sample, about


def contact_sheet(
    samples: PictureArray,
    epochs: Sequence[int] | None = None,
    *,
    best: int | None = None,
    alarms: Collection[int] = (),
) -> PictureArray:
    """Lays the samples of the epochs out, a row for each, from the first epoch to the last.

    Of many epochs some are shown, at even distances; the first, the best and the last always. An epoch with an alarm
    that is left out is marked on the next one that is shown.

    Args:
        samples: (epochs, n, s, s, 3), uint8: of each epoch the samples from the same noise; the first 16 are shown.
        epochs: the number of each epoch; without them 1, 2, 3, ...
        best: number of the best epoch.
        alarms: numbers of the epochs after which an alarm was raised.

    Returns:
        (height, width, 3), uint8.
    """
    numbers = list(epochs) if epochs is not None else list(range(1, len(samples) + 1))
    rows = evenly(len(samples), MOST_ROWS, [numbers.index(best)] if best is not None else [])
    labels, marked = [], set()
    before = -1
    for row, place in enumerate(rows):
        raised = any(numbers[passed] in alarms for passed in range(before + 1, place + 1))
        notes = [word for word, so in (("best", numbers[place] == best), ("alarm", raised)) if so]
        labels.append(", ".join([f"epoch {numbers[place]}", *notes]))
        if raised:
            marked.add(row)
        before = place
    shown = samples[rows][:, :_COLUMNS]
    count, columns, height, width, _ = shown.shape
    return grid(
        np.reshape(shown, (count * columns, height, width, 3)),
        columns,
        max(1, round(_WIDTH / width)),
        row_labels=labels,
        marked_rows=marked,
    )
