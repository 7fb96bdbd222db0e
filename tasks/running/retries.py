"""Tasks that try again where the network or the disk failed for a moment."""

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from eightytwenty.files import is_permanent


def _may_pass(_: Task[..., Any], __: TaskRun, state: State[Any]) -> bool:
    """Whether what a task failed with may be gone at the next attempt; bad input and mistakes in the code are not."""
    import httpx
    from mlflow.exceptions import MlflowException

    error = state.data
    # every error of the library `requests`, by which MLflow talks to its server, is an OSError
    return isinstance(error, OSError | httpx.HTTPError | MlflowException) and not is_permanent(error)


RETRIES: dict[str, Any] = {"retries": 2, "retry_delay_seconds": [1, 5], "retry_condition_fn": _may_pass}
"""For @task. Flows are never retried: under a deployment's concurrency limit that crashes them."""
