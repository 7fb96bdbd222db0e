"""A delivery is read in a process of its own, with the result that it would have here, and without large libraries."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from tasks.cleaning import clean_by_name
from tasks.ingest.avatars import draw_attributes, draw_avatar
from tasks.ingest.generate import as_png
from tasks.running.confined import run_confined

PAIRS = ("tasks.adders.cleaning:CleanPairs", '{"largest_sum": 16}')
PICTURES = ("tasks.gans.cleaning:CleanPictures", '{"size": 32}')


def test_pairs_are_cleaned(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b,sum\n1,1,2\n1,1,3\n")
    run_confined(clean_by_name, *PAIRS, str(tmp_path / "x.csv"), str(tmp_path / "rows"), size=1)
    assert Summary.load(tmp_path / "rows").fates == {"clean": 1, "quarantine": 1, "duplicates": 0}


def test_what_is_no_table_is_named_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("secret\nsecret\n")
    with pytest.raises(UserError, match=r"x\.csv has no header of pairs") as error:
        run_confined(clean_by_name, *PAIRS, str(tmp_path / "x.csv"), str(tmp_path / "rows"), size=1)
    assert "secret" not in error.value.redacted
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_a_delivery_of_which_a_part_is_not_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / "1.csv").write_text("a,b,sum\n1,2,3\n")
    (folder / "README.md").write_text("The sums of May.\n")
    run_confined(clean_by_name, *PAIRS, str(folder), str(tmp_path / "rows"), size=1)
    assert Summary.load(tmp_path / "rows").rows == 1
    (folder / "2.csv").write_text("who,when\nme,now\n")
    with pytest.raises(UserError, match=r"a part of it was not read: 2\.csv has no header of pairs"):
        run_confined(clean_by_name, *PAIRS, str(folder), str(tmp_path / "more"), size=1)


def test_pictures_are_cleaned(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number, values in enumerate(draw_attributes(6, 0).iter_rows(named=True)):
            archive.writestr(f"{number}.png", as_png(draw_avatar(values, 32)))
        archive.writestr("broken.png", b"no picture")
    run_confined(clean_by_name, *PICTURES, str(tmp_path / "x.zip"), str(tmp_path / "out" / "pictures"), size=1)
    assert Summary.load(tmp_path / "out" / "pictures").fates == {"clean": 6, "quarantine": 1, "duplicates": 0}


def test_large_libraries_are_not_loaded() -> None:
    modules = "tasks.cleaning, tasks.adders.cleaning, tasks.gans.cleaning"
    code = f"import sys, {modules}; print({{'tensorflow', 'mlflow', 'prefect'}} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "set()\n"
