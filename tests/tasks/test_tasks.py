"""What every Prefect task of the project is given: a stage, and references. Never a form, a live client or a task."""

import dis
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import CodeType

import pytest
from prefect import Task

import tasks


def _all_tasks() -> Iterator[Task]:
    for module in pkgutil.walk_packages(tasks.__path__, "tasks."):
        members = vars(import_module(module.name)).values()
        yield from (each for each in members if isinstance(each, Task) and each.fn.__module__ == module.name)


def _names(code: CodeType) -> set[str]:
    """The global names that a function and those inside it use."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    own = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return own.union(*map(_names, inner))


ALL = sorted(_all_tasks(), key=lambda each: f"{each.fn.__module__}.{each.fn.__name__}")


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.fn.__module__}.{each.fn.__name__}")
def test_a_task_takes_no_form_and_no_client_and_calls_no_task(each: Task) -> None:
    kinds = " ".join(str(parameter.annotation) for parameter in inspect.signature(each.fn).parameters.values())
    assert "Client" not in kinds
    assert "schemas.parameters" not in kinds
    assert "Task" not in kinds
    used = {name: each.fn.__globals__.get(name) for name in _names(each.fn.__code__)}
    assert not [name for name, value in used.items() if isinstance(value, Task)]


def test_all_tasks_are_found() -> None:
    assert len(ALL) > 15
