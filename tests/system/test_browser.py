"""Do what a person would: start a run in the Prefect UI, follow it to MLflow, look at curves and pictures.

The tests take screenshots on the way. This renews those of docs/operate.md:

    SCREENSHOTS=docs make test ARGS="tests/system/test_browser.py -m 'soak or not soak'"
"""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Error, Locator, Page, Request, expect

from models.faces.page import face_page
from tasks.retrain import ALL_REFUSED, SOME_REFUSED, SOME_REFUSED_AND_LOST
from tests.hostile import HOSTILE, PICTURE
from tests.models.faces.tiny import tiny_model
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
    """The hosts that the browser really asked for the pages."""
    return set()


@pytest.fixture(scope="module")
def page(up: Servers, requested_hosts: set[str]) -> Iterator[Page]:
    with browser() as chromium:
        if chromium is None:
            pytest.skip("there is no Chromium; python -m tests.system.browser installs it")
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        for event in ("requestfinished", "requestfailed"):
            context.on(event, lambda request: record(request, requested_hosts))
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield context.new_page()


def record(request: Request, hosts: set[str]) -> None:
    if request.failure != "csp":  # the server's headers told the browser not to send it
        hosts.add(urlsplit(request.url).netloc)


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


def follow(page: Page, run: str) -> None:
    """Opens the charts of a nested run. MLflow's own links lead to its GenAI mode, in which runs are evaluations."""
    page.get_by_role("link", name=run).first.click()
    expect(page.get_by_role("heading", name=run)).to_be_visible()
    page.goto(f"{page.url}?workflowType=machine_learning")
    page.get_by_role("tab", name="Model metrics").click()


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
    expect(page.get_by_text("adders-result")).to_be_visible()
    page.screenshot(path=screenshots / "prefect-run.png")
    page.get_by_text("adders-result").click()
    tables = page.locator(".markdown-renderer__table")
    expect(tables.first).to_be_visible()
    assert not tables.evaluate_all("tables => tables.filter(table => table.scrollWidth > table.clientWidth).length")
    page.screenshot(path=screenshots / "prefect-result.png")
    with page.context.expect_page() as opened:
        page.locator(f'a[href^="{up.mlflow}"]').first.click()

    mlflow = opened.value
    close_assistant(mlflow)
    expect(mlflow.get_by_role("link", name="2 nodes, sums to 16, seed 0, solved")).to_be_visible()
    back = mlflow.get_by_role("link", name="The flow run in Prefect")
    expect(back).to_have_attribute("href", re.compile(f"^{up.api.removesuffix('api')}runs/flow-run/[0-9a-f-]+$"))
    follow(mlflow, "2 nodes, sums to 16, seed 0, article")
    mlflow.get_by_placeholder("Search metric charts").fill("loss")
    expect(mlflow.get_by_role("heading", name="val_loss")).to_be_visible()
    expect(mlflow.locator(".js-plotly-plot")).to_have_count(2)
    expect(mlflow.get_by_text("Model training")).to_be_visible()
    mlflow.screenshot(path=screenshots / "mlflow-curves.png")
    mlflow.close()


@pytest.mark.soak
def test_the_grids_of_a_gan_are_there_by_epoch(up: Servers, page: Page, screenshots: Path) -> None:
    run = up.trigger("gan", **{"epochs": 2, **_PICTURES}).json()["id"]
    assert up.final_state(run, _SLOW / 1000)["type"] == "COMPLETED"
    (link,) = re.findall(r"\[The run in MLflow\]\((.+?)\)", up.artifacts(run)["gan-result"]["data"])
    page.goto(link)
    if page.get_by_role("button", name="Close").count():
        close_assistant(page)
    follow(page, f"stable 32x32, {_PICTURES.get('epochs', 2)} epochs, seed 0")
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


