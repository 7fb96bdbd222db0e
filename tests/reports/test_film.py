"""The film of a training, read back."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from eightytwenty.errors import UserError
from reports.film import MOST_FRAMES, epoch_frames, film
from reports.grid import captioned, grid


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """Twelve epochs of four pictures that turn from noise into one colour."""
    noise = np.random.default_rng(0).integers(0, 256, (4, 15, 15, 3))
    steps = [(noise * (11 - epoch) + 200 * epoch) // 11 for epoch in range(12)]
    return np.stack(steps).astype(np.uint8)


@pytest.fixture(scope="module")
def films(samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    film(epoch_frames(samples), folder / "film.gif", folder / "film.mp4", seconds=3)
    return folder


def decoded(place: Path) -> list[np.ndarray]:
    with av.open(str(place)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_each_epoch_is_a_frame_under_its_number(samples: np.ndarray) -> None:
    frames = list(epoch_frames(samples, epochs=range(0, 60, 5)))
    assert len(frames) == 12
    np.testing.assert_array_equal(frames[3], captioned(grid(samples[3]), "epoch 15"))
    np.testing.assert_array_equal(next(epoch_frames(samples)), captioned(grid(samples[0]), "epoch 1"))


def test_a_long_training_is_thinned_from_its_first_to_its_last_epoch() -> None:
    samples = np.zeros((1000, 1, 2, 2, 3), dtype=np.uint8)
    frames = list(epoch_frames(samples))
    assert len(frames) == MOST_FRAMES
    np.testing.assert_array_equal(frames[0], captioned(grid(samples[0]), "epoch 1"))
    np.testing.assert_array_equal(frames[-1], captioned(grid(samples[0]), "epoch 1000"))


def test_the_gif_holds_every_frame_and_repeats(samples: np.ndarray, films: Path) -> None:
    frames = list(epoch_frames(samples))
    with Image.open(films / "film.gif") as gif:
        assert (gif.format, gif.n_frames, gif.size) == ("GIF", 12, frames[0].shape[1::-1])
        assert gif.info["loop"] == 0
        times, errors = [], []
        for place, frame in enumerate(frames):
            gif.seek(place)
            times.append(gif.info["duration"])
            errors.append(np.abs(np.asarray(gif.convert("RGB")).astype(int) - frame).mean())
    assert times == [250] * 11 + [1500]
    assert max(errors) < 16  # 256 colours
    assert errors[-1] < 3


def test_the_mp4_plays_in_browsers(samples: np.ndarray, films: Path) -> None:
    frames = list(epoch_frames(samples))
    assert any(side % 2 for side in frames[0].shape[:2])  # but the film's sizes are even
    with av.open(str(films / "film.mp4")) as container:
        (stream,) = container.streams.video
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width % 2, stream.height % 2) == (0, 0)
        assert float(container.duration / av.time_base) == pytest.approx(3 + 1.5, abs=0.26)
    content = (films / "film.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays while it loads
    pictures = decoded(films / "film.mp4")
    assert len(pictures) == 12 + 6
    height, width, _ = frames[0].shape
    for place in (0, 5, 11):
        assert np.abs(pictures[place][:height, :width].astype(int) - frames[place]).mean() < 12
    assert np.abs(pictures[-1][:height, :width].astype(int) - frames[-1]).mean() < 3


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    # of this many restless pixels, x264 with its macroblock tree makes a different file about every third time
    noise = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3))
    samples = np.stack([(noise * (49 - epoch) + 200 * epoch) // 49 for epoch in range(0, 49, 4)]).astype(np.uint8)
    frames = list(epoch_frames(samples))
    files = [(tmp_path / f"{take}.gif", tmp_path / f"{take}.mp4") for take in range(5)]
    for gif, mp4 in files:
        film(frames, gif, mp4, seconds=2)
    for kind in zip(*files, strict=True):
        assert len({place.read_bytes() for place in kind}) == 1


def test_one_epoch_is_a_film_too(samples: np.ndarray, tmp_path: Path) -> None:
    film(epoch_frames(samples[:1]), tmp_path / "film.gif", tmp_path / "film.mp4", seconds=1)
    assert len(decoded(tmp_path / "film.mp4")) == 3


def test_a_film_needs_frames_and_leaves_nothing_in_part(samples: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        film([], tmp_path / "film.gif", tmp_path / "film.mp4", seconds=1)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        film(epoch_frames(samples[:1]), tmp_path / "file" / "film.gif", tmp_path / "film.mp4", seconds=1)
    assert [place.name for place in tmp_path.iterdir()] == ["file"]
