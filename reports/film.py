"""The epochs of a training as a film: GIF for pages, MP4 for players and browsers."""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

from eightytwenty.files import write_whole
from reports.grid import BACKGROUND, PictureArray, captioned, grid, select_evenly

MOST_FRAMES = 100  # a longer training is thinned, so that its films stay small
_LEAST_TIME = 4  # hundredths of a second: browsers slow down shorter GIF frames
_LAST_TIME = 150  # how long the last frame is shown


def epoch_frames(samples: PictureArray, epochs: Sequence[int] | None = None) -> Iterator[PictureArray]:
    """Makes a frame of each epoch: the grid of its samples under its number.

    Args:
        samples: (epochs, n, s, s, 3), uint8: for each epoch the samples from the same noise.
        epochs: the number of each epoch; by default 1, 2, 3, ...

    Yields:
        (height, width, 3), uint8, all of one size; at most MOST_FRAMES, the first and the last among them.
    """
    numbers = epochs if epochs is not None else range(1, len(samples) + 1)
    for index in select_evenly(len(samples), MOST_FRAMES):
        yield captioned(grid(samples[index]), f"epoch {numbers[index]}")


def film(frames: Iterable[PictureArray], gif_path: Path, mp4_path: Path, seconds: float) -> None:
    """Writes frames as a GIF that loops forever and as an MP4 (H.264, which every browser plays).

    Each file is written whole or not at all, and the same frames give the same bytes with the same libraries. In the
    GIF, repeated frames become one frame that is shown longer.

    Args:
        frames: (height, width, 3), uint8, all of one size; at least one.
        gif_path: the GIF file.
        mp4_path: the MP4 file.
        seconds: how long both play before the last frame, which is shown for another 1.5 seconds.

    Raises:
        ValueError: there are no frames.
        UserError: a file cannot be written.
    """
    pictures = [np.asarray(frame) for frame in frames]
    if not pictures:
        raise ValueError("a film needs at least one frame")
    time = max(_LEAST_TIME, round(100 * seconds / len(pictures)))
    write_whole(gif_path, _gif(pictures, time))
    write_whole(mp4_path, _mp4(pictures, time))


def _gif(frames: Sequence[PictureArray], time: int) -> bytes:
    """Encodes frames that are each shown for `time` hundredths of a second."""
    # one palette for the whole film: the file gets smaller and colours do not flicker
    sample = np.concatenate([frames[index] for index in select_evenly(len(frames), 6)])
    palette = Image.fromarray(sample).quantize(256, method=Image.Quantize.MEDIANCUT)
    first, *others = (Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    content = BytesIO()
    times = [10 * time] * len(others) + [10 * _LAST_TIME]  # Pillow counts in milliseconds
    first.save(content, format="GIF", save_all=True, append_images=others, duration=times, loop=0)
    return content.getvalue()


def _mp4(frames: Sequence[PictureArray], time: int) -> bytes:
    """Encodes frames that are each shown for `time` hundredths of a second."""
    height, width = (side + side % 2 for side in frames[0].shape[:2])  # halved colour planes need even sizes
    rate = Fraction(100, time)
    with tempfile.TemporaryDirectory() as folder:
        # a real file, because at the end the index is moved to the front, for players that start while loading
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
            stream = container.add_stream("libx264", rate=rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            # with one thread and without x264's macroblock tree the same frames give the same bytes
            stream.options = {"crf": "18", "tune": "animation", "threads": "1", "x264-params": "mbtree=0"}
            for frame in [*frames, *[frames[-1]] * math.ceil(_LAST_TIME / time)]:
                even = np.full((height, width, 3), BACKGROUND, dtype=np.uint8)
                even[: frame.shape[0], : frame.shape[1]] = frame
                container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
            container.mux(stream.encode())
        return path.read_bytes()
