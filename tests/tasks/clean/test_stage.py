"""A dataset has one schema: another one, or other tables in its evidence, begin another dataset."""

from pathlib import Path

import pytest

from tasks.clean.inbox import check_table, compare_file
from tasks.clean.stage import CleanTable, dataset_stage
from tasks.experiment import Cleaned, Raw
from tasks.tracking.run import Dataset

SCHEMA = (
    "table: orders\ncolumns:\n  id: {kind: integer}\n  city: {kind: text, nullable: true}\nrules:\n- unique: [id]\n"
)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    file = tmp_path / "orders" / "schema.yaml"
    (file.parent / "evidence").mkdir(parents=True)
    file.write_text(SCHEMA)
    (file.parent / "evidence" / "columns.json").write_text("{}")
    (file.parent / "evidence" / "rules.parquet").write_bytes(b"1")
    return file


def test_the_dataset_keeps_the_schema_and_its_evidence(tmp_path: Path, schema: Path) -> None:
    folder, stage = dataset_stage(tmp_path / "datasets", "orders", schema)
    assert folder.name.startswith("orders-")
    kept = Path(stage.schema)
    assert kept.is_relative_to(folder)
    assert (kept.parent / "evidence" / "rules.parquet").read_bytes() == b"1"
    schema.write_text("edited meanwhile")
    assert stage.table.names == ["id", "city"]
    assert dict(stage.kind) == {"schema": stage.schema_sha256}  # it may lie anywhere


def test_what_rows_depend_on_makes_another_dataset_and_nothing_else_does(tmp_path: Path, schema: Path) -> None:
    def name() -> str:
        return dataset_stage(tmp_path / "datasets", "orders", schema)[0].name

    first = name()
    (schema.parent / "evidence" / "columns.json").write_text("seen again")
    assert name() == first
    (schema.parent / "evidence" / "rules.parquet").write_bytes(b"2")
    second = name()
    schema.write_text(SCHEMA.replace("text", "category"))
    assert len({first, second, name()}) == 3


def test_links_beside_a_schema_are_not_followed(tmp_path: Path, schema: Path) -> None:
    (tmp_path / "secret.json").write_text("secret")
    (schema.parent / "evidence" / "link.json").symlink_to(tmp_path / "secret.json")
    _, stage = dataset_stage(tmp_path / "datasets", "orders", schema)
    assert not (Path(stage.schema).parent / "evidence" / "link.json").exists()


@pytest.fixture
def cleaned(tmp_path: Path, schema: Path) -> Cleaned:
    (tmp_path / "a.csv").write_text("id,city\n1,Oslo\n2,Bergen\n")
    summary = CleanTable(str(schema), "")(tmp_path / "a.csv", tmp_path / "cleaned")
    dataset = Dataset("a.csv", tmp_path / "cleaned", "", 2)
    return Cleaned(Raw("a.csv", tmp_path / "a.csv", ""), tmp_path / "cleaned", "", summary, dataset, 0.0, fresh=True)


def test_without_evidence_a_file_is_not_compared_and_that_is_said(cleaned: Cleaned, schema: Path) -> None:
    drift = compare_file.fn(CleanTable(str(schema), ""), cleaned, None, 0.05, mask=True)
    assert drift.sentence == "There is no evidence beside the schema, so a.csv was not checked for drift."
    assert (drift.drifted, drift.docs) == ((), None)


def test_without_evidence_the_key_and_the_fates_are_expected_all_the_same(cleaned: Cleaned, schema: Path) -> None:
    expectations, _ = check_table(cleaned, schema=str(schema), most_quarantine=0.5)
    assert expectations.columns == ("id",)
    assert len(expectations.fates) == 3
    assert not expectations.measures
