"""`eightytwenty explain`: why a row or a cell ended as it did."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eightytwenty import Check, Column, Table, Unique, clean
from eightytwenty.errors import UserError
from eightytwenty.pages.explain import explain, explanation_rich
from eightytwenty.pictures.schema import pictures_table
from tests.eightytwenty.test_cli import run_light

VISITS = Table(
    "visits",
    (
        Column("id", "integer"),
        Column("city", "text", nullable=True),
        Column("weight", "decimal", nullable=True, action="flag", range=("0", "100")),
    ),
    (
        Check("id < 90", "there are no such ids", "high id"),
        Unique(("id",)),
        Check("id <> 4", "four is odd", action="flag"),
    ),
)
ROWS = 'id,city,weight\n1,Rome,"7,25"\n2,[red]x,500\n2,[red]x,500\nx,Oslo,3\n4, Rome ,heavy\n99,,\n'


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visits")
    (folder / "raw:1.csv").write_text(ROWS)
    return clean(folder / "raw:1.csv", VISITS, folder / "cleaned").folder


@pytest.fixture(scope="module")
def inferred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two files, of whose postal codes 2 in 50 are none."""
    folder = tmp_path_factory.mktemp("inferred")
    (folder / "raw/deep").mkdir(parents=True)
    zips = [f"{10000 + 733 * number}" for number in range(48)] + ["3595x", "3595x"]
    lines = "".join(f"{number},{code}\n" for number, code in enumerate(zips))
    (folder / "raw/a.csv").write_text("id,zip\n" + lines)
    (folder / "raw/deep/b.csv").write_text("id,zip\n" + lines.replace("\n", "\n1", 49))
    return clean(folder / "raw", None, folder / "cleaned").folder


def lines(folder: Path, row: str, column: str = "") -> list[str]:
    return list(explanation_rich(explain(folder, row, column)))


def test_a_changed_cell_has_its_rule_the_reason_and_both_texts(visits: Path) -> None:
    assert lines(visits, "1", "weight") == [
        "[bold]raw:1.csv:1 is clean.[/]",
        "  weight  7.25",
        "changed: weight '7,25' → '7.25', by [bold]decimal comma[/]: "
        "a comma before the fraction is a decimal point (confidence 100%)",
        "7.25 is the value in 1 of the 3 clean rows.",
        "'7,25' was changed in 1 clean row.",
    ]


def test_a_cell_that_nothing_happened_to_is_shown(visits: Path) -> None:
    assert lines(visits, ":1", "city") == [
        "[bold]raw:1.csv:1 is clean.[/]",
        "  city  'Rome'",
        "Nothing was changed or flagged.",
        "'Rome' is the value in 2 of the 3 clean rows.",
    ]


def test_a_row_has_all_its_cells_changes_and_flags(visits: Path) -> None:
    shown = lines(visits, "raw:1.csv:5")
    assert shown[:4] == ["[bold]raw:1.csv:5 is clean.[/]", "  id      4", "  city    'Rome'", "  weight  nothing"]
    assert shown[4].startswith("changed: city ' Rome ' → 'Rome', by [bold]stray spaces[/]")
    assert sorted(line.partition(",")[0] for line in shown[5:]) == ["flagged: the row", "flagged: weight 'heavy'"]


def test_a_flagged_value_has_the_reason_of_its_column(visits: Path) -> None:
    explanation = explain(visits, "2", "weight")
    assert [(flag["rule"], flag["reason"], flag["value"]) for flag in explanation.flags] == [
        ("out of range", "weight must be 0 to 100", "500")
    ]


def test_a_row_in_quarantine_has_every_rule_its_reason_and_how_it_arrived(visits: Path) -> None:
    shown = lines(visits, "4")
    assert shown[0] == "[bold]raw:1.csv:4 (line 5) is in quarantine.[/]"
    assert shown[1].startswith("[bold]not a whole number[/]: a cell is not")
    assert "  id      'x'" in shown
    assert shown[-1].startswith("It arrived as 'x,Oslo,3")
    assert explain(visits, "6").reasons == {"high id": "there are no such ids"}


