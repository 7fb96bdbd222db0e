"""What made a run: who, by which command, from which commit, in which flow run, with which libraries."""

import getpass
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE, MLFLOW_USER

from eightytwenty.errors import UserError
from eightytwenty.pages.markdown import code
from eightytwenty.printable import visible
from eightytwenty.read.download import is_address, redact_address

FLOW_RUN = "prefect.flow_run_id"
"""The tag that holds the id of the Prefect flow run."""
_LIBRARIES = ("prefect", "mlflow", "tensorflow", "keras", "pandas", "pandera", "great-expectations", "numpy", "polars")
_PROGRAM = "eightytwenty"


def provenance_tags() -> dict[str, str]:
    """Return the tags that say what made the run of a flow: `source_tags` and, if a flow is running, `FLOW_RUN`."""
    tags = source_tags()
    if "prefect" in sys.modules:
        from prefect.runtime import flow_run

        if flow_run.id:
            tags[FLOW_RUN] = str(flow_run.id)
    return tags


def source_tags() -> dict[str, str]:
    """Return the tags in which MLflow shows the user, the command and the commit.

    The commit ends in "-dirty" if files differ from it.
    """
    tags = {
        MLFLOW_USER: _user(),
        MLFLOW_SOURCE_TYPE: "LOCAL",
        MLFLOW_SOURCE_NAME: " ".join(_source()),
    }
    if commit := _commit(Path(__file__).parents[2]):
        tags[MLFLOW_GIT_COMMIT] = commit
    return tags


def environment() -> dict[str, str]:
    """Return the versions of Python and of the libraries, and the platform."""
    libraries = {library: version(library) for library in _LIBRARIES}
    return {"python": platform.python_version(), "platform": platform.platform(), **libraries}


def origin() -> str:
    """Return where the run comes from, in Markdown: its command, and the page of the flow that is running.

    A private server's page is left out, because it is gone when the run ends.
    """
    lines = [code(visible(_deployment() or command(sys.argv)))]
    if "prefect" in sys.modules:
        from prefect.runtime import flow_run
        from prefect.utilities.urls import url_for

        is_private = any(tag.startswith("owner:") for tag in flow_run.tags)
        if flow_run.id and not is_private and (page := url_for("flow-run", obj_id=flow_run.id)):
            lines.append(f"[The flow run in Prefect]({page})")
    return "\n\n".join(lines)


def command(arguments: Sequence[str]) -> str:
    """Return a command line as one types it, without what may be secret in the addresses of sources.

    >>> command(["/opt/bin/eightytwenty", "adders", "--source=https://me:secret@a.example/x.csv?key=1", "--rows", "9"])
    'eightytwenty adders --source=https://a.example/x.csv --rows 9'
    """
    program, *rest = arguments
    name = _PROGRAM if Path(program).name == "__main__.py" else Path(program).name
    return shlex.join([name, *map(_redact, rest)])


def pip_requirements() -> list[str]:
    """Return the packages that a logged Keras model needs; letting MLflow find them takes six seconds."""
    return [f"{library}=={version(library)}" for library in ("mlflow", "keras", "tensorflow", "numpy")]


def _redact(argument: str) -> str:
    option, separator, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    try:
        return option + separator + (redact_address(value) if is_address(value) else value)
    except UserError:
        return f"{option}{separator}..."


def _deployment() -> str:
    """The command that runs the deployment again, if a worker runs this flow."""
    name = _deployment_name()
    if not name:
        return ""
    from prefect.runtime import flow_run

    return shlex.join(["prefect", "deployment", "run", f"{flow_run.flow_name}/{name}"])


def _source() -> list[str]:
    """The program and its command, or the deployment: MLflow would show no more than what follows the last slash."""
    if name := _deployment_name():
        return ["deployment", name]
    program, *rest = command(sys.argv).split()
    return [program, *(word for word in rest[:1] if word.replace("-", "").isalpha() and not word.startswith("-"))]


def _deployment_name() -> str:
    """The name of the deployment that this flow is a run of, or ""."""
    if "prefect" not in sys.modules:
        return ""
    from prefect.runtime import flow_run

    return _deployment_of(flow_run.id) if flow_run.id else ""


@lru_cache(maxsize=1)
def _deployment_of(_flow_run: str) -> str:
    # Prefect asks its server each time, which for every one of ninety networks took a quarter of their tracking
    from prefect.runtime import deployment

    return deployment.name or ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container whose user has no name
        return "unknown"


@cache  # the code that runs is that of the first look
def _commit(root: Path) -> str | None:
    # the code may be installed inside another repository, whose commit says nothing about it
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    return f"{commit}-dirty" if commit and _git(root, "status", "--porcelain") else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        process = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):  # no git, or no commit yet
        return None
    return process.stdout.strip()
