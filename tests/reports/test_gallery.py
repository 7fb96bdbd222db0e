import re

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.engine.summary import Summary
from eightytwenty.evaluate.file_faults import encode
from eightytwenty.evaluate.picture_faults import KINDS, add_dirt
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from reports.gallery import gallery, gallery_bands, preview
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import as_png


def cleaned(folder, rows, share):
    """A raw folder of dirty ellipses with attributes, and beside it the cleaned one."""
    pictures, _ = draw_ellipses("ellipses-white", rows, 32, 0)
    files = {f"e-{number:03}.png": as_png(picture) for number, picture in enumerate(pictures)}
    lines = [f"{name},{('left', 'right')[place % 2]},{place % 3}\n" for place, name in enumerate(files)]
    kinds = [kind for kind in KINDS if kind not in ("too large a file", "misspelt value", "unknown value")]
    dirty = add_dirt(files, ("file,side,number\n" + "".join(lines)).encode(), share=share, seed=1, size=32, kinds=kinds)
    (folder / "raw").mkdir()
    for name, content in dirty.files.items():
        (folder / "raw" / name).write_bytes(content)
    (folder / "raw" / "attributes.csv").write_bytes(dirty.attributes)
    clean_pictures(open_pictures(folder / "raw"), pictures_table(32), folder / "out")
    return folder / "out", folder / "raw"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return cleaned(tmp_path_factory.mktemp("gallery"), 120, 0.8)


def test_every_rule_and_every_step_has_a_row_with_its_count(folders):
    out, raw = folders
    summary = Summary.load(out)
    clean, copies, quarantine = gallery_bands(out, raw)
    as_they_came, *steps = clean.rows
    assert as_they_came.title == "as they came"
    assert {row.title: int(row.count.split()[0]) for row in steps} == summary.repaired
    assert {row.title: int(row.count.split()[0]) for row in quarantine.rows} == summary.failed
    assert copies.rows[0].count.startswith(f"{summary.duplicates} ")
    assert all(1 <= len(row.tiles) <= 4 for band in (clean, copies, quarantine) for row in band.rows)
    assert all(row.note for row in (*clean.rows, *quarantine.rows))


def test_repaired_pictures_are_beside_their_originals(folders):
    out, raw = folders
    ledger = pl.read_parquet(out / "ledger.parquet").filter(pl.col("rule") == "centre crop")
    (row,) = [row for row in gallery_bands(out, raw)[0].rows if row.title == "centre crop"]
    originals = row.tiles[::2]
    assert all(tile.arrow for tile in originals)
    assert {tile.caption for tile in originals} <= set(ledger["before"])
    assert all(f"{tile.picture.shape[1]}x{tile.picture.shape[0]}" == tile.caption for tile in originals)
    assert all(tile.picture.shape == (32, 32, 3) for tile in row.tiles[1::2])


def test_without_the_raw_folder_only_the_clean_pictures_are_shown(folders):
    out, _ = folders
    clean, copies, _ = gallery_bands(out)
    tiles = [tile for band in (clean, copies) for row in band.rows for tile in row.tiles]
    assert all(tile.picture is not None and not tile.arrow for tile in tiles)


def test_a_file_that_is_not_a_picture_is_a_tile_with_words(folders):
    out, raw = folders
    rows = {row.title: row for row in gallery_bands(out, raw)[2].rows}
    for title, words in {"empty file": ".png file of 0 bytes", "decompression bomb": ".png file of"}.items():
        assert all(tile.picture is None and tile.words.startswith(words) for tile in rows[title].tiles)
    assert all(", " in tile.words for tile in rows["attributes without picture"].tiles)
    assert all(tile.picture is not None for tile in rows["missing end"].tiles)


def test_what_is_wrong_with_a_picture_that_looks_sound_stands_below_it(folders):
    out, raw = folders
    rows = {row.title: [tile.fault for tile in row.tiles] for row in gallery_bands(out, raw)[2].rows}
    assert all(fault.endswith("cells, not 3") for fault in rows["malformed"])
    assert set(rows["missing value"]) <= {"no side", "no number"}
    assert all(fault.endswith(" inside") for fault in rows["wrong format"])
    assert all(re.fullmatch(r"\d+x\d+ pixels", fault) for fault in rows["too small"])
    assert set(rows["missing end"]) == {"no end mark"}


def test_without_the_raw_folder_there_are_fewer_words_about_faults(folders):
    rows = {row.title: row.tiles for row in gallery_bands(folders[0])[2].rows}
    assert {tile.fault for tile in rows["malformed"]} == {""}
    assert {tile.fault for tile in rows["missing end"]} == {"no end mark"}


def test_the_page_is_a_picture_with_the_same_bytes_each_time(folders, tmp_path):
    out, raw = folders
    for name in ("x.png", "y.png"):
        gallery(out, tmp_path / name, raw)
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    assert Image.open(tmp_path / "x.png").width > 1000


def test_a_source_without_dirt(tmp_path):
    out, raw = cleaned(tmp_path, 3, 0)
    (band,) = gallery_bands(out, raw)
    assert [row.title for row in band.rows] == ["as they came"]
    gallery(out, tmp_path / "page.png", raw)


def test_links_are_not_followed_and_missing_files_are_named(tmp_path):
    out, raw = cleaned(tmp_path, 120, 0.8)
    secret = tmp_path / "secret.png"
    secret.write_bytes(as_png(np.full((32, 32, 3), 7, np.uint8)))
    for number, file in enumerate(sorted(raw.glob("*_copy.*"))):
        file.unlink()
        if number % 2:
            file.symlink_to(secret)
    copies = gallery_bands(out, raw)[1]
    originals = [tile for row in copies.rows for tile in row.tiles if tile.arrow]
    assert originals
    assert {(tile.picture is None, tile.words) for tile in originals} == {(True, "no longer there")}


def test_a_preview_is_small_and_shows_what_is_transparent():
    picture = np.zeros((400, 200, 4), np.uint8)
    picture[:, :100] = (200, 0, 0, 255)
    small = preview(encode(Image.fromarray(picture))[1])
    assert small.shape == (160, 80, 3)
    assert (small[:, :38] == (200, 0, 0)).all()
    assert set(np.unique(small[:, 42:])) == {218, 255}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp", ".webp", ".tif"])
def test_a_preview_of_a_broken_file_is_none_or_a_picture(suffix):
    content = encode(Image.fromarray(draw_ellipses("ellipses-colour", 1, 32, 0)[0][0]), suffix)[1]
    assert preview(content).shape == (32, 32, 3)
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = np.frombuffer(content, np.uint8).copy()
        broken[rng.integers(len(broken), size=3)] = rng.integers(0, 256, 3)
        small = preview(broken[: rng.integers(1, len(broken) + 1)].tobytes())
        assert small is None or small.dtype == np.uint8
    assert preview(b"") is None
    assert preview(b"<html>") is None
