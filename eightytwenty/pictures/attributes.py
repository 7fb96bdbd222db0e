"""Matches the pictures of a source with their attributes, from a table or from sidecar files."""

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
    parse_sidecar,
    parse_table,
)
from eightytwenty.pictures.source import PictureSource

_SpellingIndex = dict[str, dict[str, int]]  # spelling -> picture -> exactness, 0 the most exact


@dataclass(frozen=True)
class UnclaimedAttributes:
    """Attributes that belong to no picture; they are a row of their own.

    Args:
        source: path of the attribute file.
        record: the line's number from 1; 1 for a sidecar file.
        problems: `WITHOUT_PICTURE` and other keys of `eightytwenty.pictures.attribute_files.REASONS`.
        original: the bytes of the line or file.
    """

    source: str
    record: int
    problems: tuple[str, ...]
    original: bytes


@dataclass(frozen=True)
class PictureAttributes:
    """The attributes of the pictures of a source.

    Args:
        attributes: empty if the source has none; then the other fields are empty too, except `ignored_columns`.
        values: name of a picture -> one value for each attribute.
        problems: name of a picture without values -> the reason, a key of `REASONS`.
        unclaimed_rows: lines and files without a picture.
        ignored_columns: columns of the table that are not attributes: name -> reason.
    """

    attributes: tuple[Attribute, ...]
    values: dict[str, tuple[str, ...]]
    problems: dict[str, str]
    unclaimed_rows: tuple[UnclaimedAttributes, ...]
    ignored_columns: dict[str, str]


def read_attributes(source: PictureSource) -> PictureAttributes:
    """Reads the attributes of each picture of a source.

    Raises:
        UserError: see `eightytwenty.pictures.attribute_files.parse_table`.
    """
    names = [picture.name for picture in source.pictures]
    if source.tables:
        return _read_table(source, names)
    return _read_sidecars(source, names) if source.sidecars else PictureAttributes((), {}, {}, (), {})


def _read_sidecars(source: PictureSource, names: list[str]) -> PictureAttributes:
    attributes = source.known_attributes.sidecar
    values, problems, claimed = {}, {}, set()
    for name in names:
        stem = str(PurePosixPath(name).with_suffix(""))
        claimed.add(stem)
        file = source.sidecars.get(stem)
        row, problem = parse_sidecar(file.content, attributes) if file else (None, FILE_MISSING)
        if row is None:
            problems[name] = problem
        else:
            values[name] = row
    unclaimed = []
    for stem, file in sorted(source.sidecars.items()):
        if stem not in claimed:
            _, problem = parse_sidecar(file.content, attributes)
            unclaimed.append(
                UnclaimedAttributes(file.name, 1, (WITHOUT_PICTURE, *filter(None, [problem])), file.content)
            )
    return PictureAttributes(attributes, values, problems, tuple(unclaimed), {})


def _read_table(source: PictureSource, names: list[str]) -> PictureAttributes:
    table = parse_table(source.tables[0], source.known_attributes)
    if not table.attributes:
        return PictureAttributes((), {}, {}, (), table.ignored_columns)
    claims, unclaimed = _claims(table.lines, names, posixpath.dirname(table.name))
    values, problems = {}, {}
    for name in names:
        lines = claims.get(name, [])
        statements = {(line.values, line.problem) for line in lines}
        if not lines:
            problems[name] = LINE_MISSING
        elif len(statements) > 1:
            problems[name] = SEVERAL_LINES
        elif lines[0].values is None:
            problems[name] = lines[0].problem
        else:
            values[name] = lines[0].values
    rows = tuple(
        UnclaimedAttributes(table.name, line.record, (WITHOUT_PICTURE, *filter(None, [line.problem])), line.original)
        for line in sorted(unclaimed, key=lambda line: line.record)
    )
    return PictureAttributes(table.attributes, values, problems, rows, table.ignored_columns)


def _claims(
    lines: Iterable[AttributeLine], names: list[str], folder: str
) -> tuple[dict[str, list[AttributeLine]], list[AttributeLine]]:
    """The lines that name each picture, and the lines that name none or could name several.

    A line may give the path of its picture, from the folder of the table or from the top of the source, or only its
    name, with or without the suffix. If no picture has exactly this name, it may also differ in case or Unicode form.
    Where lines name a picture in several of these ways, the most exact one counts: the others name a missing picture.
    """
    exact: _SpellingIndex = defaultdict(dict)
    folded: _SpellingIndex = defaultdict(dict)
    for name in names:
        for exactness, spelling in enumerate(_spellings(name)):
            exact[spelling].setdefault(name, exactness)
            folded[_folded(spelling)].setdefault(name, exactness)

    matches: dict[str, list[tuple[int, AttributeLine]]] = defaultdict(list)
    unclaimed = []
    for line in lines:
        exactness, pictures = _named_pictures(line.picture, folder, exact, folded)
        if len(pictures) == 1:
            matches[pictures[0]].append((exactness, line))
        else:
            unclaimed.append(line)

    claims = {}
    for name, candidates in matches.items():
        best = min(exactness for exactness, _ in candidates)
        claims[name] = [line for exactness, line in candidates if exactness == best]
        unclaimed += [line for exactness, line in candidates if exactness > best]
    return claims, unclaimed


def _spellings(name: str) -> Iterator[str]:
    """The ways in which a line may name a picture, the most exact first."""
    path = PurePosixPath(name)
    yield name
    yield str(path.with_suffix(""))
    yield path.name
    yield path.stem


def _folded(spelling: str) -> str:
    """One form for all spellings that Windows (by case) or macOS (by Unicode form) treat as the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", spelling).casefold())


def _named_pictures(name: str, folder: str, exact: _SpellingIndex, folded: _SpellingIndex) -> tuple[int, list[str]]:
    """The pictures that a line may name, and how exactly (0 is the most exact)."""
    path = PurePosixPath(name.replace("\\", "/"))
    from_table = posixpath.normpath(posixpath.join(folder, path))
    spellings = [(index, key) for index in (exact, folded) for key in (from_table, str(path), path.name)]
    for rank, (index, key) in enumerate(spellings):
        if pictures := index.get(key if index is exact else _folded(key)):
            best = min(pictures.values())
            return best + 4 * rank, [picture for picture, exactness in pictures.items() if exactness == best]
    return 0, []
