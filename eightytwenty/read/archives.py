"""Lists the files of folders, zip and tar archives in a fixed order, and reads them one by one.

Archives are treated as hostile: nothing is unpacked to disk, no name becomes a path on the disk, links and devices are
not followed, and the unpacked size is bounded.
"""

import bz2
import copy
import functools
import gzip
import io
import lzma
import os
import posixpath
import re
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from eightytwenty.errors import UserError
from eightytwenty.files import name_as_text, source_mode

MOST_MEMBERS = 1_000_000
MOST_UNPACKED_BYTES = 64 << 30
MOST_FILE_BYTES = 256 << 20  # of one file, which is read at once
# An archive that unpacks to more bytes than this, and to more than this many times its size, is a trap: pictures hardly
# shrink when they are packed, and tables not that much.
BOMB_BYTES, BOMB_RATIO = 1 << 30, 200
_LONGEST_NAME, _LONGEST_PATH = 255, 1024  # bytes, a limit that file systems and tools share
_PIECE = 1 << 16  # bytes of a zip unpacked at once
_PLAIN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_IS_UTF8 = 1 << 11  # the flag of a member whose name is in UTF-8
# Words of kana and kanji, of at least two signs: what Western names in another code page do not decode to.
_JAPANESE = re.compile(r"[\x00-\x7f]*([々ぁ-ヿ一-鿿]{2,}[\x00-\x7f]*)*")

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an archive without members
_UNPACKERS = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\0": lzma}
# The errors of unpacking: OSError comes from gzip and bz2, RuntimeError from zipfile for unknown methods,
# and ValueError from names that are not text.
_UNPACKING = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_TAR_KINDS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
}


@dataclass(frozen=True)
class Member:
    """A file as its folder or archive lists it.

    Args:
        name: its path inside, with slashes.
        path: the same as the folder has it, where names need not be text.
        record: 1; 2 and so on for a name that came before.
        size: in bytes, as listed.
        problem: why it is refused, empty if it is not.
        read: returns its content, or None if the disk or the archive cannot read it. Call it before the next member.
    """

    name: str
    path: str
    record: int
    size: int
    problem: str
    read: Callable[[], bytes | None]


@dataclass
class _NameChecker:
    """Checks the names of members, one after the other."""

    counts: Counter[str] = field(default_factory=Counter)
    folders: set[str] = field(default_factory=set)

    def member(self, name: str, size: int, kind: str, read: Callable[[], bytes | None]) -> Member:
        """A member under its normalized name; `kind` says what it is if it is not a file."""
        unsafe = _unsafe(name.encode(errors="replace").decode())  # the backslashes for bytes that are not text are ours
        path, name = name, name_as_text(name)
        problem = unsafe or kind or ("" if size <= MOST_FILE_BYTES else f"larger than {MOST_FILE_BYTES >> 20} MB")
        if not unsafe:
            name = posixpath.normpath(name)
            parents = [name[: match.start()] for match in re.finditer("/", name)]
            if self.counts[name]:
                problem = problem or "a second file of this name"
            elif name in self.folders or any(parent in self.counts for parent in parents):
                problem = problem or "a file and a folder of one name"
            self.folders.update(parents)
        self.counts[name] += 1
        return Member(name, path, self.counts[name], size, problem, read)


