"""Registers the deployments with a running Prefect server: `PREFECT_API_URL=... eightytwenty deploy`."""

from rich.console import Console

from schemas.parameters import DeployParameters
from tasks.servers.deployments import deploy
from tasks.servers.prefect_api import POOL
from tasks.servers.private_prefect import configured_api


def deploy_command(_: DeployParameters) -> None:
    """Registers the work pool, the deployments and the automations, or updates them.

    Raises:
        UserError: PREFECT_API_URL is not set, or no Prefect server answers there.
    """
    api = configured_api()
    deploy()
    Console(soft_wrap=True, highlight=False).print(f"registered at {api}, work pool {POOL}", markup=False)