def test_mlflow_shows_the_page_of_a_generator(up: Servers, page: Page) -> None:
    client = MlflowClient(up.mlflow)
    run = client.create_run("0").info
    client.log_text(run.run_id, face_page(tiny_model(), title="Faces of a test", credit=""), "faces.html")
    page.goto(f"{up.mlflow}/#/experiments/0/runs/{run.run_id}/artifacts/faces.html")
    preview = page.frame_locator("iframe").last
    expect(preview.get_by_role("heading", name="Faces of a test")).to_be_visible()
    expect(preview.locator("#note")).to_contain_text("nothing can be saved")
    preview.get_by_role("button", name="New faces").click()
    expect(preview.locator("#said")).to_have_text("16 new faces.")


def test_the_automations_name_what_they_wait_for(up: Servers, page: Page, screenshots: Path) -> None:
    page.goto(up.api.removesuffix("api") + "automations")
    for ending in (ALL_REFUSED, SOME_REFUSED, SOME_REFUSED_AND_LOST):
        expect(page.get_by_text(ending, exact=True)).to_be_visible()
    page.screenshot(path=screenshots / "prefect-automations.png")


def test_names_from_data_are_text_in_prefects_pages(up: Servers, page: Page) -> None:
    (up.data / f"{HOSTILE[1]}.csv".replace("/", "")).write_text(
        "\n".join(
            [
                ",".join(["a", "b", "sum", *HOSTILE]),
                ",".join(["1", "1", "3", *HOSTILE]),
                ",".join(["1", "1", "2", *HOSTILE]),
            ]
        )
    )
    run = up.trigger("clean", source=f"{HOSTILE[1]}.csv".replace("/", ""), out="hostile", schema="pairs").json()["id"]
    assert up.final_state(run)["type"] == "COMPLETED"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))  # also what the headers would keep from being sent
    page.goto(f"{up.api.removesuffix('api')}artifacts/artifact/{up.artifacts(run)['clean-result']['id']}")
    expect(page.get_by_text(PICTURE)).to_be_visible()
    assert not page.locator("img[src*='a.example'], a[href*='a.example']").count()
    assert not [url for url in asked if "a.example" in url]


def visit(page: Page, address: str) -> list[str]:
    """Opens a page, lets it ask what it wants to ask, and returns where its links lead."""
    page.goto("about:blank")  # MLflow's pages differ after the "#" only, which alone would load nothing
    page.goto(address)
    with suppress(Error):  # some pages never stop asking their server
        page.wait_for_load_state("networkidle", timeout=4000)
    return [str(link) for link in page.locator("a").evaluate_all("links => links.map(link => link.href)")]


def test_no_page_asks_another_host(up: Servers, page: Page, requested_hosts: set[str]) -> None:
    prefect, mlflow = up.api.removesuffix("/api"), up.mlflow
    # these would ask for logos, for a film, and to count visitors
    for path in ("/dashboard", "/blocks/catalog", "/work-pools/create", "/v2/"):
        visit(page, prefect + path)
    visit(page, f"{mlflow}/#/experiments/1/traces?startTime=ALL&workflowType=genai")
    assert requested_hosts - {""} == {urlsplit(prefect).netloc, urlsplit(mlflow).netloc}  # "": data: addresses


@pytest.mark.soak
def test_no_page_that_a_link_leads_to_asks_another_host(up: Servers, page: Page, requested_hosts: set[str]) -> None:
    own = {urlsplit(up.api).netloc, urlsplit(up.mlflow).netloc}
    visited, waiting = set(), [up.api.removesuffix("api"), f"{up.mlflow}/"]
    for address in waiting:  # which grows
        host, rest = urlsplit(address).netloc, address.partition("//")[2].partition("/")[2]
        # one flow run's page is like another's
        kind = host, re.sub(r"[0-9a-f-]{32,}|\d+|(?<=catalog/)[^/]+|returnTo=.*", "N", rest)
        if host in own and kind not in visited:
            visited.add(kind)
            waiting += visit(page, address)
    assert {host for host, _ in visited} == own
    assert len(visited) > 50
    assert requested_hosts - {""} == own
