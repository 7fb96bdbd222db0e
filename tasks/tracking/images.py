"""Pictures by epoch, which the MLflow UI shows with a slider."""

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.run import Run

_FOLDER = "images"  # where MLflow keeps pictures that have a step


def log_picture(run: Run, picture: NDArray[np.uint8], step: int, key: str = "samples") -> None:
    """Log the picture of one step; what an earlier call logged for the same key and step makes room for it.

    A killed run that goes on may log a step again, and it may have died while it wrote one. So the step is logged
    anew, and afterwards it is there once and whole.

    Args:
        run: The run.
        picture: (height, width, 3), uint8, RGB.
        step: The epoch.
        key: The name of the row of pictures in the UI; letters, digits, "_", "-", "." and spaces.
    """
    for old in logged_pictures(run, step, key):
        run.delete_artifact(old)
    # not deferred to threads of MLflow's: it would cost the same at the end, and be lost with a killed process
    run.client.log_image(run.run_id, picture, key=key, step=step, synchronous=True)


def logged_pictures(run: Run, step: int, key: str = "samples") -> list[str]:
    """Artifact paths of the picture of one step: a PNG file and its small WebP copy, or nothing."""
    # MLflow writes all about a picture into its file's name, and nowhere else
    start = f"{_FOLDER}/{key}+step+{step}+"
    return sorted(file.path for file in run.client.list_artifacts(run.run_id, _FOLDER) if file.path.startswith(start))
