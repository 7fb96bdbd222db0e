"""A cleaning in parts, merged, is byte for byte that of one machine."""

import functools
import io
import json
import random
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eightytwenty
from eightytwenty import UserError, clean
from eightytwenty.cleaned import Cleaned
from eightytwenty.engine import in_parts
from eightytwenty.engine.executor import in_threads
from eightytwenty.engine.in_parts import alone_in, clean_in_parts, in_units, prepare
from eightytwenty.engine.merge import merge_parts
from eightytwenty.pages.explain import explain
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.source import open_source
from eightytwenty.schema import Column, Table, Unique
from schemas.pairs import pairs_table
from tests.conftest import Cleaned as CleanedFiles
from tests.eightytwenty.engine.test_any_table import as_csv, examples
from tests.eightytwenty.executors import pickled

ANY = AnyTable(ReadOptions())
TABLE = Table("things", (Column("id", "integer"), Column("name", "text", nullable=True)), (Unique(("id",)),), csv=True)


def in_parts_of(path, table, out, unit_bytes, executor=in_threads):
    opened = open_source(path, table)
    return clean_in_parts(
        opened, table, out, work=prepare(opened, repr(table), out), executor=executor, unit_bytes=unit_bytes
    )


def merged(parts, out):
    return CleanedFiles(out, merge_parts(parts, out)).files


@settings(max_examples=15)
@given(examples, st.integers(5, 200), st.integers(1, 3), st.booleans(), st.sampled_from([in_threads, pickled]))
def test_neither_units_nor_executors_change_a_byte(
    clean_source, tmp_path_factory, example, unit_bytes, files, has_csv, executor
):
    table, lines = example
    table, folder = replace(table, csv=has_csv), tmp_path_factory.mktemp("parts")
    sources = {f"{number}.csv": as_csv(table.names, lines[number::files]) for number in range(files)}
    stored = io.BytesIO()
    rows = pl.DataFrame(lines, dict.fromkeys(table.names, pl.String), orient="row")
    rows.write_parquet(stored, row_group_size=2)
    whole = clean_source(sources | {"rows.parquet": stored.getvalue()}, "source", table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_parts, "_TEXT_BYTES", 30)
        patch.setattr(in_parts, "_ROWS", 3)
        in_parts_of(whole.folder.parent / "source", table, folder / "parts", unit_bytes, executor)
    assert merged(folder / "parts", folder / "merged") == whole.files


