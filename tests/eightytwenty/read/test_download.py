"""Downloads, from a real server: http and https only, within bounds of size and time, and no secret is repeated."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.read import download
from eightytwenty.read.download import redact_source

DRIPS = 200
drips: list[int] = []


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        if self.path.startswith("/interim"):
            for _ in range(DRIPS):
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                drips.append(1)
                time.sleep(0.1)
            return
        if self.path.startswith("/headers"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(DRIPS):
                self.wfile.write(b"X-%d: 1\r\n" % number)
                drips.append(1)
                time.sleep(0.1)
            return
        if self.path.startswith("/packed"):
            self.send_response(200)
            self.send_header("Content-Encoding", self.path.rpartition("-")[2])
            self.end_headers()
            self.wfile.write(gzip.compress(b"a,b,sum\n1,2,3\n"))
            return
        if self.path.startswith("/drip"):
            self.send_response(200)
            self.end_headers()
            for _ in range(DRIPS):
                self.wfile.write(b"1")
                drips.append(1)
                time.sleep(0.1)
            return
        self.send_response(200 if self.path.startswith("/pairs.csv") else 404)
        self.end_headers()
        self.wfile.write(b"a,b,sum\n" + b"1,2,3\n" * 1000)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pages = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{pages.server_port}"
    pages.shutdown()


def test_a_file_is_downloaded_under_its_name(server: str, tmp_path: Path) -> None:
    path = download.download(f"{server}/pairs.csv?key=secret", tmp_path)
    assert path.name == "pairs.csv"
    assert path.read_bytes().startswith(b"a,b,sum\n1,2,3\n")


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "http://u:secret@h:abc/x.zip?key=secret"])
def test_a_malformed_address_is_one_sentence(tmp_path: Path, address: str) -> None:
    for call in (lambda: download.download(address, tmp_path), lambda: redact_source({"source": address})):
        with pytest.raises(UserError, match="The source is not a valid address") as error:
            call()
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://"])
def test_another_kind_of_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError, match="is not an http or https address"):
        download.download(address, tmp_path)


@pytest.mark.parametrize(
    ("page", "sentence"), [("nothing", "answered 404 Not Found"), ("elsewhere", "cannot be downloaded")]
)
def test_a_missing_page_and_a_redirect_are_one_sentence(server: str, tmp_path: Path, page: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as error:
        download.download(f"{server}/{page}?key=secret", tmp_path)
    assert "secret" not in str(error.value)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("page", "bound"),
    [
        ("pairs.csv", "MOST_BYTES"),
        ("drip", "MOST_SECONDS"),
        ("headers", "MOST_SECONDS"),
        ("interim", "MOST_SECONDS"),
    ],
)
def test_too_much_and_too_slow_is_refused_and_leaves_nothing(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, bound: str
) -> None:
    drips.clear()
    monkeypatch.setattr(download, bound, 1)
    with pytest.raises(UserError, match="sends more than"):
        download.download(f"{server}/{page}", tmp_path)
    assert len(drips) < DRIPS
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


CLEAN = """
import sys
from eightytwenty import clean
from schemas.pairs import pairs_table
clean(sys.argv[1], pairs_table(16), "out")
"""
DOWNLOAD = """
import sys
from pathlib import Path
from eightytwenty.read.download import download
download(sys.argv[1], Path("downloads"))
"""


def kill_in_a_download(script: str, address: str, folder: Path) -> None:
    (folder / "tmp").mkdir()
    environment = os.environ | {"TMPDIR": str(folder / "tmp")}
    with subprocess.Popen([sys.executable, "-c", script, address], cwd=folder, env=environment) as process:
        while process.poll() is None and not any(path.is_file() for path in folder.rglob(".drip.*.partial")):
            time.sleep(0.01)
        assert process.poll() is None
        process.kill()
    assert not list((folder / "tmp").iterdir())


def test_a_killed_clean_leaves_nothing_of_its_download_after_the_next(server: str, tmp_path: Path) -> None:
    kill_in_a_download(CLEAN, f"{server}/drip", tmp_path)
    assert [path for path in tmp_path.rglob(".*") if path.is_file()]
    subprocess.run([sys.executable, "-c", CLEAN, f"{server}/pairs.csv"], cwd=tmp_path, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "tmp"]


def test_a_killed_download_leaves_nothing_after_the_next(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "downloads").mkdir()
    kill_in_a_download(DOWNLOAD, f"{server}/drip", tmp_path)
    monkeypatch.setattr(download, "MOST_SECONDS", 0)
    with pytest.raises(UserError):
        download.download(f"{server}/drip", tmp_path / "downloads")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_content_that_the_server_packs_is_not_unpacked_on_the_way(server: str, tmp_path: Path) -> None:
    path = download.download(f"{server}/packed-gzip", tmp_path)
    assert gzip.decompress(path.read_bytes()) == b"a,b,sum\n1,2,3\n"  # the readers do it, within bounds
    for packing in ("br", "zstd", "deflate"):  # a few kilobytes of these are gigabytes
        with pytest.raises(UserError, match=f"sends its content packed as '{packing}'"):
            download.download(f"{server}/packed-{packing}", tmp_path)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_the_query_of_an_address_is_not_stored() -> None:
    assert redact_source({"source": "https://host/pairs.csv?key=secret"})["source"] == "https://host/pairs.csv"
    assert redact_source({"source": "a?b.csv"})["source"] == "a?b.csv"
