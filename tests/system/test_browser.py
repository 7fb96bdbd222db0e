"""Do what a person would: start a run in the Prefect UI, follow it to MLflow, look at curves and pictures.

The test takes screenshots on the way. `SCREENSHOTS=docs make test ARGS=tests/system/test_browser.py` renews those of
docs/operate.md.
"""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.system.browser import browser
from tests.system.servers import Servers

_SLOW = 300_000  # ms, long enough for a whole flow
_FOR_DOCS = "SCREENSHOTS" in os.environ  # train long enough for good-looking results
_EPOCHS = "500" if _FOR_DOCS else "30"
_PICTURES = (
    {"rows": 3000, "size": 32, "epochs": 8} if _FOR_DOCS else {"source": "ellipses-white", "rows": 150, "size": 32}
)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("browser") / "data")
    yield servers
    servers.process.send_signal(signal.SIGTERM)
    servers.process.communicate()


@pytest.fixture(scope="module")
def requested_hosts() -> set[str]:
    """The hosts that the pages sent requests to."""
    return set()


@pytest.fixture(scope="module")
def page(up: Servers, requested_hosts: set[str]) -> Iterator[Page]:
    with browser() as chromium:
        if chromium is None:
            pytest.skip("there is no Chromium; python -m tests.system.browser installs it")
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        context.on("request", lambda request: requested_hosts.add(urlsplit(request.url).netloc))
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield context.new_page()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get("SCREENSHOTS")
    return Path(folder) if folder else tmp_path_factory.mktemp("screenshots")


def field(page: Page, title: str) -> Locator:
    """The form field with this title."""
    label = page.locator(".schema-form-property__label", has_text=re.compile(rf"^{title}( \(Optional\))?$"))
    return page.locator(".schema-form-property").filter(has=label).last


def shorten(items: Locator, length: int) -> None:
    """Removes the last entries of a list in a form until this number is left."""
    expect(items.first).to_be_visible()
    while (count := items.count()) > length:
        items.last.get_by_role("button").first.click()
        expect(items).to_have_count(count - 1)


def close_assistant(page: Page) -> None:
    """Closes the panel that MLflow opens beside the first page."""
    button = page.get_by_role("button", name="Close").first
    button.click()
    expect(button).to_be_hidden()


def test_a_run_is_started_in_prefect_and_followed_to_mlflow(up: Servers, page: Page, screenshots: Path) -> None:
    page.goto(up.api.removesuffix("api") + "deployments")
    expect(page.get_by_role("link", name="retrain-avatars").first).to_be_visible()
    page.screenshot(path=screenshots / "prefect-deployments.png")

    page.get_by_role("link", name="adders", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    expect(field(page, "Protocol")).to_contain_text("train as the article did")
    page.screenshot(path=screenshots / "prefect-form.png")
    shorten(field(page, "Hidden units").locator(".p-draggable-list__item"), 2)
    shorten(field(page, "Largest sums").locator(".p-draggable-list__item"), 1)
    for title, value in {"Rows": "400", "Seeds": "1", "Epochs": _EPOCHS, "Dirt": "2"}.items():
        field(page, title).get_by_role("spinbutton").fill(value)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("2 is greater than the maximum of 1").first).to_be_visible()  # a share of dirt cannot be 2
    field(page, "Dirt").get_by_role("spinbutton").fill("0.3")
    page.get_by_role("button", name="Submit").click()

    expect(page.get_by_text("Completed", exact=True)).to_be_visible(timeout=_SLOW)
    page.locator('a[href*="/runs/flow-run/"]').first.click()
    page.get_by_text("Artifacts", exact=True).first.click()
    page.get_by_role("heading", name="Task runs").hover()
    page.mouse.wheel(0, 2000)  # artifacts are drawn when they scroll into view
    expect(page.get_by_text("adders-eighty-twenty")).to_be_visible()
    page.screenshot(path=screenshots / "prefect-run.png")
    page.get_by_text("adders-mlflow").click()
    with page.context.expect_page() as opened:
        page.locator(f'a[href^="{up.mlflow}"]').first.click()

    mlflow = opened.value
    close_assistant(mlflow)
    expect(mlflow.get_by_role("link", name="solved 16 / 2 nodes / seed 0")).to_be_visible()
    mlflow.get_by_role("link", name="article 16 / 2 nodes / seed 0").click()
    mlflow.get_by_role("tab", name="Model metrics").click()
    mlflow.get_by_placeholder("Search metric charts").fill("loss")
    expect(mlflow.get_by_role("heading", name="val_loss")).to_be_visible()
    expect(mlflow.locator("svg.main-svg").first).to_be_visible()
    mlflow.screenshot(path=screenshots / "mlflow-curves.png")
    mlflow.close()


def test_the_grids_of_a_gan_are_there_by_epoch(up: Servers, page: Page, screenshots: Path) -> None:
    run = up.trigger("gan", **{"epochs": 2, **_PICTURES}).json()["id"]
    assert up.final_state(run)["type"] == "COMPLETED"
    (link,) = re.findall(rf"{up.mlflow}[^)\s]+", up.artifacts(run)["gan-mlflow"]["data"])
    page.goto(link)
    if page.get_by_role("button", name="Close").count():
        close_assistant(page)
    page.get_by_role("link", name="stable-32-seed0").first.click()
    page.get_by_role("tab", name="Model metrics").click()
    page.get_by_placeholder("Search metric charts").fill("samples")
    step = page.get_by_role("spinbutton").last
    epochs = _PICTURES.get("epochs", 2)
    for epoch in range(1, epochs + 1):  # step 0 has no picture
        page.get_by_role("slider").last.press("ArrowRight")
        expect(step).to_have_value(str(epoch))
    grid = page.locator(f'img[src*="samples%2Bstep%2B{epochs}"]')
    expect(grid).to_be_visible()
    assert grid.evaluate("picture => picture.naturalWidth") > 100
    page.screenshot(path=screenshots / "mlflow-samples.png")


def test_no_page_asks_another_host(up: Servers, page: Page, requested_hosts: set[str]) -> None:
    assert requested_hosts - {""} == {urlsplit(up.api).netloc, urlsplit(up.mlflow).netloc}  # "": data: addresses
