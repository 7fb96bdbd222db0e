"""Which paths a run may use that somebody started from a browser.

The parameters of a deployment's run come from whoever reaches the Prefect UI. Its paths must lie in the data folder or
in a folder that EIGHTYTWENTY_SOURCES names (several are joined as in PATH), and apart from the folders that the program
keeps its own things in. The command line is not restricted: its user can read and write these files anyway.
"""

import os
import sys
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.read.download import download, is_address
from tasks.running.stages import data_folder

_OWN = (
    "checkpoints",
    "datasets",
    "downloads",
    "logs",
    "mlflow",
    "owners",
    "prefect",
    "reports",
    "servers",
    "stages",
)
"""The program's own folders in the data folder: what lies there is changed by nobody else."""


def require_allowed(path: str) -> Path:
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
        return _apart(place)
    raise UserError(
        f"{path} lies outside the folders that runs from the UI may use ({', '.join(map(str, folders))}): "
        "put it into one of these, or name its folder in EIGHTYTWENTY_SOURCES where the worker is started."
    )


def fetched(source: str, data: Path) -> Path:
    """The path of a source, which is fetched into <data>/downloads if it is an address.

    Raises:
        UserError: it cannot be fetched (see `eightytwenty.read.download`), or this run may not use that path.
    """
    if not is_address(source):
        return require_allowed(source)
    folder = data / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return download(source, folder)


def require_allowed_to_copy(path: str) -> Path:
    """The path that a parameter names, if what lies there may be copied into the data folder.

    Raises:
        UserError: this run may not use it, or it would copy the program's own folders into themselves.
    """
    return _apart(require_allowed(path))


def _apart(place: Path) -> Path:
    """The place, where it neither lies in nor holds a folder of the program's own."""
    real = place.resolve()
    for name in _OWN:
        own = (data_folder() / name).resolve()
        if real.is_relative_to(own) or own.is_relative_to(real):
            where = "lies in" if real.is_relative_to(own) else "holds"
            raise UserError(f"{place} {where} {own}, where the program keeps its own files: choose another folder.")
    return place


def _is_of_deployment() -> bool:
    if "prefect" not in sys.modules:  # a command that needs no server
        return False
    from prefect.runtime import deployment

    return bool(deployment.id)
