"""One verb each: the only code that talks to disk, Prefect, MLflow and Great Expectations.

Importing this package switches every library's reporting off and chooses how TensorFlow computes, so it must come
before theirs. It also keeps what is meant for this machine away from proxies: our own servers listen here, and a proxy
elsewhere cannot reach them. Servers elsewhere are reached as the proxy variables say.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from eightytwenty.errors import UserError

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
    # the same sums in the same order on every run, so that a seed repeats bit for bit
    "TF_DETERMINISTIC_OPS": "1",
    # convolutions take half the time or less with oneDNN; by itself TensorFlow uses it with AVX-512 only
    "TF_ENABLE_ONEDNN_OPTS": "1",
}

for _name, _value in _SETTINGS.items():
    os.environ.setdefault(_name, _value)

_direct = [name for name in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")).split(",") if name]
if "*" not in _direct:  # which only counts where it stands alone
    _direct += [name for name in ("127.0.0.1", "localhost") if name not in _direct]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(_direct)  # libraries differ in which one they read


def _require_own_packages() -> None:
    """The workflow's packages have plain names, and another package of such a name may hide one.

    Raises:
        UserError: it does; the sentence says which and where.
    """
    root = Path(__file__).resolve().parents[1]
    for name in ("models", "reports", "schemas"):
        spec = find_spec(name)
        folder = Path(spec.origin).parent if spec and spec.origin else None
        if folder is None or folder.resolve() != root / name:
            raise UserError(
                f"the package {name} of eightytwenty-workflow is hidden by {folder or 'another of that name'}: "
                "remove what hides it from PYTHONPATH."
            )


_require_own_packages()
