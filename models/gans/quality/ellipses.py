"""The exact test: is a generated picture an ellipse, and are colours and sizes distributed like the real ones?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.gans.images import Images

Background = Literal["white", "black"]
Mask = NDArray[np.bool_]

LEAST_IOU = 0.95
LEAST_SOLIDITY, LEAST_SOLIDITY_COARSE = (
    0.93,
    0.90,
)  # the second below 64 pixels, where the steps of an edge count for more
LEAST_CONTRAST = 32  # levels of 255 by which a drawing must stand out from its background
INK_SHARE = 0.01  # the least share of a picture's pixels that is drawn at full strength
SPECK_SHARE = 2 / 64**2  # components up to this share of the picture are noise: 2 pixels at 64, 8 at 128, none at 32
LEAST_SPREAD = 0.02  # of the range; a smaller real spread counts as this: the colours of white ellipses have none


@dataclass(frozen=True, eq=False)
class EllipseTest:
    """The results for n pictures. A blank picture has no component, and zeros everywhere.

    Attributes:
        passed: (n,) bool, whether there is one component and an ellipse fits it.
        components: (n,) int32, number of connected drawings, not counting specks.
        iou: (n,) float32, of the largest drawing (holes filled) with the ellipse of the same moments.
        solidity: (n,) float32, area of that drawing over that of its convex hull.
        area: (n,) float32, its area as a share of the picture.
        fill: (n,) float32, the share of its area that is drawn: 1 for an opaque ellipse, less for an outline.
        colour: (n, 3) float32, the median colour of the drawn pixels in [0, 255].
    """

    passed: Mask
    components: NDArray[np.int32]
    iou: NDArray[np.float32]
    solidity: NDArray[np.float32]
    area: NDArray[np.float32]
    fill: NDArray[np.float32]
    colour: NDArray[np.float32]

    @property
    def pass_rate(self) -> float:
        """The share of pictures that are ellipses."""
        return float(self.passed.mean())


def ellipse_test(images: Images, background: Background) -> EllipseTest:
    """Measure pictures, uint8 (n, size, size, 3), drawn on a white or black background.

    A pixel is drawn where it lies more than half as far from the background as the picture's ink does. That is where an
    anti-aliased edge runs, whatever the colour. Holes are filled, so that outlines and opaque ellipses pass the same
    test; `fill` tells them apart. An ellipse has one component, IoU > 0.95 and solidity > 0.93 (0.90 below 64 pixels).

    Real ellipses have an IoU of at least 0.95 at 32 pixels, 0.98 at 64 and 0.99 at 128. Triangles, rectangles, stars
    and pentagons fail at every size, hexagons (IoU 0.93) from 64 pixels on; an octagon (0.96) passes.
    """
    import scipy.ndimage as ndi
    from skimage.measure import regionprops

    n, size = len(images), images.shape[1]
    result = _blank(n)
    for i, (image, ink) in enumerate(zip(images, _ink(images, background), strict=True)):
        filled = ndi.binary_fill_holes(ink)
        labels, _ = ndi.label(filled, structure=np.ones((3, 3)))
        areas = np.bincount(labels.ravel())[1:]
        result.components[i] = np.count_nonzero(areas > SPECK_SHARE * size**2)
        if not result.components[i]:
            continue
        shape = labels == areas.argmax() + 1
        (region,) = regionprops(shape.astype(np.uint8))  # type: ignore[no-untyped-call]
        result.iou[i] = _iou(shape, _moment_ellipse(region, size))
        result.solidity[i] = region.solidity
        result.area[i] = region.area / size**2
        result.fill[i] = np.count_nonzero(ink & shape) / region.area
        result.colour[i] = np.median(image[ink & shape], axis=0)
    least_solidity = LEAST_SOLIDITY if size >= 64 else LEAST_SOLIDITY_COARSE
    result.passed[:] = (result.components == 1) & (result.iou > LEAST_IOU) & (result.solidity > least_solidity)
    return result


def distribution_distance(real: EllipseTest, generated: EllipseTest) -> dict[str, float]:
    """Compare distributions of colours and sizes: Wasserstein distance over the standard deviation of the real ones.

    0 means the same distribution, 1 that it is off by the whole spread. Two halves of the real pictures give the floor.
    Blank pictures are left out; if all are blank, the distances are infinite.

    Returns:
        "red", "green", "blue", "area" and "fill", each in units of the real spread.

    Raises:
        ValueError: All real pictures are blank.
    """
    from scipy.stats import wasserstein_distance

    real_columns, generated_columns = _columns(real), _columns(generated)
    if not len(real_columns["area"]):
        raise ValueError("all real pictures are blank; generated ones cannot be compared with them")
    if not len(generated_columns["area"]):
        return dict.fromkeys(real_columns, math.inf)
    return {
        name: float(wasserstein_distance(values, generated_columns[name]) / max(values.std(), LEAST_SPREAD))
        for name, values in real_columns.items()
    }


def _blank(n: int) -> EllipseTest:
    """Return the test of n blank pictures."""
    iou, solidity, area, fill = np.zeros((4, n), np.float32)
    return EllipseTest(
        np.zeros(n, np.bool_), np.zeros(n, np.int32), iou, solidity, area, fill, np.zeros((n, 3), np.float32)
    )


def _ink(images: Images, background: Background) -> Mask:
    """Tell ink from background: uint8 (n, s, s, 3) -> bool (n, s, s), all False where nothing stands out."""
    distance = (255 - images.min(axis=3)) if background == "white" else images.max(axis=3)
    n, pixels = len(images), distance[0].size if len(distance) else 1
    rank = int(pixels * (1 - INK_SHARE))
    strength = np.partition(distance.reshape(n, pixels), rank, axis=1)[:, rank]  # the maximum could be one stray pixel
    threshold = np.maximum(strength, LEAST_CONTRAST) / 2
    return np.asarray((distance > threshold[:, None, None]) & (strength >= LEAST_CONTRAST)[:, None, None])


def _moment_ellipse(region: Any, size: int) -> Mask:
    """Draw the ellipse with the centre and second moments of a scikit-image region: bool (size, size)."""
    centre_y, centre_x = region.centroid
    a, b = region.axis_major_length / 2, region.axis_minor_length / 2
    y, x = np.mgrid[:size, :size]
    cos, sin = math.cos(region.orientation), math.sin(region.orientation)
    along = (x - centre_x) * sin + (y - centre_y) * cos
    across = (x - centre_x) * cos - (y - centre_y) * sin
    return np.asarray((along * b) ** 2 + (across * a) ** 2 <= (a * b) ** 2)


def _iou(one: Mask, other: Mask) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def _columns(test: EllipseTest) -> dict[str, NDArray[np.float64]]:
    """Return colour, area and fill of the pictures that are not blank, all in [0, 1]."""
    filled = test.components > 0
    red, green, blue = test.colour[filled].T.astype(np.float64) / 255
    area, fill = test.area[filled].astype(np.float64), test.fill[filled].astype(np.float64)
    return {"red": red, "green": green, "blue": blue, "area": area, "fill": fill}
