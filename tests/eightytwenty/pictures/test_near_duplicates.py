"""Copies of pictures are found however they were saved again, but not if two pictures only look alike."""

import io
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from PIL import Image

from eightytwenty.engine.executor import in_threads
from eightytwenty.pictures import near_cells, near_duplicates
from eightytwenty.pictures.near_duplicates import Candidates, find_picture_copies
from eightytwenty.pictures.perceptual_hash import (
    MOST_MEAN,
    MOST_PIXEL,
    MOST_PLACE,
    coarse_means,
    digests,
    perceptual_hash,
)
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from tasks.ingest.ellipses import KINDS, draw_ellipses
from tests.eightytwenty.executors import pickled

HEADER = "file,hair,eyes\n"


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


class Found(NamedTuple):
    """Copy -> the picture that stays, and the pictures that contradict others."""

    original: dict[int, int]
    contradicting: set[int]


class Counted:
    """Pictures that count how many of them are read."""

    def __init__(self, pictures):
        self.pictures, self.reads = pictures, 0

    def __getitem__(self, numbers):
        self.reads += len(numbers)
        return self.pictures[numbers]


def find(pictures, attributes=None, ranks=None, executor=in_threads, counted=None):
    """What is found if the pictures are stored in another order than that of their rank."""
    order = np.argsort(ranks or [0] * len(pictures), kind="stable").astype(np.int32)
    parts = np.array_split(pictures, -(-len(pictures) // 64))
    hashes = np.concatenate([perceptual_hash(part) for part in parts])
    values = attributes or [None] * len(pictures)
    groups = np.array([values.index(values[number]) for number in order], np.int32)
    candidates = Candidates(order, digests(pictures)[order], coarse_means(hashes).astype(np.uint8)[order], groups)
    copies = find_picture_copies(candidates, pictures if counted is None else counted, hashes, executor)
    pairs = ((int(order[copy]), int(order[first])) for copy, first in enumerate(copies.original) if first >= 0)
    return Found(dict(pairs), set(order[copies.contradicts].tolist()))


def find_plainly(pictures, attributes):
    """A picture is a copy of the first one that stays, is near to it, and has the same attributes."""
    hashes = perceptual_hash(pictures)
    values = defaultdict(set)
    for picture, value in zip(pictures, attributes, strict=True):
        values[picture.tobytes()].add(value)
    contradicting = {number for number, picture in enumerate(pictures) if len(values[picture.tobytes()]) > 1}
    stays, original = [], {}
    for number, picture in enumerate(pictures):
        for other in stays:
            differences = np.abs(picture.astype(int) - pictures[other])
            if (
                attributes[other] == attributes[number]
                and np.abs(hashes[number] - hashes[other]).max() <= MOST_PLACE
                and differences.max() <= MOST_PIXEL
                and differences.mean() <= MOST_MEAN
            ):
                original[number] = other
                break
        else:
            stays += [number] if number not in contradicting else []
    return Found({copy: first for copy, first in original.items() if copy not in contradicting}, contradicting)


def varied(seed, count):
    """Pictures of which each is another one with a change at a bound: just near, or just not near any more."""
    numbers = np.random.default_rng(seed)
    pictures = [numbers.integers(60, 190, (1, 1, 3)) + numbers.integers(-9, 10, (32, 32, 3)) for _ in range(3)]
    while len(pictures) < count:
        picture = pictures[numbers.integers(len(pictures)) if seed % 2 else -1].copy()
        where = numbers.integers(0, 24, 2)
        match numbers.integers(4):
            case 0:  # the mean
                picture += numbers.choice([-4, 4, 5])
            case 1:  # a pixel
                picture[*where] += numbers.choice([-40, -41, 40, 41])
            case 2:  # a place
                picture[where[0] : where[0] + 8, where[1] : where[1] + 8] += numbers.choice([-5, 5, 6])
            case _:  # nothing that counts
                picture[*where] += 1
        pictures.append(picture)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def divide_often(monkeypatch, cell=8, block=5, matches=2):
    monkeypatch.setattr(near_cells, "_CELL", cell)
    monkeypatch.setattr(near_cells, "_MOST_HALO", 9)
    monkeypatch.setattr(near_cells, "_BLOCK", block)
    monkeypatch.setattr(near_cells, "_READ", 3 * block)
    monkeypatch.setattr(near_cells, "_FEWEST_COMPARED", 2)
    for module in (near_cells, near_duplicates):
        monkeypatch.setattr(module, "MOST_MATCHES", matches)


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
    monkeypatch.setattr(near_cells, "_BLOCK", 16)
    picture = draw_ellipses("ellipses-outline", 1, 32, seed=0)[0]
    film = np.repeat(picture, 100, axis=0)
    film[np.arange(100), 0, 0, 0] -= np.arange(100, dtype=np.uint8)
    # a pixel may differ by 40 levels from the picture that stays; the next picture stays again
    expected = {number: number - number % 41 for number in range(100) if number % 41}
    assert find(film).original == expected
    divide_often(monkeypatch)
    assert find(film).original == expected


@pytest.mark.parametrize("seed", range(8))
def test_cells_find_what_comparing_all_with_all_finds(monkeypatch, seed):
    pictures = varied(seed, 240)
    attributes = [number % (1, 3)[seed % 4 == 3] for number in range(len(pictures))]
    expected = find_plainly(pictures, attributes)
    assert 20 < len(expected.original) < 220
    assert (len(expected.contradicting) > 0) == (seed % 4 == 3)
    for cell, block, matches in [(1_000, 1_000, 16), (8, 5, 2), (30, 64, 1)]:
        divide_often(monkeypatch, cell, block, matches)
        assert find(pictures, attributes, executor=pickled) == expected


def test_a_chain_over_many_cells_is_decided_from_its_start(monkeypatch):
    """Each picture is near to the 64 before it, most of which are copies, and no cell knows where the chain begins."""
    divide_often(monkeypatch, cell=100)
    film = np.zeros((1_600, 32, 32, 3), np.uint8) + (np.arange(1_600) // 16).astype(np.uint8)[:, None, None, None]
    film[np.arange(1_600), 0, 0, 0] += np.arange(1_600, dtype=np.uint8) % 16
    stages = []

    def noted(work, jobs):
        stages.append(0)
        for job in jobs:
            stages[-1] += 1
            yield work(job)

    counted = Counted(film)
    assert find(film, executor=noted, counted=counted) == find_plainly(film, [None] * len(film))
    assert len(stages) > 3
    assert stages[0] > 10
    assert sum(stages[1:]) < 4 * stages[0]  # only those of which more had to be known
    assert counted.reads < 60 * len(film)


def test_pictures_that_are_all_alike_are_compared_with_few(monkeypatch):
    monkeypatch.setattr(near_cells, "_CELL", 100)
    film = np.full((1_000, 32, 32, 3), 99, np.uint8)
    film[np.arange(1_000), np.arange(1_000) // 32, np.arange(1_000) % 32] += 9
    counted = Counted(film)
    assert find(film, counted=counted).original == dict.fromkeys(range(1, 1_000), 0)
    assert counted.reads == 2 * 999


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
