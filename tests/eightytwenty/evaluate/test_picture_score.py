import shutil

import numpy as np
import polars as pl
import pytest

from eightytwenty.evaluate.picture_faults import ATTRIBUTE_KINDS, KINDS, add_dirt
from eightytwenty.evaluate.picture_score import score_pictures
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from schemas.attributes import CARTOONSET, KNOWN_ATTRIBUTES
from tasks.ingest.avatars import draw_avatars
from tasks.ingest.ellipses import KINDS as ELLIPSES
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import AVATARS, as_png
from tests.eightytwenty.evaluate.attribute_faults import SIDECAR_KINDS, add_attribute_dirt

# a file over the limit of size takes twenty megabytes; one test has it
SMALL_KINDS = [kind for kind in KINDS if kind != "too large a file"]


def make_dirty(folder, source, rows, size, share, kinds=SMALL_KINDS):
    """A raw folder with dirt, its truth, the true pictures by name and their true attributes."""
    if source == AVATARS:
        pictures, attributes = draw_avatars(rows, size, 0)
    else:
        pictures, attributes = draw_ellipses(source, rows, size, 0)[0], None
    true = {f"{source}-{number:05}.png": picture for number, picture in enumerate(pictures, 1)}
    files = {name: as_png(picture) for name, picture in true.items()}
    if attributes is not None:
        attributes = attributes.insert_column(0, pl.Series("file", list(files)))
    table = None if attributes is None else attributes.write_csv().encode()
    dirty = add_dirt(files, table, share=share, seed=1, size=size, kinds=kinds)
    (folder / "raw").mkdir(parents=True)
    for name, content in dirty.files.items():
        (folder / "raw" / name).write_bytes(content)
    if dirty.attributes is not None:
        (folder / "raw" / "attributes.csv").write_bytes(dirty.attributes)
    return folder / "raw", dirty.truth, true, attributes


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("source", [AVATARS, *ELLIPSES])
def test_every_kind_of_dirt_is_caught_and_nothing_else_is_touched(tmp_path, source, size):
    kinds = KINDS if (source, size) == (AVATARS, 32) else SMALL_KINDS
    raw, truth, true, attributes = make_dirty(tmp_path, source, 150, size, 0.8, kinds)
    clean_pictures(open_pictures(raw, known_attributes=KNOWN_ATTRIBUTES), pictures_table(size), tmp_path / "out")
    result = score_pictures(tmp_path / "out", truth, true, attributes)
    expected = set(kinds) - (set() if source == "ellipses-white" else {"grey"})
    assert set(result.kinds["kind"]) == expected - (set() if source == AVATARS else set(ATTRIBUTE_KINDS))
    bad = result.kinds.filter((pl.col("right") != pl.col("injected")) | (pl.col("caught") != pl.col("injected")))
    assert bad.is_empty(), bad
    assert result.kinds["wrong"].sum() == 0
    assert (result.false_repairs, result.lost_rows) == (0, 0)
    ledger = pl.read_parquet(tmp_path / "out" / "ledger.parquet")
    assert set(ledger["source"]) <= set(truth["source"]), "correct pictures are not repaired"


