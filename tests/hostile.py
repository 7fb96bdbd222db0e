"""Names and cells that would act instead of being shown, and what they must not have become."""

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt

PICTURE = "![p](http://a.example/p.png)"
HOSTILE = (
    PICTURE,
    "<img src=http://a.example/p.png>",
    "[l](http://a.example)",
    "http://a.example",
    "`a` | ``b`` \\| c",
    "[bold red]r[/]",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egpj.exe",
    "{{ 7*7 }}",
    "=HYPERLINK(1)",
)
_MARKDOWN = MarkdownIt("commonmark").enable("table")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        self.names.append(tag)


def is_visible(text: str) -> bool:
    """Whether a text of several lines holds no character that acts."""
    return text.replace("\n", "").isprintable()


def tags(markdown: str) -> set[str]:
    """The HTML elements that a page makes of Markdown."""
    parser = _Tags()
    parser.feed(_MARKDOWN.render(markdown))
    return set(parser.names)


def links(markdown: str) -> list[str]:
    """Addresses outside of code that a page would turn into links by itself."""
    return re.findall(r"https?://[^\s`]+", re.sub(r"(`+).*?\1", "", markdown))
