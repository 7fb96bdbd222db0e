"""Faults put into clean pictures and their attribute table on purpose, with the truth kept for scoring.

Each dirty picture gets one fault: of its file (`eightytwenty.evaluate.file_faults`), a copy of it, or a fault of its
line in the attribute table. What should become of each faulty row is part of the truth: `clean` where it can be
repaired, else `quarantine` or `duplicates`.
"""

import csv
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from eightytwenty.evaluate.file_faults import FILE_KINDS, Clean, near_copy

TABLE = "attributes.csv"
TRUTH = {
    "source": pl.String,
    "record": pl.Int64,
    "kind": pl.String,
    "fate": pl.String,
    "of": pl.String,
    "tolerance": pl.Float64,
}
_MOST_LARGE = 2  # files over the limit of size: each takes that much of the disk


@dataclass(frozen=True)
class DirtyPictures:
    """Dirty pictures.

    Args:
        files: path in the source -> content.
        attributes: the attribute table, a CSV with the header file,<attribute>,... or None.
        truth: one line per faulty row: source, record, kind, fate, of (the clean picture that it was made from) and
            tolerance (how far a repaired picture may be from that one: mean absolute difference, 0 to 255).
    """

    files: dict[str, bytes]
    attributes: bytes | None
    truth: pl.DataFrame


@dataclass(frozen=True)
class Fault:
    """What stands in place of a picture and its line.

    Args:
        files: path -> content.
        lines: lines of the attribute table; none where the source has no table.
        faulty: paths of the faulty files; none where the one line is the faulty row.
        fate: what should become of each faulty row.
        tolerance: see `DirtyPictures`.
    """

    files: dict[str, bytes]
    lines: list[str]
    faulty: tuple[str, ...]
    fate: str = "quarantine"
    tolerance: float = 0.0


class _Table:
    """The clean attribute table: the cells of each picture, and the values of each column."""

    def __init__(self, content: bytes) -> None:
        self.header, *lines = csv.reader(io.StringIO(content.decode()))
        self.cells = {name: cells for name, *cells in lines}
        self.values = [sorted(set(column)) for column in zip(*self.cells.values(), strict=True)]

    def lines(self, name: str, *copies: str) -> list[str]:
        """The line of a picture as text, once under its name or under each name given; none without a table."""
        return [_csv_line([each, *self.cells[name]]) for each in copies or [name] if name in self.cells]

    def changed(self, name: str, column: int, value: str, copy: str = "") -> str:
        """The line of a picture with another value in one column, under its name or that of a copy."""
        cells = list(self.cells[name])
        cells[column] = value
        return _csv_line([copy or name, *cells])


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def misspell(rng: np.random.Generator, value: str, values: Sequence[str]) -> str:
    """A letter doubled, left out or swapped with the next, so that none of `values` comes of it."""
    written = value
    while written in values or not written.strip():
        at = int(rng.integers(len(value)))
        letter, rest = value[at], value[at + 1 :]
        written = value[:at] + (letter + letter + rest, rest, rest[:1] + letter + rest[1:])[rng.integers(3)]
    return written


# Faults of one value of a line; each is shown the value and all values of its column.
_VALUES: dict[str, Callable[[np.random.Generator, str, Sequence[str]], str]] = {
    "unknown value": lambda rng, _value, _values: ("other", "x7", "#REF!", "9999")[rng.integers(4)],
    "missing value": lambda rng, _value, _values: ("", " ")[rng.integers(2)],
    "misspelt value": misspell,
}
COPY_KINDS = ("exact copy", "near copy")
# Faults of a line, or of what the table and the folder say against each other.
_LINES = ("contradicting copy", "line missing", "picture missing", "malformed line")
ATTRIBUTE_KINDS = (*_LINES, *_VALUES)
KINDS = (*FILE_KINDS, *COPY_KINDS, *ATTRIBUTE_KINDS)


