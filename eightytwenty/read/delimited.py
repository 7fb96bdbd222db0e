"""Splits the bytes of a delimited text file into records, and records into cells.

Nearly every line of a real file is regular: no quotes, plain ASCII, the right number of delimiters. NumPy finds these
lines and polars parses them all at once. The others are parsed one by one; a record that is not a row gets a reason.
"""

import codecs
import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.read.batch import Batch, Indices, Piece, is_total
from eightytwenty.read.dialect import NotARow, Splitter, TextFormat
from eightytwenty.read.sections import Measure, Section
from eightytwenty.schema import loose_name

CHUNK_BYTES = 1 << 25
# No line of text is longer, nor a record over several lines. The limit does not depend on the size of the pieces, so
# that the result does not either.
LONGEST_LINE = 1 << 22
_MOST_LINES = 1 << 21  # in a piece, about: the place of each takes some fifty bytes
_MOST_RECORDS = 1 << 18  # in a batch, because a record takes memory however short it is
_MOST_ORDERS = 100  # of columns in a file, each in pieces of its own
_FIRST_BLOCK = 1 << 20
_SLOW_RECORDS = 1 << 16  # to parse one by one before they are packed
# A quote that is not closed within this many lines is a stray quote, not the start of a long cell.
_LONGEST_RECORD_LINES = 100
_LF, _CR, _NOT_ASCII = 10, 13, 128
_MARK = codecs.BOM_UTF8  # of a file that was joined to others
_SPACED = bytes.maketrans(b"\r\n", b"  ")
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[ord("A") : ord("Z") + 1] += 32
_END_OF_FILE = b"\x1a"  # as DOS marked it
_PROBLEMS = (
    None,
    "row cut off",
    "too many cells",
    "broken quotes",
    "undecodable bytes",
    "NUL character",
    "broken JSON",
    "field twice",
    "unknown field",
    "repeated header",
    "total row",
)
Lines = npt.NDArray[np.int64]  # (n, 2): start and end of each record in the chunk


def read_pieces(
    stream: BinaryIO,
    name: str,
    text: TextFormat,
    chunk_bytes: int = CHUNK_BYTES,
    section: Section | None = None,
) -> Iterator[Piece]:
    """Splits a text file into records, piece by piece.

    Args:
        stream: the uncompressed bytes from the start of the file, or those of the section.
        name: the file's name in row ids.
        text: the file's format.
        chunk_bytes: approximate number of bytes in memory at a time; the result does not depend on it.
        section: of the file, one of those that `measure` has found to be sound; the whole file if not given.

    Raises:
        UserError: a line is longer than `LONGEST_LINE`.
    """
    first, line = (section.record, section.line) if section else (1, text.first_line)
    is_end, rest, orders = section is None or section.is_end, b"", 0
    blocks = _blocks(stream, text, chunk_bytes, section)
    block = next(blocks, b"")
    while True:
        following = next(blocks, None)
        while following is not None and not following.strip():  # so that the last record is seen to be the last
            block, following = block + following, next(blocks, None)
        rest = rest + block if following is not None else (rest + block).removesuffix(_END_OF_FILE)
        chunk = rest if following is None else rest[: rest.rfind(text.newline) + 1]
        lines = _lines(chunk, text)
        numbers = np.arange(line, line + len(lines), dtype=np.int64)
        # the last line, which the next piece continues, counts too
        lengths = np.append(lines[:, 1] - lines[:, 0], len(rest) - len(chunk))
        if lengths.max() > LONGEST_LINE:
            number = line + int(np.argmax(lengths > LONGEST_LINE))
            raise UserError(
                f"{name} has more than {LONGEST_LINE >> 20} MB in line {number}; give a text file with a line "
                "for each record."
            )
        next_line = line + len(lines)
        filled = _is_filled(chunk, lines, text)
        lines, numbers = lines[filled], numbers[filled]
        lines, numbers, quotes = _join_quoted(chunk, lines, numbers, _count_quotes(chunk, lines, text), text)
        # a cell that may continue in the next piece is read there, so that the size of the pieces changes nothing
        complete = len(lines) if following is None else _open_cell(lines, quotes)
        cut = lines[complete, 0] if complete < len(lines) else len(chunk)
        line = int(numbers[complete]) if complete < len(lines) else next_line
        for start, stop, run_text in _runs(chunk, lines[:complete], text):
            orders += run_text is not text
            if orders > _MOST_ORDERS:
                raise UserError(f"{name} has more than {_MOST_ORDERS} headers in other orders; split it at them.")
            text = run_text
            begin, end = lines[start, 0], lines[stop - 1, 1]
            starts, ends = (lines[start:stop] - begin).astype(np.int32).T
            rows = pl.DataFrame({"start": starts, "end": ends, "line": numbers[start:stop]})
            records = np.arange(first, first + rows.height, dtype=np.int64)
            first += rows.height
            columns = {column: text.header[position] for column, position in text.columns.items()}
            is_last = is_end and following is None and stop == len(lines)
            yield Piece(name, records, rows, columns, text, chunk[begin:end], text.empty, is_last)
        if following is None:
            return
        rest, block = rest[cut:], following


