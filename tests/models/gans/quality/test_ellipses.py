import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.gans.quality.ellipses import distribution_distance, ellipse_test
from tasks.ingest.ellipses import draw_ellipses

BACKGROUNDS = {"ellipses-outline": "white", "ellipses-white": "black", "ellipses-colour": "white"}
CORNERS = {"triangle": 3, "rectangle": 4, "star": 10, "pentagon": 5, "hexagon": 6}


def polygons(kind, size, n, seed=0, over=4):
    """Stretched and turned polygons of random dark colour on white, as large as the ellipses, anti-aliased."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(n):
        angles = 2 * np.pi * (np.arange(CORNERS[kind]) + 0.5) / CORNERS[kind]
        reach = np.where(np.arange(CORNERS[kind]) % 2, 0.45, 1) if kind == "star" else 1
        corners = np.stack([reach * np.cos(angles), reach * np.sin(angles)], 1) * rng.uniform(0.25, 0.42, 2) * size
        cos, sin = np.cos(turn := rng.uniform(0, 2 * np.pi)), np.sin(turn)
        corners = (corners @ [[cos, sin], [-sin, cos]] + size / 2) * over
        canvas = Image.new("RGB", (size * over, size * over), "white")
        colour = tuple(int(level) for level in rng.integers(0, 150, 3))
        ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners], fill=colour)
        pictures.append(np.asarray(canvas.resize((size, size), Image.Resampling.BOX)))
    return np.stack(pictures)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_every_real_ellipse_passes(kind, size):
    pictures, truth = draw_ellipses(kind, 200 if size < 128 else 50, size, seed=7)
    test = ellipse_test(pictures, BACKGROUNDS[kind])
    assert test.passed.all()
    assert test.pass_rate == 1
    assert test.iou.min() > 0.96
    truth_area = math.pi * truth["axis_a"] * truth["axis_b"]
    if kind != "ellipses-outline":  # whose parameters are those of the line's middle
        np.testing.assert_allclose(test.area * size**2, truth_area, rtol=0.12)
        assert (test.fill == 1).all()
        assert np.abs(test.colour - truth["red", "green", "blue"].to_numpy()).max() <= 1
    else:
        assert (test.fill < 0.9).all()


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("kind", CORNERS)
def test_no_polygon_passes(kind, size):
    if (kind, size) == ("hexagon", 32):
        pytest.skip("at 32 pixels some hexagons are round")
    assert not ellipse_test(polygons(kind, size, 40), "white").passed.any()


def test_noise_of_a_generator_does_not_matter():
    pictures, _ = draw_ellipses("ellipses-colour", 100, 64, seed=0)
    noisy = pictures + np.random.default_rng(0).normal(0, 6, pictures.shape)
    noisy = np.clip(noisy, 0, 255).astype(np.uint8)
    noisy[:, 1, 1] = 0  # a stray black pixel in a corner is a speck
    assert ellipse_test(noisy, "white").passed.all()


def test_blank_pictures_fail():
    for level, background in ((255, "white"), (240, "white"), (0, "black"), (20, "black")):
        test = ellipse_test(np.full((2, 64, 64, 3), level, np.uint8), background)
        assert not test.passed.any()
        assert not test.components.any()
    assert not ellipse_test(np.zeros((1, 64, 64, 3), np.uint8), "white").passed.any(), (
        "a picture full of ink is not an ellipse either"
    )


def test_two_ellipses_and_open_or_broken_ones_fail():
    def picture(draw):
        canvas = Image.new("RGB", (64, 64), "white")
        draw(ImageDraw.Draw(canvas))
        return np.asarray(canvas)

    apart = picture(lambda d: (d.ellipse((5, 5, 25, 30), "red"), d.ellipse((35, 30, 60, 60), "red")))
    crossed = picture(lambda d: (d.ellipse((5, 25, 60, 40), "red"), d.ellipse((25, 5, 40, 60), "blue")))
    bitten = picture(lambda d: (d.ellipse((10, 10, 50, 50), "red"), d.ellipse((35, 20, 60, 40), "white")))
    opened = picture(lambda d: d.arc((10, 10, 50, 50), 0, 300, "red", 3))
    test = ellipse_test(np.stack([apart, crossed, bitten, opened]), "white")
    assert not test.passed.any()
    assert test.components[0] == 2


def test_distances_are_small_between_halves_and_large_for_one_colour_or_size():
    pictures, _ = draw_ellipses("ellipses-colour", 400, 32, seed=0)
    other, _ = draw_ellipses("ellipses-colour", 400, 32, seed=1)
    real = ellipse_test(pictures, "white")
    floor = distribution_distance(real, ellipse_test(other, "white"))
    assert max(floor.values()) < 0.2
    assert max(distribution_distance(real, real).values()) == 0
    same = np.repeat(pictures[:1], 50, axis=0)
    collapsed = distribution_distance(real, ellipse_test(same, "white"))
    assert min(collapsed[name] for name in ("red", "green", "blue", "area")) > 0.5
    outlines, _ = draw_ellipses("ellipses-outline", 100, 32, seed=0)
    assert distribution_distance(real, ellipse_test(outlines, "white"))["fill"] > 5


def test_blank_pictures_have_no_distribution():
    blank = ellipse_test(np.full((3, 32, 32, 3), 255, np.uint8), "white")
    real = ellipse_test(draw_ellipses("ellipses-colour", 5, 32, seed=0)[0], "white")
    assert set(distribution_distance(real, blank).values()) == {math.inf}
    with pytest.raises(ValueError, match="all real pictures are blank"):
        distribution_distance(blank, real)
