"""Grids and contact sheets: every sample in its place, labels beside it, the same bytes each time."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from reports.contact_sheet import MOST_EPOCHS, contact_sheet
from reports.grid import ALARM, BACKGROUND, CAPTION_SIZE, captioned, grid, png, select_evenly, side_by_side, text_width


def pictures(count: int, size: int = 4) -> np.ndarray:
    """Pictures of one colour each: 10, 11, 12, ..."""
    return np.repeat(np.arange(10, 10 + count, dtype=np.uint8), size * size * 3).reshape(count, size, size, 3)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == colour).all(axis=2)


def test_pictures_stand_row_by_row_with_gaps_between() -> None:
    picture = grid(pictures(5), columns=3, scale=2)
    assert picture.shape == (4 + 2 * 12, 4 + 3 * 12, 3)
    assert picture.dtype == np.uint8
    for place in range(5):
        y, x = 4 + place // 3 * 12, 4 + place % 3 * 12
        assert (picture[y : y + 8, x : x + 8] == 10 + place).all()
        assert (picture[y + 8 : y + 12, x : x + 12] == BACKGROUND).all()
    assert (picture[16:, 28:] == BACKGROUND).all()  # where a sixth would be


def test_enlarging_repeats_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    picture = grid(image, scale=3)[4:-4, 4:-4]
    np.testing.assert_array_equal(picture[1::3, 1::3], image[0])
    np.testing.assert_array_equal(picture[0::3, 2::3], image[0])


@pytest.mark.parametrize(("size", "side"), [(32, 128), (64, 128), (128, 128)])
def test_small_pictures_are_enlarged_until_they_can_be_seen(size: int, side: int) -> None:
    assert grid(pictures(16, size)).shape == (4 + 4 * (side + 4), 4 + 4 * (side + 4), 3)


def test_labels_stand_beside_and_above_and_leave_the_pictures_alone() -> None:
    labels = {"row_labels": ["hair: bun", "hair: none"], "column_labels": ["a", "a label of several lines"]}
    plain, picture = grid(pictures(4), 2, 20), grid(pictures(4), 2, 20, **labels)
    down, right = (picture.shape[axis] - plain.shape[axis] for axis in (0, 1))
    np.testing.assert_array_equal(picture[down:, right:][4:, 4:], plain[4:, 4:])
    assert right > text_width("hair: none")
    beside = (picture[down:, :right] != BACKGROUND).any(axis=2)
    assert beside[:86].any()
    assert beside[86:].any()
    above = (picture[:down] != BACKGROUND).any(axis=2)
    assert above[:, right : right + 84].any()
    assert above[: down // 2, right + 84 :].any()
    assert not above[: down // 2, right : right + 84].any()  # one line stands at the bottom


def test_a_label_too_long_for_its_column_is_cut() -> None:
    picture = grid(pictures(2), 2, 20, column_labels=["x" * 40, "b"])
    assert not (picture[:20, 84:87] != BACKGROUND).any()


@pytest.mark.parametrize(
    ("images", "more", "sentence"),
    [
        (pictures(0), {}, "needs"),
        (pictures(1).astype(float), {}, "uint8"),
        (pictures(1)[..., :1], {}, "needs"),
        (pictures(4), {"row_labels": ["a"]}, "1 labels for 2 rows"),
        (pictures(4), {"column_labels": ["a", "b", "c"]}, "3 labels for 2 rows or columns"),
    ],
)
def test_what_makes_no_grid_is_an_error(images, more, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        grid(images, **more)


def test_generated_and_real_pictures_stand_side_by_side() -> None:
    samples, real = pictures(4), pictures(9)
    picture = side_by_side(samples, real, 7, columns=2)
    left, right = (
        captioned(grid(half, 2), caption, size=2 * CAPTION_SIZE)
        for half, caption in (
            (samples, "drawn by the GAN after epoch 7, 4x4 pixels"),
            (real, "real, 4x4 pixels"),
        )
    )
    assert picture.shape[0] == right.shape[0] > left.shape[0]
    np.testing.assert_array_equal(picture[: left.shape[0], : left.shape[1]], left)
    np.testing.assert_array_equal(picture[:, -right.shape[1] :], right)


def test_a_caption_makes_room_for_itself() -> None:
    narrow = grid(pictures(1), scale=1)
    picture = captioned(narrow, "epoch 7, best")
    assert picture.shape[1] > text_width("epoch 7, best", CAPTION_SIZE) > text_width("epoch 7, best")
    np.testing.assert_array_equal(picture[-narrow.shape[0] :, : narrow.shape[1]], narrow)


def test_png_bytes_are_the_same_for_the_same_pixels() -> None:
    picture = captioned(grid(pictures(4)), "epoch 3")
    assert png(picture) == png(picture.copy())
    with Image.open(BytesIO(png(picture))) as back:
        assert back.format == "PNG"
        np.testing.assert_array_equal(np.asarray(back), picture)


@pytest.mark.parametrize("count", [1, 2, 23, 24, 25, 50, 1000])
def test_thinning_keeps_the_first_the_last_and_the_best(count: int) -> None:
    best = count // 3
    chosen = select_evenly(count, 24, [best])
    assert chosen == sorted(set(chosen))
    assert {0, count - 1, best} <= set(chosen)
    assert min(count, 22) <= len(chosen) <= 24
    assert max(np.diff([*chosen, count]), default=1) <= 2 * count / 22 + 1


def squares(sheet: np.ndarray, across: int) -> list[np.ndarray]:
    """The squares of a contact sheet with as many rows as columns, each with its caption, row by row."""
    down, right = ((side - 4) // across for side in sheet.shape[:2])
    return [
        sheet[4 + y * down : 4 + (y + 1) * down, 4 + x * right : 4 + (x + 1) * right]
        for y in range(across)
        for x in range(across)
    ]


def test_a_contact_sheet_has_a_square_for_each_epoch() -> None:
    samples = np.stack([pictures(16) + 20 * epoch for epoch in range(4)])
    for epoch, square in enumerate(squares(contact_sheet(samples), 2)):
        pixels, counts = np.unique(square[:, :, 0], return_counts=True)
        shown = pixels[(counts >= 64 * 64) & (pixels != BACKGROUND[0])]
        assert shown.tolist() == [10 + 20 * epoch + place for place in range(16)]
        assert (square[:32] != BACKGROUND).any()  # its caption


def test_many_epochs_are_thinned_and_alarms_are_not_lost() -> None:
    samples = np.stack([np.full((1, 4, 4, 3), epoch, dtype=np.uint8) for epoch in range(100)])
    epochs = [int(square[-64, 32, 0]) for square in squares(contact_sheet(samples, best=42), 8)]
    left_out = next(epoch for epoch in range(50, 100) if epoch not in epochs)
    marks = [has(square, ALARM).any() for square in squares(contact_sheet(samples, best=42, alarms=[left_out + 1]), 8)]
    assert len(epochs) == MOST_EPOCHS
    assert {0, 41, 99} <= set(epochs)
    assert sum(marks) == 1
    marked = marks.index(True)
    assert epochs[marked - 1] < left_out < epochs[marked]  # the first square after the alarm
    assert not has(contact_sheet(samples), ALARM).any()