def measure(stream: BinaryIO, name: str, text: TextFormat, section: Section) -> Measure:
    """Counts what a section of a text holds, and whether it can be read without what stands before it.

    It cannot where a quoted cell may run over its lines, and where a header puts the columns in another order.

    Args:
        stream: the bytes of the section, which ends with a line.
        name: the file's name, for messages.
        text: the file's format, whose characters take a byte where they are ASCII.
        section: of the file.

    Raises:
        UserError: a line is longer than `LONGEST_LINE`.
    """
    records, count, rest = 0, 0, b""
    for block in itertools.chain(_blocks(stream, text, CHUNK_BYTES, section), [None]):
        rest += block or b""
        chunk = rest if block is None else rest[: rest.rfind(text.newline) + 1]
        if len(rest) - len(chunk) > LONGEST_LINE:
            raise UserError(
                f"{name} has a line of more than {LONGEST_LINE >> 20} MB; give a text file with a line for each record."
            )
        rest = rest[len(chunk) :]
        lines = _lines(chunk, text)
        count += len(lines)
        lines = lines[_is_filled(chunk, lines, text)]
        if len(lines) and ((_count_quotes(chunk, lines, text) % 2).any() or _other_headers(chunk, lines, text)):
            return Measure(0, 0, is_alone=False)
        records += len(lines)
    return Measure(records, count, is_alone=bool(records))


def _is_filled(chunk: bytes, lines: Lines, text: TextFormat) -> npt.NDArray[np.bool_]:
    """(n,) bool, the lines that are not empty."""
    filled: npt.NDArray[np.bool_] = lines[:, 1] > lines[:, 0]
    if text.dialect.delimiter == "\0":  # JSON, in which spaces are nothing
        filled[filled] = [bool(chunk[start:end].strip()) for start, end in lines[filled]]
    return filled


def _runs(chunk: bytes, lines: Lines, text: TextFormat) -> Iterator[tuple[int, int, TextFormat]]:
    """Divides lines where there are many, and where a header puts the columns in another order: start, end, format."""
    headers = _other_headers(chunk, lines, text)
    start = 0
    for cut in [*headers, len(lines)]:
        for at in range(start, cut, _MOST_RECORDS):
            yield at, min(at + _MOST_RECORDS, cut), text
        # the header itself is a record, the first one of the new order, so that it is seen as a repeated header
        text, start = headers.get(cut, text), cut


def _other_headers(chunk: bytes, lines: Lines, text: TextFormat) -> dict[int, TextFormat]:
    """The lines that name the same columns in another way, as where files were joined, and the format from there."""
    found: dict[int, TextFormat] = {}
    for at in _headers_at_most(chunk, lines, text) if text.head else ():
        try:
            cells = text.dialect.split(chunk[lines[at, 0] : lines[at, 1]].decode(text.codec).lstrip("\ufeff"))
        except ValueError:
            continue
        other = text.headed(tuple(cells))
        if other and other is not text:
            text = found[at] = other
    return found


