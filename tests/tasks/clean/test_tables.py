"""Which table the field `schema` of a form names: found out, of this project, or in a YAML file of the data folder."""

from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.read.options import ReadOptions
from schemas.pairs import pairs_table
from schemas.parameters import CleanParameters
from tasks.clean.tables import table_of_form

ORDERS = "table: orders\ncolumns:\n  id: {kind: integer}\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    (data / "orders").mkdir(parents=True)
    (data / "orders" / "schema.yaml").write_text(ORDERS)
    (tmp_path / "outside.yaml").write_text(ORDERS)
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    monkeypatch.setenv("EIGHTYTWENTY_SOURCES", str(tmp_path))  # for sources, not for schemas
    return data


def form(schema: str, **others: object) -> CleanParameters:
    return CleanParameters(source="orders.csv", out="out", schema=schema, **others)


@pytest.mark.parametrize("schema", ["", "infer"])
def test_without_a_schema_the_table_is_found_out(data: Path, schema: str) -> None:
    assert table_of_form(form(schema, delimiter=";")) == ReadOptions(delimiter=";")


def test_the_tables_of_this_project_have_their_options(data: Path) -> None:
    assert table_of_form(form("pairs", largest_sum=16)) == pairs_table(16)
    pictures = table_of_form(form("pictures", size=32))
    assert isinstance(pictures, PictureTable)
    assert pictures.size == 32


@pytest.mark.parametrize("schema", ["orders/schema.yaml", "orders/../orders/schema.yaml", "{data}/orders/schema.yaml"])
def test_a_file_in_the_data_folder_is_a_schema_too(data: Path, schema: str) -> None:
    table = table_of_form(form(schema.format(data=data), encoding="cp1252"))
    assert (table.name, table.names, table.read.encoding) == ("orders", ["id"], "cp1252")


@pytest.mark.parametrize("schema", ["../outside.yaml", "link.yaml", "folder/outside.yaml", "/etc/outside.yml"])
def test_a_file_outside_of_the_data_folder_is_refused_in_one_sentence(data: Path, schema: str) -> None:
    (data / "link.yaml").symlink_to(data.parent / "outside.yaml")
    (data / "folder").symlink_to(data.parent)
    with pytest.raises(UserError, match="lies outside the data folder"):
        table_of_form(form(schema))


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("cats", "cats is no schema: leave it empty, or give pairs, pictures, or a YAML file"),
        ("orders.py:TABLE", "is no schema"),
        ("nowhere.yaml", "is no file in the data folder"),
        ("orders.yaml", "is no file in the data folder"),
        ("stages/schema.yaml", "where the program keeps its own files"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(data: Path, schema: str, sentence: str) -> None:
    (data / "orders.py").write_text("raise SystemExit('it ran')")
    (data / "orders.yaml").mkdir()
    with pytest.raises(UserError, match=sentence):
        table_of_form(form(schema))
