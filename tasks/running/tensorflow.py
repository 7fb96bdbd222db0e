"""Imports TensorFlow without the lines that it writes at its start and that no setting stops."""

import os


def import_quietly() -> None:
    """Imports TensorFlow with standard error closed to it; a failure still comes as an exception."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
