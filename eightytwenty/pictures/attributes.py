"""Matches the pictures of a source with their attributes, from a table or from sidecar files."""

import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.attribute_files import (
    FILE_MISSING,
    LINE_MISSING,
    SEVERAL_LINES,
    WITHOUT_PICTURE,
    parse_sidecar,
)
from eightytwenty.pictures.attribute_tables import (
    MOST_UNREPEATED_LINES,
    MOST_VALUES,
    AttributeChange,
    AttributeLine,
    parse_tables,
)
from eightytwenty.pictures.schema import PICTURE_SUFFIXES
from eightytwenty.pictures.source import PictureSource

CLASS = "class"  # the attribute that the folders of a source without other attributes give
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "dev", "test", "testing"})
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
        changes: name of a picture -> how its values were repaired, if they were.
        files: what gives the attributes -> how many lines or files it has of them.
    """

    attributes: tuple[Attribute, ...]
    values: dict[str, tuple[str, ...]]
    problems: dict[str, str]
    unclaimed_rows: tuple[UnclaimedAttributes, ...]
    ignored_columns: dict[str, str]
    changes: dict[str, tuple[AttributeChange, ...]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)


def read_attributes(source: PictureSource) -> PictureAttributes:
    """Reads the attributes of each picture of a source.

    Raises:
        UserError: see `eightytwenty.pictures.attribute_tables.parse_tables`.
    """
    names = [picture.name for picture in source.pictures]
    if source.tables:
        return _read_tables(source, names)
    if source.sidecars:
        return _read_sidecars(source, names)
    return _read_folders(names)


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
    count = len(source.sidecars)
    files = {f"{count:,} file{'' if count == 1 else 's'} next to the pictures": count}
    return PictureAttributes(attributes, values, problems, tuple(unclaimed), {}, files=files)


def _read_tables(source: PictureSource, names: list[str]) -> PictureAttributes:
    table = parse_tables(source.tables, source.known_attributes)
    files = dict.fromkeys((file.name for file in source.tables), 0) | Counter(line.source for line in table.lines)
    if not table.attributes:
        return PictureAttributes((), {}, {}, (), table.ignored_columns, files=files)
    claims, unclaimed = _claims(table.lines, names)
    values, problems, changes = {}, {}, {}
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
            if lines[0].changes:
                changes[name] = lines[0].changes
    rows = tuple(
        UnclaimedAttributes(line.source, line.record, (WITHOUT_PICTURE, *filter(None, [line.problem])), line.original)
        for line in sorted(unclaimed, key=lambda line: (line.source, line.record))
    )
    return PictureAttributes(table.attributes, values, problems, rows, table.ignored_columns, changes, files)


def _read_folders(names: list[str]) -> PictureAttributes:
    """The name of the folder as the attribute `class`, if every picture lies in one of several folders.

    These are the folders at the top, or those inside the only one there, or those inside of folders that all have the
    names of splits, such as train and test.
    """
    folders = [PurePosixPath(name).parent.parts for name in names]
    depth = 0
    while all(len(folder) > depth for folder in folders):
        level = sorted({folder[depth] for folder in folders})
        if len(level) > 1 and not SPLITS.issuperset(map(str.casefold, level)):
            break
        depth += 1
    else:
        return PictureAttributes((), {}, {}, (), {})
    files = {"the folders of the pictures": len(level)}
    ignored = f"there are more than {MOST_VALUES} folders" if len(level) > MOST_VALUES else ""
    if len(names) > MOST_UNREPEATED_LINES and 2 * len(level) > len(names):
        ignored = "most folders hold one picture only"
    if ignored:
        return PictureAttributes((), {}, {}, (), {CLASS: ignored}, files=files)
    values: dict[str, tuple[str, ...]] = {name: (folder[depth],) for name, folder in zip(names, folders, strict=True)}
    return PictureAttributes((Attribute(CLASS, tuple(level)),), values, {}, (), {}, files=files)


def _claims(
    lines: Iterable[AttributeLine], names: list[str]
) -> tuple[dict[str, list[AttributeLine]], list[AttributeLine]]:
    """The lines that name each picture, and the lines that name none or could name several.

    A line may give the path of its picture, from the folder of the table, from the top of the source or from elsewhere,
    or only its name, with or without the suffix. If no picture has exactly this name, it may also differ in case or
    Unicode form, or have the suffix of another format, as after a conversion. Where lines name a picture in several of
    these ways, the most exact one counts: the others name a missing picture.
    """
    exact: _SpellingIndex = defaultdict(dict)
    folded: _SpellingIndex = defaultdict(dict)
    for name in names:
        for exactness, spelling in enumerate(_spellings(name)):
            exact[spelling].setdefault(name, exactness)
            folded[_folded(spelling)].setdefault(name, exactness)

    matches: dict[str, list[tuple[tuple[int, int], AttributeLine]]] = defaultdict(list)
    unclaimed = []
    for line in lines:
        rank, pictures = _named_pictures(line.picture, posixpath.dirname(line.source), exact, folded)
        if len(pictures) == 1:
            matches[pictures[0]].append((rank, line))
        else:
            unclaimed.append(line)

    claims = {}
    for name, candidates in matches.items():
        best = min(rank for rank, _ in candidates)
        claims[name] = [line for rank, line in candidates if rank == best]
        unclaimed += [line for rank, line in candidates if rank > best]
    return claims, unclaimed


def _spellings(name: str) -> Iterator[str]:
    """The ways in which a line may name a picture, the most exact first."""
    for path in _tails(PurePosixPath(name)):
        yield str(path)
        yield str(path.with_suffix(""))


def _tails(path: PurePosixPath) -> Iterator[PurePosixPath]:
    """A path from each of its folders on, the whole path first."""
    for start in range(max(len(path.parts), 1)):
        yield PurePosixPath(*path.parts[start:])


def _folded(spelling: str) -> str:
    """One form for all spellings that Windows (by case) or macOS (by Unicode form) treat as the same name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", spelling).casefold())


def _named_pictures(
    name: str, folder: str, exact: _SpellingIndex, folded: _SpellingIndex
) -> tuple[tuple[int, int], list[str]]:
    """The pictures that a line may name, and how exactly (the smallest is the most exact)."""
    path = PurePosixPath(name.replace("\\", "/"))
    paths = [PurePosixPath(posixpath.normpath(posixpath.join(folder, path))), *_tails(path)]
    stems = [path.with_suffix("") for path in paths] if path.suffix.lower() in PICTURE_SUFFIXES else []
    spellings = [(index, str(path)) for group in (paths, stems) for index in (exact, folded) for path in group]
    for rank, (index, key) in enumerate(spellings):
        if pictures := index.get(key if index is exact else _folded(key)):
            best = min(pictures.values())
            return (rank, best), [picture for picture, exactness in pictures.items() if exactness == best]
    return (0, 0), []
