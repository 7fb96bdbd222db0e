"""Malicious and damaged files: none of them can stop a run."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from eightytwenty.pictures.observe import REFUSALS, observe
from eightytwenty.pictures.structure import structure_fault
from tests.eightytwenty.pictures.png import GREY, GREY_ALPHA, RGB, chunk, png


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def samples() -> list[bytes]:
    """Small files of all formats, with the features that decoders branch on."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    picture, other = Image.fromarray(noise), Image.fromarray(noise[::-1])
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"rXYZ", b"gXYZ", 1)
    film = {"save_all": True, "append_images": [other]}
    return [
        encode(picture, "PNG", exif=exif),
        encode(picture.convert("P"), "PNG", transparency=3),
        encode(picture.convert("L").convert("I;16"), "PNG"),
        encode(picture, "PNG", **film),
        encode(picture, "JPEG", exif=exif),
        encode(picture.convert("CMYK"), "JPEG", progressive=True),
        encode(picture, "GIF", **film),
        encode(picture.convert("P"), "BMP"),
        encode(picture, "WEBP", exif=exif),
        encode(picture, "TIFF", exif=exif),
        encode(picture, "TIFF", compression="tiff_lzw"),
        encode(picture, "PNG", icc_profile=profile),
        encode(picture, "JPEG", icc_profile=profile),
        encode(picture.convert("L").convert("I;16"), "TIFF", compression="tiff_deflate", tiffinfo={281: 4095}),
        png(noise.astype(np.uint16) * 16, 16, RGB, chunk(b"sBIT", b"\x0c\x0c\x0c"), chunk(b"tRNS", bytes(6))),
        png(noise[..., :2].astype(np.uint16) * 257, 16, GREY_ALPHA),
        png(noise[..., :1] & 3, 2, GREY, chunk(b"tRNS", b"\0\1")),
    ]


SAMPLES = samples()


def with_checksums(content: bytes) -> bytes:
    """A PNG whose chunks all have the right checksum, so that their faults reach the decoder."""
    out, at = content[:8], 8
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        out += content[at : end - 4] + struct.pack(">I", zlib.crc32(content[at + 4 : end - 4]))
        at = end
    return out + content[at:]


@st.composite
def damaged_files(draw):
    content = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.one_of(st.integers(8, 200), st.integers(8, len(content) + 8))) % (len(content) + 1)
        change = draw(st.sampled_from(["flip", "cut", "lose", "add", "extreme"]))
        if change == "cut":
            del content[max(at, 8) :]
        elif change == "lose":
            del content[at : at + draw(st.integers(1, 20))]
        elif change == "add":
            content[at:at] = draw(st.binary(min_size=1, max_size=20))
        elif at < len(content):
            content[at] = (
                content[at] ^ (1 << draw(st.integers(0, 7)))
                if change == "flip"
                else draw(st.sampled_from([0, 127, 255]))
            )
    return with_checksums(bytes(content)) if draw(st.booleans()) else bytes(content)


@settings(max_examples=400)
@given(damaged_files())
def test_no_damaged_file_raises(content):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        observation = observe("x", content, 32)
    if observation.pixels is not None:
        assert observation.pixels.shape == (32, 32, 3)
        assert observation.pixels.dtype == np.uint8


@pytest.mark.parametrize("content", SAMPLES)
def test_every_sample_is_sound_or_a_film(content):
    observation = observe("x", content, 32)
    assert observation.fault == ""
    assert observation.animated or observation.pixels is not None


@pytest.mark.parametrize("number", [0, 1, 2, 4, 5])
def test_a_png_or_jpeg_cut_anywhere_is_never_clean(number):
    content = SAMPLES[number]
    for length in range(0, len(content), 7):
        observation = observe("x", content[:length], 32)
        assert observation.fault in {"truncated", "missing end"} or not observation.format, length
    assert structure_fault(content, "PNG" if number < 3 else "JPEG") == ""


def test_no_flipped_bit_of_a_png_passes():
    content = SAMPLES[0]
    for at in range(0, len(content), 11):
        observation = observe("x", content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :], 32)
        assert observation.fault or not observation.format, at


def test_a_bomb_is_refused_by_its_header():
    end = SAMPLES[0][33:]
    for side, is_bomb in ((60_000, True), (7_200, True), (7_000, False)):
        data = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        content = SAMPLES[0][:8] + struct.pack(">I", 13) + data + struct.pack(">I", zlib.crc32(data)) + end
        observation = observe("x.png", content, 32)
        assert observation.bomb == is_bomb
        assert not observation.too_many_pixels
        assert observation.pixels is None


def test_a_jpeg_without_samples_is_damaged():
    content = SAMPLES[5]  # progressive, with four channels
    at = content.index(b"\xff\xc2") + 10
    for channel in range(content[at - 1]):
        content = content[: at + 1 + 3 * channel] + b"\0" + content[at + 2 + 3 * channel :]
    assert observe("x.jpg", content, 32).fault == "damaged"


def test_text_that_unpacks_to_more_than_it_should_is_damage():
    text = b"zTXtComment\0\0" + zlib.compress(bytes(50_000_000))
    content = SAMPLES[0]
    at = content.index(b"IDAT") - 4
    malicious = (
        content[:at] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + content[at:]
    )
    observation = observe("x.png", malicious, 32)
    assert observation.fault == "damaged" or not observation.format


def test_only_what_files_can_do_is_refused():
    assert not any(issubclass(MemoryError, kind) or issubclass(KeyboardInterrupt, kind) for kind in REFUSALS)
