"""Shows a run's results in the Prefect UI, as artifacts."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)


def publish(name: str, *, markdown: str, pictures: Mapping[str, Path], table: Sequence[Mapping[str, str]] = ()) -> None:
    """Creates artifacts of the current flow run: a Markdown report, pictures and a table.

    Args:
        name: first part of the artifacts' keys; lower case and dashes.
        markdown: the report.
        pictures: key -> PNG file.
        table: rows, each column -> text.
    """
    create_markdown_artifact(markdown, key=f"{name}-report", description="what was done, and how long it took")
    if table:
        create_table_artifact([dict(row) for row in table], key=f"{name}-table", description="the results as a table")
    for key, path in pictures.items():
        publish_picture(f"{name}-{key}", path)


def publish_picture(key: str, path: Path) -> None:
    """Creates an artifact that contains a PNG file, because the UI cannot show local files."""
    encoded = base64.b64encode(path.read_bytes()).decode()
    create_image_artifact(f"data:image/png;base64,{encoded}", key=key)


def publish_link(key: str, title: str, link: str) -> None:
    """Creates an artifact that links to a page of MLflow, or explains how to open it if no server is running.

    Args:
        key: lower case and dashes.
        title: what the page shows.
        link: the address; or the command that starts a server, and then the address.
    """
    if link.startswith("http"):
        create_link_artifact(link, key=key, link_text=title)
    else:
        create_markdown_artifact(f"To see {title}:\n\n```\n{link}\n```", key=key)


def warn_of_collapse(alarms: Sequence[object]) -> None:
    """Creates an artifact that describes how a GAN lost its variety, in a sentence for each epoch."""
    sentences = "\n".join(f"- {alarm}" for alarm in alarms)
    create_markdown_artifact(f"# Collapse\n\n{sentences}", key="gan-collapse", description="a GAN lost its variety")
