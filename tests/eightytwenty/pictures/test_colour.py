"""Colour profiles: the numbers of a picture mean what its file says, and sRGB costs and changes nothing."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from eightytwenty.pictures.observe import observe
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from tests.eightytwenty.pictures.png import GREY, RGB, chunk, png

SIDE = 32
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped(profile: bytes) -> bytes:
    """A profile in which the first channel is green and the second red; it still says that it is sRGB."""
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of one channel, version 2."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(4 + 4 + 2 + 1 + 67 + 3)
    tags = [(b"desc", text), (b"wtpt", white), (b"kTRC", curve)]
    offset, directory, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        directory += name + struct.pack(">II", offset + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">iii", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    return head.ljust(128, b"\0") + directory + body


def inks_profile() -> bytes:
    """A profile of four inks whose black is not black: the table of a link from nothing but LittleCMS's own parts."""
    grid = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    light = (1 - grid[:, :3]) * (1 - 0.5 * grid[:, 3:])  # full black ink halves the light
    lab = np.stack([light.mean(axis=1) * 255, np.full(16, 128), np.full(16, 128)], axis=1).round().astype(np.uint8)
    identity = np.arange(256, dtype=np.uint8)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel())
    table += np.tile(identity, 4).tobytes() + lab.tobytes() + np.tile(identity, 3).tobytes()
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"inks\0" + bytes(4 + 4 + 2 + 1 + 67 + 3)
    tags = [(b"desc", text), (b"wtpt", white), (b"A2B0", table)]
    offset, directory, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        directory += name + struct.pack(">II", offset + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02100000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">iii", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    return head.ljust(128, b"\0") + directory + body


def adobe_rgb() -> bytes:
    """EXIF as cameras write it that are set to Adobe RGB: the tag Interoperability Index in the third directory."""
    head = b"Exif\0\0II*\0" + struct.pack("<I", 8)
    first = struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0)
    second = struct.pack("<HHHIII", 1, 0xA005, 4, 1, 44, 0)
    return head + first + second + struct.pack("<HHHI4sI", 1, 1, 2, 4, b"R03", 0)


def drawing(mode: str = "RGB") -> Image.Image:
    blocks = np.random.default_rng(3).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((SIDE, SIDE), Image.Resampling.NEAREST).convert(mode)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def steps(content: bytes) -> list[tuple[str, str, str]]:
    return [(change.step.name, change.before, change.after) for change in observe("x", content, SIDE).changes]


TO_SRGB = "colour profile to sRGB"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_a_profile_is_applied_whatever_its_name(kind):
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    content = encode(drawing(), kind, icc_profile=swapped(SRGB), **options)
    observation = observe("x", content, SIDE)
    off = np.abs(observation.pixels.astype(int) - np.asarray(drawing())[..., [1, 0, 2]]).max()
    assert off <= (8 if kind == "JPEG" else 2)
    assert steps(content) == [(TO_SRGB, "sRGB built-in", "sRGB")]
    assert not observation.colours_assumed


def test_a_gamma_of_srgb_and_other_exif_leave_no_doubt():
    samples = np.asarray(drawing()).astype(np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 1
    sound = [
        png(samples, 8, RGB, chunk(b"gAMA", struct.pack(">I", 45_455))),
        png(samples, 8, RGB, chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))),
        encode(drawing(), "JPEG", exif=exif),
        encode(drawing(), "JPEG", exif=adobe_rgb().replace(b"R03", b"R98")),
        encode(drawing(), "JPEG", exif=adobe_rgb(), icc_profile=SRGB),
    ]
    assert not any(observe("x", content, SIDE).colours_assumed for content in sound)


def test_a_profile_of_srgb_changes_nothing():
    for content in (encode(drawing(), icc_profile=SRGB), encode(drawing("L").convert("RGB"), icc_profile=SRGB)):
        assert steps(content) == []
    observation = observe("x", encode(drawing(), icc_profile=SRGB), SIDE)
    assert (observation.pixels == np.asarray(drawing())).all()
    assert not observation.colours_assumed


