import gzip
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from eightytwenty import UserError
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import SourceReader, parse
from eightytwenty.read.source import RawFile, open_source
from eightytwenty.read.streams import file_sha256
from eightytwenty.read.units import UnitReader, plan_units

NAMES = ["id", "words", "mark"]


def lines(count: int, end: str = "\n") -> Iterator[str]:
    for number in range(count):
        yield f'{number},"x, {number * 7919 % 1000}",{"ab"[number % 2]}{end}'
        if number % 97 == 0:
            yield end


def json_lines(count: int) -> Iterator[str]:
    return (f'{{"id": {number}, "words": "x, {{}}", "mark": "a"}}\n' for number in range(count))


TEXTS: dict[str, Callable[[], str]] = {
    "crlf.csv": lambda: "id,words,mark\r\n" + "".join(lines(3000, "\r\n")),
    "note.csv": lambda: "made by hand\n\nid,words,mark\n" + "".join(lines(3000)) + "7,cut off",
    "lines.jsonl": lambda: "".join(json_lines(2000)),
    "old-mac.csv": lambda: "id,words,mark\r" + "".join(lines(3000, "\r")),
}
UNDIVIDED = {
    "a cell over two lines.csv": lambda: (
        "id,words,mark\n" + "".join(lines(2000)) + '5,"two\nlines",a\n' + "".join(lines(2000))
    ),
    "joined.csv": lambda: "id,words,mark\n" + "".join(lines(2000)) + "mark,id,words\na,5,x\n" + "".join(lines(2000)),
    "a blank end.csv": lambda: "id,words,mark\n" + "".join(lines(2000)) + "\n" * 20_000,
}


def files_of(folder: Path) -> list[RawFile]:
    return open_source(folder, AnyTable(ReadOptions())).files


def records(pieces: SourceReader | UnitReader) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for number, piece in pieces:
        batch = parse(piece, NAMES)
        places = batch.records if batch.lines is None else batch.lines
        cells = batch.cells.with_columns(batch.problems.alias("problem"))
        found += [
            (number, *row) for row in zip(batch.records.tolist(), places.tolist(), cells.iter_rows(), strict=True)
        ]
    return found


@pytest.mark.parametrize(
    ("unit_bytes", "divided"),
    [(5_000, {"rows.parquet", *TEXTS}), (30_000, {"a blank end.csv", *TEXTS}), (1 << 30, set())],
)
def test_units_have_the_records_of_the_source(tmp_path: Path, unit_bytes: int, divided: set[str]) -> None:
    for name, text in (TEXTS | UNDIVIDED).items():
        (tmp_path / name).write_bytes(text().encode())
    rows = pl.DataFrame({"id": range(5000), "words": ["x"] * 5000, "mark": ["a"] * 5000})
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=300)
    files = files_of(tmp_path)

    units = plan_units(files, map, unit_bytes)

    of_units = itertools.chain.from_iterable(records(UnitReader(files, unit, 3_000)) for unit in units)
    assert list(of_units) == records(SourceReader(files))
    assert {files[number].name for unit in units for number in unit.numbers if unit.section} == divided


@pytest.mark.parametrize("name", ["packed.csv.gz", "wide.csv"])
def test_what_shows_no_line_ends_is_one_unit(tmp_path: Path, name: str) -> None:
    text = "id,words,mark\n" + "".join(lines(3000))
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode("utf-16"))
    files = files_of(tmp_path)
    (unit,) = plan_units(files, map, 1_000)
    assert unit.section is None
    reader = UnitReader(files, unit)
    assert len(records(reader)) == 3000
    assert reader.digest == file_sha256(files[0].path)


def test_a_file_that_changes_after_the_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,words,mark\n1,x,a\n")
    files = files_of(tmp_path)
    (unit,) = plan_units(files, map)
    (tmp_path / "a.csv").write_text("id,words,mark\n1,x,a\n2,x,a\n")
    with pytest.raises(UserError, match=r"a\.csv was changed while it was read; start again"):
        list(UnitReader(files, unit))


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*.csv", ["a.csv", "b [1].csv"]), ("**/*.csv", ["a.csv", "b [1].csv", "c/d.csv"]), ("b [1].csv", ["b [1].csv"])],
)
def test_the_files_that_fit_a_pattern_are_a_source(tmp_path: Path, pattern: str, names: list[str]) -> None:
    (tmp_path / "c").mkdir()
    for name in ("a.csv", "b [1].csv", "c/d.csv"):
        (tmp_path / name).write_text("id\n1\n")
    assert [file.name for file in files_of(tmp_path / pattern)] == names


def test_a_pattern_that_nothing_fits_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\*\.csv holds no table of records; give one that does"):
        files_of(tmp_path / "*.csv")
