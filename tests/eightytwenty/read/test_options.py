"""What a person says of a file comes before what would be detected, on the command line and in a schema."""

import pytest

from eightytwenty.errors import UserError
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Column, Table
from eightytwenty.schema_file import read_table, table_yaml
from eightytwenty.tables import CleanOptions, load_table

SCHEMA = """version: "1"
table: prices
read: {delimiter: tab, quote: none, encoding: cp1251, header: 2, decimal: ","}
columns:
  name: {kind: text}
  price: {kind: decimal}
  count: {kind: integer, decimal: "."}
"""


@pytest.fixture
def prices(tmp_path):
    (tmp_path / "prices.yaml").write_text(SCHEMA)
    return read_table(tmp_path / "prices.yaml")


def test_a_schema_says_how_its_files_are_written(prices, tmp_path, clean_source):
    assert prices.read == ReadOptions("cp1251", "\t", "", "2", ",")
    (tmp_path / "again.yaml").write_text(table_yaml(prices))
    assert read_table(tmp_path / "again.yaml") == prices
    text = 'name\tprice\tcount\nname\tprice\tcount\n"Хлеб\t1.250\t1,250\nchaise\t7,125 €\t7,000\n'
    cleaned = clean_source(text.encode("cp1251"), table=prices)
    assert cleaned["clean"]["name"].to_list() == ['"Хлеб', "chaise"]
    assert [str(price).rstrip("0").rstrip(".") for price in cleaned["clean"]["price"]] == ["1250", "7.125"]
    assert cleaned["clean"]["count"].to_list() == [1250, 7000]
    assert "decimal mark" in (cleaned.folder / "report.md").read_text()


def test_the_decimal_mark_leaves_no_number_with_two_readings(clean_source):
    cells = ["1.234", "1,234", "1.234,5", "-7,000", "1 234", "0,5", "12", "1.234.567", "(1.250)"]
    content = ("x\n" + "".join(f'"{cell}"\n' for cell in cells)).encode()

    def read(mark):
        table = Table("t", (Column("x", "decimal"),), read=ReadOptions(decimal=mark))
        return [float(x) for x in clean_source(content, table=table)["clean"]["x"]]

    assert read(",") == [1234, 1.234, 1234.5, -7, 1234, 0.5, 12, 1234567, -1250]
    # what contradicts the mark is not read by the other one
    assert read(".") == [1.234, 1234, -7000, 1234, 12, -1.25]


def test_the_command_line_comes_before_the_schema(prices, tmp_path):
    options = CleanOptions(source="x", out="y", schema=str(tmp_path / "prices.yaml"), delimiter=";", header="none")
    assert load_table(options).read == ReadOptions("cp1251", ";", "", "none", ",")
    wrong = CleanOptions(source="x", out="y", schema=str(tmp_path / "prices.yaml"), decimal="comma")
    with pytest.raises(UserError, match="comma is no decimal mark; give a comma or a point"):
        load_table(wrong)


def test_pictures_have_no_delimiter(tmp_path):
    (tmp_path / "t.py").write_text("from eightytwenty.pictures.schema import pictures_table\nT = pictures_table(32)\n")
    with pytest.raises(UserError, match="are of tables, not of pictures"):
        load_table(CleanOptions(source="x", out="y", schema=f"{tmp_path / 't.py'}:T", delimiter=";"))


@pytest.mark.parametrize(
    ("line", "message"),
    [("read: {separator: x}", "line 3: separator is not known"), ("read: {header: 0}", "line 3: 0 is no header")],
)
def test_a_wrong_line_of_a_schema_is_named(tmp_path, line, message):
    (tmp_path / "t.yaml").write_text(SCHEMA.replace(SCHEMA.splitlines()[2], line))
    with pytest.raises(UserError, match=message):
        read_table(tmp_path / "t.yaml")
