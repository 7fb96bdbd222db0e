"""Injects faults into clean pictures and their attribute table, and keeps the truth, so that cleaning can be scored.

Each dirty picture gets one fault: of its file (`eightytwenty.evaluate.file_faults`), a copy of it, or a fault of its
line in the attribute table. Where each faulty row should end is part of the truth: `clean` if it can be repaired,
otherwise `quarantine` or `duplicates`.
"""

import csv
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from eightytwenty.evaluate.file_faults import FILE_KINDS, CleanPicture, save_again

TABLE = "attributes.csv"
TRUTH = {
    "source": pl.String,
    "record": pl.Int64,
    "kind": pl.String,
    "fate": pl.String,
    "of": pl.String,
    "tolerance": pl.Float64,
}
_MOST_LARGE = 2  # files above the size limit, because each takes that much of the disk


@dataclass(frozen=True)
class DirtyPictures:
    """Dirty pictures.

    Args:
        files: path in the source -> content.
        attributes: the attribute table, a CSV with the header file,<attribute>,... or None.
        truth: one line per faulty row: source, record, kind, fate, of (the clean picture that it was made from) and
            tolerance (how far a repaired picture may differ from that one: mean absolute difference, 0 to 255).
    """

    files: dict[str, bytes]
    attributes: bytes | None
    truth: pl.DataFrame


@dataclass(frozen=True)
class PictureFault:
    """The files and lines that replace a picture and its line.

    Args:
        files: path -> content.
        lines: lines of the attribute table; none if the source has no table.
        faulty_files: paths of the faulty files; none if the one line is the faulty row.
        fate: where each faulty row should end.
        tolerance: see `DirtyPictures`.
    """

    files: dict[str, bytes]
    lines: list[str]
    faulty_files: tuple[str, ...]
    fate: str = "quarantine"
    tolerance: float = 0.0


class _Table:
    """The clean attribute table: the cells of each picture, and the values of each column."""

    def __init__(self, content: bytes) -> None:
        self.header, *lines = csv.reader(io.StringIO(content.decode()))
        self.cells = {name: cells for name, *cells in lines}
        self.values = [sorted(set(column)) for column in zip(*self.cells.values(), strict=True)]

    def lines(self, name: str, *copies: str) -> list[str]:
        """The line of a picture as text, under its name or once under each given name; none without a table."""
        return [_csv_line([copy, *self.cells[name]]) for copy in copies or [name] if name in self.cells]

    def changed_line(self, name: str, column: int, value: str, copy: str = "") -> str:
        """The line of a picture with another value in one column, under its name or that of a copy."""
        cells = list(self.cells[name])
        cells[column] = value
        return _csv_line([copy or name, *cells])


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def misspell(rng: np.random.Generator, value: str, values: Sequence[str]) -> str:
    """Doubles a letter, leaves it out or swaps it with the next, so that the result is none of `values`."""
    misspelling = value
    while misspelling in values or not misspelling.strip():
        index = int(rng.integers(len(value)))
        letter, rest = value[index], value[index + 1 :]
        misspelling = value[:index] + (letter + letter + rest, rest, rest[:1] + letter + rest[1:])[rng.integers(3)]
    return misspelling


# Faults of one value of a line; each takes the value and all values of its column.
_VALUE_FAULTS: dict[str, Callable[[np.random.Generator, str, Sequence[str]], str]] = {
    "unknown value": lambda rng, _value, _values: ("other", "x7", "#REF!", "9999")[rng.integers(4)],
    "missing value": lambda rng, _value, _values: ("", " ")[rng.integers(2)],
    "misspelt value": misspell,
}
COPY_KINDS = ("exact copy", "near copy")
# Faults of a line, or contradictions between the table and the folder.
_LINE_FAULTS = ("contradicting copy", "line missing", "picture missing", "malformed line")
ATTRIBUTE_KINDS = (*_LINE_FAULTS, *_VALUE_FAULTS)
KINDS = (*FILE_KINDS, *COPY_KINDS, *ATTRIBUTE_KINDS)


