"""Addresses: http and https only, bounded in size and time, and no secret of theirs is repeated. A real server."""

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
dripped: list[int] = []


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        if self.path.startswith("/drip"):
            self.send_response(200)
            self.end_headers()
            for _ in range(DRIPS):
                self.wfile.write(b"1")
                dripped.append(1)
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


def test_a_file_is_fetched_under_its_name(server: str, tmp_path: Path) -> None:
    place = download.download(f"{server}/pairs.csv?key=secret", tmp_path)
    assert place.name == "pairs.csv"
    assert place.read_bytes().startswith(b"a,b,sum\n1,2,3\n")


@pytest.mark.parametrize("address", ["http://[", "http://[::1", "http://u:secret@h:abc/x.zip?key=secret"])
def test_a_malformed_address_is_one_sentence(tmp_path: Path, address: str) -> None:
    for act in (lambda: download.download(address, tmp_path), lambda: redact_source({"source": address})):
        with pytest.raises(UserError, match="The source is not a valid address") as refused:
            act()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://"])
def test_another_kind_of_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError, match="is not an http or https address"):
        download.download(address, tmp_path)


@pytest.mark.parametrize(
    ("page", "sentence"), [("nothing", "answered 404 Not Found"), ("elsewhere", "cannot be downloaded")]
)
def test_what_is_not_there_and_what_leads_elsewhere_is_one_sentence(
    server: str, tmp_path: Path, page: str, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence) as raised:
        download.download(f"{server}/{page}?key=secret", tmp_path)
    assert "secret" not in str(raised.value)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(("page", "bound"), [("pairs.csv", "MOST_BYTES"), ("drip", "MOST_SECONDS")])
def test_too_much_and_too_slow_is_refused_and_leaves_nothing(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, bound: str
) -> None:
    monkeypatch.setattr(download, bound, 1)
    with pytest.raises(UserError, match="sends more than"):
        download.download(f"{server}/{page}", tmp_path)
    assert len(dripped) < DRIPS
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_the_query_of_an_address_is_not_kept() -> None:
    assert redact_source({"source": "https://host/pairs.csv?key=secret"})["source"] == "https://host/pairs.csv"
    assert redact_source({"source": "a?b.csv"})["source"] == "a?b.csv"
