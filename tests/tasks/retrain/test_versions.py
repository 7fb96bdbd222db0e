"""Dataset versions appear whole, stay as they are, and are not used when they were damaged."""

import json
import shutil
from pathlib import Path

import pytest

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from tasks.retrain.inbox import Delivery
from tasks.retrain.versions import DatasetVersions, Version, only_one_retraining


def delivery(folder: Path, name: str) -> Delivery:
    place = folder / name
    place.write_text(name)
    return Delivery(name, place, sha256(place))


def clean(folder: Path) -> Summary:
    (folder / "rows").mkdir()
    files = sorted(file for file in (folder / "raw").rglob("*") if file.is_file())
    (folder / "rows" / "clean.txt").write_text("".join(file.read_text() for file in files))
    return Summary("pairs", "", rows=len(files), clean=len(files), quarantine=0, duplicates=0, failed={}, repaired={})


def put(one: Delivery, place: Path) -> None:
    shutil.copy(one.path, place / one.name)


def add(shelf: DatasetVersions, *deliveries: Delivery) -> Version:
    return shelf.add(shelf.newest(), deliveries, put, clean)


@pytest.fixture
def shelf(tmp_path):
    return DatasetVersions(tmp_path / "datasets" / "adders", "rows", {"on_drift": "refuse"})


def test_a_version_holds_all_before_it_and_the_older_one_stays(shelf, tmp_path):
    one, two = delivery(tmp_path, "one"), delivery(tmp_path, "two")
    first = add(shelf, one)
    before = sha256(first.folder)
    second = add(shelf, two)
    assert (second.name, second.parent, second.added) == ("v0002", 1, ["two"])
    assert second.deliveries == {one.sha256: "one", two.sha256: "two"}
    assert (second.rows_folder / "clean.txt").read_text() == "onetwo"
    assert sha256(first.folder) == before
    assert shelf.newest() == second
    assert shelf.seen() == {one.sha256, two.sha256}
    (old,) = first.raw.rglob("one")
    assert old.stat().st_nlink == 2  # a second name, no second copy


def test_files_of_one_name_do_not_collide(shelf, tmp_path):
    (tmp_path / "other").mkdir()
    first, second = delivery(tmp_path, "pairs"), tmp_path / "other" / "pairs"
    second.write_text("other")
    version = add(shelf, first, Delivery("pairs", second, sha256(second)))
    assert len(list(version.raw.rglob("pairs"))) == 2


def test_a_version_that_could_not_be_finished_is_not_there(shelf, tmp_path):
    add(shelf, delivery(tmp_path, "one"))

    def breaks(folder: Path) -> Summary:
        raise UserError("no")

    with pytest.raises(UserError):
        shelf.add(shelf.newest(), [delivery(tmp_path, "two")], put, breaks)
    assert [place.name for place in shelf.folder.iterdir() if place.is_dir()] == ["v0001"]
    assert shelf.newest().name == "v0001"


@pytest.mark.parametrize("damage", ["rows/clean.txt", "card.json"])
def test_a_damaged_version_is_said_and_its_removal_is_the_remedy(shelf, tmp_path, damage):
    add(shelf, delivery(tmp_path, "one"))
    second = add(shelf, two := delivery(tmp_path, "two"))
    (second.folder / damage).write_text("{")
    with pytest.raises(UserError, match="v0002 was changed or damaged"):
        shelf.newest()
    shutil.rmtree(second.folder)
    assert shelf.newest().name == "v0001"
    assert two.sha256 not in shelf.seen()  # it is taken in again


def test_refused_deliveries_are_remembered_with_their_reasons(shelf, tmp_path):
    shelf.refuse(bad := delivery(tmp_path, "bad"), "wrong sums")
    assert shelf.seen() == {bad.sha256}
    assert not DatasetVersions(shelf.folder, "rows", {"on_drift": "accept"}).seen()
    assert json.loads(shelf.book.read_text())["deliveries"][bad.sha256]["why"] == "wrong sums"
    shelf.book.write_text("{")
    with pytest.raises(UserError, match=r"book.json is damaged"):
        shelf.seen()


def test_a_dataset_of_pairs_is_none_of_pictures(shelf, tmp_path):
    add(shelf, delivery(tmp_path, "one"))
    with pytest.raises(UserError, match="rows of another model"):
        DatasetVersions(shelf.folder, "pictures", {}).newest()


def test_a_judgement_ends_what_was_pending_and_the_book_is_whole(shelf, tmp_path):
    version = add(shelf, one := delivery(tmp_path, "one"))
    shelf.book.unlink()  # as if the process had been killed before it was written
    shelf.keep_pending("key", "run")
    assert (shelf.pending_run("key"), shelf.pending_run("other")) == ("run", None)
    shelf.write_judgement("key", version, {"promoted": True})
    assert json.loads(shelf.book.read_text())["deliveries"][one.sha256]["fate"] == "accepted"
    assert shelf.judged("key")
    assert shelf.pending_run("key") is None


@pytest.mark.parametrize("change", ["other bytes", "link"])
def test_a_version_does_not_grow_from_raw_files_that_were_changed(shelf, tmp_path, change):
    first = add(shelf, delivery(tmp_path, "one"))
    (raw,) = first.raw.rglob("one")
    if change == "link":
        (raw.parent / "two").symlink_to("/etc/hostname")
    else:
        raw.write_text("other")
    with pytest.raises(UserError, match="v0001 was changed or damaged"):
        add(shelf, delivery(tmp_path, "three"))
    assert [place.name for place in shelf.folder.glob("v*")] == ["v0001"]


def test_a_dataset_of_one_size_is_none_of_another(shelf, tmp_path):
    of_32, of_64 = (DatasetVersions(shelf.folder, "rows", {"size": size}) for size in (32, 64))
    add(of_32, delivery(tmp_path, "one"))
    assert of_32.newest().kind == {"size": 32}
    with pytest.raises(UserError, match=r"cleaned for size 32, and what is asked for, .* is size 64"):
        of_64.newest()


def test_no_copy_outlives_a_retraining(shelf):
    shelf.arriving.mkdir(parents=True)  # of a process that was killed
    with only_one_retraining(shelf.folder):
        assert not shelf.arriving.exists()
        shelf.arriving.mkdir()
    assert not shelf.arriving.exists()
