"""Prints requirements.lock without developer tools, which an image does not need.

So one lock file is enough for development and for the image. The packages of the extra `dev` are left out. Packages
that only these depend on stay: they are small, and the lock does not show which ones they are.
"""

import re
import sys
import tomllib
from pathlib import Path


def runtime_lock(lock: str, project: str) -> str:
    """Return the lock without the packages of the extra `dev`.

    Args:
        lock: text of requirements.lock: an entry starts at the beginning of a line, its hashes are indented.
        project: text of workflow/pyproject.toml.
    """
    extra = tomllib.loads(project)["project"]["optional-dependencies"]["dev"]
    tools = {_name(requirement) for requirement in extra}
    entries = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry and _name(entry) not in tools)


def _name(requirement: str) -> str:
    name = re.match(r"[\w.-]*", requirement)
    return re.sub(r"[-_.]+", "-", name[0].lower()) if name else ""


if __name__ == "__main__":
    sys.stdout.write(runtime_lock(Path("requirements.lock").read_text(), Path("pyproject.toml").read_text()))
