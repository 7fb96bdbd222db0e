"""What made a run: library versions, the commit of the code, the Prefect flow run."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("prefect", "mlflow", "tensorflow", "keras", "pandas", "pandera", "great-expectations", "numpy", "polars")


def provenance_tags() -> dict[str, str]:
    """Return the tags that say what made a run.

    "version.<library>" and "version.python"; "mlflow.source.git.commit" if the code runs in a checkout, ending in
    "-dirty" if files differ from the commit; "prefect.flow_run_id" if a flow is running.
    """
    tags = {f"version.{library}": version(library) for library in _LIBRARIES}
    tags["version.python"] = sys.version.split()[0]
    tags["mlflow.source.type"] = "LOCAL"
    tags["mlflow.source.name"] = Path(sys.argv[0]).name
    if commit := _commit(Path(__file__).parents[2]):
        tags["mlflow.source.git.commit"] = commit
    if "prefect" in sys.modules:
        from prefect.runtime import flow_run

        if flow_run.id:
            tags["prefect.flow_run_id"] = str(flow_run.id)
    return tags


def pip_requirements() -> list[str]:
    """Return the packages that a logged Keras model needs; letting MLflow find them takes six seconds."""
    return [f"{library}=={version(library)}" for library in ("mlflow", "keras", "tensorflow", "numpy")]


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
