"""Outputs are whole or absent: after errors, a full disk and kill -9."""

import os
import random
import subprocess
import sys
import time

import pytest

from eightytwenty.engine.run import clean_table
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table
from tasks.ingest.pairs import generate_pairs

HEADER = b"record_id,a,b,sum\n"
CLEAN = """
import sys
from pathlib import Path
from eightytwenty.errors import UserError
from schemas.pairs import pairs_table
from eightytwenty.engine.run import clean_table
from eightytwenty.read.source import open_source
{before}
table = pairs_table()
try:
    files = open_source(Path(sys.argv[1]), table)
    clean_table(files, table, Path(sys.argv[2]), lambda *_: print("piece", flush=True), piece=100_000)
except UserError as error:
    raise SystemExit(str(error))
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def command(source, out, before=""):
    return [sys.executable, "-c", CLEAN.format(before=before), str(source), str(out)]


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """A file that takes about a second to clean in small pieces."""
    return generate_pairs(tmp_path_factory.mktemp("raw") / "x", rows=60_000, largest_sum=65536, dirt=0.3, seed=1)


def test_a_rule_that_fails_in_the_middle_leaves_nothing(raw, tmp_path):
    calls = []

    def progress(done, total):
        calls.append(done)
        if len(calls) == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clean_table(open_source(raw, pairs_table()), pairs_table(), tmp_path / "out", progress, 100_000)
    assert names(tmp_path) == []


def test_a_file_that_breaks_in_the_middle_leaves_the_older_result(raw, tmp_path):
    source = tmp_path / "pairs.csv"
    source.write_bytes(HEADER + b"1,1,2,3\n")
    clean_table(open_source(source, pairs_table()), pairs_table(), tmp_path / "out")
    before = sha256(tmp_path / "out")
    files = open_source(source, pairs_table())
    source.unlink()
    with pytest.raises(UserError):
        clean_table(files, pairs_table(), tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert sha256(tmp_path / "out") == before


def test_folders_that_hold_something_else_are_not_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    source = tmp_path / "data" / "pairs.csv"
    source.write_bytes(HEADER + b"1,1,2,3\n1,1,2,x\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    before = sha256(tmp_path)
    files = open_source(source, pairs_table())
    with pytest.raises(UserError, match=r"mine holds thesis\.tex, which would be lost; choose"):
        clean_table(files, pairs_table(), tmp_path / "mine")
    with pytest.raises(UserError, match="data contains the source"):
        clean_table(files, pairs_table(), tmp_path / "data")
    assert sha256(tmp_path) == before
    # an earlier result may be replaced, but not by a cleaning of its own files
    clean_table(files, pairs_table(), tmp_path / "out")
    clean_table(files, pairs_table(), tmp_path / "out")
    with pytest.raises(UserError, match="out contains the source"):
        clean_table(open_source(tmp_path / "out" / "quarantine", pairs_table()), pairs_table(), tmp_path / "out")
    # nor if somebody has changed it since
    corrected = tmp_path / "out" / "quarantine" / "pairs.csv"
    report_time = (tmp_path / "out" / "report.json").stat().st_mtime
    os.utime(corrected, (report_time + 1, report_time + 1))
    with pytest.raises(UserError, match=r"pairs\.csv was changed since it was written and would be lost"):
        clean_table(files, pairs_table(), tmp_path / "out")
    (tmp_path / "foreign" / "src").mkdir(parents=True)
    (tmp_path / "foreign" / "report.json").write_text("{}")
    with pytest.raises(UserError, match="foreign holds src, which would be lost"):
        clean_table(files, pairs_table(), tmp_path / "foreign")


def test_a_limit_of_file_size_is_a_sentence(raw, tmp_path):
    before = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    result = subprocess.run(command(raw, tmp_path / "out", before), capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.strip().endswith(
        "out cannot be written: the file grew beyond what may be written; raise the limit."
    )
    assert result.stderr.count("\n") == 1, "a sentence, no traceback"
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_a_sentence_and_leaves_the_older_result(raw, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("mounting is not allowed")
    try:
        small = tmp_path / "pairs.csv"
        small.write_bytes(HEADER + b"1,1,2,3\n")
        clean_table(open_source(small, pairs_table()), pairs_table(), disk / "out")
        before = sha256(disk / "out")
        with pytest.raises(UserError, match=r"disk/out cannot be written: the disk is full; free some space"):
            clean_table(open_source(raw, pairs_table()), pairs_table(), disk / "out", piece=100_000)
        assert names(disk) == ["out"]
        assert sha256(disk / "out") == before
        with pytest.raises(UserError, match="cannot be written: the disk is full"):
            generate_pairs(disk / "raw", rows=60_000, largest_sum=65536, dirt=0.3, seed=1)
        assert names(disk) == ["out"]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_killed_at_any_moment_and_run_again_the_result_is_the_same(raw, tmp_path):
    table = pairs_table()
    clean_table(open_source(raw, table), table, tmp_path / "undisturbed")
    whole = sha256(tmp_path / "undisturbed")
    rng = random.Random(1)  # noqa: S311
    kills = 0
    for _ in range(4):
        process = subprocess.Popen(command(raw, tmp_path / "out"), stdout=subprocess.PIPE, text=True)
        for _ in range(rng.randrange(1, 12)):
            process.stdout.readline()  # once a piece has been written
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        kills += process.wait() != 0
        process.stdout.close()
        # nothing half-written has the name of a result
        assert not (tmp_path / "out").exists() or sha256(tmp_path / "out") == whole
    assert kills > 0
    clean_table(open_source(raw, table), table, tmp_path / "out")
    assert sha256(tmp_path / "out") == whole
    assert names(tmp_path) == ["out", "undisturbed"]
