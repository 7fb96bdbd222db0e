"""What the comparison with uncleaned pictures learns from."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from schemas.attributes import KNOWN_ATTRIBUTES
from tasks.experiment import Cleaned, Raw
from tasks.gans.checkpoint import Checkpoint
from tasks.gans.data import training_set
from tasks.gans.uncleaned import Uncleaned, save_history, uncleaned_set
from tasks.ingest.generate import generate_pictures


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory) -> Cleaned:
    folder = tmp_path_factory.mktemp("dirty")
    raw = generate_pictures(folder / "pictures", source="avatars", rows=200, size=32, dirt=0.3, seed=0)
    clean_pictures(open_pictures(raw, None, KNOWN_ATTRIBUTES), pictures_table(32), folder / "clean")
    return Cleaned(Raw("avatars", raw, ""), folder / "clean", "", None, None, 0.0, fresh=True)


def test_as_many_raw_pictures_as_clean_ones_with_the_same_held_out_ones(cleaned, tmp_path):
    clean = training_set(cleaned.rows, seed=0)
    dirty = uncleaned_set(cleaned, clean, tmp_path, seed=0)
    assert dirty.images.shape == clean.images.shape
    assert dirty.codes.shape == clean.codes.shape
    assert dirty.held_out_images is clean.held_out_images
    assert not np.array_equal(dirty.images[:], clean.images[:])


def test_faulty_pictures_are_among_them_and_held_out_ones_are_not(cleaned, tmp_path):
    clean = training_set(cleaned.rows, seed=0)
    dirty = {picture.tobytes() for picture in uncleaned_set(cleaned, clean, tmp_path, seed=0).images[:]}
    sound = {picture.tobytes() for picture in np.load(cleaned.rows / "pictures.npy")}
    assert dirty - sound
    changed = pl.read_parquet(cleaned.rows / "ledger.parquet")["source"]
    copied = pl.read_parquet(cleaned.rows / "duplicates.parquet")["copy_of_source"]
    names = pl.read_parquet(cleaned.rows / "clean.parquet")["source"][clean.held_out_rows]
    untouched = ~(names.is_in(changed.implode()) | names.is_in(copied.implode())).to_numpy()
    assert untouched.any()
    assert not dirty & {picture.tobytes() for picture in clean.held_out_images[untouched]}


def test_too_few_readable_pictures_are_not_compared(cleaned, tmp_path):
    clean = training_set(cleaned.rows, seed=0)
    empty = tmp_path / "raw"
    empty.mkdir()
    (empty / "a.png").write_bytes(b"")
    lost = Cleaned(Raw("lost", empty, ""), cleaned.rows, "", None, None, 0.0, fresh=True)
    assert uncleaned_set(lost, clean, tmp_path, seed=0) is None


def test_gains_are_of_the_same_epoch(tmp_path):
    save_history(tmp_path, {"fid": [90.0, 41.0], "coverage": [0.5, 0.9], "generator_loss": [1.0, 1.0]})
    checkpoint = Checkpoint(
        history={"fid": [70.0, 37.0, 20.0], "coverage": [0.7, 0.95, 1.0]}, samples=[np.zeros(1, np.uint8)] * 3
    )
    gains = Uncleaned(SimpleNamespace(folder=tmp_path)).gains(checkpoint)
    assert [(gain.measure, gain.uncleaned, gain.cleaned) for gain in gains] == [
        ("coverage", (0.9,), (0.95,)),
        ("FID, less is better", (41.0,), (37.0,)),
    ]
    save_history(tmp_path, {})
    assert Uncleaned(SimpleNamespace(folder=tmp_path)).gains(checkpoint) == ()
