"""Brings the pictures of a source and their attributes together, whichever way the attributes came."""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.attribute_files import (
    FILE_MISSING,
    LINE_MISSING,
    SEVERAL_LINES,
    WITHOUT_PICTURE,
    AttributeLine,
    parse_beside,
    parse_table,
)
from eightytwenty.pictures.source import PictureSource

_Meanings = dict[str, dict[str, int]]  # spelling -> picture -> exactness, 0 the most exact


@dataclass(frozen=True)
class Unclaimed:
    """Attributes that no picture claims: a row of its own.

    Args:
        source: path of the attribute file.
        record: the line's number from 1; 1 for a file beside a picture.
        problems: `WITHOUT_PICTURE` and what else is wrong, of `eightytwenty.pictures.attribute_files.REASONS`.
        original: the bytes of the line or file.
    """

    source: str
    record: int
    problems: tuple[str, ...]
    original: bytes


@dataclass(frozen=True)
class PictureAttributes:
    """What a source says of its pictures.

    Args:
        attributes: empty where the source has none; then nothing else is said either.
        values: name of a picture -> one value for each attribute.
        problems: name of a picture that has no values -> why, one of `REASONS`.
        unclaimed: lines and files without a picture.
        left_out: names of columns of the table that are no attributes, and why.
    """

    attributes: tuple[Attribute, ...]
    values: dict[str, tuple[str, ...]]
    problems: dict[str, str]
    unclaimed: tuple[Unclaimed, ...]
    left_out: dict[str, str]


def read_attributes(source: PictureSource) -> PictureAttributes:
    """The attributes of each picture of a source.

    Raises:
        UserError: see `eightytwenty.pictures.attribute_files.parse_table`.
    """
    names = [picture.name for picture in source.pictures]
    if source.tables:
        return _of_table(source, names)
    return _of_files_beside(source, names) if source.beside else PictureAttributes((), {}, {}, (), {})


def _of_files_beside(source: PictureSource, names: list[str]) -> PictureAttributes:
    attributes = source.known.beside
    values, problems, claimed = {}, {}, set()
    for name in names:
        stem = str(PurePosixPath(name).with_suffix(""))
        claimed.add(stem)
        file = source.beside.get(stem)
        found, problem = parse_beside(file.content, attributes) if file else (None, FILE_MISSING)
        if found is None:
            problems[name] = problem
        else:
            values[name] = found
    unclaimed = []
    for stem, file in sorted(source.beside.items()):
        if stem not in claimed:
            _, problem = parse_beside(file.content, attributes)
            unclaimed.append(Unclaimed(file.name, 1, (WITHOUT_PICTURE, *filter(None, [problem])), file.content))
    return PictureAttributes(attributes, values, problems, tuple(unclaimed), {})


def _of_table(source: PictureSource, names: list[str]) -> PictureAttributes:
    table = parse_table(source.tables[0], source.known)
    if not table.attributes:
        return PictureAttributes((), {}, {}, (), table.left_out)
    claims, unclaimed = _claims(table.lines, names, posixpath.dirname(table.name))
    values, problems = {}, {}
    for name in names:
        lines = claims.get(name, [])
        said = {(line.values, line.problem) for line in lines}
        if not lines:
            problems[name] = LINE_MISSING
        elif len(said) > 1:
            problems[name] = SEVERAL_LINES
        elif lines[0].values is None:
            problems[name] = lines[0].problem
        else:
            values[name] = lines[0].values
    rows = tuple(
        Unclaimed(table.name, line.record, (WITHOUT_PICTURE, *filter(None, [line.problem])), line.original)
        for line in sorted(unclaimed, key=lambda line: line.record)
    )
    return PictureAttributes(table.attributes, values, problems, rows, table.left_out)


def _claims(
    lines: Iterable[AttributeLine], names: list[str], folder: str
) -> tuple[dict[str, list[AttributeLine]], list[AttributeLine]]:
    """The lines that mean each picture, and those that mean none or may mean several.

    A line may give the path of its picture, from the folder of the table or from the top of the source, or only its
    name, either with or without the suffix, and if nothing has just this name also in other case or Unicode form. Where
    lines name a picture in several of these ways, the most exact counts: the others mean a picture that is missing.
    """
    exact: _Meanings = defaultdict(dict)
    folded: _Meanings = defaultdict(dict)
    for name in names:
        for exactness, spelling in enumerate(_spellings(name)):
            exact[spelling].setdefault(name, exactness)
            folded[_folded(spelling)].setdefault(name, exactness)

    found: dict[str, list[tuple[int, AttributeLine]]] = defaultdict(list)
    unclaimed = []
    for line in lines:
        exactness, meant = _meant(line.picture, folder, exact, folded)
        if len(meant) == 1:
            found[meant[0]].append((exactness, line))
        else:
            unclaimed.append(line)

    claims = {}
    for name, known in found.items():
        most = min(exactness for exactness, _ in known)
        claims[name] = [line for exactness, line in known if exactness == most]
        unclaimed += [line for exactness, line in known if exactness > most]
    return claims, unclaimed


def _spellings(name: str) -> Iterator[str]:
    """How a line may name a picture, the most exact first."""
    path = PurePosixPath(name)
    yield name
    yield str(path.with_suffix(""))
    yield path.name
    yield path.stem


def _folded(spelling: str) -> str:
    """The same for all ways to write it that Windows (case) or macOS (Unicode form) take for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", spelling).casefold())


def _meant(called: str, folder: str, exact: _Meanings, folded: _Meanings) -> tuple[int, list[str]]:
    """How exactly a line names its picture, and the pictures that it may mean."""
    path = PurePosixPath(called.replace("\\", "/"))
    beside = posixpath.normpath(posixpath.join(folder, path))
    ways = [(meanings, way) for meanings in (exact, folded) for way in (beside, str(path), path.name)]
    for further, (meanings, way) in enumerate(ways):
        if known := meanings.get(way if meanings is exact else _folded(way)):
            best = min(known.values())
            return best + 4 * further, [name for name, exactness in known.items() if exactness == best]
    return 0, []
