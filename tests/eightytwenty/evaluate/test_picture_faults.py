import csv
import io
from pathlib import PurePosixPath

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageOps

from eightytwenty.evaluate.file_faults import FILE_KINDS
from eightytwenty.evaluate.picture_faults import ATTRIBUTE_KINDS, COPY_KINDS, KINDS, TABLE, DirtyPictures, add_dirt
from eightytwenty.pictures.schema import MOST_BYTES
from schemas.attributes import CARTOONSET
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import as_png
from tests.eightytwenty.evaluate.attribute_faults import SIDECAR_KINDS, add_attribute_dirt

ROWS, SIZE = 180, 32
HAIR, COLOURS = ("bun", "short", "spiky"), ("black", "blond")


def draw(rows=ROWS, kind="ellipses-colour"):
    """Clean pictures and a table with two attributes."""
    pictures, _ = draw_ellipses(kind, rows, SIZE, seed=0)
    files = {f"e-{number:05}.png": as_png(picture) for number, picture in enumerate(pictures, 1)}
    rng = np.random.default_rng(1)
    lines = [f"{name},{rng.choice(HAIR)},{rng.choice(COLOURS)}\n" for name in files]
    return files, ("file,hair,hair_colour\n" + "".join(lines)).encode()


@pytest.fixture(scope="module")
def dirty():
    files, table = draw()
    return files, table, add_dirt(files, table, share=0.9, seed=1, size=SIZE)


def faults(dirty: DirtyPictures, kind: str) -> list[dict]:
    rows = dirty.truth.filter(pl.col("kind") == kind).to_dicts()
    assert rows
    return rows


def cells(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode())))[1:]


def load(content: bytes) -> Image.Image:
    """The picture, after every check that Pillow has."""
    with Image.open(io.BytesIO(content)) as image:
        image.verify()
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def rgb(content: bytes) -> np.ndarray:
    return np.asarray(load(content).convert("RGB")).astype(int)


def test_every_kind_occurs_and_its_rows_exist(dirty):
    files, _, dirty = dirty
    assert set(dirty.truth["kind"]) == set(KINDS) - {"grey"}  # the ellipses have colours
    assert dirty.truth.select("source", "record").is_unique().all()
    for source, record, kind, of in dirty.truth.select("source", "record", "kind", "of").iter_rows():
        assert of in files
        if kind == "picture missing":
            assert (source, cells(dirty.attributes)[record - 1][0]) == (TABLE, of)
            assert of not in dirty.files
        else:
            assert record == 1
            assert source in dirty.files


def test_pictures_without_a_fault_and_their_lines_are_untouched(dirty):
    files, table, dirty = dirty
    faultless = set(dirty.files) - set(dirty.truth["source"])
    assert len(faultless) > 0.1 * ROWS
    assert all(dirty.files[name] == files[name] for name in faultless)
    lines = {line[0]: line for line in cells(table)}
    assert [line for line in cells(dirty.attributes) if line[0] in faultless] == [
        lines[name] for name in sorted(faultless)
    ]


def test_every_file_has_its_own_line_unless_that_is_the_fault(dirty):
    _, _, dirty = dirty
    sources = {kind: {row["source"] for row in faults(dirty, kind)} for kind in ("line missing", "picture missing")}
    lines = [line[0] for line in cells(dirty.attributes)]
    assert len(lines) == len(set(lines))
    missing_pictures = {row["of"] for row in faults(dirty, "picture missing")}
    assert set(lines) == set(dirty.files) - sources["line missing"] | missing_pictures


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    files, table = draw(60)
    x, y, z = (add_dirt(files, table, share=0.5, seed=seed, size=SIZE) for seed in (1, 1, 2))
    assert (x.files, x.attributes) == (y.files, y.attributes)
    assert x.truth.equals(y.truth)
    assert x.files != z.files


def test_no_dirt_and_no_attributes():
    files, table = draw(20)
    clean = add_dirt(files, table, share=0, seed=1, size=SIZE)
    assert (clean.files, clean.attributes) == (files, table)
    assert clean.truth.is_empty()
    dirty = add_dirt(files, None, share=1, seed=1, size=SIZE, kinds=("malformed line", "blank"))
    assert dirty.attributes is None
    assert set(dirty.truth["kind"]) == {"blank"}


UNREADABLE = ("empty file", "not an image", "truncated", "damaged chunk", "decompression bomb")


@pytest.mark.parametrize("kind", UNREADABLE)
def test_files_that_no_decoder_accepts(dirty, kind):
    for row in faults(dirty[2], kind):
        with pytest.raises((OSError, SyntaxError, Image.DecompressionBombError)):
            load(dirty[2].files[row["source"]])


def test_files_that_a_decoder_accepts_but_should_not(dirty):
    _, _, dirty = dirty

    def contents(kind):
        return [dirty.files[row["source"]] for row in faults(dirty, kind)]

    for content in contents("missing end"):
        assert b"IEND" not in content
        assert Image.open(io.BytesIO(content)).getextrema()
    assert {len(content) > MOST_BYTES for content in contents("too large a file")} == {True}
    assert len(contents("too large a file")) <= 2, "each takes its size of the disk"
    assert all(rgb(content).any() for content in contents("too large a file"))
    assert {row["source"][-4:] for row in faults(dirty, "wrong suffix")} == {".png"}
    assert {load(content).format for content in contents("wrong suffix")} <= {"JPEG", "BMP", "WEBP"}
    assert all(max(load(content).size) < SIZE for content in contents("too small"))
    assert all(max(image.size) > 2 * min(image.size) for image in map(load, contents("far from square")))
    assert {load(content).n_frames for content in contents("animated")} == {2}
    assert {np.ptp(rgb(content), axis=(0, 1)).max() for content in contents("blank")} == {0}
    assert all(0 < np.ptp(rgb(content), axis=(0, 1)).max() <= 4 for content in contents("nearly blank"))


