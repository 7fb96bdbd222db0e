"""Why rows are in quarantine: the rules that most of them failed, with examples that are safe to show."""

import io
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from tasks.validate.reasons import quarantine_reasons, show_pair, show_picture
from tests.conftest import CleanSource


def test_the_rules_that_most_rows_failed_come_with_examples(clean_source: CleanSource) -> None:
    lines = [
        "a,b,sum,name",
        *["1,1,3,secret"] * 4,
        "1,\x1b[31m" + "y" * 40 + ",2,secret",
        "9,,,secret",
        "cut off secret",
    ]
    cleaned = clean_source("\n".join(lines).encode(), "x.csv")
    assert quarantine_reasons(cleaned.folder, "rows", show_pair) == (
        "4 of 7 rows: wrong sum, e.g. line 2: 1 + 1 = 3; line 3: 1 + 1 = 3; line 4: 1 + 1 = 3.",
        "1 of 7 rows: missing cell, e.g. line 7: 9 + nothing = nothing.",
        r"1 of 7 rows: not a whole number, e.g. line 6: 1 + \x1b[31myyyyyyyyyyyyyyyyyyy... = 2.",
    )


def test_rows_without_lines_are_named_by_number(clean_source: CleanSource) -> None:
    content = io.BytesIO()
    pl.DataFrame({"a": [1], "b": [1], "sum": [3]}).write_parquet(content)
    cleaned = clean_source(content.getvalue(), "x.parquet")
    assert quarantine_reasons(cleaned.folder, "rows", show_pair) == (
        "1 of 1 rows: wrong sum, e.g. record 1: 1 + 1 = 3.",
    )
    sound = clean_source(b"a,b,sum\n1,1,2\n", "y.csv")
    assert quarantine_reasons(sound.folder, "rows", show_pair) == ()


def test_pictures_are_named(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "raw/a.png")
    for name in ("b.png", "c.png"):
        (tmp_path / "raw" / name).write_bytes(b"no picture")
    clean_pictures(open_pictures(tmp_path / "raw"), pictures_table(64), tmp_path / "out")
    (reason, *_) = quarantine_reasons(tmp_path / "out", "pictures", show_picture)
    assert reason.startswith("2 of 3 pictures: ")
    assert reason.endswith(", e.g. b.png; c.png.")
