"""What is kept of files that were cleaned before: it spares reading them, and never changes a result."""

import shutil

import pytest

from eightytwenty.read import delimited

HEADER = b"record_id,a,b,sum\n"
OLD = HEADER + b"1,1,2,3\n2,1,1,2\n3, 7,1,8\n4,9,9,\n5,1,1,1\n"
# a copy that needs no repair, a copy, a contradiction, a copy of a row in quarantine, and a new row
NEW = HEADER + b"3,7,1,8\n1,1,2,3\n2,2,1,3\n5,1,1,1\n6,1,1,2\n"


@pytest.fixture
def parsed(monkeypatch):
    """The names of the files that are split into records."""
    names, read = [], delimited.read_pieces

    def read_pieces(stream, name, *rest):
        names.append(name)
        return read(stream, name, *rest)

    monkeypatch.setattr(delimited, "read_pieces", read_pieces)
    return names


def test_only_the_new_file_is_read_and_the_bytes_are_those_of_all_together(clean_source, tmp_path, parsed):
    clean_source({"1.csv": OLD}, index=tmp_path / "index")
    together = clean_source({"1.csv": OLD, "2.csv": NEW})
    parsed.clear()
    grown = clean_source({"1.csv": OLD, "2.csv": NEW}, index=tmp_path / "index")
    assert parsed == ["2.csv"]
    assert grown.files == together.files
    assert grown.summary.fates == {"clean": 4, "quarantine": 3, "duplicates": 3}
    # the older of two copies is given up for the one that needed no repair, and the older pair of ids is not trusted
    duplicates = grown["duplicates"].select("source", "record", "copy_of_source", "copy_of_record").rows()
    assert ("1.csv", 3, "2.csv", 1) in duplicates
    assert ("1.csv", 2) in grown["quarantine"].select("source", "record").rows()
    parsed.clear()
    assert clean_source({"1.csv": OLD, "2.csv": NEW}, index=tmp_path / "index").files == together.files
    assert parsed == []


def test_a_file_that_changed_or_was_cut_short_is_read_again(clean_source, tmp_path, parsed):
    index = tmp_path / "made" / "index"
    clean_source({"1.csv": OLD, "2.csv": NEW}, index=index)
    for card, text in zip(sorted(index.glob("*/card.json")), ("{", "[]"), strict=True):
        card.write_text(text)  # as a killed process may leave it
    changed = {"1.csv": OLD + b"9,1,1,2\n", "2.csv": NEW}
    parsed.clear()
    assert clean_source(changed, index=index).files == clean_source(changed).files
    assert sorted(parsed) == ["1.csv", "1.csv", "2.csv", "2.csv"]
    parsed.clear()
    assert (
        clean_source({"1.csv": OLD, "2.csv": NEW}, index=index).files
        == clean_source({"1.csv": OLD, "2.csv": NEW}).files
    )
    assert sorted(parsed) == ["1.csv", "1.csv", "2.csv"]


def test_an_archive_is_known_as_a_whole(clean_source, tmp_path, parsed):
    (tmp_path / "both").mkdir()
    for name, content in (("1.csv", OLD), ("2.csv", NEW)):
        (tmp_path / "both" / name).write_bytes(content)
    shutil.make_archive(str(tmp_path / "both"), "zip", tmp_path / "both")
    first = clean_source(tmp_path / "both.zip", index=tmp_path / "index")
    parsed.clear()
    assert clean_source(tmp_path / "both.zip", index=tmp_path / "index").files == first.files
    assert parsed == []


def test_what_another_code_found_out_does_not_count(clean_source, tmp_path, parsed, monkeypatch):
    clean_source({"1.csv": OLD}, index=tmp_path / "index")
    parsed.clear()
    monkeypatch.setattr("eightytwenty.engine.index.code_digest", lambda *_: "another")
    clean_source({"1.csv": OLD}, index=tmp_path / "index")
    assert parsed == ["1.csv"]
