"""Flows whose arguments are the fields of a form of schemas/parameters.

The form checks them, names the run, and describes the flow.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from prefect import Flow, State, flow
from prefect.runtime import flow_run
from pydantic import ValidationError

from eightytwenty.errors import UserError
from schemas.parameters import Parameters
from schemas.parameters.form import form_signature
from tasks.registry import identifier
from tasks.running.failures import user_error_as_state

F = TypeVar("F", bound=Parameters)


def flow_of(name: str, form: type[F]) -> Callable[[Callable[[F], State[Any]]], Flow[..., Any]]:
    """Makes a flow with this name, whose arguments are the fields of a form, of a function that takes the form."""

    def decorate(run: Callable[[F], State[Any]]) -> Flow[..., Any]:
        def called(**arguments: Any) -> State[Any]:
            return run(_parse(form, arguments))

        called.__name__ = called.__qualname__ = identifier(name)
        called.__doc__ = form.__doc__
        called.__signature__ = form_signature(form)  # type: ignore[attr-defined]
        # the form checks its fields, also together
        return flow(name=name, flow_run_name=lambda: _run_name(form, name), validate_parameters=False)(
            user_error_as_state(called)
        )

    return decorate


def _parse(form: type[F], arguments: dict[str, Any]) -> F:
    try:
        return form.model_validate(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        subject = "".join(f"{part}: " for part in first["loc"])
        raise UserError(f"{subject}{first['msg'].removeprefix('Value error, ')}.") from None


def _run_name(form: type[Parameters], name: str) -> str:
    try:
        return form.model_validate(dict(flow_run.parameters)).run_name or name
    except ValidationError:  # the run itself says what is wrong
        return name
