"""Second names for files that never change."""

import os
import shutil
from pathlib import Path


def link_tree(source: Path, target: Path) -> None:
    """Gives a file or folder that never changes a second name; copies it where hard links are impossible."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=_link)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
