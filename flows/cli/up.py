"""Both UIs and a worker in one command: `eightytwenty up`, until Ctrl-C or SIGTERM."""

import sys
from contextlib import ExitStack

from rich.console import Console

from eightytwenty.progress import waiting
from schemas.parameters import UpParameters
from tasks.running.stages import data_folder
from tasks.servers.up import running_servers


def up_command(parameters: UpParameters) -> None:
    """Starts the servers over the data folder, prints their addresses, and waits.

    The exit code is 1 if a server ends by itself.

    Raises:
        UserError: a port is taken, the data folder is in use by another `up`, or a server does not start.
    """
    console = Console(soft_wrap=True, highlight=False)
    data = data_folder()
    console.print(f"starting the servers over {data}", markup=False)
    with ExitStack() as stack:
        with waiting("start the servers"):
            servers = stack.enter_context(running_servers(data, parameters.prefect_port, parameters.mlflow_port))
        addresses = servers.addresses
        console.print(
            f"Prefect   {addresses.prefect_ui}\n"
            f"MLflow    {addresses.mlflow_ui}\n"
            + "".join(f"  {name:<16}{page}\n" for name, page in servers.experiments.items())
            + "\n"
            "To use these servers from another shell:\n"
            f"  export PREFECT_API_URL={addresses.prefect} MLFLOW_TRACKING_URI={addresses.mlflow}\n\n"
            "Ctrl-C stops them.",
            markup=False,
        )
        reason = servers.wait()
    sys.exit(f"eightytwenty: {reason}")
