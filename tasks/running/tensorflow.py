"""Imports TensorFlow without its start-up messages, which no setting stops."""

import os
import sys

from eightytwenty.progress import Line


def import_quietly() -> None:
    """Imports TensorFlow while standard error goes to /dev/null; a failure is still raised."""
    if Line.shown and "tensorflow" not in sys.modules:
        Line.shown.say("load TensorFlow")
    stderr, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(devnull)
