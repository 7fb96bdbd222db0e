"""A table of your own: the example of the documentation, and what a rule may do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from eightytwenty.engine.route import ContractError
from eightytwenty.engine.summary import FATES
from eightytwenty.schema import Check, Column, Deduplicate, Impute, Table
from tests.eightytwenty.test_cli import run_light

DOCS = Path(__file__).resolve().parents[3] / "docs"


def anything():
    import pandera.polars as pa

    return pa.DataFrameSchema()


def table(*rules, clean=anything):
    return Table(
        "readings", (Column("sensor", "text"), Column("low", "integer"), Column("high", "integer")), rules, clean
    )


HEADER = b"sensor,low,high\n"
IN_ORDER = Check("in order", "low lies below high", pl.col("low") <= pl.col("high"))


def code_blocks(language: str) -> list[str]:
    """The code blocks of the documentation in one language, in order."""
    return re.findall(rf"```{language}\n(.+?)```", (DOCS / "cleaning.md").read_text(), re.DOTALL)


@pytest.fixture
def documented_folder(tmp_path: Path) -> Path:
    (tmp_path / "readings.py").write_text(code_blocks("python")[0])
    (tmp_path / "raw.csv").write_text(code_blocks("csv")[0])
    return tmp_path


def test_the_documented_command_cleans_with_the_library_alone(documented_folder):
    program, *arguments = shlex.split(code_blocks("bash")[0])
    assert program == "eightytwenty"
    result = run_light(documented_folder, *arguments)
    assert result.returncode == 0, result.stderr
    clean, quarantine = (pl.read_parquet(documented_folder / f"cleaned/{name}.parquet") for name in FATES[:2])
    assert clean.select("sensor", "kelvin").rows() == [("roof", 280), ("cellar", 200)]
    assert quarantine.select("rules", "reason").rows() == [(["too cold"], "nothing is colder than 0 kelvin")]


def test_the_documented_call_prints_what_it_says(documented_folder):
    code = code_blocks("python")[1]
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=documented_folder, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == code.strip().partition("  # ")[2], result.stderr


def test_a_row_fails_where_the_expression_is_false_and_not_where_it_is_null(clean_source):
    cleaned = clean_source(HEADER + b"a,1,2\nb,2,1\nc,,1\nd,x,1\n", table=table(IN_ORDER))
    assert cleaned["clean"]["sensor"].to_list() == ["a"]
    assert cleaned["quarantine"]["rules"].to_list() == [["in order"], ["missing cell"], ["not a whole number"]]


def test_a_check_may_ask_for_text_and_have_the_name_of_a_column(clean_source):
    rules = (Check("low", "the cellar is not measured", pl.col("sensor") != "cellar"), IN_ORDER)
    cleaned = clean_source(HEADER + b"cellar,1,2\nroof,2,1\ncellar,2,1\n", table=table(*rules))
    assert cleaned["quarantine"]["rules"].to_list() == [["low"], ["in order"], ["low", "in order"]]


def test_each_inference_sees_what_those_before_it_filled_in(clean_source):
    calls = []

    def fill(name, answer):
        def function(cells, values):
            assert cells.schema == dict.fromkeys(("low", "high"), pl.String)
            assert values.schema == dict.fromkeys(("low", "high"), pl.Int64)
            calls.append((cells.rows(), values.rows()))
            return cells.select(
                pl.when(pl.col(column).is_null() & (column == name)).then(pl.lit(answer)).alias(column)
                for column in cells.columns
            )

        return Impute(f"{name} is {answer}", "it always is", function)

    cleaned = clean_source(HEADER + b"a,1,2\nb,,\nc,x,\n", table=table(fill("low", "3"), fill("high", "4"), IN_ORDER))
    first, second = calls
    assert first == ([(None, None), ("x", None)], [(None, None), (None, None)])
    assert second == ([("3", None), ("x", None)], [(3, None), (None, None)])
    assert cleaned["clean"].select("low", "high").rows() == [(1, 2), (3, 4)]
    assert cleaned["ledger"].select("record", "column", "rule", "before", "after").rows() == [
        (2, "low", "low is 3", None, "3"),
        (2, "high", "high is 4", None, "4"),
    ]


def test_rows_that_the_rules_let_pass_and_the_clean_schema_refuses_end_the_run(clean_source):
    def strict():
        import pandera.polars as pa

        numbers = {name: pa.Column(pl.Int64, pa.Check.ge(0)) for name in ("low", "high")}
        return pa.DataFrameSchema({"sensor": pa.Column(pl.String)} | numbers, strict=True, ordered=True)

    assert clean_source(HEADER + b"a,1,2\n", table=table(clean=strict)).summary.clean == 1
    with pytest.raises(ContractError, match="the clean schema of readings refuses rows that passed the rules"):
        clean_source(HEADER + b"a,1,2\n" * 500 + b"b,-1,2\n", table=table(clean=strict), piece=64)


def test_a_table_may_have_columns_of_text_alone(clean_source):
    words = Table(
        "words", (Column("word", "text"),), (Check("long", "it is long", pl.col("word").str.len_chars() < 5),), anything
    )
    cleaned = clean_source(b"word,more\nbee,1\nbumblebee,2\n,3\nwasp,4\n", table=words)
    assert cleaned["clean"]["word"].to_list() == ["bee", "wasp"]
    assert cleaned["quarantine"]["rules"].to_list() == [["long"], ["missing cell"]]


def test_equal_rules_are_told_apart_only_by_their_expressions():
    again = Check(IN_ORDER.name, IN_ORDER.reason, pl.col("low") < pl.col("high"))
    assert IN_ORDER in (again, IN_ORDER)
    assert IN_ORDER not in (again, Deduplicate("x", "y", "sensor"))
    assert len({IN_ORDER, again}) == 2


def test_text_that_no_repair_makes_plain_goes_to_quarantine(clean_source):
    cleaned = clean_source(HEADER + b" a,1,2\nb,1,2\n", table=table())
    assert cleaned["clean"]["sensor"].to_list() == ["b"]
    assert cleaned["quarantine"]["rules"].to_list() == [["not plain text"]]
    assert cleaned["quarantine"]["original"].to_list() == [b" a,1,2"]
