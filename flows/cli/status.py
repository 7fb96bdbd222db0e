"""Which servers are up, and how the last runs ended: `eightytwenty status`."""

from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from eightytwenty.printable import for_terminal, print_json
from eightytwenty.progress import waiting
from reports.numbers import seconds
from schemas.parameters import StatusParameters
from tasks.running.stages import data_folder
from tasks.servers.status import RecordedRun, read_status


def status_command(parameters: StatusParameters) -> None:
    """Prints which servers are up, and the last runs in Prefect and in MLflow."""
    console = Console(soft_wrap=True, highlight=False)
    data = data_folder()
    with waiting("ask the servers"):
        status = read_status(data, parameters.runs)
    if parameters.as_json:
        print_json(asdict(status))
        return
    if status.prefect_answers or status.mlflow_answers:
        console.print(_line("Prefect", status.prefect.removesuffix("/api"), status.prefect_answers), markup=False)
        console.print(_line("MLflow", status.mlflow_ui, status.mlflow_answers), markup=False)
        console.print(f"worker    {', '.join(status.workers) or 'none'}", markup=False)
    else:
        console.print(f"No server is up over {data}; `eightytwenty up` starts them.", markup=False)
    for title, runs in (("flow runs in Prefect", status.flow_runs), ("runs in MLflow", status.mlflow_runs)):
        if runs:
            console.print(_table(title, runs))
    if not status.flow_runs and not status.mlflow_runs:
        console.print("No run is recorded yet.")


def _line(name: str, address: str, answers: bool) -> str:
    return f"{name:<10}{address or 'not configured'}{'' if answers or not address else ' does not answer'}"


def _table(title: str, runs: Sequence[RecordedRun]) -> Table:
    table = Table(title=f"last {title}", title_justify="left", box=box.HORIZONTALS, pad_edge=False)
    for column in ("flow", "run", "state", "started", "took"):
        table.add_column(column, justify="right" if column == "took" else "left")
    for run in runs:
        started = run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if run.started else ""
        table.add_row(
            *map(for_terminal, (run.flow, run.name, run.state)),
            started,
            "" if run.seconds is None else seconds(run.seconds),
        )
    return table
