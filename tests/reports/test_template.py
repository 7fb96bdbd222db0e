from pathlib import Path

import pytest
from jinja2 import UndefinedError

from reports.template import render_page


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "page.html.jinja"
    path.write_text('<p title="{{ title }}">{{ text }}</p>\n')
    return path


def test_values_are_escaped(template: Path) -> None:
    page = render_page(template, title='" onclick="alert(1)', text="<b>{{ 7 * 7 }}</b>")
    assert page == '<p title="&#34; onclick=&#34;alert(1)">&lt;b&gt;{{ 7 * 7 }}&lt;/b&gt;</p>'


def test_a_value_that_is_missing_is_an_error(template: Path) -> None:
    with pytest.raises(UndefinedError, match="'text' is undefined"):
        render_page(template, title="t")


def test_characters_that_act_are_made_visible(tmp_path):
    template = tmp_path / "page.html.jinja"
    template.write_text("{% macro show(x) %}<b>{{ x }}</b>\n{% endmacro %}{{ show(name) }}{{ number }}")
    page = render_page(template, name="<i>\x1b[31m\u202e", number=3)
    assert page == "<b>&lt;i&gt;\\x1b[31m\\u202e</b>\n3"
