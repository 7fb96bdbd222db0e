"""Splits the bytes of a delimited text file into records, and records into cells.

Nearly every line of a real file is regular: no quotes, plain ASCII, the right number of delimiters. NumPy finds these
lines and polars parses them all at once. The others are parsed one by one; a record that is not a row gets a reason.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.read.batch import Batch
from eightytwenty.read.dialect import TextFormat

CHUNK_BYTES = 1 << 25
# No line of text is longer. The limit does not depend on the size of the pieces, so that the result does not either.
_LONGEST_LINE = 1 << 26
# A quote that is not closed within this many lines is a stray quote, not the start of a long cell.
_LONGEST_RECORD_LINES = 100
_LF, _CR, _QUOTE = 10, 13, 34
Lines = npt.NDArray[np.int64]  # (n, 2): start and end of each record in the chunk


def read_batches(
    stream: BinaryIO, name: str, text: TextFormat, names: list[str], chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Batch]:
    """Reads a text file piece by piece.

    Args:
        stream: the uncompressed bytes from the start of the file.
        name: the file's name in row ids.
        text: the file's format.
        names: the table's columns, in order.
        chunk_bytes: approximate number of bytes in memory at a time; the result does not depend on it.

    Raises:
        UserError: a line is longer than `_LONGEST_LINE`.
    """
    first, line, header, rest = 1, 1, True, b""
    blocks = _blocks(stream, text, chunk_bytes)
    while True:
        block = next(blocks, None)
        rest += block or b""
        chunk = rest if block is None else rest[: rest.rfind(text.newline) + 1]
        if block and not chunk and len(rest) > _LONGEST_LINE:
            raise UserError(
                f"{name} has a line of more than {_LONGEST_LINE >> 20} MB after line {line}; is it a text file?"
            )
        lines = _lines(chunk, text.newline)
        numbers = np.arange(line, line + len(lines), dtype=np.int64)
        filled = lines[:, 1] > lines[:, 0]
        lines, numbers = lines[filled], numbers[filled]
        quotes = _per_line(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == _QUOTE), lines)
        if header and len(lines):
            lines, numbers, quotes, header = lines[1:], numbers[1:], quotes[1:], False
        lines, numbers, quotes = _join_quoted(chunk, lines, numbers, quotes, text)
        # a cell that may continue in the next piece is read there, so that the size of the pieces changes nothing
        complete = len(lines) if block is None else _open_cell(quotes)
        cut = lines[complete, 0] if complete < len(lines) else len(chunk)
        line = numbers[complete] if complete < len(lines) else line + chunk.count(text.newline)
        batch = _batch(chunk, lines[:complete], numbers[:complete], quotes[:complete], name, first, text, names)
        first += batch.cells.height
        if batch.cells.height:
            yield batch
        if block is None:
            return
        rest = rest[cut:]


def _blocks(stream: BinaryIO, text: TextFormat, size: int) -> Iterator[bytes]:
    """Reads the file in pieces of ASCII-compatible bytes: UTF-16 becomes UTF-8, other encodings stay.

    Bytes that are no character in UTF-16 become bytes that are none in UTF-8, so that `_original` can restore them.
    Half a surrogate pair stays; half a character at the end of the file is written in hexadecimal after 0xFF.
    """
    stream.read(text.bom_length)
    if not text.is_utf16:
        yield from iter(lambda: stream.read(size), b"")
        return
    decoder = codecs.getincrementaldecoder(text.encoding)(errors="surrogatepass")
    while block := stream.read(size):
        yield decoder.decode(block).encode("utf-8", errors="surrogatepass")
    if half := decoder.getstate()[0]:
        yield b"\xff" + half.hex().encode()


def _original(record: bytes, text: TextFormat) -> bytes:
    """The bytes of a record as the file has them."""
    if not text.is_utf16:
        return record
    whole, _, half = record.partition(b"\xff")
    return whole.decode("utf-8", "surrogatepass").encode(text.encoding, "surrogatepass") + bytes.fromhex(half.decode())


def _open_cell(quotes: npt.NDArray[np.int64]) -> int:
    """The line from which a quoted cell may continue past the last line; the number of lines if there is none."""
    odd = np.flatnonzero(quotes % 2)
    is_open = len(odd) and len(quotes) - odd[-1] < _LONGEST_RECORD_LINES
    return int(odd[-1]) if is_open else len(quotes)


def _lines(chunk: bytes, newline: bytes) -> Lines:
    """Start and end of each line, without the line end; the CR of a CR LF belongs to the line end."""
    if not chunk:
        return np.empty((0, 2), dtype=np.int64)
    data = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.flatnonzero(data == newline[0])
    starts = np.concatenate([[0], ends + 1])
    if data[-1] == newline[0]:
        starts = starts[:-1]
    else:
        ends = np.append(ends, len(data))
    carriage = (ends > starts) & (data[np.maximum(ends - 1, 0)] == _CR)
    return np.stack([starts, ends - carriage], axis=1)


def _per_line(positions: npt.NDArray[np.int64], lines: Lines) -> npt.NDArray[np.int64]:
    """The number of sorted positions in each line."""
    return np.searchsorted(positions, lines[:, 1]) - np.searchsorted(positions, lines[:, 0])


def _batch(
    chunk: bytes,
    lines: Lines,
    numbers: npt.NDArray[np.int64],
    quotes: npt.NDArray[np.int64],
    name: str,
    first: int,
    text: TextFormat,
    names: list[str],
) -> Batch:
    data = np.frombuffer(chunk, dtype=np.uint8)
    delimiters = _per_line(np.flatnonzero(data == ord(text.delimiter)), lines)
    non_ascii = _per_line(np.flatnonzero(data >= 128), lines)
    regular = (quotes == 0) & (non_ascii == 0) & (delimiters == len(text.header) - 1)

    all_cells = _regular_cells(chunk, lines, regular, text)
    problems = pl.repeat(None, len(lines), dtype=pl.String, eager=True).alias("problem")
    if not regular.all():
        slow_records = [_slow_record(chunk[start:end], text) for start, end in lines[~regular]]
        order = np.argsort(np.concatenate([np.flatnonzero(regular), np.flatnonzero(~regular)]))
        rows = pl.DataFrame([row.cells for row in slow_records], schema=all_cells.schema, orient="row")
        all_cells = pl.concat([all_cells, rows])[order]
        problems = problems.scatter(np.flatnonzero(~regular), [row.problem for row in slow_records])

    all_cells, problems = _repeated_headers(all_cells, problems, text)
    nulls = pl.repeat(None, len(lines), dtype=pl.String, eager=True)
    cells = pl.DataFrame(
        [(all_cells[str(text.columns[column])] if column in text.columns else nulls).alias(column) for column in names]
    )

    def original(rows: npt.NDArray[np.int64]) -> list[bytes]:
        return [_original(chunk[start:end], text) for start, end in lines[rows]]

    return Batch(name, first, cells, problems, numbers, original)


def _join_quoted(
    chunk: bytes, lines: Lines, numbers: npt.NDArray[np.int64], quotes: npt.NDArray[np.int64], text: TextFormat
) -> tuple[Lines, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Joins the lines of a quoted cell that runs over several of them.

    A line with an odd number of quotes opens such a cell and the next such line closes it, but only if the lines
    together are a record with the right number of cells: a stray quote must not swallow its neighbours.
    """
    odd = np.flatnonzero(quotes % 2)
    keep = np.ones(len(lines), dtype=bool)
    joined, counts = lines.copy(), quotes.copy()
    position = 0
    while position < len(odd) - 1:
        opens, closes = odd[position], odd[position + 1]
        whole = chunk[lines[opens, 0] : lines[closes, 1]]
        if closes - opens < _LONGEST_RECORD_LINES and _slow_record(whole, text).problem is None:
            joined[opens, 1], counts[opens] = lines[closes, 1], 2
            keep[opens + 1 : closes + 1] = False
            position += 2
        else:
            position += 1
    return joined[keep], numbers[keep], counts[keep]


