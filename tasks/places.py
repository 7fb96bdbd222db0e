"""Which paths a run may use that somebody started from a browser.

The parameters of a deployment's run come from whoever reaches the Prefect UI. Its paths must lie in the data folder or
in a folder that EIGHTYTWENTY_SOURCES names (several are joined as in PATH). The command line is not restricted: its
user can read and write these files anyway.
"""

import os
import sys
from pathlib import Path

from schemas.errors import UserError
from tasks.stages import data_folder


def allowed(path: str) -> Path:
    """The path that a parameter names, if this run may use it.

    Args:
        path: of a file or folder; in a deployment's run a relative one counts from the data folder.

    Returns:
        the path; in a deployment's run absolute and without symbolic links.

    Raises:
        UserError: a deployment's run may not use it.
    """
    if not _is_of_deployment():
        return Path(path)
    named = os.environ.get("EIGHTYTWENTY_SOURCES", "").split(os.pathsep)
    folders = [data_folder(), *(Path(folder).resolve() for folder in named if folder)]
    place = (folders[0] / path).resolve()
    if any(place.is_relative_to(folder) for folder in folders):
        return place
    raise UserError(
        f"{path} lies outside the folders that runs from the UI may use ({', '.join(map(str, folders))}): "
        "put it into one of these, or name its folder in EIGHTYTWENTY_SOURCES where the worker is started."
    )


def _is_of_deployment() -> bool:
    if "prefect" not in sys.modules:  # a command that needs no server
        return False
    from prefect.runtime import deployment

    return bool(deployment.id)
