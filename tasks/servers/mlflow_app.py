"""MLflow's server for this machine only. `mlflow server --app-name eightytwenty` finds it by its entry point.

By itself MLflow lets the pages of every port of this machine read and write. Here `--cors-allowed-origins` is all.
"""

from mlflow.server import security
from mlflow.server.fastapi_app import app as _mlflow

from tasks.servers.loopback import OwnOrigins

app = OwnOrigins(_mlflow, security.get_allowed_origins())