@pytest.mark.parametrize("table", [pairs_table(65536), None], ids=["pairs", "inferred"])
@pytest.mark.parametrize("pieces", [1, 3, 17])
def test_a_table_that_is_stated_or_inferred_is_the_same_in_any_number_of_pieces(tmp_path, monkeypatch, table, pieces):
    numbers = random.Random(0)  # noqa: S311 - for a table
    pairs = [(numbers.randrange(500), numbers.randrange(500)) for _ in range(600)]
    lines = [f"{numbers.randrange(3_000)},{a},{b},{a + b + (a == b)}\n" for a, b in pairs]
    source = tmp_path / "pairs.csv"
    source.write_text("record_id,a,b,sum\n" + "".join(lines + numbers.choices(lines, k=9)))
    unit_bytes = -(-source.stat().st_size // pieces)

    @contextmanager
    def by_pieces(cluster, opened, table, out, how, store):
        run = functools.partial(clean_in_parts, executor=pickled, unit_bytes=unit_bytes)
        yield in_units(pickled, unit_bytes), functools.partial(run, work=prepare(opened, how, out))

    clean(source, table, tmp_path / "whole")
    monkeypatch.setattr(eightytwenty, "_workers", by_pieces)
    clean(source, table, tmp_path / "parts")
    assert len(list((tmp_path / "parts" / "clean.parquet").iterdir())) == pieces
    assert merged(tmp_path / "parts", tmp_path / "merged") == CleanedFiles(tmp_path / "whole", None).files


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(3):
        rows = "".join(f"{n * 7 % 90},x{n % 5}\n" for n in range(number * 30, number * 30 + 40))
        (folder / f"{number}.csv").write_text(f"id,name\n{rows}oops\n")
    return folder


def test_the_folder_reads_as_that_of_one_machine(tmp_path, source, clean_source):
    summary = in_parts_of(source, TABLE, tmp_path / "parts", 100)
    whole = clean_source(source, table=TABLE)
    assert summary == whole.summary
    cleaned = Cleaned(tmp_path / "parts", summary)
    for name in ("clean", "quarantine", "duplicates", "flags", "ledger"):
        assert getattr(cleaned, name).collect().equals(whole[name])
    assert explain(tmp_path / "parts", "1.csv:41").reasons == {
        "row cut off": "the record has fewer cells than the header"
    }
    manifest = json.loads((tmp_path / "parts" / "manifest.json").read_text())
    assert sum(sum(part["records"]) for part in manifest["parts"]) == summary.rows
    assert not (tmp_path / "parts" / ".work").exists()


def test_a_cleaning_that_ended_early_is_none_and_goes_on(tmp_path, source, clean_source):
    done = []

    def breaks(work, jobs):
        for result in in_threads(work, jobs):
            done.append(result)
            if len(done) == 20:
                raise OSError("the plug was pulled")
            yield result

    out = tmp_path / "parts"
    with pytest.raises(OSError, match="the plug was pulled"):
        in_parts_of(source, TABLE, out, 100, breaks)
    with pytest.raises(UserError, match=r"holds no manifest\.json, so it is no finished cleaning in parts"):
        merge_parts(out, tmp_path / "merged")
    in_parts_of(source, TABLE, out, 100)
    assert merged(out, tmp_path / "merged") == clean_source(source, table=TABLE).files


def test_a_result_that_cannot_be_stored_elsewhere_is_kept_for_the_next_attempt(tmp_path, source):
    opened, out, stored = open_source(source, TABLE), tmp_path / "parts", []

    class Store:
        def upload(self, folder):
            stored.append({path.name for path in folder.iterdir()})
            if len(stored) == 1:
                raise UserError("the store is gone")

        def release(self):
            stored.append({path.name for path in out.iterdir()})

    run = functools.partial(clean_in_parts, opened, TABLE, out, executor=in_threads, unit_bytes=100, store=Store())
    with pytest.raises(UserError, match="the store is gone"):
        run(work=prepare(opened, "", out))
    assert [path.name for path in out.iterdir()] == [".work"]
    run(work=prepare(opened, "", out))
    assert stored == [{path.name for path in out.iterdir()}] * 3


def stops(work, jobs):
    raise OSError("the plug was pulled")


def test_other_work_in_an_unfinished_folder_begins_anew(tmp_path, source, clean_source):
    out = tmp_path / "parts"
    with pytest.raises(OSError, match="the plug was pulled"):
        in_parts_of(source, TABLE, out, 100, stops)
    (source / "3.csv").write_text("id,name\n1000,new\n")
    in_parts_of(source, TABLE, out, 1 << 20)
    assert merged(out, tmp_path / "merged") == clean_source(source, table=TABLE).files


def test_a_result_that_was_being_moved_is_moved(tmp_path, source, clean_source, monkeypatch):
    out, rename = tmp_path / "parts", Path.rename
    moved = []

    def breaks(path, target):
        moved.append(path)
        if len(moved) == 3:
            raise OSError("the plug was pulled")
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(in_parts, "_TEXT_BYTES", 1 << 20)
        opened = open_source(source, TABLE)
        work = prepare(opened, "", out)
        patch.setattr(in_parts, "_move", lambda *_: None)
        clean_in_parts(opened, TABLE, out, work=work, executor=in_threads)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", breaks)
        with pytest.raises(OSError, match="the plug was pulled"):
            in_parts._move(work, out)
    with pytest.raises(UserError, match=r"holds clean\.csv; choose a new or an empty folder"):
        prepare(opened, "", out)
    assert merged(out, tmp_path / "merged") == clean_source(source, table=TABLE).files


@pytest.mark.parametrize("name", ["notes.txt", "manifest.json", ".work/notes.txt"])
def test_whatever_is_finished_stays(tmp_path, source, name):
    out = tmp_path / "parts"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    with pytest.raises(UserError, match=rf"holds {name}; choose a new or an empty folder"):
        in_parts_of(source, TABLE, out, 100)
    assert [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()] == [name]


def test_a_lost_part_is_noticed(tmp_path, source):
    in_parts_of(source, TABLE, tmp_path / "parts", 100)
    (tmp_path / "parts" / "ledger.parquet" / "part-000001.parquet").unlink()
    with pytest.raises(UserError, match=r"part-000001\.parquet is not the file that manifest\.json names"):
        merge_parts(tmp_path / "parts", tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_headers_without_records_are_refused(tmp_path):
    (tmp_path / "raw.csv").write_text("id,name\n")
    with pytest.raises(UserError, match="there is a header but no record"):
        in_parts_of(tmp_path / "raw.csv", TABLE, tmp_path / "parts", 100)


def test_one_at_a_time_works_on_a_folder_under_whatever_name(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "alias").symlink_to("out")
    with alone_in(tmp_path / "out", tmp_path / "source"):
        for name in ("out", "alias"):
            with (
                pytest.raises(UserError, match="Another command cleans into"),
                alone_in(tmp_path / name, tmp_path / "source"),
            ):
                pass
    assert not list((tmp_path / "out").iterdir())
    with alone_in(tmp_path / "out", tmp_path / "source"):
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "victim").write_text("kept")
    (tmp_path / "out" / ".eightytwenty.lock").symlink_to("../victim")
    with pytest.raises(UserError, match="cannot be locked"), alone_in(tmp_path / "out", tmp_path / "victim"):
        pass
    assert (tmp_path / "victim").read_text() == "kept"


def test_nothing_is_written_into_the_source(tmp_path):
    with pytest.raises(UserError, match="lies in"), alone_in(tmp_path / "out", tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_table_is_not_merged_over_what_only_pictures_have(tmp_path, source):
    in_parts_of(source, TABLE, tmp_path / "parts", 1 << 20)
    merged(tmp_path / "parts", tmp_path / "merged")
    (tmp_path / "merged" / "clean").mkdir()
    with pytest.raises(UserError, match="holds clean, which would be lost"):
        merge_parts(tmp_path / "parts", tmp_path / "merged")
