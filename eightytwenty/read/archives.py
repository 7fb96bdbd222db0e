"""Folders, zip and tar archives as one thing: files in a fixed order, handed out one by one and never unpacked.

Archives are hostile until shown otherwise: no name becomes a path on the disk, links and devices are not followed, and
what an archive unpacks to is bounded.
"""

import bz2
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from eightytwenty.errors import UserError

MOST_MEMBERS = 1_000_000
MOST_UNPACKED_BYTES = 64 << 30
MOST_FILE_BYTES = 256 << 20  # of one file, which is read as a whole
# An archive that unpacks to more than this and to more than so many times its size is a trap; pictures hardly shrink.
BOMB_BYTES, BOMB_RATIO = 1 << 30, 200
_LONGEST_NAME, _LONGEST_PATH = 255, 1024  # bytes; what file systems and tools agree on
_PIECE = 1 << 16  # bytes of a zip unpacked at once

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # the second is an archive without members
_UNPACKERS = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\0": lzma}
# What unpacking raises: OSError comes from gzip and bz2, RuntimeError from zipfile for what it does not know, and
# ValueError for names that are no text.
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
        record: 1, or 2 and so on for a name that was there before.
        size: in bytes, as listed.
        problem: why it is not handed out, empty where it is.
        read: its content, or None where the disk or the archive does not yield it; only until the next is asked for.
    """

    name: str
    record: int
    size: int
    problem: str
    read: Callable[[], bytes | None]


@dataclass
class _Names:
    """Judges names as they come."""

    seen: Counter[str] = field(default_factory=Counter)
    folders: set[str] = field(default_factory=set)

    def member(self, name: str, size: int, kind: str, read: Callable[[], bytes | None]) -> Member:
        """A member under its plain name; `kind` says what it is if no file."""
        unsafe = _unsafe(name.encode(errors="replace").decode())  # the backslashes of what is no text are ours
        name = _as_text(name)
        problem = unsafe or kind or ("" if size <= MOST_FILE_BYTES else f"larger than {MOST_FILE_BYTES >> 20} MB")
        if not unsafe:
            name = posixpath.normpath(name)
            parents = [name[: match.start()] for match in re.finditer("/", name)]
            if self.seen[name]:
                problem = problem or "a second file of this name"
            elif name in self.folders or any(parent in self.seen for parent in parents):
                problem = problem or "a file and a folder of one name"
            self.folders.update(parents)
        self.seen[name] += 1
        return Member(name, self.seen[name], size, problem, read)


def _as_text(name: str) -> str:
    r"""The name with bytes that are no text written out, such as caf\xe9.png for one that was saved as Latin-1."""
    try:
        return os.fsencode(name).decode(errors="backslashreplace")
    except UnicodeEncodeError:  # half a character, which no file system gives
        return name.encode(errors="backslashreplace").decode()


def _unsafe(name: str) -> str:
    """Why a name must never become a path, empty where it may."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        return "a name that leads out of the archive"
    if not posixpath.normpath(name).strip(". ") or "\0" in name:
        return "no name"
    if len(name.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
        return "too long a name"
    return ""


def members(path: Path) -> Iterator[Member]:
    """The files of a folder or archive: sorted by name, in a tar archive in its own order, which is read once.

    Raises:
        UserError: there is no folder or archive, it is damaged, cut off or encrypted, or unpacks beyond the bounds.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} does not exist; give a folder, zip or tar of pictures.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    if stat.S_ISDIR(mode):
        found = _folder_members(path)
    elif stat.S_ISREG(mode):
        with _unpacking(path), path.open("rb") as stream:
            found = _zip_members(path) if stream.read(4) in _ZIP else _tar_members(path)
    else:
        raise UserError(f"{path} is neither a file nor a folder; give a folder, zip or tar of pictures.")
    unpacked = 0
    for count, member in enumerate(found, 1):
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
        raise UserError(f"{path} cannot be unpacked ({why}); pack it anew, whole and without a password.") from None


def _folder_members(folder: Path) -> Iterator[Member]:
    """Neither follows a link nor opens what is no file; a folder inside that cannot be read is a member of its own."""
    root = os.fspath(folder)
    found: list[tuple[str, str]] = []  # where it lies in the folder, and what is wrong with it

    def refuse(error: OSError) -> None:
        if error.filename == root:
            raise UserError(f"{root} cannot be read ({error.strerror}); change its permissions.")
        found.append((os.path.relpath(error.filename, root), "a folder that cannot be read"))

    for parent, folders, names in os.walk(root, onerror=refuse):
        inside = "" if parent == root else os.path.relpath(parent, root)
        links = [name for name in folders if Path(parent, name).is_symlink()]
        found += [(posixpath.join(inside, name), "") for name in (*names, *links)]
    known = _Names()
    for name, problem in sorted(found):
        file = posixpath.join(root, name)

        def read(file: str = file) -> bytes | None:
            try:
                # a link or pipe that took the file's place is neither followed nor waited for
                with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
                    # asked for more than there is, Python makes room for all of it first
                    return stream.read(min(os.fstat(stream.fileno()).st_size, MOST_FILE_BYTES))
            except OSError:
                return None

        try:
            about = os.lstat(file)
        except OSError:  # it is gone, or its folder may be listed and not entered
            yield known.member(name, 0, problem or "cannot be read", read)
            continue
        kind = "" if stat.S_ISREG(about.st_mode) else _KINDS.get(stat.S_IFMT(about.st_mode), "no file")
        yield known.member(name, about.st_size, problem or kind, read)


def _zip_members(path: Path) -> Iterator[Member]:
    with _unpacking(path):
        archive = zipfile.ZipFile(path)
    with archive:
        files = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        if any(info.flag_bits & 1 for info in files):
            raise UserError(f"{path} is encrypted; pack it anew without a password.")
        _refuse_bomb(path, path.stat().st_size, sum(info.file_size for info in files))
        known = _Names()
        for info in files:
            form = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive comes from a system without such
            kind = "" if form in {0, stat.S_IFREG} else _KINDS.get(form, "no file")
            # what is packed otherwise is unpacked without a bound, and bzip2 makes gigabytes of a few kilobytes
            if not kind and info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                kind = "packed otherwise than by deflate"

            def read(info: zipfile.ZipInfo = info) -> bytes | None:
                # in pieces, because a member may unpack to far more than it says, and is cut off only afterwards
                try:
                    with archive.open(info) as content:
                        return b"".join(iter(lambda: content.read(_PIECE), b""))
                except _UNPACKING:
                    return None

            yield known.member(info.filename, info.file_size, kind, read)


def _refuse_bomb(path: Path, packed: int, unpacked: int) -> None:
    limit = max(BOMB_BYTES, BOMB_RATIO * packed)
    if unpacked > limit:
        raise UserError(f"{path} unpacks to more than {limit >> 20} MB, far beyond its size; refused.")


def _tar_members(path: Path) -> Iterator[Member]:
    with path.open("rb") as stream:
        magic = stream.read(6)
    packing = next((module for start, module in _UNPACKERS.items() if magic.startswith(start)), None)
    with _unpacking(path), cast("BinaryIO", packing.open(path) if packing else path.open("rb")) as unpacked:
        forward = _Forward(unpacked, path)
        try:
            archive = tarfile.open(fileobj=cast("BinaryIO", forward), mode="r:", encoding="utf-8")  # noqa: SIM115
        except tarfile.ReadError:
            raise UserError(f"{path} is no folder, zip or tar (also as gz, bz2 or xz); give one of pictures.") from None
        known = _Names()
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # else it remembers every file
            forward.refuse_bomb(archive.offset)
            if not info.isdir():
                kind = "" if info.isreg() else _TAR_KINDS.get(info.type, "no file")

                def read(info: tarfile.TarInfo = info) -> bytes | None:
                    with _unpacking(path), cast("BinaryIO", archive.extractfile(info)) as content:
                        return content.read(MOST_FILE_BYTES)

                yield known.member(info.name, info.size, kind, read)
        if forward.last != bytes(tarfile.BLOCKSIZE):
            raise UserError(f"{path} is cut off or damaged after {sum(known.seen.values()):,} files; fetch it anew.")
        while forward.read(1 << 20):  # to the end, where the checksum of the packing stands
            forward.refuse_bomb(forward.tell())


class _Forward(io.RawIOBase):
    """A stream that is only read onwards, in bounded pieces, and remembers the last one."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path, self._packed, self.last = stream, path, path.stat().st_size, b""

    def refuse_bomb(self, offset: int) -> None:
        """Refuses an archive that reaches as far as `offset` when unpacked, where that is absurd.

        Raises:
            UserError: it is.
        """
        _refuse_bomb(self._path, self._packed, offset)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_FILE_BYTES:
            raise tarfile.ReadError("a header of absurd size")
        self.last = self._stream.read(size)
        return self.last

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # a made-up size can lead back, and round and round
        if whence != io.SEEK_SET or offset < self.tell() - 1:
            raise tarfile.ReadError("a file that ends before it begins")
        self.refuse_bomb(offset)
        return self._stream.seek(offset)