def _renamed(name: str, suffix: str = ".png", mark: str = "") -> str:
    """The path with another suffix and, for a copy, a mark that puts it behind the original in the order of names."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}{mark}{suffix}"))


def _fault_of_file(kind: str, rng: np.random.Generator, name: str, clean: Clean, table: _Table) -> Fault:
    if kind in COPY_KINDS:
        suffix, content = near_copy(rng, clean) if kind == "near copy" else (".png", clean.content)
        copy = _renamed(name, suffix, "_copy")
        files = {name: clean.content, copy: content}
        return Fault(files, table.lines(name, name, copy), (copy,), "duplicates")
    about = FILE_KINDS[kind]
    suffix, content = about.function(rng, clean)
    new = _renamed(name, suffix)
    return Fault({new: content}, table.lines(name, new), (new,), about.fate, about.tolerance)


def _fault_of_line(kind: str, rng: np.random.Generator, name: str, clean: Clean, table: _Table) -> Fault:
    files = {name: clean.content}
    (line,) = table.lines(name)
    if kind == "line missing":
        return Fault(files, [], (name,))
    if kind == "picture missing":
        return Fault({}, [line], ())
    if kind == "malformed line":  # the path stays, and at least one value is lost
        return Fault(files, [line[: rng.integers(line.index(","), line.rindex(",") + 1)]], (name,))
    column = int(rng.integers(len(table.values)))
    value, values = table.cells[name][column], table.values[column]
    if kind == "contradicting copy":  # nothing says which of the two is true
        copy = _renamed(name, mark="_copy")
        other = [other for other in values if other != value][rng.integers(len(values) - 1)]
        lines = [line, table.changed(name, column, other, copy)]
        return Fault(files | {copy: clean.content}, lines, (name, copy))
    return Fault(files, [table.changed(name, column, _VALUES[kind](rng, value, values))], (name,))


def add_dirt(
    files: Mapping[str, bytes],
    attributes: bytes | None,
    *,
    share: float,
    seed: int,
    size: int,
    kinds: Sequence[str] = KINDS,
) -> DirtyPictures:
    """Puts one fault into each of `share` of the pictures, the kinds taking turns.

    Args:
        files: path -> clean PNG file.
        attributes: a CSV with the header file,<attribute>,... and a line for each file, or None. Each attribute has
            two values or more.
        share: 0 to 1.
        seed: of the choice of pictures and faults.
        size: the side in pixels to which the pictures will be cleaned.
        kinds: which faults. A picture whose turn is a kind that it cannot have (of an attribute where there are none,
            grey where there is colour, one more file that is too large) stays clean.
    """
    table = _Table(attributes or b"file\n")
    possible = [kind for kind in kinds if attributes is not None or kind not in ATTRIBUTE_KINDS]
    rng = np.random.default_rng([seed, size, 2])
    names = sorted(files)
    chosen = rng.permutation(len(names))[: round(share * len(names))]
    faults: dict[str, tuple[str, Fault]] = {}
    large = 0
    for place, kind in zip(chosen.tolist(), itertools.cycle(possible)):
        name = names[place]
        clean = Clean(files[name], size)
        large += kind == "too large a file"
        if (kind == "grey" and not clean.is_grey) or (kind == "too large a file" and large > _MOST_LARGE):
            continue
        of_what = _fault_of_line if kind in ATTRIBUTE_KINDS else _fault_of_file
        faults[name] = kind, of_what(kind, rng, name, clean, table)

    dirty: dict[str, bytes] = {}
    lines: list[str] = [_csv_line(table.header)]
    truth = []
    for name in names:
        if name not in faults:
            dirty[name] = files[name]
            lines += table.lines(name)
            continue
        kind, done = faults[name]
        dirty |= done.files
        lines += done.lines
        rows = [(path, 1) for path in done.faulty] or [(TABLE, len(lines) - 1)]
        truth += [(*row, kind, done.fate, name, done.tolerance) for row in rows]
    text = "\n".join(lines) + "\n"
    return DirtyPictures(
        dirty, text.encode() if attributes is not None else None, pl.DataFrame(truth, TRUTH, orient="row")
    )
