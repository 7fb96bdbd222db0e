"""Copies of pictures are found however they were saved again, but not if two pictures only look alike."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.pictures.near_duplicates import Candidate, digest, find_picture_copies, perceptual_hash
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from tasks.ingest.ellipses import KINDS, draw_ellipses

HEADER = "file,hair,eyes\n"


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def candidates(pictures, attributes=None, ranks=None):
    hashes = np.concatenate([perceptual_hash(part) for part in np.array_split(pictures, -(-len(pictures) // 64))])
    return [
        Candidate(
            digest(picture),
            hashes[place],
            attributes and attributes[place],
            (ranks[place] if ranks else 0, 0, 0, f"{place:06}"),
        )
        for place, picture in enumerate(pictures)
    ]


def find(pictures, attributes=None, ranks=None):
    return find_picture_copies(candidates(pictures, attributes, ranks), lambda numbers: pictures[list(numbers)])


def clean(folder: Path, files: dict[str, bytes]) -> dict[str, pl.DataFrame]:
    (folder / "raw").mkdir()
    for name, content in files.items():
        (folder / "raw" / name).write_bytes(content)
    clean_pictures(open_pictures(folder / "raw"), pictures_table(32), folder / "out")
    return {name: pl.read_parquet(folder / "out" / f"{name}.parquet") for name in ("clean", "quarantine", "duplicates")}


@pytest.mark.parametrize("size", [32])
@pytest.mark.parametrize("kind", KINDS)
def test_no_two_of_five_thousand_ellipses_are_taken_for_one(kind, size):
    pictures, _ = draw_ellipses(kind, 5_000, size, seed=3)
    copies = find(pictures)
    assert copies.original == {}
    assert copies.contradicting == set()


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_saved_again_are_found(kind, size):
    pictures, _ = draw_ellipses(kind, 40, size, seed=4)

    def again(way: str, picture: Image.Image) -> np.ndarray:
        if way == "shades":
            return np.asarray(picture) // 4 * 4
        if way == "jpeg":
            return np.asarray(Image.open(io.BytesIO(encode(picture, "JPEG", quality=95, subsampling=0))))
        large = picture.resize((2 * size, 2 * size), Image.Resampling.BICUBIC)
        return np.asarray(large.resize((size, size), Image.Resampling.LANCZOS))

    for way in ("shades", "jpeg", "larger"):
        copied = np.stack([again(way, Image.fromarray(picture)) for picture in pictures])
        assert (copied != pictures).any(axis=(1, 2, 3)).all()
        copies = find(np.concatenate([pictures, copied]), ranks=[0] * 40 + [1] * 40)
        assert copies.original == {40 + number: number for number in range(40)}, way


def test_attributes_decide_between_copy_and_another_picture():
    picture = draw_ellipses("ellipses-colour", 1, 32, seed=0)[0]
    near = picture.copy()
    near[0, 0, 0] -= 9
    both = np.concatenate([picture, near])
    assert find(both, [("bun",), ("bun",)]).original == {1: 0}
    assert find(both, [("bun",), ("bob",)]).original == {}
    same = np.concatenate([picture, picture, picture])
    assert find(same, [("bun",)] * 3).original == {1: 0, 2: 0}
    assert find(same, [("bun",), ("bun",), ("bob",)]).contradicting == {0, 1, 2}


def test_one_stroke_makes_another_picture():
    pictures = draw_ellipses("ellipses-colour", 1, 32, seed=0)[0].repeat(2, axis=0)
    pictures[1, 20, 3:5] = 90
    assert np.abs(perceptual_hash(pictures[:1]) - perceptual_hash(pictures[1:])).max() > 0
    assert find(pictures).original == {}


def test_copies_of_a_copy_name_the_one_that_stays():
    picture = draw_ellipses("ellipses-white", 1, 32, seed=0)[0]
    near = picture.copy()
    near[0, 0] += 9
    copies = find(np.concatenate([near, near, picture]), ranks=[1, 1, 0])
    assert copies.original == {0: 2, 1: 2}


def test_many_like_pictures_are_compared_in_bounded_blocks(monkeypatch):
    monkeypatch.setattr("eightytwenty.pictures.near_duplicates._BLOCK", 16)
    picture = draw_ellipses("ellipses-outline", 1, 32, seed=0)[0]
    film = np.repeat(picture, 100, axis=0)
    film[np.arange(100), 0, 0, 0] -= np.arange(100, dtype=np.uint8)
    # a pixel may differ by 40 levels from the picture that stays; the next picture stays again
    assert find(film).original == {number: number - number % 41 for number in range(100) if number % 41}


def test_the_hash_is_the_same_in_any_batch():
    pictures, _ = draw_ellipses("ellipses-colour", 50, 64, seed=1)
    alone = np.concatenate([perceptual_hash(pictures[n : n + 1]) for n in range(50)])
    assert (alone == perceptual_hash(pictures)).all()
    assert perceptual_hash(pictures[:0]).shape == (0, 192)
    assert perceptual_hash(np.full((1, 32, 32, 3), 7, np.uint8)).tolist() == [[7.0] * 192]


def test_the_copy_that_was_repaired_least_stays(tmp_path):
    one = Image.fromarray(draw_ellipses("ellipses-colour", 1, 32, seed=5)[0][0])
    files = {
        "a.jpg": encode(one, "JPEG", quality=95, subsampling=0),
        "b.png": encode(one.resize((96, 96), Image.Resampling.BICUBIC)),
        "c.png": encode(one.convert("RGBA")),
        "d.png": encode(one),
        "e.png": encode(one),
    }
    tables = clean(tmp_path, files)
    assert tables["clean"]["source"].to_list() == ["d.png"]
    copies = tables["duplicates"].select("source", "copy_of_source", "copy_of_record").rows()
    assert copies == [(name, "d.png", 1) for name in ("a.jpg", "b.png", "c.png", "e.png")]


def test_the_same_picture_with_other_attributes_is_kept_with_its_bytes(tmp_path):
    ellipses = [encode(Image.fromarray(picture)) for picture in draw_ellipses("ellipses-colour", 4, 32, seed=5)[0]]
    files = {f"{number}.png": content for number, content in enumerate(ellipses)}
    files["copy.png"] = ellipses[0]
    files["table.csv"] = f"{HEADER}0,bun,open\n1,bob,closed\n2,bob,open\n3,bun,closed\ncopy,bob,open\n".encode()
    tables = clean(tmp_path, files)
    quarantine = tables["quarantine"]
    assert quarantine.select("source", "rules").rows() == [
        ("0.png", ["contradicting attributes"]),
        ("copy.png", ["contradicting attributes"]),
    ]
    assert [(tmp_path / "out" / file).read_bytes() for file in quarantine["file"]] == [ellipses[0]] * 2
    assert tables["clean"]["source"].to_list() == ["1.png", "2.png", "3.png"]