def test_colours_of_a_palette_and_with_opacity_are_converted_before_they_are_laid_on_white():
    turned = np.asarray(drawing())[..., [1, 0, 2]]
    opacity = np.where(np.arange(SIDE) < 8, 0, 255)[None].repeat(SIDE, 0).astype(np.uint8)
    clear = drawing()
    clear.putalpha(Image.fromarray(opacity))
    pixels = observe("x", encode(clear, icc_profile=swapped(SRGB)), SIDE).pixels
    assert np.abs(pixels.astype(int) - np.where(opacity[..., None] == 0, 255, turned)).max() <= 2
    palette = observe("x", encode(drawing().quantize(64), icc_profile=swapped(SRGB)), SIDE)
    assert np.abs(palette.pixels.astype(int) - turned).max() <= 2


@pytest.mark.parametrize("opaque", [True, False])
def test_linear_grey_becomes_lighter(opaque):
    grey = drawing("L")
    linear = np.asarray(grey) / 255
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    image = grey.convert("L" if opaque else "LA")
    content = encode(image, icc_profile=grey_profile(1.0))
    observation = observe("x", content, SIDE)
    assert np.abs(observation.pixels - expected[..., None]).max() < 2
    assert steps(content)[-1] == (TO_SRGB, "grey", "sRGB")


def test_inks_are_converted_by_their_profile():
    ink = Image.new("CMYK", (SIDE, SIDE))
    ink.paste((0, 0, 0, 255), (0, 0, SIDE, SIDE // 2))
    content = encode(ink, "TIFF", icc_profile=inks_profile())
    pixels = observe("x", content, SIDE).pixels
    assert pixels[0, 0].min() > 100  # without the profile it would be 0
    assert pixels[-1, -1].min() > 250
    assert steps(content) == [("inks to RGB", "CMYK", "RGB"), (TO_SRGB, "inks", "sRGB")]


def broken() -> dict[str, bytes]:
    """Pictures whose profile is damaged or made for other channels."""
    cut = encode(drawing(), icc_profile=SRGB)
    at = cut.index(b"iCCP") - 4
    end = at + 12 + int.from_bytes(cut[at : at + 4])
    return {
        "junk.png": encode(drawing(), icc_profile=b"no profile" * 30),
        "short.png": encode(drawing(), icc_profile=SRGB[:300]),
        "unpackable.png": cut[:at] + chunk(b"iCCP", b"name\0\0no zlib") + cut[end:],
        "grey on colours.png": encode(drawing(), icc_profile=grey_profile(2.2)),
        "inks on colours.jpg": encode(drawing(), "JPEG", icc_profile=inks_profile(), subsampling=0),
        "colours on inks.tif": encode(drawing("CMYK"), "TIFF", icc_profile=SRGB),
        "camera.jpg": encode(drawing(), "JPEG", exif=adobe_rgb(), subsampling=0),
        "gamma.png": png(np.asarray(drawing()).astype(np.uint16), 8, RGB, chunk(b"gAMA", struct.pack(">I", 100_000))),
    }


@pytest.mark.parametrize("name", list(broken()))
def test_a_profile_that_cannot_be_applied_is_a_doubt_and_never_an_error(name):
    observation = observe(name, broken()[name], SIDE)
    assert observation.fault == ""
    assert observation.colours_assumed
    off = np.abs(observation.pixels.astype(int) - np.asarray(drawing())).max()
    assert off <= (40 if name.endswith("jpg") else 1)
    assert TO_SRGB not in [change.step.name for change in observation.changes]


def test_grey_in_a_space_of_colours_is_three_equal_channels():
    samples = np.asarray(drawing("L"))[..., None].astype(np.uint16)
    plain = observe("x", png(samples, 8, GREY), SIDE)
    observation = observe("x", encode(drawing("L"), icc_profile=swapped(SRGB)), SIDE)
    assert np.abs(observation.pixels.astype(int) - plain.pixels).max() <= 2
    assert not observation.colours_assumed


def test_the_doubt_is_a_flag_and_the_picture_is_clean(tmp_path):
    (tmp_path / "raw").mkdir()
    for name, content in broken().items():
        (tmp_path / "raw" / name).write_bytes(content)
        break
    (tmp_path / "raw" / "plain.png").write_bytes(encode(drawing().rotate(90)))
    index = tmp_path / "index"
    for _ in range(2):  # the second time, from the index
        source = open_pictures(tmp_path / "raw")
        summary = clean_pictures(source, pictures_table(SIDE), tmp_path / "out", index=index)
        assert summary.fates == {"clean": 2, "quarantine": 0, "duplicates": 0}
        assert summary.flagged == {"colours assumed": 1}
