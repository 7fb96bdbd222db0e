"""Opens the bytes of a file, whatever it is packed in, and never more of them than is sensible."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from backports import zstd

from eightytwenty.errors import UserError
from eightytwenty.read.archives import MOST_FILE_BYTES, refuse_bomb

ZIP = b"PK\x03\x04"
_MAGIC_BYTES = 6
_UNPACKERS: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": zstd.open,
}
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
_MOST_LAYERS = 3  # of packing around a file; more of them are a trap
# The errors of unpacking: OSError comes from gzip and bz2, RuntimeError from zipfile for an encrypted member.
_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError, OSError, RuntimeError)


def magic(path: Path) -> bytes:
    """The first bytes of a file, which tell how it is packed.

    Raises:
        UserError: it cannot be read.
    """
    with open_file(path) as stream:
        return stream.read(_MAGIC_BYTES)


def open_file(path: Path) -> "HashedFile":
    """Opens a file to read.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return HashedFile(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions or give another.") from None


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        UserError: it cannot be read.
    """
    with open_file(path) as file:
        return file.sha256()


def open_archive(path: Path, name: str) -> zipfile.ZipFile:
    """Opens a zip archive; `name` is for messages.

    Raises:
        UserError: it is damaged.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:  # the last for a name that is no text
        raise UserError(f"{name} is a damaged zip archive ({error}); pack it again.") from None


@contextmanager
def unpacked(content: BinaryIO, archive: zipfile.ZipFile | None, member: str, name: str) -> Iterator[BinaryIO]:
    """The uncompressed bytes of a file.

    Args:
        content: the file itself.
        archive: the file, if it is an archive; then its member is opened.
        member: its name in the archive.
        name: its name, for messages.

    Raises:
        UserError: it is damaged, or unpacks to far more than its size.
    """
    try:
        if archive:
            try:
                info = archive.getinfo(member)
            except KeyError:
                raise UserError(f"{name} is no longer there; do not change the archive while it is read.") from None
            # other methods are unpacked without a bound, and bzip2 turns a few kilobytes into gigabytes
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise UserError(f"{name} is packed otherwise than by deflate; pack it again.")
            with archive.open(info) as inner:
                yield _layers_off(cast("BinaryIO", inner), info.compress_size, name, is_packed=True)
        else:
            yield _layers_off(content, content.seek(0, io.SEEK_END), name, is_packed=False)
    except _UNPACKING as error:
        raise UserError(
            f"{name} cannot be unpacked ({error}); pack it again, complete and without a password."
        ) from None


def _layers_off(stream: BinaryIO, packed: int, name: str, *, is_packed: bool) -> BinaryIO:
    """A stream without the packing around it, bounded by its packed size if there is any."""
    for _ in range(_MOST_LAYERS):
        stream.seek(0)
        start = stream.read(_MAGIC_BYTES)
        stream.seek(0)
        unpacker = next((opener for mark, opener in _UNPACKERS.items() if start.startswith(mark)), None)
        if unpacker is None:
            break
        stream, is_packed = cast("BinaryIO", unpacker(stream)), True
    return cast("BinaryIO", _Bounded(stream, packed, name)) if is_packed else stream


def seekable(stream: BinaryIO, name: str) -> BinaryIO:
    """A file whose end can be read first, as Parquet needs it: out of an archive it is read at once.

    Raises:
        UserError: it is too large for that.
    """
    if not isinstance(stream, _Bounded):
        return stream
    content = stream.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise UserError(f"{name} has more than {MOST_FILE_BYTES >> 20} MB; give the Parquet file itself.")
    return io.BytesIO(content)


class _Bounded(io.RawIOBase):
    """A stream out of an archive that stops when it unpacks to far more than its packed size."""

    def __init__(self, stream: BinaryIO, packed: int, name: str) -> None:
        self._stream, self._packed, self._name = stream, packed, name

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        refuse_bomb(self._name, self._packed, self._stream.tell())
        return block


class HashedFile(io.FileIO):
    """A file that is hashed while it is read from start to end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.size = os.fstat(self.fileno()).st_size
        self._hash, self._hashed = hashlib.sha256(), 0  # the latter in bytes from the start

    def read(self, size: int | None = -1) -> bytes:
        """Reads and hashes."""
        start, block = self.tell(), super().read(-1 if size is None else size) or b""
        if start <= self._hashed < start + len(block):
            self._hash.update(memoryview(block)[self._hashed - start :])
            self._hashed = start + len(block)
        return block

    def sha256(self) -> str:
        """Of everything, also of what the reader did not need, such as bytes after the end of a gzip stream."""
        self.seek(self._hashed)
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()
