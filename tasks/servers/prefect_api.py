"""Queries a Prefect server without importing Prefect, which takes a second."""

import os

import httpx

from eightytwenty.errors import UserError

POOL = "eightytwenty"
"""The work pool of all our deployments."""


def prefect_client(api: str) -> httpx.Client:
    """A client of the API at this address, with the user and password of PREFECT_API_AUTH_STRING."""
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return httpx.Client(base_url=api, auth=(user, password) if user else None)


def password_error(api: str) -> UserError:
    """The error for a server that refuses the password, or was given none."""
    return UserError(f"the Prefect server at {api} asks for a password: set PREFECT_API_AUTH_STRING to user:password.")


def living_workers(api: str) -> list[str]:
    """Names of the workers of our pool that have sent a heartbeat lately; none if the server does not answer."""
    try:
        with prefect_client(api) as client:
            answer = client.post(f"work_pools/{POOL}/workers/filter", json={}).raise_for_status()
            return [worker["name"] for worker in answer.json() if worker["status"] == "ONLINE"]
    except httpx.HTTPError:
        return []
