"""Puts a run's results where the Prefect UI shows them."""

import base64
from pathlib import Path

from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact


def publish(name: str, *, markdown: str, pictures: dict[str, Path], link: str) -> None:
    """Creates the artifacts of the current flow run: a Markdown report, pictures, and the way to MLflow.

    Args:
        name: start of their keys; lower case and dashes.
        markdown: the report.
        pictures: key -> PNG file. They travel inside the artifact, because the UI shows no file:// picture.
        link: address of the MLflow run, or the command that shows it.
    """
    create_markdown_artifact(markdown, key=f"{name}-report", description="what was done, and what it took")
    for key, place in pictures.items():
        encoded = base64.b64encode(place.read_bytes()).decode()
        create_image_artifact(f"data:image/png;base64,{encoded}", key=f"{name}-{key}")
    if link.startswith("http"):
        create_link_artifact(link, key=f"{name}-mlflow", link_text="the run in MLflow")
    else:
        create_markdown_artifact(f"To see the run in MLflow:\n\n```\n{link}\n```", key=f"{name}-mlflow")
