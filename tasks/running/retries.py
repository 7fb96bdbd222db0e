"""Retries for tasks, where the network or the disk failed for a moment."""

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from eightytwenty.files import is_permanent


def _may_succeed_later(_: Task[..., Any], __: TaskRun, state: State[Any]) -> bool:
    """Whether the next attempt may succeed. After bad input or a mistake in the code it cannot."""
    import httpx
    from mlflow.exceptions import MlflowException

    error = state.data
    # MLflow talks to its server through the library `requests`, whose errors are all OSErrors
    return isinstance(error, OSError | httpx.HTTPError | MlflowException) and not is_permanent(error)


RETRIES: dict[str, Any] = {"retries": 2, "retry_delay_seconds": [1, 5], "retry_condition_fn": _may_succeed_later}
"""Options for @task. Flows are never retried: under a deployment's concurrency limit a retry crashes them."""
