"""Prints requirements.lock without the tools of developers, which an image has no use for.

The lock names versions and hashes and stays the only one. Left out are the packages that the extra `dev` names; what
these alone brought along stays: it is small, and nothing else tells it from what the project needs.
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
