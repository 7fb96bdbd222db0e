"""A flow that fails by its user's mistake says so in one sentence: as the message of its state, and in its log."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from prefect.states import Failed

from eightytwenty.errors import UserError

P = TypeVar("P")
R = TypeVar("R")


def user_error_as_state(function: Callable[[P], R]) -> Callable[[P], R]:
    """Wraps what becomes a flow, so that a UserError is the message of its Failed state; a caller still sees it raised.

    Prefect itself would put "Flow run encountered an exception" in front, and a traceback into the log.
    """

    @wraps(function)
    def wrapped(parameters: P) -> R:
        try:
            return function(parameters)
        except UserError as error:
            # Prefect takes a returned state as the run's own, and raises the error in it to who called the flow
            return cast("R", Failed(data=error, message=str(error)))

    return wrapped


def _without_traceback(record: logging.LogRecord) -> bool:
    """Turns the log of a UserError with its traceback into the sentence; always true: the line is kept."""
    if record.exc_info and isinstance(error := record.exc_info[1], UserError):
        record.msg, record.args, record.exc_info = "%s", (error,), None
    return True


for _runs in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_runs).addFilter(_without_traceback)
