"""The cleaning contract, for any table that hypothesis can make."""

import csv
import io
import zipfile
from collections import Counter

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eightytwenty.errors import UserError
from eightytwenty.read.batch import is_total
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table

COLUMNS = ("record_id", "a", "b", "sum")
HEADER = b"record_id,a,b,sum\n"
FATES = ("clean", "quarantine", "duplicates")

# No NUL, which makes a file binary, and no half surrogates, which no encoding can write.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(0, 40).flatmap(
    lambda n: st.sampled_from([str(n), f" {n}", f"{n}.0", f"${n}", f"+{n}", f"0{n}", f"{n} kg", f"{n}e0", f"{n}\u200b"])
)
NUMBERLIKE = [
    "",
    "NA",
    "-",
    "seven",
    "twenty-two",
    "7,000",
    "1.000",
    "65,536",
    "７",
    "7²",
    "٧",
    "nan",
    "-0",
    "1e400",
    "7,5",
]
PUNCTUATION = [
    "a\nb",
    "\r",
    "\r\n",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "\x0b",
    "\x1c",
    "\x1f",
    "\ufeff",
    "\u2028",
    "\u00a0",
]
strange = st.sampled_from([*NUMBERLIKE, *PUNCTUATION, "record_id", "a\x85b", "7\u0301", "#DIV/0!", "=1+1"])
cells = st.one_of(numbers, numbers, strange, texts)
ids = st.one_of(st.sampled_from(["1", "2", "3", " 1", "2\n", "0"]), texts)


@st.composite
def sound_rows(draw):
    a, b = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    row = [draw(ids), str(a), str(b), str(a + b)]
    if draw(st.booleans()):
        row[draw(st.integers(1, 3))] = draw(cells)
    return row


