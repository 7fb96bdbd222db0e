"""Registers the deployments with a running Prefect server: `PREFECT_API_URL=... eightytwenty deploy`."""

from rich.console import Console

from eightytwenty.printable import print_json
from eightytwenty.progress import waiting
from schemas.parameters import DeployParameters
from tasks.servers.deployments import deploy
from tasks.servers.prefect_api import POOL
from tasks.servers.private_prefect import configured_api


def deploy_command(parameters: DeployParameters) -> None:
    """Registers the work pool, the deployments and the automations, or updates them.

    Raises:
        UserError: PREFECT_API_URL is not set, or no Prefect server answers there.
    """
    with waiting("register the deployments"):
        api = configured_api()
        deploy()
    if parameters.as_json:
        print_json({"prefect": api, "work_pool": POOL})
        return
    Console(soft_wrap=True, highlight=False).print(f"registered at {api}, work pool {POOL}", markup=False)
