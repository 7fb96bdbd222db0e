"""Injects faults into sidecar attribute files, as in the Cartoon Set, and keeps the truth."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from eightytwenty.evaluate.picture_faults import TRUTH, DirtyPictures, misspell

Lines = list[str]  # such as `"face_shape", 4, 7`: name, value, number of variants
Damage = Callable[[np.random.Generator, Lines], Lines]


def _malformed(rng: np.random.Generator, lines: Lines) -> Lines:
    index = int(rng.integers(len(lines)))
    line = lines[index]
    shortened = line[: line.rindex(",")]  # the number of variants is lost
    return (
        [],
        lines[:index],
        lines[:index] + lines[index + 1 :],
        [*lines, line],
        [*lines[:index], shortened, *lines[index + 1 :]],
    )[rng.integers(5)]


def _change(rng: np.random.Generator, lines: Lines, change: Callable[[str, int, int], tuple[str, int, int]]) -> Lines:
    """Changes the name, value or number of variants in one of the lines."""
    index = int(rng.integers(len(lines)))
    quoted, value, variants = lines[index].split(",")
    name, new_value, new_variants = change(quoted.strip('"'), int(value), int(variants))
    return [*lines[:index], f'"{name}", {new_value}, {new_variants}', *lines[index + 1 :]]


def _unknown_attribute(rng: np.random.Generator, lines: Lines) -> Lines:
    names = [line.split(",")[0].strip('"') for line in lines]
    return _change(rng, lines, lambda name, value, variants: (misspell(rng, name, names), value, variants))


def _index_out_of_range(rng: np.random.Generator, lines: Lines) -> Lines:
    choice = int(rng.integers(3))
    return _change(rng, lines, lambda name, _, variants: (name, (variants, -1, variants + 7)[choice], variants))


def _wrong_cardinality(rng: np.random.Generator, lines: Lines) -> Lines:
    extra = int(rng.integers(1, 9))
    return _change(rng, lines, lambda name, value, variants: (name, value, variants + extra))


_DAMAGES: dict[str, Damage] = {
    "malformed": _malformed,
    "unknown attribute": _unknown_attribute,
    "index out of range": _index_out_of_range,
    "wrong cardinality": _wrong_cardinality,
}
SIDECAR_KINDS = ("attribute file missing", "picture missing", *_DAMAGES)


def add_attribute_dirt(
    files: Mapping[str, bytes], *, share: float, seed: int, kinds: Sequence[str] = SIDECAR_KINDS
) -> DirtyPictures:
    """Puts one fault into each of `share` of the attribute files, cycling through the kinds; all belong in quarantine.

    Args:
        files: path -> content; a picture `<stem>.png` and its attributes `<stem>.csv` each.
        share: 0 to 1.
        seed: of the choice of files and faults.
        kinds: of faults.
    """
    rng = np.random.default_rng([seed, 3])
    names = sorted(name for name in files if name.endswith(".csv"))
    chosen = rng.permutation(len(names))[: round(share * len(names))]
    dirty, truth = dict(files), []
    for number, kind in zip(chosen.tolist(), itertools.cycle(kinds)):
        table = names[number]
        picture = str(PurePosixPath(table).with_suffix(".png"))
        faulty_file = picture
        if kind == "attribute file missing":
            del dirty[table]
        elif kind == "picture missing":
            del dirty[picture]
            faulty_file = table
        else:
            lines = _DAMAGES[kind](rng, files[table].decode().splitlines())
            dirty[table] = "".join(f"{line}\n" for line in lines).encode()
        truth.append((faulty_file, 1, kind, "quarantine", picture, 0.0))
    return DirtyPictures(dirty, None, pl.DataFrame(truth, TRUTH, orient="row").sort("source"))
