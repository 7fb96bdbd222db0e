"""Opens a source of pictures: a folder, zip or tar whose files are pictures, attribute files, or neither."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import NO_KNOWN_ATTRIBUTES, KnownAttributes
from eightytwenty.pictures.attribute_files import MOST_SIDECAR_BYTES, AttributeFile, attribute_file, is_sidecar
from eightytwenty.pictures.attribute_tables import parse_tables
from eightytwenty.pictures.attribute_text import column_names, is_table
from eightytwenty.pictures.schema import PICTURE_SUFFIXES
from eightytwenty.read.archives import members, read_file
from eightytwenty.read.beside import HIDDEN, Unread, reason_beside

MOST_ATTRIBUTE_BYTES = 1 << 30  # of all attribute files together, which are kept in memory

_SIDECAR_SUFFIXES = {".csv", ".tsv"}
_TABLE_SUFFIXES = {*_SIDECAR_SUFFIXES, ".txt"}
# Why a file with one of these suffixes is not read.
_OTHER_SUFFIXES = {
    **dict.fromkeys(
        (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"),
        "an archive inside the source; unpack it, or clean it by itself",
    ),
    **dict.fromkeys((".mp3", ".wav", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"), "sound or film, not a picture"),
    **dict.fromkeys(
        (
            *(".md", ".rst", ".html", ".htm", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg"),
            *(".log", ".pdf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".py", ".ipynb"),
            *(".js", ".css", ".sh", ".parquet", ".npy", ".npz", ".h5", ".pkl", ".db", ".sqlite", ".sha256", ".md5"),
        ),
        "its suffix is not that of a picture",
    ),
}
_NO_TABLE = "no column names the pictures, as one with the header file or picture would"
_SECOND = "the picture has another attribute file"
_REPLACED = "the attributes come from another file"


@dataclass(frozen=True)
class RawPicture:
    """A file that should be a picture.

    Args:
        name: its path in the source, with slashes. Its row id is this name and record 1.
        path: the same as the folder has it, where names need not be text.
        size: in bytes.
    """

    name: str
    path: str
    size: int


@dataclass(frozen=True)
class RefusedFile:
    """A file that is not read, and why; it is a row of its own.

    Args:
        name: as the source has it; unsafe as a path.
        record: 1; 2 and so on for a name that came before.
        reason: what is wrong with it.
    """

    name: str
    record: int
    reason: str


@dataclass(frozen=True)
class PictureSource:
    """The files of a source, by what they should be.

    Every file with a picture's suffix is a picture, and so is every file whose name does not show that it is something
    else: `x.png`, `x` and `x.dat` are pictures whatever they hold, `notes.txt` is not. Hidden files, files such as
    README, and CSV files without attributes are not pictures either. All of these are `unread_files`.

    Args:
        path: the folder or archive.
        pictures: sorted by name.
        refused_files: links, devices and pipes, names that are unsafe or occur twice, files that are too large, folders
            inside that cannot be read, and CSV files that cannot be read and belong to no picture; sorted.
        tables: the attribute tables, all with the same columns.
        sidecars: path of a picture without its suffix -> the attribute file next to it, also if the picture is missing.
            Empty if there is a table.
        known_attributes: attributes whose values are known in advance.
        unread_files: files that are none of these, sorted by name.
        digests: a line for each file that is neither a picture nor unread: its name, and what it holds.
    """

    path: Path
    pictures: tuple[RawPicture, ...]
    refused_files: tuple[RefusedFile, ...]
    tables: tuple[AttributeFile, ...]
    sidecars: dict[str, AttributeFile]
    known_attributes: KnownAttributes
    unread_files: tuple[Unread, ...]
    digests: tuple[str, ...]

    def read(self, names: Collection[str] | None = None) -> Iterator[tuple[RawPicture, bytes | None]]:
        """Reads pictures as `read_pictures` does.

        Args:
            names: of the pictures to read; all if not given.

        Raises:
            UserError: the archive is damaged.
        """
        chosen = (picture for picture in self.pictures if names is None or picture.name in names)
        return read_pictures(self.path, chosen)

    def sha256(self, pictures: Iterable[tuple[str, str]] | None = None) -> str:
        """Digest of the names and contents of all but the unread files; the same for a folder and an archive of it.

        Args:
            pictures: the name of each picture, and the digest of its content, empty if it cannot be read. If they are
                not given, all pictures are read.
        """
        if pictures is None:
            pictures = ((picture.name, content_digest(content)) for picture, content in self.read())
        lines = [*self.digests, *(f"{name}\0{digest}" for name, digest in pictures)]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def read_pictures(path: Path, pictures: Iterable[RawPicture]) -> Iterator[tuple[RawPicture, bytes | None]]:
    """Reads pictures, each once, in a fixed order; the content is None if the disk or archive cannot read it.

    An archive is read once from start to end, with one file in memory at a time.

    Args:
        path: the folder or archive.
        pictures: of it.

    Raises:
        UserError: the archive is damaged.
    """
    if path.is_dir():
        for picture in pictures:
            yield picture, read_file(os.path.join(path, picture.path))  # noqa: PTH118 - quicker than a Path for each
        return
    remaining = {picture.name: picture for picture in pictures}
    for member in members(path):
        if not member.problem and member.name in remaining:
            yield remaining.pop(member.name), member.read()
    for picture in remaining.values():
        yield picture, None  # the archive is another one than was listed


def content_digest(content: bytes | None) -> str:
    """The SHA-256 of a file's content, empty if it cannot be read."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def open_pictures(
    path: Path, attributes: Path | None = None, known_attributes: KnownAttributes = NO_KNOWN_ATTRIBUTES
) -> PictureSource:
    """Lists the files of a folder, zip or tar (also as gz, bz2 or xz) and reads its attribute files.

    Args:
        path: the folder or archive.
        attributes: an attribute table elsewhere, which replaces all attribute files in the source.
        known_attributes: attributes whose values are known in advance; others are learned from the table.

    Raises:
        UserError: the source cannot be read (see `eightytwenty.read.archives.members`), holds no picture,
            attribute tables with different columns, or too many bytes of them; or the table elsewhere has no attribute.
    """
    pictures: list[RawPicture] = []
    refused: list[RefusedFile] = []
    unread: dict[str, str] = {}
    texts: list[AttributeFile] = []
    contents: list[str] = []
    unreadable: set[str] = set()
    text_bytes = 0
    for member in members(path):
        if not member.problem and (reason := _unread_reason(member.name)):
            unread[member.name] = reason
            continue
        if member.problem:
            refused.append(RefusedFile(member.name, member.record, member.problem))
            contents.append(f"{member.name}\0{member.record}\0{member.problem}")
            continue
        if PurePosixPath(member.name).suffix.lower() in _TABLE_SUFFIXES:
            content = member.read()
            if member.name.lower().endswith(".txt") and not is_table(content or b""):
                unread[member.name] = _NO_TABLE
                continue
            contents.append(f"{member.name}\0{content_digest(content)}")
            texts.append(_attribute_file(member.name, content or b""))
            if content is None:
                unreadable.add(member.name)
            text_bytes += len(texts[-1].content)
            if text_bytes > MOST_ATTRIBUTE_BYTES:
                raise UserError(
                    f"{path} holds more than {MOST_ATTRIBUTE_BYTES >> 20} MB of attribute files; remove some."
                )
        else:
            pictures.append(RawPicture(member.name, member.path, member.size))
    if not pictures:
        names = [*((file.name, file.reason) for file in refused), *unread.items()]
        example = f", such as {names[0][0]}: {names[0][1]}" if names else ""
        counts = f"{len(unread) + len(texts):,} other files, {len(refused):,} refused{example}"
        raise UserError(f"{path} holds no picture ({counts}); give a folder or archive that does.")

    sidecars: dict[str, AttributeFile]
    if attributes:
        table = _separate_table(attributes, known_attributes)
        contents.append(f"\0{content_digest(table.content)}")
        others = {text.name: _REPLACED for text in texts if (path / text.name).resolve() != attributes.resolve()}
        tables, sidecars = [table], {}
    else:
        tables, sidecars, others = _classify(texts, {_stem(picture.name) for picture in pictures}, known_attributes)
        tables, aside = _with_equal_columns(path, tables, known_attributes)
        others |= aside
    lost = unreadable.intersection(others)
    if lost and not tables and not sidecars:
        raise UserError(f"{min(lost)} cannot be read; change its permissions or remove it.")
    refused += [RefusedFile(name, 1, "cannot be read") for name in lost]
    unread |= {name: reason for name, reason in others.items() if name not in lost}
    return PictureSource(
        path,
        tuple(sorted(pictures, key=lambda picture: picture.name)),
        tuple(sorted(refused, key=lambda file: (file.name, file.record))),
        tuple(tables),
        sidecars,
        known_attributes,
        tuple(Unread(name, reason) for name, reason in sorted(unread.items())),
        tuple(contents),
    )


