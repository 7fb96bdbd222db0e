"""A table of your own: the example of the documentation, and what a rule may do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from eightytwenty import clean, kinds, read_table
from eightytwenty.engine import validate
from eightytwenty.engine.account import ContractError
from eightytwenty.engine.summary import FATES
from eightytwenty.kinds import Kind
from eightytwenty.schema import Check, Column, Impute, Table, Unique
from tests.eightytwenty.test_cli import run_light

DOCS = Path(__file__).resolve().parents[3] / "docs"


def table(*rules):
    return Table("readings", (Column("sensor", "text"), Column("low", "integer"), Column("high", "integer")), rules)


HEADER = b"sensor,low,high\n"
IN_ORDER = Check("low <= high", "low lies below high", "in order")


def code_blocks(language: str) -> list[str]:
    """The code blocks of the documentation in one language, in order."""
    return re.findall(rf"```{language}\n(.+?)```", (DOCS / "cleaning.md").read_text(), re.DOTALL)


@pytest.fixture
def documented_folder(tmp_path: Path) -> Path:
    (tmp_path / "readings.yaml").write_text(code_blocks("yaml")[0])
    (tmp_path / "readings.py").write_text(code_blocks("python")[0])
    (tmp_path / "raw.csv").write_text(code_blocks("csv")[0])
    return tmp_path


@pytest.mark.parametrize("schema", ["readings.yaml", "readings.py:READINGS"])
def test_the_documented_command_cleans_with_the_library_alone(documented_folder, schema):
    program, *arguments = shlex.split(code_blocks("bash")[0].replace("readings.yaml", schema))
    assert program == "eightytwenty"
    result = run_light(documented_folder, *arguments)
    assert result.returncode == 0, result.stderr
    clean, quarantine = (pl.read_parquet(documented_folder / f"cleaned/{name}.parquet") for name in FATES[:2])
    assert clean.select("sensor", "kelvin").rows() == [("roof", 280), ("cellar", 200)]
    assert quarantine.select("rules", "reason").rows() == [(["out of range"], "kelvin must be at least 0")]


def test_both_ways_to_write_the_documented_table_give_the_same(documented_folder):
    code = "import readings, eightytwenty; print(readings.READINGS == eightytwenty.read_table('readings.yaml'))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=documented_folder, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "True", result.stderr


def test_the_documented_call_prints_what_it_says(documented_folder):
    code = code_blocks("python")[1]
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=documented_folder, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == code.strip().partition("  # ")[2], result.stderr


def test_the_result_of_a_cleaning_holds_its_tables(documented_folder):
    cleaned = clean(
        documented_folder / "raw.csv", read_table(documented_folder / "readings.yaml"), documented_folder / "x"
    )
    assert cleaned.fates == cleaned.summary.fates == {"clean": 2, "quarantine": 1, "duplicates": 0}
    tables = {name: getattr(cleaned, name).collect() for name in (*FATES, "flags", "ledger")}
    heights = {name: table.height for name, table in tables.items()}
    assert heights == {"clean": 2, "quarantine": 1, "duplicates": 0, "flags": 0, "ledger": 1}
    assert tables["clean"].columns == ["source", "record", "sensor", "kelvin"]
    assert tables["ledger"].row(0) == (
        "raw.csv",
        3,
        "kelvin",
        "number word",
        "two hundred",
        "200",
        1.0,
        "an English number word has one value",
    )


def test_a_row_fails_where_the_expression_is_false_and_not_where_it_is_null(clean_source):
    cleaned = clean_source(HEADER + b"a,1,2\nb,2,1\nc,,1\nd,x,1\n", table=table(IN_ORDER))
    assert cleaned["clean"]["sensor"].to_list() == ["a"]
    assert cleaned["quarantine"]["rules"].to_list() == [["in order"], ["missing cell"], ["not a whole number"]]


def test_a_check_may_ask_for_text_and_have_the_name_of_a_column(clean_source):
    rules = (Check("sensor <> 'cellar'", "the cellar is not measured", "low"), IN_ORDER)
    cleaned = clean_source(HEADER + b"cellar,1,2\nroof,2,1\ncellar,2,1\n", table=table(*rules))
    assert cleaned["quarantine"]["rules"].to_list() == [["low"], ["in order"], ["low", "in order"]]


def test_each_equation_sees_what_those_before_it_filled_in(clean_source):
    rules = (Impute("low = 3"), Impute("high = low + 1", name="next"), IN_ORDER)
    cleaned = clean_source(HEADER + b"a,1,2\nb,,\nc,x,\nd,,5\n", table=table(*rules))
    assert cleaned["clean"].select("low", "high").rows() == [(1, 2), (3, 4), (3, 5)]
    assert cleaned["ledger"].select("record", "column", "rule", "before", "after").rows() == [
        (2, "low", "from low = 3", None, "3"),
        (2, "high", "next", None, "4"),
        (4, "low", "from low = 3", None, "3"),
    ]


def test_a_cell_that_an_equation_fills_may_be_the_key(clean_source):
    rules = (Impute("high = low + 1"), Unique(("high",)))
    cleaned = clean_source(HEADER + b"a,1,2\na,1,\nb,4,5\nc,,\nc,,\n", table=table(*rules))
    assert cleaned.summary.fates == {"clean": 2, "quarantine": 2, "duplicates": 1}
    assert cleaned["duplicates"].select("record", "copy_of_record").rows() == [(2, 1)]


def test_a_key_of_two_columns_is_compared_by_value(clean_source):
    days = Table(
        "days",
        (Column("site", "category"), Column("kelvin", "decimal"), Column("note", "text", nullable=True)),
        (Unique(("site", "kelvin")),),
    )
    cleaned = clean_source(b"site,kelvin,note\nA,1.5,\nA,1.50,\nB,1.5,\nA,2,x\nA,2.0,y\n", table=days)
    assert cleaned["clean"].select("site", "kelvin").cast(pl.String).rows()[1][0] == "B"
    assert cleaned["duplicates"].select("record", "copy_of_record").rows() == [(2, 1)]
    assert cleaned["quarantine"]["rules"].to_list() == [["conflicting record"]] * 2


def test_rows_that_the_rules_let_pass_and_the_clean_schema_refuses_end_the_run(clean_source, monkeypatch):
    strict = validate.clean_schema(table(Check("low >= 0", "not below zero")))
    monkeypatch.setattr("eightytwenty.engine.route.clean_schema", lambda _: strict)
    assert clean_source(HEADER + b"a,1,2\n", table=table()).summary.clean == 1
    with pytest.raises(ContractError, match="the clean schema of readings refuses rows that passed the rules"):
        clean_source(HEADER + b"a,1,2\n" * 500 + b"b,-1,2\n", table=table(), piece=64)


def test_a_table_may_have_columns_of_text_alone(clean_source):
    words = Table("words", (Column("word", "text"),), (Check("length(word) < 5", "it is long", "long"),))
    cleaned = clean_source(b"word,more\nbee,1\nbumblebee,2\n,3\nwasp,4\n", table=words)
    assert cleaned["clean"]["word"].to_list() == ["bee", "wasp"]
    assert cleaned["quarantine"]["rules"].to_list() == [["long"], ["missing cell"]]


def test_text_that_no_repair_makes_plain_goes_to_quarantine(clean_source):
    cleaned = clean_source(HEADER + b"\x1c,1,2\n\xc2\x85b,1,2\nb ,1,2\n", table=table())
    assert cleaned["clean"]["sensor"].to_list() == ["\x1c", "b", "b"]


def test_a_doubtful_row_stays_clean_and_is_flagged(clean_source):
    columns = (
        Column("sensor", "category", values=("A", "B"), keep=("roof",), action="flag"),
        Column("low", "integer", range=("0", None), action="flag"),
        Column("high", "integer", range=("0", "9"), action="off"),
    )
    doubtful = Table("readings", columns, (Check("low <= high", "low lies below high", "in order", "flag"),))
    cleaned = clean_source(HEADER + b"a,1,2\nC,-1,2\nroof,11,10\n", table=doubtful)
    assert cleaned.summary.fates == {"clean": 3, "quarantine": 0, "duplicates": 0}
    assert cleaned["clean"]["sensor"].to_list() == ["A", "C", "roof"]
    assert cleaned["flags"].drop("source", "reason").rows() == [
        (2, "sensor", "unknown value", "C", None, None),
        (2, "low", "out of range", "-1", None, None),
        (3, None, "in order", None, None, None),
    ]
    assert cleaned.summary.flagged == {"in order": 1, "out of range": 1, "unknown value": 1}
    assert "They are clean, and doubtful" in (cleaned.folder / "report.md").read_text()


FLAGGING = {"nullable": True, "action": "flag"}


def test_a_cell_of_another_kind_is_flagged_and_its_text_stays(clean_source):
    columns = (Column("sensor", "text"), Column("low", "integer", **FLAGGING), Column("high", "integer"))
    cleaned = clean_source(HEADER + b"a,1,2\nb,warm,2\nc,3,warm\n", table=Table("readings", columns, csv=True))
    assert cleaned["clean"]["low"].to_list() == [1, None]
    assert cleaned["quarantine"]["sensor"].to_list() == ["c"]
    flags = cleaned["flags"].select("record", "column", "rule", "value", "proposal")
    assert flags.rows() == [(2, "low", "not a whole number", "warm", None)]
    text = (cleaned.folder / "clean.csv").read_text()
    assert text == "source,record,sensor,low,high\npairs.csv,1,a,1,2\npairs.csv,2,b,warm,2\n"


def test_a_repair_that_only_proposes_leaves_the_cell(clean_source):
    columns = (Column("sensor", "text"), Column("low", "integer", repair=("thousands separator",), **FLAGGING))
    cleaned = clean_source(b"sensor,low\na, seven\nb,1_000\nc,x\n", table=Table("readings", columns))
    assert cleaned["clean"]["low"].to_list() == [None, 1000, None]
    assert cleaned["ledger"]["rule"].to_list() == ["thousands separator"]
    flags = cleaned["flags"].select("record", "rule", "value", "proposal", "confidence")
    assert flags.rows() == [(1, "number word", " seven", "7", 0.5), (3, "not a whole number", "x", None, None)]
    assert cleaned["flags"]["reason"][0] == "an English number word has one value"


def test_what_a_column_writes_for_a_missing_value_is_no_change(clean_source):
    columns = (Column("sensor", "text"), Column("low", "integer", nullable=True, blank="-", missing=("n/a",)))
    table = Table("readings", columns, csv=True)
    cleaned = clean_source(b"sensor,low\na,-\nb,n/a\nc,\n", table=table)
    assert cleaned["clean"]["low"].to_list() == [None] * 3
    assert cleaned["ledger"].select("record", "before", "after").rows() == [(2, "n/a", None)]
    text = (cleaned.folder / "clean.csv").read_text()
    assert text.splitlines()[1:] == ["pairs.csv,1,a,-", "pairs.csv,2,b,-", "pairs.csv,3,c,-"]
    with pytest.raises(ValueError, match="cannot be how a missing value is written and something else"):
        Column("low", "integer", blank="-", missing=("-",))


def test_the_text_of_the_clean_rows_does_not_depend_on_the_pieces(clean_source):
    amounts = Table("amounts", (Column("price", "decimal", format="$1,234.5", **FLAGGING),), csv=True)
    content = b'price\n$5.00\n7\n"1,200"\n"$1,200.50"\nfree\n'
    texts = [(clean_source(content, table=amounts, piece=n).folder / "clean.csv").read_bytes() for n in (None, 1)]
    assert texts[0] == texts[1]
    assert texts[0].decode().splitlines()[1:] == [
        *("pairs.csv,1,$5.00", "pairs.csv,2,$7", 'pairs.csv,3,"$1,200"', 'pairs.csv,4,"$1,200.50"', "pairs.csv,5,free"),
    ]


def test_a_nullable_column_may_be_empty_and_its_own_marks_count(clean_source):
    columns = (
        Column("sensor", "text", missing=("-",), replace=(("rf", "roof"),)),
        Column("low", "integer", nullable=True, missing=("-1",)),
        Column("high", "integer", required=False),
    )
    cleaned = clean_source(b"sensor,low\n rf ,-1\n-,1\nn/a,NA\ncellar,\n", table=Table("readings", columns))
    assert cleaned["clean"].select("sensor", "low").rows() == [("roof", None), ("cellar", None)]
    assert cleaned["quarantine"]["rules"].to_list() == [["missing cell"], ["not a whole number"]]


def test_a_unit_of_its_own_may_stand_beside_a_number_and_no_other(clean_source):
    cold = Table("cold", (Column("kelvin", "decimal", unit="K"),))
    cleaned = clean_source(b'kelvin\n280.5 K\n" K 3"\n280 C\n$3\n7 kg\n', table=cold)
    assert [str(value).rstrip("0") for value in cleaned["clean"]["kelvin"]] == ["280.5", "3."]
    assert set(cleaned["ledger"]["rule"]) == {"stray spaces", "unit or currency"}
    assert cleaned["quarantine"]["record"].to_list() == [3, 4, 5]


def test_the_row_decides_between_two_readings_that_other_repairs_leave(clean_source):
    sum_of_both = Table(
        "pairs", tuple(Column(name, "integer") for name in ("a", "b", "sum")), (Impute("sum = a + b", name="adds up"),)
    )
    cleaned = clean_source(
        b"a;b;sum\n$ 7,000;1;8\n'7.000;1;(7,001)-\n(7,000);1;-6,999\n7.000,-;#N/A;7 001,00\n", table=sum_of_both
    )
    assert cleaned["clean"].select("a", "b", "sum").rows() == [(7, 1, 8), (-7000, 1, -6999), (7000, 1, 7001)]
    ledger = cleaned["ledger"].filter(pl.col("record") == 1)
    assert ledger.select("rule", "before", "after").rows() == [
        ("unit or currency", "$ 7,000", "7,000"),
        ("adds up", "7,000", "7"),
    ]
    assert cleaned["quarantine"]["rules"].to_list() == [["not a whole number"]]


def test_a_currency_of_its_own_keeps_other_currencies_out(clean_source):
    for unit, prices in (("", [4402, 7, 7]), ("€", [4402])):
        cleaned = clean_source(
            'p\n"4.402,00 €"\n$ 7\nUSD 7\n'.encode(), table=Table("prices", (Column("p", "integer", unit=unit),))
        )
        assert cleaned["clean"]["p"].to_list() == prices


def test_an_id_that_a_spreadsheet_cut_short_is_no_code_and_may_be_text(clean_source):
    for kind, ids in (("code", ["007"]), ("text", ["007", "1.23457E+11"])):
        cleaned = clean_source(b"id\n007\n1.23457E+11\n", table=Table("ids", (Column("id", kind),)))
        assert cleaned["clean"]["id"].to_list() == ids
        assert all("cut short" in reason for reason in cleaned["quarantine"]["reason"])


def test_a_row_for_which_a_check_cannot_be_computed_fails_it(clean_source):
    numbers = Check("cast(sensor as integer) > low", "x", "number")
    cleaned = clean_source(HEADER + b"3,1,2\nthree,1,2\n0,1,2\n4,1,2\n", table=table(numbers))
    assert cleaned["clean"]["sensor"].to_list() == ["3", "4"]
    assert cleaned["quarantine"]["rules"].to_list() == [["number"], ["number"]]


def test_a_product_of_whole_numbers_is_exact(clean_source):
    product = table(Check("low * high >= 0", "a negative product"))
    cleaned = clean_source(HEADER + b"a,3000000000,4000000000\nb,-1,999999999999999999\n", table=product)
    assert cleaned["clean"]["sensor"].to_list() == ["a"]


def test_a_product_of_decimals_is_refused_before_the_first_row(clean_source):
    with pytest.raises(ValueError, match="cast decimals to DOUBLE to multiply"):
        Table("prices", (Column("a", "decimal"), Column("b", "decimal")), (Check("a * b = 1", "x"),))


def test_marks_of_missing_values_count_in_every_kind_but_text(clean_source):
    kinds = ("category", "code", "integer", "text")
    columns = tuple(Column(kind[:3], kind, nullable=True) for kind in kinds)
    cleaned = clean_source(b"cat,cod,int,tex\nn/a, NULL ,?,NA\n", table=Table("marks", columns))
    assert cleaned["clean"].drop("source", "record").rows() == [(None, None, None, "NA")]
    known = Table("known", (Column("cat", "category", values=("NA", "EU")), Column("int", "integer", nullable=True)))
    assert clean_source(b"cat,int\nna,1\n", table=known)["clean"]["cat"].to_list() == ["NA"]


def test_what_stands_for_something_else_is_known_by_its_value(clean_source, tmp_path):
    columns = (
        Column("n", "integer", nullable=True, missing=("-1",), replace=(("999", "0"),)),
        Column("d", "decimal", nullable=True, missing=("-999",)),
        Column("day", "date", nullable=True, missing=("1900-01-01",)),
    )
    sentinels = Table("sentinels", columns)
    cleaned = clean_source(b"n,d,day\n-1.0,-999.00,1/1/1900\n0999,1,2024-01-05\n", table=sentinels)
    assert cleaned["clean"]["n"].to_list() == [None, 0]
    assert cleaned["clean"].select("d", "day").row(0) == (None, None)


def test_an_optional_column_that_no_file_has_stops_no_rule(clean_source):
    columns = (Column("a", "integer"), Column("b", "integer", required=False), Column("s", "integer", required=False))
    optional = Table("optional", columns, (Check("a <= b", "in order"), Impute("s = a + a")))
    cleaned = clean_source(b"a\n1\n2\n", table=optional)
    assert cleaned["clean"].columns == ["source", "record", "a"]
    assert cleaned["ledger"].is_empty()


def test_a_parquet_file_without_any_of_the_columns_still_has_its_records(clean_source, tmp_path):
    optional = Table("optional", (Column("a", "integer", required=False, nullable=True),))
    (tmp_path / "files").mkdir()
    pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / "files" / "0.parquet")
    pl.DataFrame({"z": [1, 2, 3]}).write_parquet(tmp_path / "files" / "1.parquet")
    assert clean_source(tmp_path / "files", table=optional).summary.fates["clean"] == 5


def test_a_reason_names_the_columns_with_known_values(clean_source):
    columns = tuple(Column(name, "category", values=("x",)) for name in "ab")
    quarantine = clean_source(b"a,b\nx,y\n", table=Table("known", columns))["quarantine"]
    assert quarantine["reason"].to_list() == [
        "a must have one of its known values; b must have one of its known values"
    ]


def test_a_reason_names_the_column_of_a_flag(clean_source):
    columns = tuple(Column(name, "integer", range=("0", "9"), action="flag") for name in "ab")
    flags = clean_source(b"a,b\n10,1\n1,-1\n", table=Table("flags", columns))["flags"]
    assert flags["reason"].to_list() == ["a must be 0 to 9", "b must be 0 to 9"]


def test_in_python_lists_and_a_dict_will_do_and_anything_else_is_refused():
    column = Column("a", "text", aliases=["b"], values=["x", "y"], replace={"z": "x"})
    assert column == Column("a", "text", aliases=("b",), values=("x", "y"), replace=(("z", "x"),))
    for wrong in ({"range": (0, 400)}, {"missing": "-1"}, {"aliases": [1]}, {"range": ("0",)}):
        with pytest.raises(ValueError, match=r"must be a list of texts|a range has two ends"):
            Column("a", "integer", **wrong)
    with pytest.raises(ValueError, match="unique must be a list of texts"):
        Unique("id")


def test_the_types_of_a_parquet_file_arrive_as_what_they_are(clean_source, tmp_path):
    typed = pl.DataFrame(
        {
            "day": ["2024-01-05"],
            "clock": ["10:00:00.25"],
            "moment": ["2024-01-05 10:00:00+02:00"],
            "price": ["1.50"],
            "ok": [True],
            "share": [0.1],
        }
    ).with_columns(
        pl.col("day").str.to_date(),
        pl.col("clock").str.to_time("%H:%M:%S%.f"),
        pl.col("moment").str.to_datetime("%Y-%m-%d %H:%M:%S%z"),
        pl.col("price").cast(pl.Decimal(10, 2)),
    )
    typed.write_parquet(tmp_path / "typed.parquet")
    kinds = zip(typed.columns, ("date", "time", "timestamp", "decimal", "boolean", "decimal"), strict=True)
    cleaned = clean_source(tmp_path / "typed.parquet", table=Table("typed", tuple(Column(*kind) for kind in kinds)))
    assert cleaned["ledger"].is_empty()
    clean = cleaned["clean"].drop("source", "record")
    assert clean.row(0)[:2] == typed.row(0)[:2]
    assert str(clean["moment"][0]) == "2024-01-05 08:00:00"
    assert [str(value) for value in clean.row(0)[3:]] == ["1.500000000000000000", "True", "0.100000000000000000"]


def test_a_parquet_file_with_a_key_and_without_any_of_the_columns_still_has_its_records(clean_source, tmp_path):
    pl.DataFrame({"other": [1, 2, 3]}).write_parquet(tmp_path / "x.parquet")
    columns = (Column("a", "integer", required=False, nullable=False),)
    cleaned = clean_source(tmp_path / "x.parquet", table=Table("t", columns, (Unique(("a",), "came twice"),)))
    assert cleaned.summary.rows == 3


def test_cells_of_a_kind_with_several_plain_forms_are_kept_as_they_came(clean_source, tmp_path, monkeypatch):
    def parse(cells):
        return cells.str.strip_prefix("0x").str.to_integer(base=16, strict=False)

    registry = {"hexa": Kind("hexa", pl.Int64(), "not hex", "it is not", lambda cell: cell[:2] == "0x", parse)}
    monkeypatch.setattr("eightytwenty.kinds._REGISTRY", kinds._REGISTRY | registry)
    pl.DataFrame({"id": ["1", "1"], "value": ["0x1f", "0x1f"]}).write_parquet(tmp_path / "x.parquet")
    columns = (Column("id", "text"), Column("value", "hexa"))
    cleaned = clean_source(tmp_path / "x.parquet", table=Table("t", columns, (Unique(("id",), "came twice"),)))
    assert cleaned["duplicates"]["value"].to_list() == ["0x1f"]