def _headers_at_most(chunk: bytes, lines: Lines, text: TextFormat) -> list[int]:
    """The lines that begin with the name of a column, whatever its case: few lines of data do."""
    names = {name for name, _ in text.spellings} | {loose_name(name) for name in text.header}
    words = {word.encode(text.codec, "ignore") for name in names for word in (name, name.replace(" ", "_"))} - {b""}
    quote, data = text.dialect.quote.encode(), np.frombuffer(chunk, dtype=np.uint8)
    prefixes = [b"", quote, b" ", _MARK, _MARK + quote]
    beginnings = {prefix + word for prefix in prefixes for word in words}
    is_initial = np.zeros(256, dtype=bool)
    is_initial[[beginning[0] for beginning in beginnings]] = True
    possible = np.flatnonzero(is_initial[_LOWER[data[lines[:, 0]]]])
    found = [np.empty(0, dtype=np.int64)]
    for length in {len(beginning) for beginning in beginnings} if len(possible) else ():
        long = possible[lines[possible, 1] - lines[possible, 0] >= length]
        first = np.ascontiguousarray(_LOWER[data[lines[long, 0, None] + np.arange(length)]])
        alike = [beginning for beginning in beginnings if len(beginning) == length]
        found.append(long[np.isin(first.view(f"S{length}")[:, 0], alike)])
    candidates: list[int] = np.unique(np.concatenate(found)).tolist()
    return candidates


