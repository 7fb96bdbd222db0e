"""Both UIs and a worker in one command: `eightytwenty up`, until Ctrl-C or SIGTERM."""

import sys

from rich.console import Console

from schemas.parameters import UpParameters
from tasks.running.stages import data_folder
from tasks.servers.up import servers_up


def up_command(parameters: UpParameters) -> None:
    """Starts the servers over the data folder, says where they are, and waits.

    Exit code 1 where a server ends by itself.

    Raises:
        UserError: a port is taken, the data folder is in use by another `up`, or a server does not start.
    """
    console = Console(soft_wrap=True, highlight=False)
    data = data_folder()
    console.print(f"starting the servers over {data}", markup=False)
    with servers_up(data, parameters.prefect_port, parameters.mlflow_port) as up:
        at = up.addresses
        console.print(
            f"Prefect   {at.prefect_ui}\n"
            f"MLflow    {at.mlflow_ui}\n\n"
            "To send what another shell runs to these servers:\n"
            f"  export PREFECT_API_URL={at.prefect} MLFLOW_TRACKING_URI={at.mlflow}\n\n"
            "Ctrl-C stops them.",
            markup=False,
        )
        ended = up.wait()
    sys.exit(f"eightytwenty: {ended}")
