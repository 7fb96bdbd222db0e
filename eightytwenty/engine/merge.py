"""Makes one folder of a cleaning in parts: byte for byte the one that one machine would have written."""

import itertools
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.in_parts import MANIFEST
from eightytwenty.engine.lines import FOLDERS
from eightytwenty.engine.run import OWN_NAMES
from eightytwenty.engine.summary import REPORT, Summary, part_files
from eightytwenty.engine.write import CSV, OUTPUTS, Outputs, csv_header
from eightytwenty.errors import UserError
from eightytwenty.files import sha256, whole_folder
from eightytwenty.pictures import store
from eightytwenty.schema_file import EVIDENCE

_ROWS = 1 << 17  # to read at a time


def merge_parts(parts: Path, out: Path) -> Summary:
    """Merges a folder of a table or of pictures that was cleaned in parts into another folder.

    Args:
        parts: the folder; it stays as it is.
        out: the folder to write, which appears whole or not at all.

    Raises:
        UserError: there is no such folder, it was not finished, or the other one cannot be written.
    """
    if not (parts / MANIFEST).is_file():
        raise UserError(f"{parts} holds no {MANIFEST}, so it is no finished cleaning in parts; give the folder of one.")
    if (parts / store.PICTURES).is_dir():
        require_replaceable(parts, out, store.OWN_NAMES, [store.GALLERY])
    else:
        require_replaceable(parts, out, OWN_NAMES)
    manifest = json.loads((parts / MANIFEST).read_text(encoding="utf-8"))
    _require_whole(parts, manifest["parts"])
    if not (parts / REPORT).is_file():
        raise UserError(f"{parts} has lost its {REPORT}; clean again.")
    summary = Summary.load(parts)
    names = [str(file["name"]) for file in summary.files]
    schemas = {name: pq.read_schema(part_files(parts / f"{name}.parquet")[0]) for name in OUTPUTS}
    with whole_folder(out) as folder:
        with Outputs(folder, schemas) as outputs:
            for name in OUTPUTS:
                for file in part_files(parts / f"{name}.parquet"):
                    for source, rows in _of_sources(file, names):
                        outputs.write(name, source, rows)
        if (parts / CSV).is_dir():
            _join_texts(part_files(parts / CSV), csv_header(schemas["clean"].names), folder / CSV)
        if (parts / store.PICTURES).is_dir():
            store.join_pictures(part_files(parts / store.PICTURES), folder / store.PICTURES)
        for name in (*FOLDERS, store.CLEAN, EVIDENCE):
            if (parts / name).is_dir():
                shutil.copytree(parts / name, folder / name)
        # the last one is the newest
        for name in ("schema.yaml", store.ATTRIBUTES, store.GALLERY, "report.md", REPORT):
            if (parts / name).is_file():
                shutil.copyfile(parts / name, folder / name)
    return summary


def _require_whole(parts: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Checks that the files are those that the manifest names, with their digests.

    Raises:
        UserError: one is lost, or another one.
    """
    named = {
        parts / name / f"part-{entry['number']:06}{Path(name).suffix}": digest
        for entry in entries
        for name, digest in entry["sha256"].items()
    }
    there = {file for folder in {path.parent for path in named} if folder.is_dir() for file in part_files(folder)}
    wrong = named.keys() ^ there or {path for path, digest in named.items() if sha256(path) != digest}
    if wrong:
        raise UserError(f"{min(wrong)} is not the file that {MANIFEST} names; clean again.")


def _of_sources(file: Path, names: list[str]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each file of the source, by its number, in which all names are known."""
    numbers = {name: number for number, name in enumerate(names)}
    with pq.ParquetFile(file) as content:
        for batch in content.iter_batches(_ROWS):
            if not pa.types.is_dictionary(batch["source"].type):  # of pictures, each of which is a file
                yield 0, pa.Table.from_batches([batch])
                continue
            own = batch["source"]
            of_file = np.array([numbers[name] for name in own.dictionary.to_pylist()], np.int32)[own.indices.to_numpy()]
            sources = pa.DictionaryArray.from_arrays(pa.array(of_file), pa.array(names, pa.string()))
            rows = pa.Table.from_batches([batch]).set_column(0, content.schema_arrow.field(0), sources)
            cuts = [0, *(np.flatnonzero(np.diff(of_file)) + 1).tolist(), rows.num_rows]
            for start, stop in itertools.pairwise(cuts):
                yield int(of_file[start]), rows.slice(start, stop - start)


def _join_texts(files: list[Path], header: bytes, path: Path) -> None:
    """Joins texts that begin with a header under one."""
    with path.open("wb") as stream:
        stream.write(header)
        for file in files:
            with file.open("rb") as content:
                content.seek(len(header))  # it is in all of them
                shutil.copyfileobj(content, stream)
