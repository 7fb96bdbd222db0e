"""Paths that a deployment may name."""

from pathlib import Path


def allowed(path: str) -> Path:
    """The path, where it may be used."""
    return Path(path)
