"""The parameters of the commands that start the servers, register the deployments and show the state."""

from pydantic import Field

from schemas.parameters.base import Parameters, PrintsJson


class UpParameters(Parameters):
    """Start the Prefect server, the MLflow server and a worker on this machine, until Ctrl-C."""

    prefect_port: int = Field(4200, ge=1, le=65535, description="where the Prefect server listens, on 127.0.0.1 only")
    mlflow_port: int = Field(
        5000, title="MLflow port", ge=1, le=65535, description="where the MLflow server listens, on 127.0.0.1 only"
    )


class DeployParameters(Parameters):
    """Register the deployments of all flows, their work pool and their automations at PREFECT_API_URL."""

    as_json: PrintsJson = False


class StatusParameters(Parameters):
    """Show which servers are up, and how the last runs ended."""

    runs: int = Field(5, ge=1, le=100, description="how many of the last runs to list")
    as_json: PrintsJson = False
