"""Whether a Prefect or an MLflow server answers. Their own libraries would retry for minutes before they say no."""

import time
from collections.abc import Callable

import httpx

_SECONDS = 5
_START_SECONDS = 120
"""Long enough for the first start, which creates the database, on a slow and busy machine."""


def unreachable_reason(address: str, seconds: float = _SECONDS) -> str:
    """Ask a server whether it is healthy.

    Args:
        address: Of a Prefect API or an MLflow server; both answer this without a password.
        seconds: How long to wait for the answer.

    Returns:
        Why it does not answer; the empty string if it does.
    """
    try:
        answer = httpx.get(f"{address.rstrip('/')}/health", timeout=seconds)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return str(error) or type(error).__name__
    return f"{answer.status_code} {answer.reason_phrase}" if answer.is_server_error else ""


def wait_until_up(address: str, has_ended: Callable[[], bool]) -> bool:
    """Wait until a server that was just started answers.

    Args:
        address: As for `unreachable_reason`.
        has_ended: Tells whether its process has ended.

    Returns:
        Whether it answers; False after two minutes, or once it has ended.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and not has_ended():
        # the socket may listen before the server accepts from it: a request then waits there
        if not unreachable_reason(address, _START_SECONDS):
            return True
        time.sleep(0.1)
    return False
