"""Which paths a run may use when somebody starts it from a browser.

The parameters of a deployment's run come from anyone who can reach the Prefect UI. Their paths must lie in the data
folder or in a folder that EIGHTYTWENTY_SOURCES names (several are joined as in PATH), and outside the folders where the
program keeps its own files. The command line is not restricted: its user can read and write these files anyway.
"""

import os
import sys
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.read.download import download, is_address
from tasks.running.stages import data_folder

_OWN_FOLDERS = (
    "backups",
    "checkpoints",
    "datasets",
    "downloads",
    "home",
    "logs",
    "mlflow",
    "owners",
    "prefect",
    "reports",
    "servers",
    "stages",
)
"""The program's own folders in the data folder: nobody else changes what is in them."""


def require_allowed(path: str) -> Path:
    """Returns the path that a parameter names, if this run may use it.

    Args:
        path: of a file or folder; in a deployment's run a relative path starts at the data folder.

    Returns:
        the path; in a deployment's run it is absolute and has no symbolic links.

    Raises:
        UserError: a deployment's run may not use it.
    """
    if not _in_deployment():
        return Path(path)
    sources = os.environ.get("EIGHTYTWENTY_SOURCES", "").split(os.pathsep)
    folders = [data_folder(), *(Path(folder).resolve() for folder in sources if folder)]
    resolved = (folders[0] / path).resolve()
    if any(resolved.is_relative_to(folder) for folder in folders):
        return _require_apart(resolved)
    raise UserError(
        f"{path} lies outside the folders that runs from the UI may use ({', '.join(map(str, folders))}): "
        "move it into one of these, or name its folder in EIGHTYTWENTY_SOURCES when you start the worker."
    )


def require_allowed_store(address: str) -> None:
    """Checks that this run may read an object store, which it does with the credentials of the worker.

    Args:
        address: such as s3://bucket/orders.

    Raises:
        UserError: a deployment's run may not; EIGHTYTWENTY_STORES names what it may read.
    """
    stores = [store for store in os.environ.get("EIGHTYTWENTY_STORES", "").split(",") if store]
    if _in_deployment() and not any(f"{address}/".startswith(f"{store.rstrip('/')}/") for store in stores):
        named = ", ".join(stores) or "none"
        raise UserError(
            f"{address} is none of the stores that runs from the UI may read ({named}): name it in EIGHTYTWENTY_STORES "
            "when you start the worker."
        )


def fetch(source: str, data: Path) -> Path:
    """Returns the path of a source; if it is an address, it is downloaded into <data>/downloads first.

    Raises:
        UserError: it cannot be downloaded (see `eightytwenty.read.download`), or this run may not use that path.
    """
    if not is_address(source):
        return require_allowed(source)
    folder = data / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    return download(source, folder)


def require_allowed_to_copy(path: str) -> Path:
    """Returns the path that a parameter names, if its content may be copied into the data folder.

    Raises:
        UserError: this run may not use it, or the program's own folders would be copied into themselves.
    """
    return _require_apart(require_allowed(path))


def require_in_data_folder(path: str) -> Path:
    """Returns the file in the data folder that a parameter names, whoever started the run.

    Args:
        path: a relative one starts at the data folder.

    Returns:
        the path, absolute and without symbolic links.

    Raises:
        UserError: it is no file in the data folder, or lies in one of the program's own folders there.
    """
    data = data_folder()
    resolved = (data / path).resolve()
    if not resolved.is_relative_to(data):
        raise UserError(f"{path} lies outside the data folder {data}: put the file into it.")
    if not _require_apart(resolved).is_file():
        raise UserError(f"{path} is no file in the data folder {data}: put it there, or correct the name.")
    return resolved


def _require_apart(path: Path) -> Path:
    """Returns the path, unless it lies in one of the program's own folders or holds one."""
    resolved = path.resolve()
    for name in _OWN_FOLDERS:
        own = (data_folder() / name).resolve()
        if resolved.is_relative_to(own) or own.is_relative_to(resolved):
            relation = "lies in" if resolved.is_relative_to(own) else "holds"
            raise UserError(f"{path} {relation} {own}, where the program keeps its own files: choose another folder.")
    return path


def _in_deployment() -> bool:
    if "prefect" not in sys.modules:  # a command that needs no server
        return False
    from prefect.runtime import deployment

    return bool(deployment.id)
