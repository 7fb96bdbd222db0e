"""Faults put into the attribute files that stand beside pictures, as in the Cartoon Set, with the truth kept."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from eightytwenty.evaluate.picture_faults import TRUTH, DirtyPictures, misspell

Lines = list[str]  # such as `"face_shape", 4, 7`: name, value, number of variants
Damage = Callable[[np.random.Generator, Lines], Lines]


def _malformed(rng: np.random.Generator, lines: Lines) -> Lines:
    at = int(rng.integers(len(lines)))
    line = lines[at]
    cut = line[: line.rindex(",")]  # the number of variants is lost
    return (
        [],
        lines[:at],
        lines[:at] + lines[at + 1 :],
        [*lines, line],
        [*lines[:at], cut, *lines[at + 1 :]],
    )[rng.integers(5)]


def _change(rng: np.random.Generator, lines: Lines, change: Callable[[str, int, int], tuple[str, int, int]]) -> Lines:
    """The lines with another name, value or number of variants in one of them."""
    at = int(rng.integers(len(lines)))
    quoted, value, variants = lines[at].split(",")
    name, new_value, new_variants = change(quoted.strip('"'), int(value), int(variants))
    return [*lines[:at], f'"{name}", {new_value}, {new_variants}', *lines[at + 1 :]]


def _unknown(rng: np.random.Generator, lines: Lines) -> Lines:
    known = [line.split(",")[0].strip('"') for line in lines]
    return _change(rng, lines, lambda name, value, variants: (misspell(rng, name, known), value, variants))


def _out_of_range(rng: np.random.Generator, lines: Lines) -> Lines:
    wrong = int(rng.integers(3))
    return _change(rng, lines, lambda name, _, variants: (name, (variants, -1, variants + 7)[wrong], variants))


def _cardinality(rng: np.random.Generator, lines: Lines) -> Lines:
    more = int(rng.integers(1, 9))
    return _change(rng, lines, lambda name, value, variants: (name, value, variants + more))


_DAMAGES: dict[str, Damage] = {
    "malformed": _malformed,
    "unknown attribute": _unknown,
    "index out of range": _out_of_range,
    "wrong cardinality": _cardinality,
}
BESIDE_KINDS = ("attribute file missing", "picture missing", *_DAMAGES)


def add_attribute_dirt(
    files: Mapping[str, bytes], *, share: float, seed: int, kinds: Sequence[str] = BESIDE_KINDS
) -> DirtyPictures:
    """Puts one fault into each of `share` of the attribute files, the kinds taking turns. All end in quarantine.

    Args:
        files: path -> content; a picture `<stem>.png` and its attributes `<stem>.csv` each.
        share: 0 to 1.
        seed: of the choice of files and faults.
        kinds: which faults.
    """
    rng = np.random.default_rng([seed, 3])
    names = sorted(name for name in files if name.endswith(".csv"))
    chosen = rng.permutation(len(names))[: round(share * len(names))]
    dirty, truth = dict(files), []
    for place, kind in zip(chosen.tolist(), itertools.cycle(kinds)):
        table = names[place]
        picture = str(PurePosixPath(table).with_suffix(".png"))
        faulty = picture
        if kind == "attribute file missing":
            del dirty[table]
        elif kind == "picture missing":
            del dirty[picture]
            faulty = table
        else:
            lines = _DAMAGES[kind](rng, files[table].decode().splitlines())
            dirty[table] = "".join(f"{line}\n" for line in lines).encode()
        truth.append((faulty, 1, kind, "quarantine", picture, 0.0))
    return DirtyPictures(dirty, None, pl.DataFrame(truth, TRUTH, orient="row").sort("source"))
