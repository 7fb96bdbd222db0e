"""The command that cleans pictures: from a folder to a report, and one sentence where nothing can be used."""

import io
import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.errors import UserError
from eightytwenty.read.options import ReadOptions
from schemas.pairs import pairs_table
from tasks.clean.tasks import clean_own


def picture(seed: int, mode: str = "RGB") -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST).convert(mode).save(stream, "PNG")
    return stream.getvalue()


def test_clean_accounts_for_every_picture_of_a_folder(command, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    contents = [picture(1), picture(2), picture(2), picture(3, "RGBA"), b"text"]
    for name, content in zip("abcde", contents, strict=True):
        (raw / f"{name}.png").write_bytes(content)
    (tmp_path / "about.csv").write_text("image,hair\na,bun\nb,bob\nc,bob\nd,bun\ne,bob\n")
    options = ["--schema", "pictures", "--size", "32", "--out", "clean", "--attributes", "about.csv"]
    done = command(tmp_path / "data", "clean", "raw", *options)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "clean"
    report = json.loads((out / "report.json").read_text())
    assert [report[fate] for fate in ("rows", "clean", "quarantine", "duplicates")] == [5, 3, 1, 1]
    assert pl.read_parquet(out / "clean.parquet").rows() == [
        ("a.png", 1, "bun"),
        ("b.png", 1, "bob"),
        ("d.png", 1, "bun"),
    ]
    pictures = np.load(out / "pictures.npy")
    assert pictures.shape == (3, 32, 32, 3)
    files = sorted((out / "clean").iterdir())
    assert [file.name for file in files] == ["000001-a.png", "000002-b.png", "000003-d.png"]
    assert all((np.asarray(Image.open(file)) == one).all() for file, one in zip(files, pictures, strict=True))
    assert (out / "quarantine" / "000005-e.png").read_bytes() == b"text"
    assert "not an image" in done.stdout
    assert "gallery.png" in done.stdout
    assert Image.open(out / "gallery.png").format == "PNG"
    assert "- **transparency onto white**, 1: " in (out / "report.md").read_text()


def test_a_folder_without_a_usable_picture_is_one_sentence_and_a_report(command, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.png").write_bytes(b"")
    done = command(tmp_path / "data", "clean", "raw", "--schema", "pictures", "--out", "clean")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("eightytwenty: None of the 1 pictures is clean;")
    assert "Traceback" not in done.stderr
    assert "- **empty file**, 1: " in (tmp_path / "clean" / "report.md").read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--size", "50"], "--size 50: Input should be 32, 64 or 128"),
        (["--attributes", "nowhere.csv"], "nowhere.csv cannot be read"),
        ([], "raw holds no picture"),
    ],
)
def test_bad_input_is_one_sentence(command, tmp_path, options, sentence):
    (tmp_path / "raw").mkdir()
    if options:
        (tmp_path / "raw" / "a.png").write_bytes(picture(1))
    done = command(tmp_path / "data", "clean", "raw", "--schema", "pictures", "--out", "clean", *options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "clean").exists()


def test_a_database_server_is_not_read_for_whoever_fills_in_the_form(tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "of the worker")
    with pytest.raises(UserError, match="read on the command line"):
        clean_own.fn("postgresql://reader@127.0.0.1/secrets", pairs_table(), tmp_path / "out", mask=True)


def test_a_table_of_which_nothing_is_told_is_inferred_and_its_examples_hidden(tmp_path):
    (tmp_path / "people.csv").write_text("name,paid\nAnn Lee,$12.50\nBob Ray, $7.00\n")
    summary = clean_own.fn(str(tmp_path / "people.csv"), ReadOptions(), tmp_path / "out", mask=True)
    assert summary.fates == {"clean": 2, "quarantine": 0, "duplicates": 0}
    texts = [path.read_text() for path in (tmp_path / "out").rglob("*.*") if path.suffix in {".md", ".json", ".yaml"}]
    assert len(texts) >= 5
    assert not any("Ann" in text or "12.5" in text or "$7.00" in text for text in texts)