def _blocks(stream: BinaryIO, text: TextFormat, size: int, section: Section | None = None) -> Iterator[bytes]:
    """Reads the records in pieces of ASCII-compatible bytes: UTF-16 and UTF-32 become UTF-8, other encodings stay.

    Bytes that are no character in UTF-16 become bytes that are none in UTF-8, so that `_original` can restore them.
    Half a surrogate pair stays; half a character at the end of the file is written in hexadecimal after 0xFF.
    """
    if section is None or section.start == 0:
        stream.read(len(text.head))
    decoder = codecs.getincrementaldecoder(text.encoding.name)(errors="surrogatepass") if text.is_wide else None
    next_size = min(size, _FIRST_BLOCK)
    while block := stream.read(next_size):
        content = decoder.decode(block).encode("utf-8", errors="surrogatepass") if decoder else block
        # fewer bytes where the lines are short
        next_size = min(size, len(block) * _MOST_LINES // (content.count(text.newline) + 1))
        yield content
    if decoder and (half := decoder.getstate()[0]):
        yield b"\xff" + half.hex().encode()


def _original(record: bytes, text: TextFormat) -> bytes:
    """The bytes of a record as the file has them."""
    if not text.is_wide:
        return record
    whole, _, half = record.partition(b"\xff")
    decoded = whole.decode("utf-8", "surrogatepass")
    return decoded.encode(text.encoding.name, "surrogatepass") + bytes.fromhex(half.decode())


def _open_cell(lines: Lines, quotes: npt.NDArray[np.int64]) -> int:
    """The line from which a quoted cell may continue past the last line; the number of lines if there is none."""
    odd = np.flatnonzero(quotes % 2)
    is_open = (
        len(odd) and len(quotes) - odd[-1] < _LONGEST_RECORD_LINES and lines[-1, 1] - lines[odd[-1], 0] <= LONGEST_LINE
    )
    return int(odd[-1]) if is_open else len(quotes)


def _lines(chunk: bytes, text: TextFormat) -> Lines:
    """Start and end of each line, without the line end; the CRs before an LF belong to it."""
    if not chunk:
        return np.empty((0, 2), dtype=np.int64)
    data = np.frombuffer(chunk, dtype=np.uint8)
    ends = np.flatnonzero(data == text.newline[0])
    starts = np.concatenate([[0], ends + 1])
    if data[-1] == text.newline[0]:
        starts = starts[:-1]
    else:
        ends = np.append(ends, len(data))
    is_other = data == (_CR if text.newline[0] == _LF else _LF)
    others = int(np.count_nonzero(is_other))
    while others and (at_end := (ends > starts) & is_other[np.maximum(ends - 1, 0)]).any():
        ends = ends - at_end
        others -= int(np.count_nonzero(at_end))
    lines = np.stack([starts, ends], axis=1)
    if not others:
        return lines
    places = np.flatnonzero(is_other)
    inside = places[_per_line_mask(places, lines)]
    return _split_at(chunk, lines, inside, text) if len(inside) else lines


def _per_line_mask(places: Indices, lines: Lines) -> npt.NDArray[np.bool_]:
    """Which of the sorted places lie within a line."""
    at = np.searchsorted(lines[:, 0], places, side="right") - 1
    mask: npt.NDArray[np.bool_] = places < lines[at, 1]
    return mask


def _split_at(chunk: bytes, lines: Lines, places: Indices, text: TextFormat) -> Lines:
    """Splits lines at line ends of another kind, where they are no record as a whole and hold one."""
    splits: list[Lines] = []
    done = 0
    affected, firsts = np.unique(np.searchsorted(lines[:, 0], places, side="right") - 1, return_index=True)
    for at, within in zip(affected.tolist(), np.split(places, firsts[1:]), strict=True):
        start, end = lines[at].tolist()
        bounds = [start, *within.tolist(), end]
        parts = [(low + (low > start), high) for low, high in itertools.pairwise(bounds)]
        parts = [(low, high) for low, high in parts if high > low]
        is_whole = len(text.header) > 1 and _is_record(chunk[start:end].translate(_SPACED), text)
        if not is_whole and any(_is_record(chunk[low:high], text) for low, high in parts):
            splits += [lines[done:at], np.array(parts, dtype=np.int64)]
            done = at + 1
    return np.concatenate([*splits, lines[done:]])


def _per_line(positions: Indices, lines: Lines) -> Indices:
    """The number of sorted positions in each line."""
    if not len(positions):
        return np.zeros(len(lines), dtype=np.int64)
    return np.searchsorted(positions, lines[:, 1]) - np.searchsorted(positions, lines[:, 0])


def _count_quotes(chunk: bytes, lines: Lines, text: TextFormat) -> npt.NDArray[np.int64]:
    """The number of quotes in each line, without those that a backslash makes part of a cell."""
    if not text.dialect.quote:
        return np.zeros(len(lines), dtype=np.int64)
    data = np.frombuffer(chunk, dtype=np.uint8)
    quotes = np.flatnonzero(data == ord(text.dialect.quote))
    if text.dialect.has_escapes:
        is_escape = data == ord("\\")
        # a backslash behind another one is part of the cell
        quotes = quotes[~is_escape[np.maximum(quotes - 1, 0)] | is_escape[np.maximum(quotes - 2, 0)]]
    return _per_line(quotes, lines)


def _is_special(data: npt.NDArray[np.uint8], dialect: Splitter) -> npt.NDArray[np.bool_]:
    """The bytes because of which a line is not split at its delimiters alone."""
    if not dialect.is_simple:
        return np.ones(len(data), dtype=bool)
    special: npt.NDArray[np.bool_] = data >= _NOT_ASCII
    for byte in (0, *dialect.quote.encode()):
        special |= data == byte
    return special


def _count(is_counted: npt.NDArray[np.bool_], lines: Lines) -> npt.NDArray[np.int32]:
    """The number of true bytes in each line."""
    if not is_counted.any():
        return np.zeros(len(lines), dtype=np.int32)
    sums = np.zeros(len(is_counted) + 1, dtype=np.int32)
    np.cumsum(is_counted, out=sums[1:])
    return sums[lines[:, 1]] - sums[lines[:, 0]]


def parse(piece: Piece, names: list[str]) -> Batch:
    """Splits the records of a piece of text into cells.

    Args:
        piece: from `read_pieces`.
        names: the table's columns, in order.
    """
    text, chunk = piece.text, piece.content
    if text is None:
        raise TypeError(f"a piece of {piece.source} is no text")
    lines = piece.rows.select(pl.col("start", "end").cast(pl.Int64)).to_numpy()
    data, most = np.frombuffer(chunk, dtype=np.uint8), len(text.header) - 1
    delimiters = _count(data == ord(text.dialect.delimiter), lines)
    plain = _count(_is_special(data, text.dialect), lines) == 0
    regular = plain & (delimiters == most)
    # of these, the delimiters say what is wrong, unless a carriage return within the line ends a record
    wrong = plain & ~regular & (_count(data == _CR, lines) == 0)
    problems = np.zeros(len(lines), dtype=np.uint32)  # positions in _PROBLEMS
    problems[wrong] = np.where(
        delimiters[wrong] < most, _PROBLEMS.index("row cut off"), _PROBLEMS.index("too many cells")
    )

    needed = [text.columns[column] for column in names if column in text.columns]
    cells, rows = [_regular_cells(chunk, lines, regular, text)], [np.flatnonzero(regular)]
    slow = np.flatnonzero(~regular & ~wrong)
    for block in (slow[start : start + _SLOW_RECORDS] for start in range(0, len(slow), _SLOW_RECORDS)):
        records = [_slow_record(chunk[start:end], text, needed) for start, end in lines[block]]
        problems[block] = [_PROBLEMS.index(record.problem) for record in records]
        parsed = [record.cells for record in records if record.problem is None]
        cells.append(pl.DataFrame(parsed, schema=cells[0].schema, orient="row"))
        rows.append(block[problems[block] == 0])
    position, all_cells = np.concatenate(rows), pl.concat(cells)  # the line of each row of cells
    is_line = np.zeros(len(lines), dtype=bool)
    is_line[_headers_at_most(chunk, lines, text) if text.head else slice(None)] = True
    repeated = _repeated_headers(all_cells, np.flatnonzero(is_line[position]), text)
    problems[position[repeated]] = _PROBLEMS.index("repeated header")
    if text.has_blank_end:
        has_value = (all_cells[:, -1].str.strip_chars() != "").fill_null(value=False).to_numpy()
        problems[position[has_value]] = _PROBLEMS.index("too many cells")

    # notes may stand below the sums
    if piece.is_last and len(position) and is_total(all_cells.row(int(position.argmax()))):
        problems[position.max()] = _PROBLEMS.index("total row")

    # a record that is not a row has no cells
    index = np.zeros(len(lines), dtype=np.uint32)
    index[position] = np.arange(len(position))
    order = pl.Series(index).set(pl.Series(problems > 0), None)
    columns = [
        all_cells[str(text.columns[column])].gather(order)
        if column in text.columns
        else pl.repeat(None, len(lines), dtype=pl.String, eager=True)
        for column in names
    ]
    frame = pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])

    def original(indices: Indices) -> list[bytes]:
        return [_original(chunk[start:end], text) for start, end in lines[indices]]

    reasons = pl.Series("problem", _PROBLEMS).gather(problems)
    return Batch(piece.source, piece.records, frame, reasons, piece.rows["line"].to_numpy(), original)


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
        start, end = lines[opens, 0], lines[closes, 1]
        may_join = closes - opens < _LONGEST_RECORD_LINES and end - start <= LONGEST_LINE
        if may_join and _is_record(chunk[start:end], text):
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
        separator=text.dialect.delimiter,
        quote_char=None,
        infer_schema=False,
    )
    if cells.height != len(starts):
        raise AssertionError(f"{len(starts)} lines were read as {cells.height} records")
    return cells


