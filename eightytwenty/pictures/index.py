"""Keeps what was observed of sound pictures, so that a source that grows is not decoded again and again."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import PIL
import polars as pl

from eightytwenty.engine.index import code_digest
from eightytwenty.engine.parts import read_rows, write_rows
from eightytwenty.files import remove
from eightytwenty.pictures.check import Observed, Observer
from eightytwenty.pictures.store import hashes_beside, stored_pictures

_FILES, _CHANGES, _PIXELS = "files.arrow", "changes.arrow", "pixels.npy"
_DIGEST, _MEANS = "pixel digest", "pixel means"  # columns of files.arrow, besides those of `Observed.files`
_BLOCK = 1_024  # pictures to read at once


class PictureIndex:
    """Pictures that were observed before and failed no rule. Batches are added to the folder, and nothing is changed.

    Args:
        folder: need not exist.
        observer: a picture counts as known only if it was observed in the same way, by the same libraries.
    """

    def __init__(self, folder: Path, observer: Observer) -> None:
        how = f"{observer!r}\n{code_digest()}\n{PIL.__version__}"
        self._folder = folder / hashlib.sha256(how.encode()).hexdigest()[:16]
        self._checks = [check.name for check in observer.checks]
        self._batches = sorted(path for path in self._folder.glob("[0-9]*") if (path / _PIXELS).is_file())
        self._rows: dict[tuple[str, str], tuple[int, int]] = {}
        for number, batch in enumerate(self._batches):
            keys = read_rows(batch / _FILES).select("name", "sha256")
            self._rows |= {key: (number, row) for row, key in enumerate(keys.iter_rows())}

    def __contains__(self, picture: tuple[str, str]) -> bool:
        return picture in self._rows

    def read(self, pictures: Sequence[tuple[str, str]]) -> Iterator[Observed]:
        """What is known of pictures, by name and SHA-256 of the content; some at a time."""
        found: dict[int, list[int]] = {}
        for picture in pictures:
            number, row = self._rows[picture]
            found.setdefault(number, []).append(row)
        for number, rows in found.items():
            batch = self._batches[number]
            files, changes = read_rows(batch / _FILES), read_rows(batch / _CHANGES)
            pixels, hashes = stored_pictures([batch / _PIXELS])
            for start in range(0, len(rows), _BLOCK):
                block = rows[start : start + _BLOCK]
                chosen = files[block]
                places = pl.DataFrame({"row": block}).with_row_index("place")
                yield Observed(
                    chosen.drop(_DIGEST, _MEANS),
                    pl.DataFrame({check: np.zeros(len(block), dtype=bool) for check in self._checks}),
                    changes.join(places, on="row", maintain_order="left")
                    .with_columns(row=pl.col("place").cast(pl.Int64))
                    .drop("place"),
                    chosen[_DIGEST].to_numpy(),
                    chosen[_MEANS].to_numpy(),
                    hashes[block],
                    pixels[block],
                    {},
                )

    def add(self, observed: Observed, pixels: Path) -> None:
        """Adds a batch: the sound ones of some pictures.

        Args:
            observed: the pictures, whatever their pixels and hashes.
            pixels: the file of the pixels of the sound ones; their hashes lie beside it.
        """
        sound = observed.sound
        for other in set(self._folder.parent.glob("*")) - {self._folder}:
            remove(other)  # observed in another way
        newest = max((int(path.name) for path in self._folder.glob("[0-9]*")), default=0)
        batch = self._folder / f"{newest + 1:04}"
        batch.mkdir(parents=True)
        compared = [pl.Series(_DIGEST, sound.digests), pl.Series(_MEANS, sound.means)]
        write_rows(batch / _FILES, sound.files.hstack(compared))
        write_rows(batch / _CHANGES, sound.changes)
        shutil.copyfile(hashes_beside(pixels), hashes_beside(batch / _PIXELS))
        shutil.copyfile(pixels, batch / _PIXELS)
