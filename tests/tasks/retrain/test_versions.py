"""Dataset versions appear whole, do not change, and are not used when they are damaged."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from tasks.retrain.cards import Version
from tasks.retrain.inbox import Delivery
from tasks.retrain.versions import DatasetVersions, only_one_retraining


def delivery(folder: Path, name: str) -> Delivery:
    place = folder / name
    place.write_text(name)
    return Delivery(name, place, sha256(place))


def clean(folder: Path) -> Summary:
    (folder / "rows").mkdir()
    files = sorted(file for file in (folder / "raw").rglob("*") if file.is_file())
    (folder / "rows" / "clean.txt").write_text("".join(file.read_text() for file in files))
    return Summary("pairs", "", rows=len(files), clean=len(files), quarantine=0, duplicates=0, failed={}, repaired={})


def copy_files(delivery: Delivery, place: Path) -> None:
    shutil.copy(delivery.path, place / delivery.name)


def add(versions: DatasetVersions, *deliveries: Delivery) -> Version:
    return versions.add(versions.newest(), deliveries, copy_files, clean)


@pytest.fixture
def versions(tmp_path):
    return DatasetVersions(tmp_path / "datasets" / "adders", "rows", {"on_drift": "refuse"})


def test_a_version_holds_those_before_it_which_stay_as_they_are(versions, tmp_path):
    one, two = delivery(tmp_path, "one"), delivery(tmp_path, "two")
    first = add(versions, one)
    before = sha256(first.folder)
    second = add(versions, two)
    assert (second.name, second.parent, second.added) == ("v0002", 1, ["two"])
    assert second.deliveries == {one.sha256: "one", two.sha256: "two"}
    assert (second.rows_folder / "clean.txt").read_text() == "onetwo"
    assert sha256(first.folder) == before
    assert versions.newest() == second
    assert versions.known_digests(versions.newest()) == {one.sha256, two.sha256}
    (old,) = first.raw.rglob("one")
    assert old.stat().st_nlink == 2  # a second name, no second copy


def test_files_of_one_name_do_not_collide(versions, tmp_path):
    (tmp_path / "other").mkdir()
    first, second = delivery(tmp_path, "pairs"), tmp_path / "other" / "pairs"
    second.write_text("other")
    version = add(versions, first, Delivery("pairs", second, sha256(second)))
    assert len(list(version.raw.rglob("pairs"))) == 2


def test_a_version_that_could_not_be_finished_does_not_exist(versions, tmp_path):
    add(versions, delivery(tmp_path, "one"))

    def fail(folder: Path) -> Summary:
        raise UserError("no")

    with pytest.raises(UserError):
        versions.add(versions.newest(), [delivery(tmp_path, "two")], copy_files, fail)
    assert [place.name for place in versions.folder.iterdir() if place.is_dir()] == ["v0001"]
    assert versions.newest().name == "v0001"


@pytest.mark.parametrize("damage", ["rows/clean.txt", "card.json"])
def test_a_damaged_version_is_an_error_and_its_removal_is_the_remedy(versions, tmp_path, damage):
    add(versions, delivery(tmp_path, "one"))
    second = add(versions, two := delivery(tmp_path, "two"))
    (second.folder / damage).write_text("{")
    with pytest.raises(UserError, match=r"v0002/[a-z.]+ was changed or damaged"):
        versions.newest()
    shutil.rmtree(second.folder)
    assert versions.newest().name == "v0001"
    assert two.sha256 not in versions.known_digests(versions.newest())  # it is added again


def test_refused_deliveries_are_remembered_with_their_reasons(versions, tmp_path):
    versions.refuse(bad := delivery(tmp_path, "bad"), "wrong sums")
    assert versions.known_digests(versions.newest()) == {bad.sha256}
    assert not DatasetVersions(versions.folder, "rows", {"on_drift": "accept"}).known_digests(versions.newest())
    assert json.loads(versions.deliveries_file.read_text())["deliveries"][bad.sha256]["why"] == "wrong sums"
    versions.deliveries_file.write_text("{")
    with pytest.raises(UserError, match=r"deliveries.json is damaged"):
        versions.known_digests(versions.newest())


def test_deliveries_are_recent_for_some_days(versions, tmp_path, monkeypatch):
    versions.refuse(delivery(tmp_path, "bad"), "wrong sums")
    old, new = delivery(tmp_path, "old"), delivery(tmp_path, "new")
    with monkeypatch.context() as patch:
        patch.setattr("tasks.retrain.versions._now", lambda: (datetime.now(UTC) - timedelta(days=31)).isoformat())
        add(versions, old)
    add(versions, new)
    assert versions.accepted_within(30) == {new.sha256}
    assert versions.accepted_within(32) == {old.sha256, new.sha256}


def test_an_old_book_is_migrated(versions, tmp_path):
    versions.refuse(bad := delivery(tmp_path, "bad"), "wrong sums")
    versions.write_judgement("key", add(versions, good := delivery(tmp_path, "good")), {"promoted": True})
    entries = versions.deliveries_file.read_bytes()
    book = versions.deliveries_file.rename(versions.folder / "book.json")
    assert versions.known_digests(versions.newest()) == {bad.sha256, good.sha256}
    assert versions.is_judged("key")
    assert versions.deliveries_file.read_bytes() == entries
    assert not book.exists()
    # an old book that appears later replaces nothing, and stays
    book.write_text("{}")
    assert versions.is_judged("key")
    assert book.exists()


def test_a_book_is_migrated_before_it_is_written_to(versions, tmp_path):
    versions.refuse(first := delivery(tmp_path, "first"), "wrong sums")
    versions.deliveries_file.rename(versions.folder / "book.json")
    versions.refuse(second := delivery(tmp_path, "second"), "wrong sums")
    assert versions.known_digests(versions.newest()) == {first.sha256, second.sha256}


def test_a_dataset_of_pairs_cannot_be_one_of_pictures(versions, tmp_path):
    add(versions, delivery(tmp_path, "one"))
    with pytest.raises(UserError, match="rows of another model"):
        DatasetVersions(versions.folder, "pictures", {}).newest()


def test_a_judgement_completes_the_deliveries_file_and_ends_the_pending_run(versions, tmp_path):
    version = add(versions, one := delivery(tmp_path, "one"))
    versions.deliveries_file.unlink()  # as if the process had been killed before it was written
    versions.write_pending_run("key", "run")
    assert (versions.pending_run("key"), versions.pending_run("other")) == ("run", None)
    versions.write_judgement("key", version, {"promoted": True})
    assert json.loads(versions.deliveries_file.read_text())["deliveries"][one.sha256]["fate"] == "accepted"
    assert versions.is_judged("key")
    assert versions.pending_run("key") is None


@pytest.mark.parametrize("change", ["other bytes", "link"])
def test_a_version_does_not_grow_from_raw_files_that_were_changed(versions, tmp_path, change):
    first = add(versions, delivery(tmp_path, "one"))
    (raw,) = first.raw.rglob("one")
    if change == "link":
        (raw.parent / "two").symlink_to("/etc/hostname")
    else:
        raw.write_text("other")
    with pytest.raises(UserError, match="v0001/raw was changed or damaged"):
        add(versions, delivery(tmp_path, "three"))
    assert [place.name for place in versions.folder.glob("v*")] == ["v0001"]


def test_a_dataset_of_one_size_cannot_be_one_of_another(versions, tmp_path):
    of_32, of_64 = (DatasetVersions(versions.folder, "rows", {"size": size}) for size in (32, 64))
    add(of_32, delivery(tmp_path, "one"))
    assert of_32.newest().kind == {"size": 32}
    with pytest.raises(UserError, match=r"cleaned for size 32, but the parameters or the champion require size 64"):
        of_64.newest()


def test_no_copy_outlives_a_retraining(versions):
    versions.arriving.mkdir(parents=True)  # left by a process that was killed
    with only_one_retraining(versions.folder):
        assert not versions.arriving.exists()
        versions.arriving.mkdir()
    assert not versions.arriving.exists()
