"""Deliveries are known by their content, and one that is still arriving is left alone."""

import os
import time
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from tasks.retrain.inbox import MOST_BYTES, Delivery, Inbox, fetch, look_into

MINUTE = 60


def put(inbox: Path, name: str, content: str = "a,b,sum\n", age: float = MINUTE) -> Path:
    place = inbox / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    modified = time.time() + MINUTE - age
    os.utime(place, (modified, modified))
    return place


def look(inbox: Path, known_digests=()) -> Inbox:
    """Looks into the inbox a minute later: no test can set the time at which the system notes a change."""
    return look_into(inbox, known_digests, time.time() + MINUTE)


def names(inbox: Path, known_digests=()) -> list[str]:
    return [delivery.name for delivery in look(inbox, known_digests).new]


def test_a_missing_inbox_is_made(tmp_path):
    assert look_into(tmp_path / "inbox", ()).new == ()
    assert (tmp_path / "inbox").is_dir()


def test_files_and_folders_are_deliveries_but_not_hidden_ones_links_and_empty_folders(tmp_path):
    put(tmp_path, "pairs.csv", "one")
    put(tmp_path, "night/pairs.csv", "two")
    put(tmp_path, ".hidden.csv", "three")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "pairs.csv")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["night", "pairs.csv"]


def test_deliveries_with_equal_content_are_one(tmp_path):
    first = put(tmp_path, "first.csv", "one")
    put(tmp_path, "copy.csv", "one")
    assert names(tmp_path) == ["copy.csv"]
    assert names(tmp_path, {sha256(first)}) == []
    put(tmp_path, "first.csv", "corrected")
    assert names(tmp_path, {sha256(tmp_path / "copy.csv")}) == ["first.csv"]


@pytest.mark.parametrize("age", [0, 2, -2])
def test_a_delivery_that_was_changed_a_moment_ago_is_left_for_the_next_time(tmp_path, age):
    put(tmp_path, "slow/first.csv", "one")
    put(tmp_path, "slow/second.csv", "two", age)
    assert (names(tmp_path), look(tmp_path).waiting) == ([], ("slow",))


def test_a_delivery_that_was_filled_just_now_with_old_times_is_left_for_the_next_time(tmp_path):
    place = put(tmp_path, "copied/pairs.csv")
    for path in (place, place.parent):
        os.utime(path, (0, 0))  # as cp -a, tar and rsync -t leave them
    assert (look_into(tmp_path, ()).new, look_into(tmp_path, ()).waiting) == ((), ("copied",))
    assert names(tmp_path) == ["copied"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"caf\xe9.csv", r"The name caf\xe9.csv is not UTF-8; rename it."),
        (b"night/caf\xe9.csv", r"The name night/caf\xe9.csv is not UTF-8; rename it."),
        (b"x" * 251 + b".csv", "is too long; give it a shorter one."),
        (b"/".join([b"x" * 190] * 6) + b"/x.csv", "is too long; give it a shorter one."),
    ],
)
def test_a_name_that_nothing_can_store_is_refused_and_the_others_are_taken(tmp_path, name, why):
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("one")
    put(tmp_path, "good.csv", "two")
    inbox = look(tmp_path)
    assert [delivery.name for delivery in inbox.new] == ["good.csv"]
    (sentence,) = inbox.unfit
    assert why in sentence
    sentence.encode()  # no half a character, which Prefect cannot store


def test_a_delivery_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "huge.zip").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)  # takes no room on the disk
    put(tmp_path, "good.csv", "two")
    inbox = look(tmp_path)
    assert [delivery.name for delivery in inbox.new] == ["good.csv"]
    (sentence,) = inbox.unfit
    assert sentence.startswith("huge.zip: refused.")
    assert "huge.zip has 5,368,709,121 bytes, and at most 5 GB are read; split it." in sentence


def test_an_inbox_that_cannot_be_used_is_an_error(tmp_path):
    (tmp_path / "inbox").write_text("a file")
    with pytest.raises(UserError, match="inbox cannot be written"):
        look_into(tmp_path / "inbox", ())
    with pytest.raises(UserError, match=r"gone\.csv cannot be read"):
        Delivery.at(tmp_path / "gone.csv")


@pytest.mark.parametrize("kind", ["link", "link to a folder", "pipe"])
def test_a_link_or_a_pipe_in_a_delivery_is_not_followed(tmp_path, kind):
    place = put(tmp_path, "night/pairs.csv", "one").with_name("other.csv")
    put(tmp_path, "good.csv", "two")
    if kind == "pipe":
        os.mkfifo(place)
        os.utime(place, (0, 0))
    else:
        place.symlink_to("/etc/hostname" if kind == "link" else "/etc")
        os.utime(place, (0, 0), follow_symlinks=False)
    inbox = look(tmp_path)
    assert [delivery.name for delivery in inbox.new] == ["good.csv"]
    (sentence,) = inbox.unfit
    assert sentence.startswith("night: refused.")
    assert "is a link or not a regular file" in sentence
    with pytest.raises(UserError, match="is a link or not a regular file"):
        Delivery.at(tmp_path / "night")
    place.unlink()
    assert names(tmp_path) == ["good.csv", "night"]  # a corrected delivery is not remembered as refused


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    locked = put(tmp_path, "locked.csv", "one")
    put(tmp_path, "good.csv", "two")
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # root can read everything
        pytest.skip("runs as root")
    inbox = look(tmp_path)
    assert [delivery.name for delivery in inbox.new] == ["good.csv"]
    assert "locked.csv cannot be read (Permission denied)" in inbox.unfit[0]


def test_a_copy_is_complete_or_none_is_made(tmp_path):
    put(tmp_path, "inbox/night/a/pairs.csv", "one")
    place = put(tmp_path, "inbox/night/pairs.csv", "two")
    (delivery,) = look(tmp_path / "inbox").new
    copy = fetch.fn(delivery, tmp_path / "arriving")
    assert (copy.name, sha256(copy.path)) == ("night", delivery.sha256)
    place.write_text("three")
    assert fetch.fn(delivery, tmp_path / "arriving") is None
    place.unlink()
    place.symlink_to("a/pairs.csv")
    assert fetch.fn(delivery, tmp_path / "arriving") is None
