"""Runs a flow from the command line, with a Prefect server of its own where none is configured."""

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout

from eightytwenty.errors import UserError
from eightytwenty.printable import print_json
from eightytwenty.progress import Line, waiting
from flows.cli.results import retraining_json, training_json
from flows.cli.summaries import show_retraining, show_training
from schemas.parameters import PrintsResults
from tasks.registry import MODELS, identifier
from tasks.running.full_disk import explain_full_disk
from tasks.running.ownership import make_data_folder
from tasks.running.stages import data_folder
from tasks.servers.private_prefect import prefect_api


def run_all(form: PrintsResults) -> None:
    """Runs everything, and prints the results and where to look next."""
    with _reporting(form):
        from flows.run import run

        trainings = run(**form.arguments())
    if form.as_json:
        print_json({training.model: training_json(training) for training in trainings})
        return
    for training in trainings:
        show_training(training)


def run_training(form: PrintsResults) -> None:
    """Runs the flow that trains the model of a form, and prints its results and where to look next."""
    with _reporting(form):
        from flows import training

        (name,) = (model.name for model in MODELS if isinstance(form, model.form))
        trained = getattr(training, identifier(name))(**form.arguments())
    if form.as_json:
        print_json(training_json(trained))
    else:
        show_training(trained)


def run_retraining(form: PrintsResults) -> None:
    """Runs the flow that retrains the model of a form, and prints the decision."""
    with _reporting(form):
        from flows import retraining

        (name,) = (model.retraining for model in MODELS if isinstance(form, model.retraining_form))
        state = getattr(retraining, identifier(name))(**form.arguments(), return_state=True)
        result = state.result()
    if form.as_json:
        print_json(retraining_json(state, result))
    else:
        show_retraining(state, result)


@contextmanager
def _reporting(options: PrintsResults) -> Iterator[None]:
    """Calls a flow with a Prefect API to report to and a quiet log; where JSON is to be printed, nothing else is.

    Import the flow in the block: TensorFlow takes seconds to load, and not all flows need it.
    """
    data = data_folder()
    make_data_folder(data)
    with ExitStack() as stack:
        line = stack.enter_context(waiting("start Prefect"))
        if options.as_json:
            stack.enter_context(redirect_stdout(sys.stderr))
        stack.enter_context(explain_full_disk(data))
        stack.enter_context(prefect_api(data))
        stack.enter_context(_logging(line))
        line.say("load the libraries")
        yield
        line.say("stop Prefect")


@contextmanager
def _logging(line: Line) -> Iterator[None]:
    """Keeps the log short, and lets the last line of the terminal say which task runs."""

    def is_shown(record: logging.LogRecord) -> bool:
        if record.levelno == logging.DEBUG:  # Prefect's, when a task begins
            line.say(getattr(record, "task_run_name", ""))
            return False
        shown = _is_worth_a_line(record)
        if shown:
            line.clear()
        return shown

    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    for logger in loggers:
        logger.addFilter(is_shown)
    loggers[-1].setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_shown)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Drops what the flow's own lines, the progress bars and the last sentence of a failed run say better."""
    if isinstance(record.args, tuple) and record.args and isinstance(record.args[0], UserError):
        return False
    return not record.getMessage().startswith(("Finished in state", "Beginning flow run", "View at"))
