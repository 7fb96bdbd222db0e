"""Deliveries are known by their content, and one that is still arriving is left alone."""

import os
import time
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from tasks.retrain.inbox import Delivery, fetch, look_into


def put(inbox: Path, name: str, content: str = "a,b,sum\n", age: float = 60) -> Path:
    place = inbox / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    modified = time.time() - age
    os.utime(place, (modified, modified))
    return place


def names(inbox: Path, known_digests=()) -> list[str]:
    return [delivery.name for delivery in look_into(inbox, known_digests).new]


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
    assert (names(tmp_path), look_into(tmp_path, ()).waiting) == ([], ("slow",))


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
    inbox = look_into(tmp_path, ())
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
    inbox = look_into(tmp_path, ())
    assert [delivery.name for delivery in inbox.new] == ["good.csv"]
    assert "locked.csv cannot be read (Permission denied)" in inbox.unfit[0]


def test_a_copy_is_complete_or_none_is_made(tmp_path):
    put(tmp_path, "inbox/night/a/pairs.csv", "one")
    place = put(tmp_path, "inbox/night/pairs.csv", "two")
    (delivery,) = look_into(tmp_path / "inbox", ()).new
    copy = fetch.fn(delivery, tmp_path / "arriving")
    assert (copy.name, sha256(copy.path)) == ("night", delivery.sha256)
    place.write_text("three")
    assert fetch.fn(delivery, tmp_path / "arriving") is None
    place.unlink()
    place.symlink_to("a/pairs.csv")
    assert fetch.fn(delivery, tmp_path / "arriving") is None
