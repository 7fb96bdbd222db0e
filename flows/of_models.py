"""Flows of models: each has the name and the form of its model, and is an attribute of the file that makes it.

A deployment names a flow by that attribute, as in flows/training.py:adders.
"""

from collections.abc import Callable
from typing import TypeVar

from prefect import Flow, flow

from schemas.parameters import Parameters
from tasks.registry import identifier
from tasks.running.failures import user_error_as_state

F = TypeVar("F", bound=Parameters)
R = TypeVar("R")


def flow_of(name: str, form: type[F], run: Callable[[F], R]) -> Flow[[F], R]:
    """A flow with this name that calls a function with a form; the form's docstring describes the flow."""

    def called(parameters: F) -> R:
        return run(parameters)

    called.__name__ = called.__qualname__ = identifier(name)
    called.__doc__ = form.__doc__
    called.__annotations__ = {"parameters": form}
    return flow(name=name)(user_error_as_state(called))
