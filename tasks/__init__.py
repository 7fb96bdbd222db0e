"""The tasks of the flows: they bind the library, models and reports to Prefect, MLflow and Great Expectations.

Import this package before those libraries: it switches off every library's telemetry and chooses how TensorFlow
computes. It also takes this machine out of the proxy settings: our own servers listen here, and a proxy elsewhere
cannot reach them. The proxy variables still apply to all other servers.
"""

import os
import tempfile
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.plugins import package_folder

_SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # seconds; a run that is silent for three of them counts as crashed
    "PREFECT_RUNNER_AUTO_INSTALL_DEPENDENCIES": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # start-up chatter; errors still show
    # the same sums in the same order in every run, so that a seed gives the same result bit for bit
    "TF_DETERMINISTIC_OPS": "1",
    # with oneDNN convolutions take half the time or less; by default TensorFlow uses it with AVX-512 only
    "TF_ENABLE_ONEDNN_OPTS": "1",
}

for _name, _value in _SETTINGS.items():
    os.environ.setdefault(_name, _value)

_no_proxy = [name for name in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")).split(",") if name]
if "*" not in _no_proxy:  # "*" only works as the single entry
    _no_proxy += [name for name in ("127.0.0.1", "localhost") if name not in _no_proxy]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(_no_proxy)  # some libraries read one, some the other


def _require_own_packages() -> None:
    """Checks that no other package hides one of the workflow's packages, whose names are common.

    Raises:
        UserError: one is hidden; the message says which package, and what hides it.
    """
    root = Path(__file__).resolve().parents[1]
    for name in ("models", "reports", "schemas"):
        folder = package_folder(name)
        if folder is None or folder.resolve() != root / name:
            raise UserError(
                f"eightytwenty-workflow cannot be loaded: {folder} hides its package {name}; uninstall that one, "
                "or take its folder off PYTHONPATH."
            )


def _require_folders() -> None:
    """Checks that libraries find a folder for temporary files, and a home folder: without one, it is <data>/home.

    Raises:
        UserError: no folder for temporary files can be written.
    """
    from tasks.running.stages import data_folder

    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise UserError("no folder for temporary files can be written: set TMPDIR to one that can.") from None
    if not os.access(os.path.expanduser("~"), os.R_OK | os.X_OK):  # noqa: PTH111 - Path's raises an error without one
        os.environ["HOME"] = str(data_folder() / "home")


_require_own_packages()
_require_folders()
