import re

from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.pages.markdown import markdown_table


def test_a_table_has_a_line_per_row() -> None:
    table = markdown_table(("rule", "rows"), [("number word", "120"), ("wrong sum", "")])
    assert table.split("\n") == ["| rule | rows |", "| --- | --- |", "| number word | 120 |", "| wrong sum |  |"]


def test_a_table_without_rows_keeps_its_header() -> None:
    assert markdown_table(("rule", "rows"), []) == "| rule | rows |\n| --- | --- |"


def test_named_columns_are_aligned_right() -> None:
    assert markdown_table(("rule", "rows"), [], right=("rows",)).endswith("| --- | ---: |")


def test_code_in_backticks_stays() -> None:
    assert markdown_table(("file",), [("`clean.parquet`",)]).endswith("| `clean.parquet` |")


def test_pipes_are_escaped_whatever_stands_before_them() -> None:
    table = markdown_table(("a | b",), [("c|d",), (r"e\|f",), (r"g\\|",)])
    assert table.split("\n") == [r"| a \| b |", "| --- |", r"| c\|d |", r"| e\\\|f |", r"| g\\\\\| |"]


def test_line_breaks_become_spaces() -> None:
    assert markdown_table(("a",), [("b\nc\r\nd\re",)]).endswith("\n| b c d e |")


cells = st.text(st.sampled_from("a|\\`\r\n "))


@given(st.lists(st.tuples(cells, cells)))
def test_no_cell_breaks_the_table(rows: list[tuple[str, str]]) -> None:
    lines = re.split(r"\r\n|\r|\n", markdown_table(("left", "right"), rows))
    assert len(lines) == 2 + len(rows)
    for line in lines:
        # a pipe ends a column unless an odd number of backslashes stands before it
        ends = [match for match in re.finditer(r"(\\*)\|", line) if len(match[1]) % 2 == 0]
        assert len(ends) == 3
