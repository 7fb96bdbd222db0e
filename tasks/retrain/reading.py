"""Cleans one delivery. A process of its own runs this, so it imports no library that it can do without."""

import json
from importlib import import_module
from pathlib import Path


def clean_delivery(stage: str, fields: str, source: str, out: str) -> None:
    """Cleans a source into a folder.

    Args:
        stage: a class of `tasks.experiment.Clean`, as "module:class".
        fields: of the stage, as a JSON object.
        source: a file or folder.
        out: the folder.

    Raises:
        UserError: it cannot be read.
    """
    module, _, name = stage.partition(":")
    clean = getattr(import_module(module), name)(**json.loads(fields))
    clean(Path(source), Path(out))