def _renamed(name: str, suffix: str = ".png", mark: str = "") -> str:
    """The path with another suffix and, for a copy, a mark that sorts it after the original."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}{mark}{suffix}"))


def _file_fault(kind: str, rng: np.random.Generator, name: str, clean: CleanPicture, table: _Table) -> PictureFault:
    if kind in COPY_KINDS:
        suffix, content = save_again(rng, clean) if kind == "near copy" else (".png", clean.content)
        copy = _renamed(name, suffix, "_copy")
        files = {name: clean.content, copy: content}
        return PictureFault(files, table.lines(name, name, copy), (copy,), "duplicates")
    file_kind = FILE_KINDS[kind]
    suffix, content = file_kind.function(rng, clean)
    new_name = _renamed(name, suffix)
    lines = table.lines(name, new_name)
    return PictureFault({new_name: content}, lines, (new_name,), file_kind.fate, file_kind.tolerance)


def _line_fault(kind: str, rng: np.random.Generator, name: str, clean: CleanPicture, table: _Table) -> PictureFault:
    files = {name: clean.content}
    (line,) = table.lines(name)
    if kind == "line missing":
        return PictureFault(files, [], (name,))
    if kind == "picture missing":
        return PictureFault({}, [line], ())
    if kind == "malformed line":  # the path remains, and at least one value is lost
        return PictureFault(files, [line[: rng.integers(line.index(","), line.rindex(",") + 1)]], (name,))
    column = int(rng.integers(len(table.values)))
    value, values = table.cells[name][column], table.values[column]
    if kind == "contradicting copy":  # nothing says which of the two is true
        copy = _renamed(name, mark="_copy")
        other = [other for other in values if other != value][rng.integers(len(values) - 1)]
        lines = [line, table.changed_line(name, column, other, copy)]
        return PictureFault(files | {copy: clean.content}, lines, (name, copy))
    return PictureFault(files, [table.changed_line(name, column, _VALUE_FAULTS[kind](rng, value, values))], (name,))


def add_dirt(
    files: Mapping[str, bytes],
    attributes: bytes | None,
    *,
    share: float,
    seed: int,
    size: int,
    kinds: Sequence[str] = KINDS,
) -> DirtyPictures:
    """Puts one fault into each of `share` of the pictures, cycling through the kinds.

    Args:
        files: path -> clean PNG file.
        attributes: a CSV with the header file,<attribute>,... and a line for each file, or None. Each attribute has
            two values or more.
        share: 0 to 1.
        seed: of the choice of pictures and faults.
        size: the side in pixels to which the pictures will be cleaned.
        kinds: of faults. A picture stays clean if its turn is a kind that it cannot have (a fault of attributes without
            attributes, grey with colours, a file that is too large after several others).
    """
    table = _Table(attributes or b"file\n")
    possible_kinds = [kind for kind in kinds if attributes is not None or kind not in ATTRIBUTE_KINDS]
    rng = np.random.default_rng([seed, size, 2])
    names = sorted(files)
    chosen = rng.permutation(len(names))[: round(share * len(names))]
    faults: dict[str, tuple[str, PictureFault]] = {}
    large_files = 0
    for number, kind in zip(chosen.tolist(), itertools.cycle(possible_kinds)):
        name = names[number]
        clean = CleanPicture(files[name], size)
        large_files += kind == "too large a file"
        if (kind == "grey" and not clean.is_grey) or (kind == "too large a file" and large_files > _MOST_LARGE):
            continue
        make_fault = _line_fault if kind in ATTRIBUTE_KINDS else _file_fault
        faults[name] = kind, make_fault(kind, rng, name, clean, table)

    dirty: dict[str, bytes] = {}
    lines: list[str] = [_csv_line(table.header)]
    truth = []
    for name in names:
        if name not in faults:
            dirty[name] = files[name]
            lines += table.lines(name)
            continue
        kind, fault = faults[name]
        dirty |= fault.files
        lines += fault.lines
        rows = [(path, 1) for path in fault.faulty_files] or [(TABLE, len(lines) - 1)]
        truth += [(*row, kind, fault.fate, name, fault.tolerance) for row in rows]
    text = "\n".join(lines) + "\n"
    return DirtyPictures(
        dirty, text.encode() if attributes is not None else None, pl.DataFrame(truth, TRUTH, orient="row")
    )
