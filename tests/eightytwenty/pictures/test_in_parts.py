"""A cleaning of pictures in parts, merged, is byte for byte that of one machine."""

import json
import os
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from eightytwenty import UserError, clean
from eightytwenty.cleaned import Cleaned
from eightytwenty.engine.executor import in_threads
from eightytwenty.engine.merge import merge_parts
from eightytwenty.evaluate.picture_faults import KINDS, TABLE, add_dirt
from eightytwenty.pages.explain import explain
from eightytwenty.pictures import in_parts
from eightytwenty.pictures.in_parts import clean_pictures_in_parts, prepare_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from reports.gallery import gallery
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import as_png
from tests.conftest import Cleaned as CleanedFiles
from tests.eightytwenty.executors import pickled

PICTURES = pictures_table(32, gallery=gallery)


def make_dirty_pictures(folder: Path, count: int) -> None:
    """A folder with a fault in every other picture, and with files that are refused; copies are far from originals."""
    drawn, _ = draw_ellipses("ellipses-white", count, 32, 0)
    files = {f"e-{number:03}.png": as_png(picture) for number, picture in enumerate(drawn)}
    lines = [f"{name},{('left', 'right')[place % 2]},{place % 3}\n" for place, name in enumerate(files)]
    kinds = [kind for kind in KINDS if kind != "too large a file"]
    dirty = add_dirt(files, ("file,side,number\n" + "".join(lines)).encode(), share=0.5, seed=1, size=32, kinds=kinds)
    (folder / "z").mkdir(parents=True)
    for name, content in dirty.files.items():
        (folder / ("z" if "_copy" in name else "") / name).write_bytes(content)
    (folder / TABLE).write_bytes(re.sub(rb"(?m)^([^,\n]+_copy)", rb"z/\1", dirty.attributes))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")).write_bytes(files["e-000.png"])
    (folder / "link.png").symlink_to("e-000.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A source, and what one machine makes of it."""
    folder = tmp_path_factory.mktemp("pictures")
    make_dirty_pictures(folder / "source", 130)
    summary = clean(folder / "source", PICTURES, folder / "whole").summary
    assert summary.duplicates == 4
    assert {"contradicting attributes", "refused", "attributes without picture", "truncated"} <= summary.failed.keys()
    return folder


def in_parts_of(path, out, pieces=3, executor=in_threads):
    source = open_pictures(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_parts, "UNIT_FILES", -(-len(source.pictures) // pieces))
        work = prepare_pictures(source, PICTURES, out)
        return clean_pictures_in_parts(source, PICTURES, out, work=work, executor=executor, as_files=True)


def merged(parts, out):
    return CleanedFiles(out, merge_parts(parts, out)).files


@pytest.mark.parametrize(("pieces", "executor"), [(1, in_threads), (3, pickled), (17, in_threads)])
def test_neither_units_nor_executors_change_a_byte(tmp_path, folder, pieces, executor):
    summary = in_parts_of(folder / "source", tmp_path / "parts", pieces, executor)
    for name in ("clean.parquet", "pictures.npy"):
        assert len(list((tmp_path / "parts" / name).iterdir())) == pieces
    whole = CleanedFiles(folder / "whole", summary).files
    assert merged(tmp_path / "parts", tmp_path / "merged") == whole
    assert merged(tmp_path / "parts", tmp_path / "merged") == whole  # its own result may be replaced


def test_a_worker_that_cannot_read_what_this_process_can_ends_it(tmp_path, folder):
    (tmp_path / "empty").mkdir()

    def blind(work, jobs):
        for number, job in enumerate(jobs):
            sees = number != 1 or type(work).__name__ != "_ObserveUnit"
            yield (work if sees else replace(work, source=tmp_path / "empty"))(job)

    with pytest.raises(UserError, match=r"A worker cannot read .*, which this process can; put"):
        in_parts_of(folder / "source", tmp_path / "parts", executor=blind)
    in_parts_of(folder / "source", tmp_path / "parts")
    assert merged(tmp_path / "parts", tmp_path / "merged") == CleanedFiles(folder / "whole", None).files


def test_a_result_of_one_machine_with_its_gallery_may_be_replaced(tmp_path, folder):
    in_parts_of(folder / "source", tmp_path / "parts")
    clean(folder / "source", PICTURES, tmp_path / "whole")
    merge_parts(tmp_path / "parts", tmp_path / "whole")


def test_an_archive_is_unpacked_and_read_in_units(tmp_path, folder):
    with tarfile.open(tmp_path / "source.tar", "w") as archive:
        for path in sorted((folder / "source").rglob("*"), reverse=True):
            archive.add(path, path.relative_to(folder / "source"))
    whole = clean(tmp_path / "source.tar", PICTURES, tmp_path / "whole")
    in_parts_of(tmp_path / "source.tar", tmp_path / "parts", 17, pickled)
    assert len(list((tmp_path / "parts" / "clean.parquet").iterdir())) == 17
    assert merged(tmp_path / "parts", tmp_path / "merged") == CleanedFiles(tmp_path / "whole", whole.summary).files


def test_the_folder_reads_as_that_of_one_machine(tmp_path, folder):
    summary = in_parts_of(folder / "source", tmp_path / "parts")
    parts, whole = (Cleaned(path, summary) for path in (tmp_path / "parts", folder / "whole"))
    for name in ("clean", "quarantine", "duplicates", "flags", "ledger"):
        assert getattr(parts, name).collect().equals(getattr(whole, name).collect())
    copy = whole.duplicates.collect()["source"][0]
    assert explain(parts.folder, f"{copy}:1").copy_of
    entries = json.loads((parts.folder / "manifest.json").read_text())["parts"]
    assert sum(entry["rows"] for entry in entries) == summary.rows
    assert not (parts.folder / ".work").exists()


def test_a_cleaning_that_ended_early_goes_on(tmp_path, folder):
    """Each stage ends early; an executor that keeps results, as that of a cluster does, goes on with what it has."""
    results = {}

    def keeps(work, jobs):
        for number, job in enumerate(jobs):
            key = type(work).__name__, number
            if key not in results:
                results[key] = work(job)
                if number == 0:
                    raise OSError("the plug was pulled")
            yield results[key]

    out = tmp_path / "parts"
    stages = {"_ObserveUnit", "CompareCell", "_KeepUnit", "_WriteUnit"}
    for _ in stages:
        with pytest.raises(OSError, match="the plug was pulled"):
            in_parts_of(folder / "source", out, executor=keeps)
        with pytest.raises(UserError, match=r"holds no manifest\.json, so it is no finished cleaning in parts"):
            merge_parts(out, tmp_path / "merged")
    in_parts_of(folder / "source", out, executor=keeps)
    assert {name for name, _ in results} == stages
    assert merged(out, tmp_path / "merged") == CleanedFiles(folder / "whole", None).files


def test_pictures_that_changed_begin_anew(tmp_path):
    make_dirty_pictures(tmp_path / "source", 20)

    def stops(work, jobs):
        yield work(next(iter(jobs)))
        raise OSError("the plug was pulled")

    with pytest.raises(OSError, match="the plug was pulled"):
        in_parts_of(tmp_path / "source", tmp_path / "parts", executor=stops)
    (tmp_path / "source" / "e-000.png").write_bytes(b"another file")
    (work,) = (tmp_path / "parts" / ".work").iterdir()
    assert prepare_pictures(open_pictures(tmp_path / "source"), PICTURES, tmp_path / "parts") != work
    in_parts_of(tmp_path / "source", tmp_path / "parts")
    whole = clean(tmp_path / "source", PICTURES, tmp_path / "whole")
    assert merged(tmp_path / "parts", tmp_path / "merged") == CleanedFiles(whole.folder, whole.summary).files


def test_a_lost_part_is_noticed(tmp_path, folder):
    in_parts_of(folder / "source", tmp_path / "parts")
    pictures = tmp_path / "parts" / "pictures.npy" / "part-000001.npy"
    np.save(pictures, np.load(pictures)[1:])
    with pytest.raises(UserError, match=r"part-000001\.npy is not the file that manifest\.json names"):
        merge_parts(tmp_path / "parts", tmp_path / "merged")


def test_a_source_without_a_clean_picture(tmp_path):
    (tmp_path / "source").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / "source" / name).write_bytes(b"")
    whole = clean(tmp_path / "source", PICTURES, tmp_path / "whole")
    in_parts_of(tmp_path / "source", tmp_path / "parts")
    assert merged(tmp_path / "parts", tmp_path / "merged") == CleanedFiles(whole.folder, whole.summary).files
    assert pl.read_parquet(tmp_path / "merged" / "quarantine.parquet").height == 3
