"""What a file is, how large it may be, and what is said about it: names and numbers that are true."""

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from eightytwenty.engine.rules import check_failures
from eightytwenty.pictures.attribute_files import REASONS
from eightytwenty.pictures.check import Job, Observer
from eightytwenty.pictures.observe import observe
from eightytwenty.pictures.schema import CONTRADICTING, pictures_table
from eightytwenty.pictures.source import RawPicture
from tests.eightytwenty.pictures.png import GREY, RGB, RGB_ALPHA, chunk, png

SIDE = 32


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def drawing(width: int = SIDE, height: int = SIDE) -> Image.Image:
    blocks = np.random.default_rng(3).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


def failed(name: str, content: bytes) -> list[str]:
    """The rules that a file fails."""
    observed = Observer.of(pictures_table(SIDE))(Job([(RawPicture(name, name, len(content)), content)], frozenset()))
    return [rule for rule in observed.failures.columns if observed.failures[rule][0]]


def boxes(brand: bytes) -> bytes:
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + brand * 2 + bytes(100)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.heic", boxes(b"heic"), "other picture format"),
        ("a.png", boxes(b"avif"), "other picture format"),
        ("a.psd", b"8BPS\0\1" + bytes(50), "other picture format"),
        ("a.svg", b'<?xml version="1.0"?>\n<!-- x --><svg xmlns="...">', "other picture format"),
        ("a.ppm", b"P6\n2 2\n255\n" + bytes(12), "other picture format"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n", "other picture format"),
        ("a.dng", encode(drawing(), "TIFF"), "other picture format"),
        ("a.jpg", b"\n<!DOCTYPE HTML><html><body>403</body></html>", "web page"),
        ("a.jpg", b"<html>403</html>", "web page"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        ("a.mov", struct.pack(">I8s", 20, b"ftypqt  "), "not an image"),
        ("a.png", b"see the other folder", "not an image"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), "unreadable header"),
        ("a.jpg", encode(drawing(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "unreadable header"),
        ("a.webp", encode(drawing(), "PNG"), "wrong format"),
        ("a.tif", encode(Image.new("I", (SIDE, SIDE)), "TIFF"), "unknown mode"),
        ("a.tif", encode(drawing().convert("LAB"), "TIFF"), "unknown mode"),
    ],
)
def test_each_file_is_called_what_it_is(name, content, rule):
    assert failed(name, content) == [rule]


def with_size(jpeg: bytes, width: int, height: int, padding: int = 0) -> bytes:
    """A JPEG whose header claims other sides, and bytes after its end."""
    at = next(jpeg.index(mark) for mark in (b"\xff\xc0\0\x11", b"\xff\xc2\0\x11") if mark in jpeg)
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :] + bytes(padding)


def large_png(side: int) -> bytes:
    """A PNG whose header claims so many pixels on a side."""
    content = png(np.zeros((1, 1, 1)), 8, GREY, chunk(b"prVt", bytes(60_000)))
    return content[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, GREY, 0, 0, 0)) + content[33:]


def test_what_decoding_holds_in_memory_is_bounded_and_not_what_a_camera_makes():
    plain = encode(drawing(), "JPEG", subsampling=0)
    progressive = encode(drawing(), "JPEG", subsampling=0, progressive=True)
    compact = encode(drawing(), "JPEG", subsampling=2, progressive=True)
    cases = [
        (with_size(plain, 16_320, 12_240, 300_000), False),  # a telephone's 200 megapixels, decoded at an eighth
        (with_size(progressive, 16_320, 12_240, 300_000), True),  # its coefficients are all in memory
        (with_size(compact, 16_320, 12_240, 300_000), False),
        (with_size(plain, 16_320, 16_320, 300_000), True),
        (large_png(7_000), False),
        (large_png(7_200), True),
    ]
    assert [observe("x", content, SIDE).too_many_pixels for content, _ in cases] == [large for _, large in cases]
    assert not any(observe("x", content, SIDE).bomb for content, _ in cases)
    assert failed("x.jpg", with_size(plain, 16_320, 16_320, 300_000))[0] == "too many pixels"
    assert failed("x.jpg", with_size(plain, 16_320, 16_320))[0] == "decompression bomb"


def test_a_photograph_of_54_megapixels_is_decoded():
    content = encode(drawing(9_000, 6_000).convert("L"), "JPEG", quality=60)
    observation = observe("x.jpg", content, 64)
    middle = np.asarray(drawing(9_000, 6_000).convert("L").crop((1_500, 0, 7_500, 6_000)).resize((64, 64)))
    assert np.abs(observation.pixels.astype(int) - middle[..., None]).mean() < 4
    assert (observation.bomb, observation.too_many_pixels) == (False, False)


MEASURE = """
import resource, sys
from eightytwenty.pictures.observe import observe
content = open(sys.argv[1], "rb").read()
observe("x", open(sys.argv[2], "rb").read(), 64)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert observe("x", content, 64).pixels is not None
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.parametrize(
    ("kind", "depth", "most"), [(RGB_ALPHA, 8, 12), (RGB, 8, 12), (RGB, 16, 24), (RGB_ALPHA, 16, 24)]
)
def test_a_pixel_takes_as_much_memory_as_the_bound_is_made_for(tmp_path, kind, depth, most):
    side, channels = 3_000, 4 if kind == RGB_ALPHA else 3
    blocks = np.random.default_rng(1).integers(0, 1 << depth, (30, 30, channels))
    for name, repeats in (("large", side // 30), ("small", 4)):
        samples = blocks.repeat(repeats, axis=0).repeat(repeats, axis=1).astype(f"u{depth // 8}")
        (tmp_path / name).write_bytes(png(samples, depth, kind))
    arguments = [sys.executable, "-c", MEASURE, str(tmp_path / "large"), str(tmp_path / "small")]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert int(result.stdout) < most * side**2


def test_every_reason_says_what_to_do_about_a_file():
    table = pictures_table(SIDE)
    remedies = ("again", "save", "remove", "convert", "choose", "crop", "fetch", "rename", "do not open")
    remedies += ("add", "give", "keep", "correct", "fill")
    reasons = {rule.name: rule.reason for rule in (*table.checks("quarantine"), CONTRADICTING)} | REASONS
    for rule, reason in reasons.items():
        assert any(remedy in reason.partition("; ")[2] for remedy in remedies), rule
    assert check_failures(table.checks("flag"), observed_frame()).keys() == {"bits assumed", "colours assumed"}


def observed_frame():
    content = encode(drawing(), "PNG")
    return Observer.of(pictures_table(SIDE))(Job([(RawPicture("x", "x", len(content)), content)], frozenset())).files