def _regular_cells(chunk: bytes, lines: Lines, regular: npt.NDArray[np.bool_], text: TextFormat) -> pl.DataFrame:
    """The cells of the regular lines: String columns named "0", "1", ... by position; an empty cell is null."""
    schema = {str(position): pl.String for position in range(len(text.header))}
    if not regular.any():
        return pl.DataFrame(schema=schema)
    data = np.frombuffer(chunk, dtype=np.uint8)
    # select the bytes of each regular line and one byte for its end, which becomes a line feed
    starts, ends = lines[regular].T
    steps = np.zeros(len(data) + 2, dtype=np.int8)
    steps[starts] = 1
    steps[ends + 1] -= 1
    is_selected = np.cumsum(steps[:-1], dtype=np.int8).astype(bool)
    padded = np.append(data, np.uint8(_LF))
    padded[ends] = _LF
    cells = pl.read_csv(
        padded[is_selected].tobytes(),
        has_header=False,
        schema=schema,
        separator=text.delimiter,
        quote_char=None,
        infer_schema=False,
    )
    if cells.height != len(starts):
        raise AssertionError(f"{len(starts)} lines were read as {cells.height} records")
    return cells


@dataclass(frozen=True)
class _Record:
    cells: list[str | None]
    problem: str | None


def _slow_record(record: bytes, text: TextFormat) -> _Record:
    """The cells of one record, or the reason why it is not a row."""
    width = len(text.header)
    nulls: list[str | None] = [None] * width
    try:
        line = record.decode("utf-8" if text.is_utf16 else text.encoding)
        rows = list(csv.reader(io.StringIO(line, newline=""), delimiter=text.delimiter, strict=True))
    except UnicodeDecodeError:
        return _Record(nulls, "undecodable bytes")
    except csv.Error:
        return _Record(nulls, "broken quotes")
    if len(rows) != 1:
        return _Record(nulls, "broken quotes")
    cells = rows[0]
    if len(cells) < width:
        return _Record(nulls, "row cut off")
    if len(cells) > width:
        return _Record(nulls, "too many cells")
    return _Record([cell or None for cell in cells], None)


def _repeated_headers(cells: pl.DataFrame, problems: pl.Series, text: TextFormat) -> tuple[pl.DataFrame, pl.Series]:
    """Marks records that repeat the header, as they occur where files were joined."""
    is_header = pl.all_horizontal(
        pl.col(str(position)).str.strip_chars("\ufeff").str.strip_chars().str.to_lowercase() == name.strip().lower()
        for position, name in enumerate(text.header)
        if name.strip()
    )
    # the first column alone rules out nearly every row
    first = (
        cells["0"].str.to_lowercase().str.contains(text.header[0].strip().lower(), literal=True).fill_null(value=False)
    )
    if not first.any():
        return cells, problems
    repeated = cells.select(is_header.fill_null(value=False))[:, 0]
    other_cells = cells.select(pl.when(~repeated).then(pl.col(name)).alias(name) for name in cells.columns)
    frame = pl.DataFrame({"problem": problems, "repeated": repeated})
    marked = pl.when("repeated").then(pl.lit("repeated header")).otherwise(pl.col("problem"))
    return other_cells, frame.select(marked.alias("problem"))["problem"]