def test_copies_come_after_their_originals(dirty):
    files, _, dirty = dirty
    for kind in (*COPY_KINDS, "contradicting copy"):
        for row in faults(dirty, kind):
            assert row["source"] >= row["of"]
            assert dirty.files[row["of"]] == files[row["of"]]
            copy = Image.fromarray(rgb(dirty.files[row["source"]]).astype(np.uint8)).resize((SIZE, SIZE))
            assert np.abs(np.asarray(copy).astype(int) - rgb(files[row["of"]])).mean() < 3
    lines = {name: values for name, *values in cells(dirty.attributes)}
    assert all(lines[row["source"]] == lines[row["of"]] for kind in COPY_KINDS for row in faults(dirty, kind))
    pairs = [row["of"] for row in faults(dirty, "contradicting copy") if row["source"] != row["of"]]
    differing = [
        sum(x != y for x, y in zip(lines[name], lines[name.replace(".png", "_copy.png")], strict=True))
        for name in pairs
    ]
    assert set(differing) == {1}


def repair(content: bytes) -> np.ndarray:
    """The expected repair of a file."""
    image = ImageOps.exif_transpose(load(content))
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    opaque = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), opaque).convert("RGB")
    return np.asarray(ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.LANCZOS)).astype(int)


@pytest.mark.parametrize("picture", ["ellipses-outline", "ellipses-white", "ellipses-colour"])
def test_what_can_be_repaired_is_the_true_picture_again(picture):
    files, _ = draw(120, picture)
    kinds = [kind for kind, file_kind in FILE_KINDS.items() if file_kind.fate == "clean"]
    dirty = add_dirt(files, None, share=1, seed=3, size=SIZE, kinds=kinds)
    assert set(dirty.truth["kind"]) == set(kinds) - (set() if picture == "ellipses-white" else {"grey"})
    for row in dirty.truth.iter_rows(named=True):
        content = dirty.files[row["source"]]
        assert np.abs(repair(content) - rgb(files[row["of"]])).mean() <= row["tolerance"], row
        image = load(content)
        changed = image.mode != "RGB" or image.size != (SIZE, SIZE) or image.getexif() or row["kind"] == "16-bit"
        assert changed, row


@pytest.mark.parametrize(
    "kind", sorted(set(ATTRIBUTE_KINDS) - {"contradicting copy", "line missing", "picture missing"})
)
def test_faults_of_lines_cannot_be_read_as_values(dirty, kind):
    _, table, dirty = dirty
    choices = [set(HAIR), set(COLOURS)]
    true = {name: values for name, *values in cells(table)}
    for row in faults(dirty, kind):
        (values,) = [values for name, *values in cells(dirty.attributes) if name == row["source"]]
        if kind == "malformed line":
            assert len(values) < 2
        else:
            wrong = [place for place, value in enumerate(values) if value not in choices[place]]
            assert len(wrong) == 1
            assert sum(x != y for x, y in zip(values, true[row["of"]], strict=True)) == 1


def cartoons(rows=60):
    """A folder in the form of the Cartoon Set: a picture and a CSV of 18 lines each."""
    pictures, _ = draw_ellipses("ellipses-colour", rows, SIZE, seed=0)
    rng = np.random.default_rng(1)
    files = {}
    for number, picture in enumerate(pictures):
        stem = f"cartoonset/{number % 10}/cs{10**9 + number}"
        lines = [
            f'"{attribute.name}", {rng.integers(len(attribute.values))}, {len(attribute.values)}\n'
            for attribute in CARTOONSET
        ]
        files |= {f"{stem}.png": as_png(picture), f"{stem}.csv": "".join(lines).encode()}
    return files


def test_faults_of_sidecar_files():
    files = cartoons()
    dirty = add_attribute_dirt(files, share=0.8, seed=1)
    assert set(dirty.truth["kind"]) == set(SIDECAR_KINDS)
    for row in dirty.truth.iter_rows(named=True):
        table = str(PurePosixPath(row["of"]).with_suffix(".csv"))
        assert row["source"] in dirty.files
        assert files[table] != dirty.files.get(table) or row["of"] not in dirty.files
        if row["kind"] in ("unknown attribute", "index out of range", "wrong cardinality"):
            old, new = (contents[table].decode().splitlines() for contents in (files, dirty.files))
            ((before, after),) = [(x.split(","), y.split(",")) for x, y in zip(old, new, strict=True) if x != y]
            column = ("unknown attribute", "index out of range", "wrong cardinality").index(row["kind"])
            assert [x != y for x, y in zip(before, after, strict=True)] == [place == column for place in range(3)]
    faultless = {name for name in files if str(PurePosixPath(name).with_suffix(".png")) not in set(dirty.truth["of"])}
    assert len(faultless) == 24
    assert all(dirty.files[name] == files[name] for name in faultless)
    assert add_attribute_dirt(files, share=0.8, seed=1).files == dirty.files
