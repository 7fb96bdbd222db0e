"""Shows what came of a run in the Prefect UI: one page, which begins with the result and ends with links.

It is one artifact, because the UI shows those of a run in no order that we could choose.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect.artifacts import create_markdown_artifact

from eightytwenty.pages.markdown import plain


def publish_page(key: str, description: str, parts: Sequence[str], links: Mapping[str, str]) -> None:
    """Creates the page.

    Args:
        key: lower case and dashes.
        description: of the page, in a few words.
        parts: Markdown, in the order in which it is read; what is empty is left out.
        links: what each leads to -> its address; or the command that starts a server, and then the address.
    """
    ends = ["## Where to look next", "\n".join(_link(title, link) for title, link in links.items())] if links else []
    create_markdown_artifact("\n\n".join([*filter(None, parts), *ends]), key=key, description=description)


def picture(title: str, path: Path) -> str:
    """A PNG file as Markdown that holds all of it, because the UI cannot show local files."""
    encoded = base64.b64encode(path.read_bytes()).decode()
    return f"![{plain(title)}](data:image/png;base64,{encoded})"


def _link(title: str, link: str) -> str:
    if link.startswith("http"):
        return f"- [{plain(title)}]({link})"
    return f"- {plain(title)}:\n\n  ```\n  {link.replace(chr(10), chr(10) + '  ')}\n  ```"


def warn_of_collapse(alarms: Sequence[object]) -> None:
    """Creates an artifact that describes how a GAN lost its variety, in a sentence for each epoch."""
    sentences = "\n".join(f"- {alarm}" for alarm in alarms)
    create_markdown_artifact(f"# Collapse\n\n{sentences}", key="gan-collapse", description="a GAN lost its variety")