rows = st.one_of(sound_rows(), st.lists(cells, min_size=4, max_size=4))
tables = st.lists(rows, min_size=1, max_size=8).map(lambda table: table + table[: len(table) // 3])


def as_csv(table, quoting=csv.QUOTE_ALL):
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n", quoting=quoting)
    writer.writerow(COLUMNS)
    writer.writerows(table)
    return stream.getvalue().encode()


def values(cleaned):
    return cleaned["clean"].select(COLUMNS).rows()


def record_numbers(cleaned):
    """The record numbers in clean, quarantine and duplicates, sorted."""
    return sorted(record for fate in FATES for record in cleaned[fate]["record"])


@settings(max_examples=40)
@given(tables, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_every_row_ends_once_and_the_ledger_explains_every_change(clean_source, table, quoting):
    cleaned = clean_source(as_csv(table, quoting))
    assert record_numbers(cleaned) == list(range(1, len(table) + 1))
    # rows that did not pass are unchanged, cell by cell and byte by byte
    for fate in ("quarantine", "duplicates"):
        for row in cleaned[fate].iter_rows(named=True):
            raw_cells = table[row["record"] - 1]
            if row["rules"] != ["repeated header"] if fate == "quarantine" else True:
                assert [row[name] for name in COLUMNS] == [cell or None for cell in raw_cells]
            assert next(csv.reader(io.StringIO(row["original"].decode(), newline=""))) == raw_cells
    assert all(cleaned["quarantine"]["rules"].list.len() > 0)
    # the ledger, applied in order to the raw cells, gives exactly the clean row
    state = {
        (record, name): cell or None
        for record in cleaned["clean"]["record"]
        for name, cell in zip(COLUMNS, table[record - 1], strict=True)
    }
    for change in cleaned["ledger"].iter_rows(named=True):
        place = change["record"], change["column"]
        assert state[place] == change["before"] != change["after"]
        state[place] = change["after"]
    for row in cleaned["clean"].iter_rows(named=True):
        # an id may be missing where no row has one
        plain = [None if row[name] is None else str(row[name]) for name in COLUMNS]
        assert [state[row["record"], name] for name in COLUMNS] == plain


@settings(max_examples=30)
@given(tables)
def test_what_is_clean_stays_as_it_is(clean_source, table):
    first = clean_source(as_csv(table))
    rows = values(first)
    if not rows or is_total(str(value) for value in rows[-1]):
        return  # there is nothing, or another record is the last one now, and sums up the others
    stored = io.BytesIO()
    first["clean"].write_parquet(stored)
    for again in (clean_source(as_csv(rows)), clean_source(stored.getvalue(), "pairs.parquet")):
        assert values(again) == rows
        assert again["ledger"].is_empty()


@settings(max_examples=25)
@given(tables.flatmap(lambda table: st.tuples(st.just(table), st.permutations(table))))
@example(([["1", "7", "1", "8"], ["1", " 7", "1", "8"], ["1", "seven", "1", "8"]],) * 2)
def test_the_order_of_rows_does_not_matter(clean_source, tables):
    results = []
    for table in tables:
        # alternately quoted, so that equal rows differ in their bytes
        lines = [
            as_csv([row], csv.QUOTE_ALL if row[0] < "1" else csv.QUOTE_MINIMAL).split(b"\r\n", 1)[1] for row in table
        ]
        cleaned = clean_source(HEADER + b"".join(lines))
        originals = [Counter(cleaned[fate]["original"].to_list()) for fate in ("quarantine", "duplicates")]
        results.append((Counter(values(cleaned)), *originals))
    assert results[0] == results[1]


def test_which_copy_stays_does_not_depend_on_the_order(clean_source):
    lines = [b'"1",7,1,8\n', b"1,7,1,8\n", b'1,"7",1,8\n', b"1,seven,1,8\n"]
    originals = {
        frozenset(clean_source(HEADER + b"".join(order))["duplicates"]["original"])
        for order in (lines, lines[::-1], lines[2:] + lines[:2])
    }
    assert len(originals) == 1
    assert b"1,seven,1,8" in next(iter(originals)), "of equal records the one with the fewest repairs stays"


@settings(max_examples=12)
@given(tables, st.integers(1, 60), st.sampled_from(["utf-8", "utf-16"]))
def test_the_size_of_the_pieces_changes_no_byte(clean_source, table, piece, encoding):
    content = as_csv(table).decode().encode(encoding)
    whole = clean_source(content).files
    assert clean_source(content, piece=piece).files == whole
    assert clean_source(content, piece=1).files == whole


@settings(max_examples=12)
@given(tables, st.integers(1, 3))
def test_the_size_of_the_pieces_changes_no_byte_from_parquet(clean_source, table, piece):
    stored = io.BytesIO()
    pl.DataFrame(table, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_parquet(stored)
    whole = clean_source(stored.getvalue(), "pairs.parquet").files
    assert clean_source(stored.getvalue(), "pairs.parquet", piece=piece).files == whole


@settings(max_examples=25)
@given(tables)
def test_csv_and_parquet_give_the_same_clean_rows(clean_source, table):
    stored = io.BytesIO()
    cells = [[cell or None for cell in row] for row in table]
    pl.DataFrame(cells, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_parquet(stored)
    from_csv, from_parquet = clean_source(as_csv(table)), clean_source(stored.getvalue(), "pairs.parquet")
    assert from_csv["clean"].drop("source").equals(from_parquet["clean"].drop("source"))
    assert from_csv["ledger"].drop("source").equals(from_parquet["ledger"].drop("source"))


# Lines of any bytes but quotes (two of them can make one record of what lies between) and NUL (which makes a file
# binary).
garbage = st.one_of(
    st.binary(max_size=20).map(lambda line: line.translate(None, b'\n\r"\0')),
    st.lists(cells.filter(lambda cell: not set(cell) & set('\n\r"\0')), max_size=7).map(
        lambda row: ",".join(row).encode()
    ),
    st.sampled_from([b"record_id,a,b,sum", b",,,", b"   ", b"99,1,2", b"99,1,2,3,4", b'99,"1,2,3', b"99,1,2\xff,3"]),
)


@settings(max_examples=30)
@given(st.lists(st.one_of(st.none(), garbage), min_size=1, max_size=15))
def test_dirt_never_changes_an_innocent_row(clean_source, lines):
    lines = [line for line in lines if line is None or not line.lstrip().startswith(b"good")]
    sound = iter(range(len(lines)))
    innocent = [f"good {n},{n},{n + 1},{2 * n + 1}".encode() for n in range(len(lines))]
    cleaned = clean_source(
        HEADER + b"\n".join(innocent[next(sound)] if line is None else line for line in lines) + b"\n0,0,0,0\n"
    )
    passed = [row for row in values(cleaned) if (row[0] or "").startswith("good")]
    assert passed == [(f"good {n}", n, n + 1, 2 * n + 1) for n in range(lines.count(None))]
    # no line is lost, split or joined, except empty ones
    assert record_numbers(cleaned) == list(range(1, 2 + sum(line != b"" for line in lines)))


@settings(max_examples=40)
@given(st.binary(max_size=120), st.integers(1, 50))
@example(b'1,"\n2,1,2,3\n"', 1)
@example(b"1,1\r,2,3\r\r\n", 1)
@example(b'"\n' * 150, 3)
def test_any_bytes_are_accounted_for(clean_source, content, piece):
    content = content.replace(b"\0", b"") + b"\n9,1,2,3"
    cleaned = clean_source(HEADER + content)
    assert cleaned.files == clean_source(HEADER + content, piece=piece).files
    path = cleaned.folder.parent / "pairs.csv"
    originals = [
        record
        for file in open_source(path, pairs_table()).files
        for batch in read_batches([file], list(COLUMNS))
        for record in batch.original(batch.records - batch.records[0])
    ]
    assert record_numbers(cleaned) == list(range(1, len(originals) + 1))
    # every byte is in one record, except line ends and empty lines

    def nonempty_lines(text):
        return [line for line in text.replace(b"\r", b"").split(b"\n") if line]

    assert nonempty_lines(b"\n".join(originals)) == nonempty_lines(content)


def test_lines_that_are_no_rows_keep_their_bytes_and_say_why(clean_source):
    lines = {
        b"1,1,2": "row cut off",
        b"2,1,2,3,4": "too many cells",
        b'3,"1,2,3': "broken quotes",
        b"4,1,\xff2,3": "undecodable bytes",
        b"Record_ID, a,b,SUM ": "repeated header",
        b"\xef\xbb\xbfrecord_id,a,b,sum": "repeated header",
        b"6,x,1,2": "not a whole number",
        b"7,,,3": "missing cell",
        b"8,1,2,4": "wrong sum",
        b"9,-1,2,1": "out of range",
    }
    quarantine = clean_source(HEADER + b"\n".join([*lines, b"10,1,2,3"]))["quarantine"]
    assert dict(quarantine.select("original", pl.col("rules").list.join("+")).rows()) == lines
    assert quarantine["line"].to_list() == list(range(2, 12))
    assert all(quarantine["reason"].str.len_chars() > 10)


def test_the_same_id_with_other_values_is_never_a_copy(clean_source):
    # the cells of both rows look alike when they are joined by the character that is in them
    cleaned = clean_source(HEADER + b"k,1\x1f2,3,4\nk,1,2\x1f3,4\n")
    assert cleaned.summary.fates == {"clean": 0, "quarantine": 2, "duplicates": 0}
    cleaned = clean_source(HEADER + b"k,1,2,3\nk,1,3,4\nk,1,2,3\n")
    assert cleaned["quarantine"]["rules"].to_list() == [["conflicting record"]] * 3


def test_equal_values_without_an_id_are_no_copies(clean_source):
    cleaned = clean_source(b"a,b,sum\n1,2,3\n1,2,3\n")
    assert cleaned.summary.fates == {"clean": 2, "quarantine": 0, "duplicates": 0}
    stored = io.BytesIO()
    pl.DataFrame({"a": [1, 1], "b": [2, 2], "sum": [3, 3]}).write_parquet(stored)
    assert clean_source(stored.getvalue(), "pairs.parquet").summary.clean == 2


def test_copies_are_found_across_files_and_name_the_record_they_repeat(clean_source):
    files = {"b.csv": HEADER + b"1,1,2,3\n2,1,2,3\n", "a/c.csv": b"sum;b;A;ID\n3;2;1; 2\n9;5;4;3\n"}
    duplicates = clean_source(files, "folder")["duplicates"]
    # the one without repairs stays
    row_ids = duplicates.select("source", "record", "copy_of_source", "copy_of_record").rows()
    assert row_ids == [("a/c.csv", 1, "b.csv", 2)]


def test_the_dictionary_of_many_sources_is_read_right(clean_source):
    # the first files have no clean row, and all names together are larger than a dictionary page of Parquet (1 MB)
    stream = io.BytesIO()
    names = [f"{n:04}{'x' * 60_000}.csv" for n in range(40)]
    with zipfile.ZipFile(stream, "w") as archive:
        for n, name in enumerate(names):
            archive.writestr(name, HEADER + (b"%d,1,2,x\n" if n < 3 else b"%d,1,2,3\n") % n)
    cleaned = clean_source(stream.getvalue(), "all.zip")
    assert cleaned["clean"]["source"].to_list() == [f"all.zip/{name}" for name in names[3:]]
    assert sorted(path.name[:4] for path in (cleaned.folder / "quarantine").iterdir()) == ["0001", "0002", "0003"]


def test_quarantined_lines_can_be_corrected_and_sent_again(clean_source):
    table = [
        ["record_id", "no, te; of|it", "a", "b", "sum"],
        ["1", "Zoë, é", "1", "2", "3"],
        ["2", "Größe\nÄ", "x", "2", "3"],
        ["3", "ü", "7", "5", "99"],
        ["4", "e", "0", "0", "0"],
    ]
    for encoding, delimiter in [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("utf-16", "|"), ("cp1252", ";")]:
        stream = io.StringIO()
        csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(table)
        first = clean_source(stream.getvalue().encode(encoding))
        again = clean_source(next((first.folder / "quarantine").iterdir()))
        assert first.summary.fates == {"clean": 2, "quarantine": 2, "duplicates": 0}, (encoding, delimiter)
        assert again.summary.fates == {"clean": 0, "quarantine": 2, "duplicates": 0}, (encoding, delimiter)
        assert again["quarantine"]["original"].to_list() == first["quarantine"]["original"].to_list()


def test_every_output_cell_is_in_plain_form(clean_source):
    cleaned = clean_source(HEADER + "\u00a0x ,$7, +1 ,8.0\n".encode())
    assert cleaned["clean"].select(COLUMNS).rows() == [("x", 7, 1, 8)]
    assert cleaned["clean"].schema["a"] == pl.Int64


def test_a_source_without_records_is_refused(clean_source):
    with pytest.raises(UserError, match=r"pairs\.csv: there is a header but no record"):
        clean_source(HEADER)