def test_a_duplicate_names_the_row_that_it_copies_and_shows_data_as_text(visits: Path) -> None:
    shown = lines(visits, "3")
    assert shown[0] == "[bold]raw:1.csv:3 (line 4) is a duplicate.[/]"
    assert shown[1] == "It is a copy of raw:1.csv:2, which is clean."
    assert r"  city    '\[red]x'" in shown


def test_what_spoke_against_a_cell_is_the_kind_of_its_column(inferred: Path) -> None:
    shown = lines(inferred, "deep/b.csv:50", "zip")
    assert "96.0% of the 100 cells with a value are of the kind postal_code; '3595x' is not." in shown
    assert any(line.startswith("They could also be of the kind integer (96.0% of them)") for line in shown)
    assert "'3595x' was flagged in 4 clean rows." in shown


def test_old_reports_without_reasons_are_read(inferred: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    for path in inferred.glob("*.parquet"):
        (old / path.name).write_bytes(path.read_bytes())
    report = json.loads((inferred / "report.json").read_text())
    del report["reasons"]
    (old / "report.json").write_text(json.dumps(report))
    assert lines(old, "a.csv:1", "id")[1:3] == ["  id  0", "Nothing was changed or flagged."]


def test_the_command_prints_plain_text(visits: Path) -> None:
    done = run_light(visits.parent, "explain", "cleaned", "raw:1.csv:1", "weight")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("raw:1.csv:1 is clean.\n  weight  7.25\nchanged: weight '7,25' → '7.25', by decimal")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("cleand", "1"), "cleand is no folder of a cleaning; did you mean cleaned?"),
        (("raw:1.csv", "1"), "raw:1.csv is no folder of a cleaning; "),
        (("cleaned", "raw.csv:1"), "There is no source raw.csv; did you mean raw:1.csv?"),
        (("cleaned", "7"), "raw:1.csv has no record 7; its last one is 6."),
        (("cleaned", "0"), "raw:1.csv has no record 0; its last one is 6."),
        (("cleaned", "raw:1.csv"), "raw:1.csv is no row; give its source and record, such as raw:1."),
        (("cleaned", "1", "citi"), "cleaned has no column citi; did you mean city?"),
    ],
)
def test_what_is_not_there_is_one_sentence(visits: Path, arguments: tuple[str, ...], sentence: str) -> None:
    before = sorted(visits.parent.rglob("*"))
    done = run_light(visits.parent, "explain", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout
    assert sorted(visits.parent.rglob("*")) == before


def test_pictures_are_explained_too(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    blocks = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    for number, picture in enumerate(blocks):
        Image.fromarray(picture).save(tmp_path / "raw" / f"{number}.png")
    (tmp_path / "raw/broken.png").write_bytes(b"x")
    folder = clean(tmp_path / "raw", pictures_table(32), tmp_path / "cleaned").folder
    assert lines(folder, "0.png:1")[1].startswith(
        "changed: picture '40x40' → '32x32', by [bold]resize[/]: all pictures"
    )
    assert lines(folder, "broken.png:1")[0] == "[bold]broken.png:1 is in quarantine.[/]"
    with pytest.raises(UserError, match=r"There is no source raw; there is 0\.png, 1\.png, broken\.png\."):
        explain(folder, "1")


def test_of_several_sources_one_must_be_named(inferred: Path) -> None:
    with pytest.raises(UserError, match=r"There are 2 sources, a\.csv, deep/b\.csv; name one, such as a\.csv:7\."):
        explain(inferred, "7")


def test_a_damaged_folder_is_one_sentence(inferred: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes((inferred / "report.json").read_bytes())
    with pytest.raises(UserError, match="cannot be read"):
        explain(tmp_path, "a.csv:1")
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(UserError, match="is no report of a cleaning"):
        explain(tmp_path, "a.csv:1")
