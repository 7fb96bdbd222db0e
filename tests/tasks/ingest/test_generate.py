"""A generated folder holds the pictures that were drawn and the truth about them, with the same bytes every time."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.pictures.source import open_pictures
from tasks.ingest.avatars import draw_avatars
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import SOURCES, generate_pictures


def contents(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def pixels(content):
    with Image.open(io.BytesIO(content)) as image:
        assert image.mode == "RGB"
        return np.asarray(image)


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_seed_gives_the_same_folder_and_another_seed_does_not(tmp_path, source):
    folders = []
    for number, seed in enumerate((1, 1, 2)):
        raw = generate_pictures(tmp_path / str(number), source=source, rows=30, size=32, dirt=0.5, seed=seed)
        assert raw == tmp_path / str(number) / "raw"
        folders.append(contents(raw.parent))
    assert folders[0] == folders[1]
    assert folders[0] != folders[2]


def test_clean_avatars_are_as_drawn_with_their_table_and_their_author(tmp_path):
    raw = generate_pictures(tmp_path / "new", source="avatars", rows=5, size=64, dirt=0, seed=7)
    pictures, attributes = draw_avatars(5, 64, seed=7)
    files = contents(raw.parent)
    names = [f"avatars-{number:05}.png" for number in range(1, 6)]
    assert set(files) == {f"raw/{name}" for name in (*names, "attributes.csv")} | {
        "truth.parquet",
        "ATTRIBUTION.txt",
        "parameters.parquet",
        "pictures.npy",
    }
    assert all((pixels(files[f"raw/{name}"]) == picture).all() for name, picture in zip(names, pictures, strict=True))
    table = pl.read_csv(files["raw/attributes.csv"], infer_schema=False)
    assert table.equals(attributes.insert_column(0, pl.Series("file", names)))
    assert b"Johan Melin" in files["ATTRIBUTION.txt"]
    assert pl.read_parquet(files["truth.parquet"]).height == 0


def test_clean_ellipses_are_as_drawn_with_their_parameters_beside(tmp_path):
    raw = generate_pictures(tmp_path / "new", source="ellipses-outline", rows=4, size=32, dirt=0, seed=7)
    pictures, parameters = draw_ellipses("ellipses-outline", 4, 32, seed=7)
    saved = pl.read_parquet(raw.parent / "parameters.parquet")
    assert saved.drop("file").equals(parameters)
    assert saved["file"].to_list() == sorted(file.name for file in raw.iterdir())
    for name, picture in zip(saved["file"], pictures, strict=True):
        assert (pixels((raw / name).read_bytes()) == picture).all()
    assert open_pictures(raw).tables == ()
