"""A headless browser for the tests: Chromium is the machine's own, or `python -m tests.system.browser` installs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Error, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium by itself would use the network for these
_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]


@contextmanager
def browser(name: Literal["chromium", "firefox"] = "chromium") -> Iterator[Browser | None]:
    """Starts a browser; yields None if the machine does not have it. Firefox is Playwright's own."""
    # the sandbox does not work as root, and the pages come from our own servers
    options = [*_QUIET, "--disable-gpu", "--no-first-run", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        try:
            if name == "firefox":
                started = playwright.firefox.launch()
            else:
                started = playwright.chromium.launch(executable_path=_installed(), args=options)
        except Error:
            yield None
            return
        yield started
        started.close()


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)  # None: Playwright looks for its own


def _install() -> None:
    with browser() as chromium:
        if chromium:
            return
    debian = shutil.which("apt-get") and os.geteuid() == 0
    commands = (
        [["apt-get", "update", "--quiet"], ["apt-get", "install", "--quiet", "--yes", "chromium"]]
        if debian
        else [[sys.executable, "-m", "playwright", "install", "chromium"]]
    )
    print("installing Chromium for the tests in tests/system")
    for command in commands:
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            print(f"Chromium could not be installed ({' '.join(command)}): tests that need it are skipped")
            return


if __name__ == "__main__":
    _install()