def _is_record(line: bytes, text: TextFormat) -> bool:
    return _slow_record(line, text, ()).problem is None


@dataclass(frozen=True)
class _Record:
    cells: list[str | None]
    problem: str | None


def _slow_record(record: bytes, text: TextFormat, needed: Collection[int]) -> _Record:
    """The cells of one record, or the reason why it is not a row.

    Args:
        record: its bytes.
        text: the format.
        needed: positions of the cells that matter: elsewhere, characters that are none do no harm.
    """
    width = len(text.header)
    nulls: list[str | None] = [None] * width
    try:
        # one byte that is none does not hide a delimiter in UTF-8; in other encodings it may
        cells = text.dialect.split(record.decode(text.codec, "surrogateescape" if text.codec == "utf-8" else "strict"))
    except UnicodeDecodeError:
        return _Record(nulls, "undecodable bytes")
    except NotARow as error:
        return _Record(nulls, error.problem)
    if len(cells) < width:
        return _Record(nulls, "row cut off")
    if len(cells) > width:
        return _Record(nulls, "too many cells")
    if text.has_blank_end and cells[-1].strip():
        return _Record(nulls, "too many cells")
    if any("\0" in cells[position] for position in needed):
        return _Record(nulls, "NUL character")
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        sound = [cell.encode(errors="replace").decode() for cell in cells]
        if any(cells[position] != sound[position] for position in needed):
            return _Record(nulls, "undecodable bytes")
        cells = sound
    return _Record([cell or None for cell in cells], None)


def _repeated_headers(cells: pl.DataFrame, rows: Indices, text: TextFormat) -> Indices:
    """Which of these records are a header again, as they occur where files were joined."""
    if not text.head and len(rows):  # of JSON, nothing has been ruled out yet; one cell alone rules out nearly all
        names = {name for name, _ in text.spellings}
        first = cells[str(min(text.columns.values(), default=0))][rows].str.strip_chars().str.to_lowercase()
        rows = rows[first.str.replace_all("_", " ", literal=True).is_in(list(names)).fill_null(value=False).to_numpy()]
    known: dict[tuple[str | None, ...], bool] = {}
    for row in cells[rows].iter_rows():
        if row not in known:
            known[row] = text.headed(tuple((cell or "").lstrip("\ufeff") for cell in row)) is not None
    is_header = [known[row] for row in cells[rows].iter_rows()]
    repeated: Indices = rows[np.array(is_header, dtype=bool)]
    return repeated
