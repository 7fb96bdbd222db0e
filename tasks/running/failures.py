"""When the user's mistake makes a flow fail, one sentence says why: as the message of its state, and in its log.

No line of a flow's log can be made to look like two, whatever names from data it quotes.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from prefect.states import Failed

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from tasks.retrain import ALL_REFUSED, RefusedError
from tasks.running.full_disk import explain_full_disk
from tasks.running.stages import data_folder

P = ParamSpec("P")
R = TypeVar("R")


def user_error_as_state(function: Callable[P, R]) -> Callable[P, R]:
    """Wraps the function of a flow: a UserError becomes the message of its Failed state; the caller still gets it.

    Prefect itself would put "Flow run encountered an exception" in front of it, and a traceback into the log.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with explain_full_disk(data_folder()):
                return function(*args, **kwargs)
        except UserError as error:
            # Prefect takes a returned state as the state of the run, and raises the error in it to the flow's caller
            name = ALL_REFUSED if isinstance(error, RefusedError) else "Failed"
            return cast("R", Failed(data=error, message=str(error), name=name))

    return wrapped


def _without_traceback(record: logging.LogRecord) -> bool:
    """Replaces the traceback of a UserError by its sentence. Always true: the filter drops no line."""
    if record.exc_info and isinstance(error := record.exc_info[1], UserError):
        record.msg, record.args, record.exc_info = "%s", (error,), None
    return True


def _one_line(record: logging.LogRecord) -> bool:
    """Makes what a line quotes from data visible. Always true."""
    message = record.getMessage()
    if not message.isprintable():
        record.msg, record.args = "%s", (visible(message),)
    return True


for _logger in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_logger).addFilter(_without_traceback)
    logging.getLogger(_logger).addFilter(_one_line)
