"""Runs a flow from the command line, with a Prefect server of its own where none is configured."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from eightytwenty.errors import UserError
from flows.cli.summaries import show_retraining, show_training
from schemas.parameters import Parameters, RetrainParameters, RunParameters
from tasks.registry import MODELS, identifier
from tasks.running.full_disk import explain_full_disk
from tasks.running.ownership import make_data_folder
from tasks.running.stages import data_folder
from tasks.servers.private_prefect import prefect_api


def run_all(form: RunParameters) -> None:
    """Runs everything, and prints the results and where to look next."""
    with _reporting():
        from flows.run import run

        for training in run(**form.arguments()):
            show_training(training)


def run_training(form: Parameters) -> None:
    """Runs the flow that trains the model of a form, and prints its results and where to look next."""
    with _reporting():
        from flows import training

        (name,) = (model.name for model in MODELS if type(form) is model.form)
        show_training(getattr(training, identifier(name))(**form.arguments()))


def run_retraining(form: RetrainParameters) -> None:
    """Runs the flow that retrains the model of a form, and prints the decision."""
    with _reporting():
        from flows import retraining

        (name,) = (model.retraining for model in MODELS if type(form) is model.retraining_form)
        show_retraining(getattr(retraining, identifier(name))(**form.arguments(), return_state=True))


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
