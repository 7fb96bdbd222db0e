"""Runs a flow from the command line, with a Prefect server of its own where none is configured."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from eightytwenty.errors import UserError
from flows.cli.summaries import show_adders, show_gan, show_retraining
from schemas.parameters import (
    AdderParameters,
    GanParameters,
    RetrainAddersParameters,
    RetrainAvatarsParameters,
    RunParameters,
)
from tasks.running.full_disk import explain_full_disk
from tasks.running.ownership import make_data_folder
from tasks.running.stages import data_folder
from tasks.servers.private_prefect import prefect_api


def run_all(parameters: RunParameters) -> None:
    """Runs both flows and prints their results and where to look next."""
    with _reporting():
        from flows.run import run

        results, drawn = run(parameters)
        show_adders(results)
        show_gan(drawn)


def run_adders(parameters: AdderParameters) -> None:
    """Runs the flow of the adders and prints its results and where to look next."""
    with _reporting():
        from flows.adders import adders

        show_adders(adders(parameters))


def run_gan(parameters: GanParameters) -> None:
    """Runs the flow of the GAN and prints its results and where to look next."""
    with _reporting():
        from flows.gan import gan

        show_gan(gan(parameters))


def run_retrain_adders(parameters: RetrainAddersParameters) -> None:
    """Runs the retraining of the adders and prints the decision."""
    with _reporting():
        from flows.retraining import retrain_adders

        show_retraining(retrain_adders(parameters, return_state=True))


def run_retrain_avatars(parameters: RetrainAvatarsParameters) -> None:
    """Runs the retraining of the avatars and prints the decision."""
    with _reporting():
        from flows.retraining import retrain_avatars

        show_retraining(retrain_avatars(parameters, return_state=True))


@contextmanager
def _reporting() -> Iterator[None]:
    """Calls a flow with a Prefect API to report to and a quiet log.

    Import the flow in the block: TensorFlow takes seconds to load, and not all flows need it.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_is_worth_a_line)
    data = data_folder()
    make_data_folder(data)
    with explain_full_disk(data), prefect_api(data):
        yield


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Drops what the flow's own lines, the progress bars and the last sentence of a failed run say better."""
    if isinstance(record.args, tuple) and record.args and isinstance(record.args[0], UserError):
        return False
    return not record.getMessage().startswith(("Finished in state", "Beginning flow run", "View at"))
