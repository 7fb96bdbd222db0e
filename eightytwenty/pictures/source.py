"""A source of pictures: a folder, zip or tar whose files are pictures, attribute files, or neither."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import NONE_KNOWN, KnownAttributes
from eightytwenty.pictures.attribute_files import (
    MOST_BESIDE_BYTES,
    AttributeFile,
    attribute_file,
    is_beside,
    is_table,
    parse_table,
)
from eightytwenty.pictures.schema import FORMATS
from eightytwenty.read.archives import members

MOST_ATTRIBUTE_BYTES = 1 << 30  # of all attribute files, which are held in memory

_PICTURES = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
_ATTRIBUTES = {".csv", ".tsv"}
# Suffixes by which a file says that it is no picture.
_OTHERS = {
    *(
        ".txt",
        ".md",
        ".rst",
        ".html",
        ".htm",
        ".json",
        ".jsonl",
        ".xml",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".log",
    ),
    *(".pdf", ".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".py", ".ipynb", ".js", ".css", ".sh"),
    *(".parquet", ".npy", ".npz", ".h5", ".pkl", ".db", ".sqlite", ".sha256", ".md5"),
    *(".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".mp3", ".wav", ".mp4", ".mov", ".avi", ".mkv"),
}
# What systems and publishers put beside pictures, whatever its suffix.
_BY_NAME = {
    "thumbs",
    "desktop",
    "icon\r",
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "attribution",
    "authors",
}


@dataclass(frozen=True)
class RawPicture:
    """A file that is to be a picture.

    Args:
        name: its path in the source, with slashes; with record 1 its row id.
        size: in bytes.
    """

    name: str
    size: int


@dataclass(frozen=True)
class Refused:
    """A file that is not handed out, and why: a row of its own.

    Args:
        name: as the source has it, not fit to be a path.
        record: 1; 2 and so on where the name was there before.
        reason: what is wrong with it.
    """

    name: str
    record: int
    reason: str


@dataclass(frozen=True)
class PictureSource:
    """The files of a source, by what they are to be.

    A picture is every file with a picture's suffix and every file whose name does not say that it is something else:
    `x.png` is one whatever it holds, and so is `x` or `x.dat`; `notes.txt` is none. Hidden files, what is named README,
    LICENSE and the like, and CSV files without attributes are not meant either. All of these are in `ignored`.

    Args:
        path: the folder or archive.
        pictures: sorted by name.
        refused: links, devices and pipes, names that are unsafe or there twice, too large files, folders inside that
            cannot be read, and CSV files that cannot be read and are not beside a picture; sorted.
        tables: the attribute table, if there is one.
        beside: path of a picture without its suffix -> the attribute file beside it; also of pictures that are missing.
            Empty where there is a table.
        known: the attributes whose values are known beforehand.
        ignored: names, sorted.
        sha256: of the names and contents of all but the ignored files; the same for a folder and an archive of it.
    """

    path: Path
    pictures: tuple[RawPicture, ...]
    refused: tuple[Refused, ...]
    tables: tuple[AttributeFile, ...]
    beside: dict[str, AttributeFile]
    known: KnownAttributes
    ignored: tuple[str, ...]
    sha256: str

    def read(self, names: Collection[str] | None = None) -> Iterator[tuple[RawPicture, bytes | None]]:
        """Pictures with their content, each once, in a fixed order; None where the disk or archive does not yield it.

        An archive is read from its beginning to its end once, one file in memory at a time.

        Args:
            names: of the pictures that are wanted; all if not given.

        Raises:
            UserError: the archive is damaged.
        """
        waiting = {picture.name: picture for picture in self.pictures if names is None or picture.name in names}
        for member in members(self.path):
            if not member.problem and member.name in waiting:
                yield waiting.pop(member.name), member.read()
        for picture in waiting.values():
            yield picture, None  # gone since it was listed


def open_pictures(path: Path, attributes: Path | None = None, known: KnownAttributes = NONE_KNOWN) -> PictureSource:
    """Lists the files of a folder, zip or tar (also as gz, bz2 or xz) and reads its attribute files.

    Args:
        path: the folder or archive.
        attributes: an attribute table elsewhere, which takes the place of all that are in the source.
        known: attributes whose values are known beforehand; all others are learned from the table.

    Raises:
        UserError: the source cannot be read (see `eightytwenty.read.archives.members`), holds no picture, more than
            one attribute table or far too much of them; or the table elsewhere has no attribute.
    """
    pictures: list[RawPicture] = []
    refused: list[Refused] = []
    ignored: list[str] = []
    texts: list[AttributeFile] = []
    contents: list[str] = []
    unreadable: set[str] = set()
    held = 0
    for member in members(path):
        if not member.problem and _is_ignored(member.name):
            ignored.append(member.name)
            continue
        if member.problem:
            refused.append(Refused(member.name, member.record, member.problem))
            contents.append(f"{member.name}\0{member.record}\0{member.problem}")
            continue
        content = member.read()
        contents.append(f"{member.name}\0{'' if content is None else hashlib.sha256(content).hexdigest()}")
        if PurePosixPath(member.name).suffix.lower() in _ATTRIBUTES:
            texts.append(_attribute_file(member.name, content or b""))
            if content is None:
                unreadable.add(member.name)
            held += len(texts[-1].content)
            if held > MOST_ATTRIBUTE_BYTES:
                raise UserError(f"{path} holds more than {MOST_ATTRIBUTE_BYTES >> 20} MB of CSV files; remove some.")
        else:
            pictures.append(RawPicture(member.name, member.size))
    if not pictures:
        such_as = f", such as {refused[0].name}: {refused[0].reason}" if refused else ""
        there = f"{len(ignored) + len(texts):,} other files, {len(refused):,} refused{such_as}"
        raise UserError(f"{path} holds no picture ({there}); give a folder or archive that does.")

    beside: dict[str, AttributeFile]
    if attributes:
        table = _given(attributes, known)
        contents.append(f"\0{hashlib.sha256(table.content).hexdigest()}")
        tables, beside, others = [table], {}, [text.name for text in texts]
    else:
        tables, beside, others = _sort(texts, {_stem(picture.name) for picture in pictures}, known)
    if len(tables) > 1:
        names = f"{tables[0].name} and {tables[1].name}"
        raise UserError(
            f"{path} holds more than one attribute table ({names}); say with --attributes which is meant, or join them."
        )
    lost = unreadable.intersection(others)
    if lost and not tables and not beside:
        raise UserError(f"{min(lost)} cannot be read; change its permissions or remove it.")
    refused += [Refused(name, 1, "cannot be read") for name in lost]
    return PictureSource(
        path,
        tuple(sorted(pictures, key=lambda picture: picture.name)),
        tuple(sorted(refused, key=lambda file: (file.name, file.record))),
        tuple(tables),
        beside,
        known,
        tuple(sorted([*ignored, *(name for name in others if name not in lost)])),
        hashlib.sha256("\n".join(sorted(contents)).encode()).hexdigest(),
    )


def _is_ignored(name: str) -> bool:
    place = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in place.parts)
    suffix = place.suffix.lower()
    return hidden or suffix in _OTHERS or (place.stem.lower() in _BY_NAME and suffix not in _PICTURES)


def _attribute_file(name: str, content: bytes) -> AttributeFile:
    file = attribute_file(name, content)
    # what is too long to stand beside a picture and is no table is not kept whole
    return file if is_table(file.content) else AttributeFile(name, content[: MOST_BESIDE_BYTES + 1])


def _given(attributes: Path, known: KnownAttributes) -> AttributeFile:
    try:
        content = attributes.read_bytes()
    except OSError as error:
        raise UserError(f"{attributes} cannot be read ({error.strerror}); give a CSV file of attributes.") from None
    file = attribute_file(attributes.name, content)
    if not is_table(file.content):
        raise UserError(f"{attributes} has no column file, picture or the like in its first line; name one so.")
    table = parse_table(file, known)
    if not table.attributes:
        why = ", ".join(f"{column}: {reason}" for column, reason in table.left_out.items()) or "it has no other column"
        raise UserError(f"{attributes} says nothing of the pictures ({why}); give a table of categories.")
    return file


def _sort(
    texts: list[AttributeFile], stems: set[str], known: KnownAttributes
) -> tuple[list[AttributeFile], dict[str, AttributeFile], list[str]]:
    """Tables, files beside pictures by stem, and the names of those that are neither.

    A file with the name of a picture is one of attributes only where some file is: it may as well be a table of numbers
    of which the picture is the plot.
    """
    tables = [text for text in texts if is_table(text.content)]
    if tables or not known.beside or not any(is_beside(text.content) for text in texts):
        texts_beside = []
    else:
        texts_beside = [text for text in texts if _stem(text.name) in stems or is_beside(text.content)]
    beside = {_stem(text.name): text for text in texts_beside}
    kept = {text.name for text in (*tables, *beside.values())}
    return tables, beside, [text.name for text in texts if text.name not in kept]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
