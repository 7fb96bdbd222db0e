import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from models.faces.page import face_page, script_of_page
from tests.hostile import HOSTILE
from tests.models.faces.tiny import tiny_model

CREDIT = "Faces after “ToonHead” by Johan Melin, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)."


class Elements(HTMLParser):
    """The elements of a page: (tag, attributes), and the text within script, style and title."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str | None, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style", "title"):
            tag, attributes = self.tags[-1]
            if not (self.texts and self.texts[-1][:2] == (tag, attributes.get("id")) and not data.strip()):
                self.texts.append((tag, attributes.get("id"), data))

    def text(self, tag: str, name: str | None = None) -> str:
        return next(text for kind, id_, text in self.texts if (kind, id_) == (tag, name))


@pytest.fixture(scope="module")
def page() -> str:
    return face_page(tiny_model(), title="Faces of avatars", credit=CREDIT)


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(page: str) -> None:
    elements = Elements(page)
    (policy,) = (
        attributes["content"]
        for tag, attributes in elements.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert directives == {
        "default-src": "'none'",
        "script-src": f"{digest(elements.text('script'))} 'wasm-unsafe-eval'",
        "style-src": digest(elements.text("style")),
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_no_attribute_acts_or_leads_elsewhere(page: str) -> None:
    for tag, attributes in Elements(page).tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "action")], tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,")), tag


def test_data_are_written_as_text() -> None:
    hostile = (*HOSTILE, "</script><script>alert(1)</script>", "<!--", "@SCRIPT@", "\u2028'\"&amp;")
    model = tiny_model({"</script>": hostile, "<!--<script>": ("a", "b")})
    elements = Elements(face_page(model, title="</title><script>x</script>@DATA@", credit="<!--<script>@KERNEL@"))
    plain = Elements(face_page(tiny_model(), title="x", credit=""))
    assert Counter(tag for tag, _ in elements.tags) == Counter(tag for tag, _ in plain.tags)
    data = json.loads(elements.text("script", "page-data"))
    assert data["title"] == "</title><script>x</script>@DATA@"
    assert data["credit"] == "<!--<script>@KERNEL@"
    assert data["description"] == model.for_page
    assert base64.b64decode(elements.text("script", "page-weights")) == model.halves


def test_an_equal_model_has_an_equal_page(page: str) -> None:
    assert page == face_page(tiny_model(), title="Faces of avatars", credit=CREDIT)
    assert page != face_page(tiny_model(seed=1), title="Faces of avatars", credit=CREDIT)


def test_no_name_of_the_script_is_declared_twice() -> None:
    names = Counter(re.findall(r"^(?:async )?(?:function|class|const|let) (\w+|\$)", script_of_page(), re.MULTILINE))
    assert names
    assert {name for name, count in names.items() if count > 1} == set()


def test_no_text_becomes_markup_in_the_script() -> None:
    script = script_of_page()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch("):
        assert word not in script
