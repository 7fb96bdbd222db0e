"""Makes an earlier version of a model its champion again: `eightytwenty rollback adders`. Needs no server."""

from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eightytwenty.printable import print_json
from eightytwenty.progress import waiting
from schemas.parameters import RollbackParameters
from tasks.running.stages import data_folder
from tasks.tracking.champion import history, roll_back
from tasks.tracking.store import connect_existing


def rollback_command(parameters: RollbackParameters) -> None:
    """Moves the alias to the other version; prints the change and the history.

    Raises:
        UserError: there is no such model or version, it is already the champion, or there is no earlier champion.
    """
    with waiting("open the registry"):
        client = connect_existing(data_folder(), to_write=True)
        change = roll_back(client, parameters.model, parameters.to)
        changes = history(client, parameters.model)
    if parameters.as_json:
        told = {"model": f"{parameters.model}/{change.version}", "before": change.before}
        print_json({**told, "history": [asdict(entry) for entry in changes]})
        return
    table = Table("when", "champion", "before", "why", box=None, header_style="bold")
    for entry in changes:
        before = "" if entry.before is None else str(entry.before)
        table.add_row(entry.when, str(entry.version), before, Text(entry.why))
    console = Console()
    previous = "there was none" if change.before is None else f"it was {change.before}"
    console.print(
        f"champion of {parameters.model}: version {change.version} ({previous})\n",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    console.print(table)