def test_faults_of_sidecar_files_are_caught(tmp_path):
    pictures, _ = draw_ellipses("ellipses-colour", 60, 32, 0)
    rng = np.random.default_rng(1)
    true = {f"cartoonset/{number % 10}/cs{number:03}.png": picture for number, picture in enumerate(pictures)}
    codes = rng.integers([len(attribute.values) for attribute in CARTOONSET], size=(60, len(CARTOONSET)))
    files = {}
    for (name, picture), row in zip(true.items(), codes, strict=True):
        lines = [
            f'"{attribute.name}", {code}, {len(attribute.values)}\n'
            for attribute, code in zip(CARTOONSET, row, strict=True)
        ]
        files |= {name: as_png(picture), name.replace(".png", ".csv"): "".join(lines).encode()}
    dirty = add_attribute_dirt(files, share=0.6, seed=1)
    for name, content in dirty.files.items():
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_bytes(content)
    clean_pictures(
        open_pictures(tmp_path / "raw", known_attributes=KNOWN_ATTRIBUTES), pictures_table(32), tmp_path / "out"
    )
    attributes = pl.DataFrame(codes.astype(str), [attribute.name for attribute in CARTOONSET])
    attributes.insert_column(0, pl.Series("file", list(true)))
    result = score_pictures(tmp_path / "out", dirty.truth, true, attributes)
    assert set(result.kinds["kind"]) == set(SIDECAR_KINDS)
    assert result.kinds["right"].to_list() == result.kinds["injected"].to_list()
    assert (result.false_repairs, result.lost_rows) == (0, 0)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A cleaned folder and its truth, for mutilation."""
    folder = tmp_path_factory.mktemp("scored")
    kinds = ("transparent", "exact copy", "blank", "unknown value")
    raw, truth, true, attributes = make_dirty(folder, AVATARS, 40, 32, 0.5, kinds)
    clean_pictures(open_pictures(raw, known_attributes=KNOWN_ATTRIBUTES), pictures_table(32), folder / "out")
    return folder / "out", truth, true, attributes


@pytest.fixture
def mutilated(scored, tmp_path):
    """Scores the cleaning after a change to one of its files: `change` takes a frame or pixels."""
    cleaned, truth, true, attributes = scored

    def run(name, change):
        shutil.copytree(cleaned, tmp_path / "out")
        place = tmp_path / "out" / name
        if name.endswith(".npy"):
            np.save(place, change(np.load(place)))
        else:
            change(pl.read_parquet(place)).write_parquet(place)
        result = score_pictures(tmp_path / "out", truth, true, attributes)
        return result, {row["kind"]: row for row in result.kinds.to_dicts()}

    return run


def clean_rows(scored, with_fault):
    """Rows of clean.parquet whose pictures have a fault, or those without."""
    cleaned, truth, *_ = scored
    sources = pl.read_parquet(cleaned / "clean.parquet")["source"]
    return np.flatnonzero(sources.is_in(truth["source"].implode()).to_numpy() == with_fault)


def test_a_wrong_repair_is_seen(mutilated, scored):
    def darken(pictures):
        pictures[clean_rows(scored, with_fault=True)[0]] //= 2
        return pictures

    result, kinds = mutilated("pictures.npy", darken)
    assert kinds["transparent"]["wrong"] == 1
    assert kinds["transparent"]["right"] == kinds["transparent"]["injected"] - 1
    assert result.false_repairs == 0


def test_one_changed_channel_of_a_faultless_picture_is_seen(mutilated, scored):
    def change(pictures):
        pictures[clean_rows(scored, with_fault=False)[0], 5, 5, 1] ^= 1
        return pictures

    assert mutilated("pictures.npy", change)[0].false_repairs == 1


def test_a_changed_attribute_of_a_faultless_picture_is_seen(mutilated, scored):
    def change(clean):
        place = clean_rows(scored, with_fault=False)[0]
        other = "bun" if clean["hair"][int(place)] != "bun" else "bob"
        return clean.with_columns(hair=clean["hair"].scatter(place, other))

    assert mutilated("clean.parquet", change)[0].false_repairs == 1


def test_a_repair_that_is_in_no_ledger_is_not_caught(mutilated):
    _, kinds = mutilated("ledger.parquet", pl.DataFrame.clear)
    assert kinds["transparent"]["caught"] == 0


def test_a_copy_of_another_picture_is_not_right(mutilated):
    _, kinds = mutilated("duplicates.parquet", lambda table: table.with_columns(copy_of_source=pl.lit("x.png")))
    assert (kinds["exact copy"]["caught"], kinds["exact copy"]["right"]) == (kinds["exact copy"]["injected"], 0)


def test_lost_pictures_and_a_fault_that_passed_are_seen(scored, tmp_path):
    cleaned, truth, true, attributes = scored
    shutil.copytree(cleaned, tmp_path / "out")
    clean, quarantine = (pl.read_parquet(cleaned / f"{name}.parquet") for name in ("clean", "quarantine"))
    blank = truth.filter(pl.col("kind") == "blank")["source"][0]
    place = int(clean_rows(scored, with_fault=False)[0])
    lost = clean["source"][place]
    # one blank picture passes in the place of an innocent one
    swapped = clean.with_columns(source=clean["source"].scatter(place, blank))
    swapped.write_parquet(tmp_path / "out" / "clean.parquet")
    is_blank = pl.col("source") == blank
    quarantine.with_columns(source=pl.when(is_blank).then(pl.lit(lost)).otherwise("source")).write_parquet(
        tmp_path / "out" / "quarantine.parquet"
    )
    result = score_pictures(tmp_path / "out", truth, true, attributes)
    kinds = {row["kind"]: row for row in result.kinds.to_dicts()}
    assert kinds["blank"]["caught"] == kinds["blank"]["injected"] - 1
    assert kinds["blank"]["wrong"] == 1
    assert result.lost_rows == 1