def _unread_reason(name: str) -> str:
    """Why a name shows that the file is neither a picture nor attributes; empty if it does not."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    beside = reason_beside(name)
    if beside == HIDDEN or (beside and (suffix not in PICTURE_SUFFIXES or "__MACOSX" in path.parts)):
        return beside
    return _OTHER_SUFFIXES.get(suffix, "")


def _attribute_file(name: str, content: bytes) -> AttributeFile:
    file = attribute_file(name, content)
    # a file that is neither a table nor short enough for a sidecar file is not kept whole
    return file if is_table(file.content) else AttributeFile(name, content[: MOST_SIDECAR_BYTES + 1])


def _separate_table(attributes: Path, known_attributes: KnownAttributes) -> AttributeFile:
    try:
        content = attributes.read_bytes()
    except OSError as error:
        raise UserError(f"{attributes} cannot be read ({error.strerror}); give a CSV file of attributes.") from None
    file = attribute_file(attributes.name, content)
    if not is_table(file.content):
        raise UserError(f"{attributes} has no column file, picture or the like in its first line; rename a column.")
    table = parse_tables([file], known_attributes)
    if not table.attributes:
        why = (
            ", ".join(f"{column}: {reason}" for column, reason in table.ignored_columns.items())
            or "it has no other column"
        )
        raise UserError(f"{attributes} has no attribute of the pictures ({why}); give a table of categories.")
    return file


def _classify(
    texts: list[AttributeFile], stems: set[str], known_attributes: KnownAttributes
) -> tuple[list[AttributeFile], dict[str, AttributeFile], dict[str, str]]:
    """Tables, sidecar files by stem, and the files that are neither: name -> reason.

    A file with the name of a picture is a sidecar file only if some file looks like one. Otherwise it may be a table of
    numbers, with the picture as its plot.
    """
    tables = [text for text in texts if is_table(text.content)]
    if tables or not known_attributes.sidecar or not any(is_sidecar(text.content) for text in texts):
        sidecar_texts = []
    else:
        sidecar_texts = [text for text in texts if _stem(text.name) in stems or is_sidecar(text.content)]
    sidecars: dict[str, AttributeFile] = {}
    for text in sidecar_texts:
        sidecars.setdefault(_stem(text.name), text)
    attribute_names = {text.name for text in (*tables, *sidecars.values())}
    others = {text.name: _NO_TABLE for text in texts if text.name not in attribute_names}
    return tables, sidecars, others | {text.name: _SECOND for text in sidecar_texts if text.name in others}


def _with_equal_columns(
    path: Path, tables: list[AttributeFile], known_attributes: KnownAttributes
) -> tuple[list[AttributeFile], dict[str, str]]:
    """The tables that are read together, and those without an attribute, which are set aside: name -> reason.

    Raises:
        UserError: tables with different columns give attributes.
    """
    groups: dict[frozenset[str], list[AttributeFile]] = {}
    for table in sorted(tables, key=lambda table: table.name):
        groups.setdefault(column_names(table), []).append(table)
    if len(groups) < 2:
        return [table for group in groups.values() for table in group], {}
    useful = [group for group in groups.values() if parse_tables(group, known_attributes).attributes]
    if len(useful) > 1:
        names = f"{useful[0][0].name} and {useful[1][0].name}"
        raise UserError(
            f"{path} holds attribute tables with different columns ({names}); choose one with --attributes, or join "
            "them."
        )
    first = useful[0] if useful else next(iter(groups.values()))
    return first, {table.name: "a table without attributes" for table in tables if table not in first}


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