def _unsafe(name: str) -> str:
    """Why a name must never become a path; empty if it may."""
    parts = name.replace("\\", "/").split("/")
    if not parts[0] or parts[0].endswith(":") or ".." in posixpath.normpath("/".join(parts)).split("/"):
        return "a name that leads out of the archive"
    if not posixpath.normpath(name).strip(". ") or "\0" in name:
        return "no name"
    if len(name.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return "too long a name"
    return ""


def members(path: Path) -> Iterator[Member]:
    """Lists the files of a folder or archive, sorted by name; a tar archive is read once, in its own order.

    Raises:
        UserError: there is no folder or archive, or it is damaged, cut off, encrypted or beyond the bounds.
    """
    mode = source_mode(path, "a folder, zip or tar of pictures")
    if stat.S_ISDIR(mode):
        listing = _folder_members(path)
    elif stat.S_ISREG(mode):
        with _unpacking(path), path.open("rb") as stream:
            listing = _zip_members(path) if stream.read(4) in _ZIP else _tar_members(path)
    else:
        raise UserError(f"{path} is neither a file nor a folder; give a folder, zip or tar of pictures.")
    unpacked = 0
    for count, member in enumerate(listing, 1):
        unpacked += member.size
        if count > MOST_MEMBERS or unpacked > MOST_UNPACKED_BYTES:
            raise UserError(
                f"{path} holds more than {MOST_MEMBERS:,} files or {MOST_UNPACKED_BYTES >> 30} GB; split it."
            )
        yield member


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNPACKING as error:
        why = str(error) or type(error).__name__
        raise UserError(f"{path} cannot be unpacked ({why}); pack it again, complete and without a password.") from None


def _folder_members(folder: Path) -> Iterator[Member]:
    """Lists a folder without following links or opening special files. An unreadable folder inside is a member too."""
    root = os.fspath(folder)
    entries: list[tuple[str, str]] = []  # the path inside the folder, and its problem

    def refuse(error: OSError) -> None:
        if error.filename == root:
            raise UserError(f"{root} cannot be read ({error.strerror}); change its permissions.")
        entries.append((os.path.relpath(error.filename, root), "a folder that cannot be read"))

    for parent, folders, names in os.walk(root, onerror=refuse):
        inside = "" if parent == root else os.path.relpath(parent, root)
        links = [name for name in folders if Path(parent, name).is_symlink()]
        entries += [(posixpath.join(inside, name), "") for name in (*names, *links)]
    checker = _NameChecker()
    for name, problem in sorted(entries):
        file = posixpath.join(root, name)
        read = functools.partial(read_file, file)
        try:
            status = os.lstat(file)
        except OSError:  # it was deleted, or its folder may be listed but not entered
            yield checker.member(name, 0, problem or "cannot be read", read)
            continue
        kind = "" if stat.S_ISREG(status.st_mode) else _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        yield checker.member(name, status.st_size, problem or kind, read)


def read_file(path: str) -> bytes | None:
    """The content of a file of a folder; None if the disk cannot read it, or something else is in its place."""
    try:
        # a link or pipe that has replaced the file is neither followed nor waited for
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            status = os.fstat(stream.fileno())
            # for a larger size, Python would allocate all of it first
            return stream.read(min(status.st_size, MOST_FILE_BYTES)) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None


def _zip_members(path: Path) -> Iterator[Member]:
    with _unpacking(path):
        archive = zipfile.ZipFile(path)
    with archive:
        files = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        if any(info.flag_bits & 1 for info in files):
            raise UserError(f"{path} is encrypted; pack it again without a password.")
        refuse_bomb(path, path.stat().st_size, sum(info.file_size for info in files))
        checker = _NameChecker()
        for info, name in zip(files, _names(files), strict=True):
            file_type = stat.S_IFMT(info.external_attr >> 16)  # 0 if the archive's system has no file types
            kind = "" if file_type in {0, stat.S_IFREG} else _KINDS.get(file_type, "no file")
            if not kind and info.compress_type not in {*_PLAIN_METHODS, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}:
                kind = "packed by a method that is not read; pack it again by deflate"

            def read(info: zipfile.ZipInfo = info) -> bytes | None:
                try:
                    if info.compress_type not in _PLAIN_METHODS:
                        return _unpack(archive, info)
                    # in pieces, because a member may unpack to far more than its listed size and is only then cut off
                    with archive.open(info) as content:
                        return b"".join(iter(lambda: content.read(_PIECE), b""))
                except _UNPACKING:
                    return None

            yield checker.member(name, info.file_size, kind, read)


def _names(files: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of the members as text with slashes.

    Where a name is not marked as UTF-8, zipfile takes it for cp437, but many programs write UTF-8 or their own code
    page all the same. Windows programs may write backslashes between folders.
    """
    unmarked = {
        file.filename: file.filename.encode("cp437")
        for file in files
        if not file.flag_bits & _IS_UTF8 and file.filename == file.orig_filename
    }
    decoded = _decoded(unmarked)
    names = [decoded.get(file.filename, file.filename) for file in files]
    if not any("/" in name for name in names):
        return [name.replace("\\", "/") for name in names]
    return names


def _decoded(names: Mapping[str, bytes]) -> dict[str, str]:
    """Names in UTF-8 or, where all that is not ASCII in them is Japanese words, in cp932; none if neither."""
    for encoding, is_plausible in (("utf-8", re.compile(".*", re.DOTALL)), ("cp932", _JAPANESE)):
        try:
            decoded = {name: content.decode(encoding) for name, content in names.items()}
        except UnicodeDecodeError:
            continue
        if all(map(is_plausible.fullmatch, decoded.values())):
            return decoded
    return {}


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Unpacks a member that is packed by bzip2 or LZMA, up to its listed size; zipfile has no bound for these.

    Raises:
        EOFError: it is shorter or longer than listed, or its checksum is wrong, or it is packed into far too much.
    """
    if info.compress_size > MOST_FILE_BYTES:
        raise EOFError
    packed = copy.copy(info)
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, info.compress_size
    del packed.CRC  # that of the unpacked content
    with archive.open(packed) as stream:
        content = stream.read()
    unpacker: bz2.BZ2Decompressor | lzma.LZMADecompressor
    if info.compress_type == zipfile.ZIP_BZIP2:
        unpacker = bz2.BZ2Decompressor()
    else:  # two bytes of version, two of the length of the properties, the properties: a file of LZMA without its size
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MOST_FILE_BYTES)
        content = content[4:9] + b"\xff" * 8 + content[9:]
    unpacked = unpacker.decompress(content, max_length=info.file_size + 1)
    if len(unpacked) != info.file_size or zlib.crc32(unpacked) != info.CRC:
        raise EOFError
    return unpacked


def refuse_bomb(name: str | Path, packed: int, unpacked: int) -> None:
    """Refuses what unpacks to absurdly more than its packed size.

    Raises:
        UserError: it is refused.
    """
    limit = max(BOMB_BYTES, BOMB_RATIO * packed)
    if unpacked > limit:
        raise UserError(
            f"{name} unpacks to more than {limit >> 20} MB, far beyond its size; unpack it yourself if you trust it."
        )


def _tar_members(path: Path) -> Iterator[Member]:
    with path.open("rb") as stream:
        magic = stream.read(6)
    packing = next((module for start, module in _UNPACKERS.items() if magic.startswith(start)), None)
    with _unpacking(path), cast("BinaryIO", packing.open(path) if packing else path.open("rb")) as unpacked:
        forward = _Forward(unpacked, path)
        try:
            archive = tarfile.open(fileobj=cast("BinaryIO", forward), mode="r:", encoding="utf-8")  # noqa: SIM115
        except tarfile.ReadError:
            if zipfile.is_zipfile(path):  # behind other bytes, as in a program that unpacks itself
                yield from _zip_members(path)
                return
            raise UserError(
                f"{path} is not a folder, zip or tar (also as gz, bz2 or xz); give one of pictures."
            ) from None
        checker = _NameChecker()
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # otherwise it remembers every file
            forward.refuse_bomb(archive.offset)
            if not info.isdir():
                kind = "" if info.isreg() else _TAR_KINDS.get(info.type, "no file")

                def read(info: tarfile.TarInfo = info) -> bytes | None:
                    with _unpacking(path), cast("BinaryIO", archive.extractfile(info)) as content:
                        return content.read(MOST_FILE_BYTES)

                yield checker.member(info.name, info.size, kind, read)
        if forward.last_block != bytes(tarfile.BLOCKSIZE):
            raise UserError(
                f"{path} is cut off or damaged after {sum(checker.counts.values()):,} files; download it again."
            )
        while forward.read(1 << 20):  # to the end, where the checksum of the compression is
            forward.refuse_bomb(forward.tell())


class _Forward(io.RawIOBase):
    """A stream that is only read forwards, in bounded pieces, and remembers the last one."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path, self._packed, self.last_block = stream, path, path.stat().st_size, b""

    def refuse_bomb(self, offset: int) -> None:
        """Refuses an archive that unpacks to `offset` bytes, if that is absurdly more than its packed size.

        Raises:
            UserError: it is refused.
        """
        refuse_bomb(self._path, self._packed, offset)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_FILE_BYTES:
            raise tarfile.ReadError("a header of absurd size")
        self.last_block = self._stream.read(size)
        return self.last_block

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # a made-up size can lead backwards, in an endless loop
        if whence != io.SEEK_SET or offset < self.tell() - 1:
            raise tarfile.ReadError("a file that ends before it begins")
        self.refuse_bomb(offset)
        return self._stream.seek(offset)
