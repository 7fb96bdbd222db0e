"""Detects encoding, delimiter, line ends and header of a delimited text file from its first megabyte."""

import codecs
import csv
import io
from dataclasses import dataclass

from eightytwenty.errors import UserError
from eightytwenty.schema import Table

SAMPLE_BYTES = 1 << 20
MOST_COLUMNS = 10_000
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Up to this share of lines that are not UTF-8, those lines are damaged; above it, the file has another encoding.
_DAMAGED_SHARE = 0.05
_ASCII = bytes(range(128))

# A cell may be as long as a line; by default, csv refuses a cell of 128 kB.
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class TextFormat:
    """The format of a delimited text file.

    Args:
        encoding: codec name.
        bom_length: of the byte order mark before the text, in bytes.
        delimiter: one character.
        newline: the end of a line; CR LF is read as LF.
        header: the column names as the file has them.
        columns: clean name -> position in the header.
    """

    encoding: str
    bom_length: int
    delimiter: str
    newline: bytes
    header: tuple[str, ...]
    columns: dict[str, int]

    @property
    def is_utf16(self) -> bool:
        """Whether characters take two bytes, so that the bytes do not show where a line ends."""
        return self.encoding.startswith("utf-16")

    @property
    def line_end(self) -> bytes:
        """A line feed in the file's encoding."""
        return "\n".encode(self.encoding)

    @property
    def header_bytes(self) -> bytes:
        """The byte order mark and the header: the start of a file of this format."""
        line = io.StringIO("\ufeff" if self.bom_length else "")
        line.seek(0, io.SEEK_END)
        csv.writer(line, delimiter=self.delimiter, lineterminator="\n").writerow(self.header)
        return line.getvalue().encode(self.encoding)

    def __str__(self) -> str:
        guess = "" if self.encoding.startswith("utf") else " (a guess)"
        return f"{self.encoding}{guess}, {_DELIMITERS[self.delimiter]}-separated"


def detect(sample: bytes, name: str, table: Table) -> TextFormat:
    """Detects the format of a text file from its first bytes.

    Args:
        sample: the first `SAMPLE_BYTES` of the (uncompressed) file.
        name: the file's name, for messages.
        table: the header must name its columns.

    Raises:
        UserError: the file is empty, binary, or has no header that names the table's columns, or one that is too long.
    """
    encoding, bom_length = _encoding(sample, name)
    text = sample[bom_length:].decode(encoding, errors="replace")
    if not text.strip():
        raise UserError(f"{name} is empty; it needs a header line and records.")
    newline = "\n" if "\n" in text or "\r" not in text else "\r"
    first_line = next(filter(None, text.replace("\r\n", "\n").split(newline)))
    try:
        delimiter, header, columns = _header(first_line, table)
    except (ValueError, csv.Error) as error:
        example = ",".join(column.name for column in table.columns)
        fault, remedy = (
            f"{name} does not start with a header for {table.name}",
            f"put a line such as {example} at the top or rename the columns.",
        )
        raise UserError(
            f"{fault}: {error}; its first line is {first_line[:80]!r}; {remedy}", redacted=f"{fault}; {remedy}"
        ) from None
    is_cut_off = len(sample) == SAMPLE_BYTES and newline not in text.lstrip("\r\n")
    if len(header) > MOST_COLUMNS or is_cut_off:
        raise UserError(
            f"{name} has a header of more than {MOST_COLUMNS:,} columns or {SAMPLE_BYTES >> 20} MB; leave some out."
        )
    return TextFormat(encoding, bom_length, delimiter, newline.encode(), header, columns)


def _encoding(sample: bytes, name: str) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding, len(mark)
    if b"\0" in sample:
        raise UserError(f"{name} is a binary file; give CSV, TSV or Parquet (also inside gz or zip).")
    lines = sample.split(b"\n")
    if len(sample) == SAMPLE_BYTES:
        lines = lines[:-1]  # cut off, perhaps within a character
    non_ascii = [line for line in lines if not line.isascii()]
    damaged = sum(not _can_decode(line, "utf-8") for line in non_ascii)
    # no other encoding looks like UTF-8 by chance, so a file is UTF-8 if most of its non-ASCII lines are
    if damaged <= max(_DAMAGED_SHARE * len(lines), len(non_ascii) - damaged):
        return "utf-8", 0
    # Western Europe's code page comes before any guess: a guess from few letters often names a similar encoding
    if _can_decode(sample, "cp1252"):
        return "cp1252", 0
    import charset_normalizer

    for guess in charset_normalizer.from_bytes(sample):
        if _ASCII.decode(guess.encoding, errors="replace").encode() == _ASCII:
            return guess.encoding, 0
    return "utf-8", 0


def _can_decode(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(line: str, table: Table) -> tuple[str, tuple[str, ...], dict[str, int]]:
    """The delimiter with which the line names the table's columns, or else the error for the likeliest delimiter."""
    errors: dict[int, Exception] = {}
    for delimiter in _DELIMITERS:
        header = tuple(next(csv.reader([line], delimiter=delimiter)))
        try:
            return delimiter, header, table.match(header)
        except ValueError as error:
            errors[len(header)] = errors.get(len(header), error)
    raise errors[max(errors)]
