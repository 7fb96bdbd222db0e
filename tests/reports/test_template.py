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
