"""Depth and transparency: every depth of a file gives the picture that its numbers mean."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from eightytwenty.pictures.observe import observe
from tests.eightytwenty.pictures.png import GREY, GREY_ALPHA, PALETTE, RGB, RGB_ALPHA, chunk, png

SIDE = 32
CHANNELS = {GREY: 1, RGB: 3, GREY_ALPHA: 2, RGB_ALPHA: 4}


def ramp(bits: int, channels: int = 1, side: int = SIDE) -> np.ndarray:
    """Samples from 0 to the largest of so many bits, in another order in each channel."""
    shades = np.linspace(0, (1 << bits) - 1, side * side).round().astype(np.uint16).reshape(side, side)
    return np.stack([shades, shades[::-1], shades.T, shades[:, ::-1]][:channels], axis=2)


def as_bytes(samples: np.ndarray, bits: int) -> np.ndarray:
    """The nearest of 256 shades, as RGB."""
    shades = np.floor(samples * (255 / ((1 << bits) - 1)) + 0.5).astype(np.uint8)
    return shades if shades.shape[2] == 3 else np.repeat(shades, 3, axis=2)


def tiff(image: Image.Image, tags: dict[int, object] | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in (tags or {}).items():
        info[tag] = value
    image.save(stream, "TIFF", tiffinfo=info, **options)
    return stream.getvalue()


def raw_tiff(samples: np.ndarray, order: str, photometric: int, extra: int | None = None, depth: int = 16) -> bytes:
    """A TIFF in one strip, in the byte order < or >, as Pillow does not write it."""
    height, width, channels = samples.shape
    content = samples.astype(f"{order}u{depth // 8}").tobytes()
    entries = [
        (256, 3, [width]),
        (257, 3, [height]),
        (258, 3, [depth] * channels),
        (259, 3, [1]),
        (262, 3, [photometric]),
    ]
    entries += [(273, 4, [0]), (277, 3, [channels]), (278, 3, [height]), (279, 4, [len(content)])]
    entries += [(338, 3, [extra])] if extra is not None else []
    extras, size = b"", 8 + 2 + 12 * len(entries) + 4
    directory = struct.pack(order + "H", len(entries))
    start = size + sum(2 * len(values) for _, kind, values in entries if kind == 3 and len(values) > 2)
    for tag, kind, values in entries:
        values = [start] if tag == 273 else values
        packed = b"".join(struct.pack(order + ("H" if kind == 3 else "I"), value) for value in values)
        if len(packed) > 4:
            extras, packed = extras + packed, struct.pack(order + "I", size + len(extras))
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", 8) + directory + bytes(4) + extras + content


def depth_change(content: bytes) -> tuple[str, str] | None:
    changes = observe("x", content, SIDE).changes
    return next(((change.before, change.after) for change in changes if change.step.name == "16 bits to 8"), None)


@pytest.mark.parametrize("kind", [GREY, RGB, GREY_ALPHA, RGB_ALPHA])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_the_bits_in_use_are_scaled_to_8(kind, bits):
    samples = ramp(bits, CHANNELS[kind])
    colours = samples[..., : 3 if kind in {RGB, RGB_ALPHA} else 1]
    if kind in {GREY_ALPHA, RGB_ALPHA}:
        samples[..., -1] = (1 << bits) - 1  # opaque
    content = png(samples, 16, kind)
    observation = observe("x", content, SIDE)
    assert (observation.pixels == as_bytes(colours, bits)).all()
    assert depth_change(content) == ("16 bits" if bits == 16 else f"{bits} bits in 16", "8 bits")
    assert observation.bits_assumed == (bits < 16)


def test_opacity_may_use_more_bits_than_the_colours():
    samples = ramp(12, 4)
    samples[..., 3] = np.where(np.arange(SIDE) < 8, 0, 65535)
    pixels = observe("x", png(samples, 16, RGB_ALPHA), SIDE).pixels
    assert (pixels == np.where(samples[..., 3:] == 0, 255, as_bytes(samples[..., :3], 12))).all()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("channels", "photometric", "extra"), [(1, 1, None), (3, 2, None), (4, 2, 2), (4, 2, 0)])
@pytest.mark.parametrize("bits", [12, 16])
def test_tiff_is_read_like_png(order, channels, photometric, extra, bits):
    samples = ramp(bits, channels)
    if extra == 2:
        samples[..., 3] = (1 << bits) - 1
    pixels = observe("x", raw_tiff(samples, order, photometric, extra), SIDE).pixels
    assert (pixels == as_bytes(samples[..., :3], bits)).all()


def test_colours_multiplied_by_their_opacity_are_not_divided_twice():
    samples = ramp(12, 4)
    samples[..., :3] = samples[..., :3] // 2
    samples[..., 3] = 4095 // 2
    pixels = observe("x", raw_tiff(samples, "<", 2, 1), SIDE).pixels.astype(int)
    assert np.abs(pixels - (as_bytes(samples[..., :3], 12) + 128)).max() <= 1


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_compressed_tiff_has_the_same_samples(compression):
    samples = ramp(12)
    content = tiff(Image.fromarray(samples[..., 0]), compression=compression)
    assert (observe("x", content, SIDE).pixels == as_bytes(samples, 12)).all()


def test_white_that_is_zero_is_white():
    pixels = observe("x", raw_tiff(ramp(16), "<", 0), SIDE).pixels
    assert (pixels == 255 - as_bytes(ramp(16), 16)).all()


def test_a_file_that_says_its_bits_leaves_no_doubt():
    dark = ramp(10)
    stated = observe("x", png(dark, 16, GREY, chunk(b"sBIT", b"\x0c")), SIDE)
    assert (stated.pixels == as_bytes(dark, 12)).all()
    assert not stated.bits_assumed
    # as the standard has it, the encoder has scaled the 12 bits up
    scaled = observe("x", png(ramp(12) << 4, 16, GREY, chunk(b"sBIT", b"\x0c")), SIDE)
    assert (scaled.pixels == as_bytes(ramp(12) << 4, 16)).all()
    most = tiff(Image.fromarray(dark[..., 0]), {281: 16383})
    tagged = observe("x", most, SIDE)
    assert (tagged.pixels == as_bytes(dark, 14)).all()
    assert not tagged.bits_assumed


def test_a_picture_that_may_have_14_bits_is_doubtful_and_not_brightened():
    observation = observe("x", png(ramp(14), 16, GREY), SIDE)
    assert observation.bits_assumed
    assert (observation.pixels == as_bytes(ramp(14), 16)).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_one_shade_of_grey_is_transparent(depth):
    samples = ramp(depth)
    shade = int(samples[SIDE // 2, SIDE // 2, 0])
    observation = observe("x", png(samples, depth, GREY, chunk(b"tRNS", struct.pack(">H", shade))), SIDE)
    expected = np.where(samples == shade, 255, as_bytes(samples, depth))
    assert (samples == shade).any()
    assert (observation.pixels == expected).all()
    assert "transparency onto white" in [change.step.name for change in observation.changes]


@pytest.mark.parametrize("depth", [8, 16])
def test_one_colour_is_transparent(depth):
    samples = ramp(depth, 3)
    colour = samples[3, 5]
    observation = observe("x", png(samples, depth, RGB, chunk(b"tRNS", struct.pack(">HHH", *colour))), SIDE)
    expected = np.where((samples == colour).all(axis=2, keepdims=True), 255, as_bytes(samples, depth))
    assert (observation.pixels == expected).all()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_has_colours_and_opacities(depth):
    samples = ramp(depth)
    rng = np.random.default_rng(depth)
    colours, opacities = rng.integers(0, 256, (1 << depth, 3)), rng.choice([0, 255], 1 << depth)
    opacities[:2] = 0, 255
    chunks = [chunk(b"PLTE", colours.astype(np.uint8).tobytes())]
    opaque = observe("x", png(samples, depth, PALETTE, *chunks), SIDE)
    assert (opaque.pixels == colours[samples[..., 0]]).all()
    chunks.append(chunk(b"tRNS", opacities.astype(np.uint8).tobytes()))
    clear = observe("x", png(samples, depth, PALETTE, *chunks), SIDE)
    assert (clear.pixels == np.where(opacities[samples] == 0, 255, colours[samples[..., 0]])).all()
    assert [change.step.name for change in clear.changes] == ["transparency onto white"]


@pytest.mark.parametrize("mode", ["LA", "PA"])
def test_grey_and_palettes_with_opacity_are_laid_on_white(mode):
    samples = ramp(8, 2)
    samples[..., 1] = np.where(np.arange(SIDE) < SIDE // 2, 0, 255)
    image = Image.fromarray(samples.astype(np.uint8), "LA")
    if mode == "PA":
        palette = Image.new("P", (SIDE, SIDE))
        palette.putpalette(np.repeat(np.arange(256), 3).tolist())
        palette.frombytes(samples[..., 0].astype(np.uint8).tobytes())
        palette.putalpha(image.getchannel("A"))
        image = palette
    pixels = observe("x", tiff(image), SIDE).pixels
    assert (pixels == np.where(samples[..., 1:] == 0, 255, samples[..., :1])).all()


def test_grey_multiplied_by_its_opacity_is_laid_on_white():
    samples = np.stack([np.full((SIDE, SIDE), 40), np.full((SIDE, SIDE), 100)], axis=2)
    samples[: SIDE // 2] = 0, 255
    pixels = observe("x", raw_tiff(samples, "<", 1, 1, depth=8), SIDE).pixels.astype(int)
    assert (pixels[: SIDE // 2] == 0).all()
    assert np.abs(pixels[SIDE // 2 :] - (40 + 255 - 100)).max() <= 1


def test_turned_pictures_keep_their_bits():
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    samples = ramp(12)
    Image.fromarray(samples[..., 0]).save(stream, "PNG", exif=exif)
    pixels = observe("x", stream.getvalue(), SIDE).pixels
    assert (pixels == np.rot90(as_bytes(samples, 12), -1)).all()
