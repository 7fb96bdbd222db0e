"""A page that this machine serves at a port of its own, in a real browser, and what it can do with other servers."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page

from tests.system.browser import browser

_FETCH = """
async ([address, options]) => {
    try { return (await fetch(address, options)).type } catch (error) { return error.name }
}
"""
_LOAD = """
([tag, address]) => new Promise(resolve => {
    const element = Object.assign(document.createElement(tag), {
        src: address, onload: () => resolve("loaded"), onerror: () => resolve("refused"),
    })
    document.body.append(element)
})
"""
_CONNECT = """
address => new Promise(resolve => {
    Object.assign(new WebSocket(address), { onopen: () => resolve("open"), onerror: () => resolve("refused") })
})
"""
_SUBMIT = """
([address, content]) => {
    const form = Object.assign(document.createElement("form"), {
        method: "post", action: address, enctype: "text/plain", target: "answer",
    })
    // sent as name=value, which is JSON like this
    form.append(Object.assign(document.createElement("input"), { name: content.slice(0, -1) + ',"', value: '":""}' }))
    document.body.append(form)
    form.submit()
}
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>foreign</title><body></body>")

    def log_message(self, *_: object) -> None:
        pass


class ForeignPage:
    """The page; its methods return what its script sees."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fetch(self, address: str, options: Mapping[str, object]) -> str:
        """The type of the answer, or the name of the error."""
        return str(self.page.evaluate(_FETCH, [address, dict(options)]))

    def load(self, tag: str, address: str) -> str:
        """Whether an element with this source was "loaded" or "refused"."""
        return str(self.page.evaluate(_LOAD, [tag, address]))

    def connect(self, address: str) -> str:
        """Whether a web socket is "open" or "refused"."""
        return str(self.page.evaluate(_CONNECT, address))

    def submit(self, address: str, json: str) -> str:
        """The page that opens where a form with this content is sent."""
        with self.page.context.expect_page() as opened:
            self.page.evaluate(_SUBMIT, [address, json])
        opened.value.wait_for_load_state()
        content = opened.value.content()
        opened.value.close()
        return content


@contextmanager
def foreign_page() -> Iterator[ForeignPage | None]:
    """Opens the page; yields None if the machine has no browser."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server, browser() as chromium:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if chromium is None:
            yield None
        else:
            page = chromium.new_page()
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
            yield ForeignPage(page)
        server.shutdown()
