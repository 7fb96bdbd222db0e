"""The page of a generator in a real browser, opened as a file and without a network."""

import base64
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageSequence
from playwright.sync_api import Browser, BrowserContext, Page, expect

from models.faces.engine import Engine
from models.faces.page import face_page
from models.faces.state import State, inputs_of
from models.faces.weights import FaceModel
from tests.hostile import HOSTILE
from tests.models.faces.tiny import ATTRIBUTES, tiny_model
from tests.system.browser import browser

TITLE = "Faces of a test"
CREDIT = "Faces after “ToonHead” by Johan Melin, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)."
VIEWS = ("faces", "film", "pairs")

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        if started is None:
            pytest.skip("there is no Chromium; python -m tests.system.browser installs it")
        yield started


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # without motion a film waits to be started, and nothing fades
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", "offline": True}
    context = chromium.new_context(**options)
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return tiny_model()


@pytest.fixture(scope="module")
def file(model: FaceModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faces") / "faces.html"
    path.write_text(face_page(model, title=TITLE, credit=CREDIT), encoding="utf-8")
    return path


@pytest.fixture
def page(context: BrowserContext, file: Path) -> Iterator[Page]:
    """The page with the common model; whatever its console says fails the test."""
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    show(page, file)
    yield page
    # that reading pixels could be faster concerns the tests, which do it often
    assert [text for text in complaints if not text.startswith("Canvas2D:")] == []


def show(page: Page, file: Path, link: str = "") -> None:
    page.goto("about:blank")  # pages that differ after the "#" only would not be loaded again
    page.goto(file.as_uri() + link)
    expect(page.locator("html[data-ready]")).to_be_attached()


def write(
    folder: Path, attributes: Mapping[str, Sequence[str]] = ATTRIBUTES, size: int = 32, credit: str = CREDIT
) -> Path:
    path = folder / "other.html"
    path.write_text(face_page(tiny_model(attributes, size), title=TITLE, credit=credit), encoding="utf-8")
    return path


def drawn(page: Page) -> np.ndarray:
    """The 16 faces as they are on the screen, (16, s, s, 3)."""
    settle(page)
    side, pixels = page.evaluate(
        """() => {
          const canvases = [...document.querySelectorAll('#faces canvas')], side = canvases[0].width;
          const pieces = canvases.map(one => one.getContext('2d').getImageData(0, 0, side, side).data);
          const text = data => Array.from(data, byte => String.fromCharCode(byte)).join('');
          return [side, btoa(pieces.map(text).join(''))];
        }"""
    )
    return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(16, side, side, 4)[..., :3]


def settle(page: Page) -> None:
    """Waits until the page has drawn what it was asked for."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def link_of(page: Page) -> str:
    settle(page)
    return "#" + page.url.partition("#")[2]


def choose(page: Page, view: str) -> None:
    page.locator(f"[name=view][value={view}]").check(force=True)
    settle(page)


def said(page: Page) -> str:
    return page.locator("#said").inner_text()


def test_it_asks_for_nothing_but_itself(context: BrowserContext, file: Path) -> None:
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("html[data-ready]")).to_be_attached()
    for view in VIEWS:
        choose(page, view)
    page.get_by_role("button", name="New faces").click()
    settle(page)
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    assert page.evaluate("fetch('https://a.example').then(() => 'sent', () => 'refused')") == "refused"


def test_the_command_draws_the_faces_of_a_link(page: Page, file: Path, model: FaceModel) -> None:
    engine = Engine(model)
    for link in (
        "",
        "#s=4294967295",
        "#s=7&f=1.-.0&t=77&v=130",
        "#s=3&k=0:9:12:2-3-1:200:60.15:1:0:0-0-0:0:150&l=5.-.-",
    ):
        show(page, file, link)
        state, remarks = State.of_link(link, model)
        assert not remarks
        expected = engine.draw(inputs_of(state, model))
        assert np.abs(drawn(page).astype(int) - expected).max() <= 1
        assert State.of_link(link_of(page), model)[0] == state


def test_a_link_brings_everything_back(page: Page, file: Path, context: BrowserContext) -> None:
    page.get_by_label("long", exact=True).check(force=True)
    page.get_by_label("Turn").fill("120")
    page.get_by_label("Variety").fill("80")
    page.get_by_role("button", name="Lock hair colour").click()
    page.get_by_role("radio", name="Face 4").check(force=True)
    page.get_by_role("button", name="Lock", exact=True).click()
    page.get_by_role("button", name="New faces").click()
    before, link = drawn(page), link_of(page)
    assert re.fullmatch(r"#m=[0-9a-f]{16}&s=\d+&f=1\.-\.-&l=-\.0\.-&t=120&v=80&k=3:0:3:1-\d-\d:120:80&p=3", link), link

    other = context.new_page()
    show(other, file, link)
    assert (drawn(other) == before).all()
    expect(other.get_by_role("radio", name="Face 4, locked")).to_be_checked()
    expect(other.get_by_label("long", exact=True)).to_be_checked()
    expect(other.get_by_label("Turn")).to_have_value("120")
    expect(other.get_by_role("button", name="Lock hair colour")).to_have_attribute("aria-pressed", "true")
    expect(other.locator("#note")).to_be_hidden()

    other.goto(file.as_uri() + "#s=5")  # the same page; nothing is loaded
    assert (drawn(other) != before).any()
    other.get_by_role("button", name="Undo").click()
    assert (drawn(other) == before).all()


ODD_LINKS = {
    "#s=-1": "The link has an odd seed: it is 0 instead.",
    "#s=4294967296": "odd seed",
    "#s=1e3": "odd seed",
    "#f=9.-.-": "The link has odd features: where they do not fit, any are drawn.",
    "#f=0": "odd features",
    "#l=x.-.-": "odd locked features",
    "#t=360": "odd turn",
    "#v=151&p=16": "odd variety: it is 100 instead. The link has an odd picked face: it is 0 instead.",
    "#k=0:1:2:0-0-0:0:100.x": "The link has odd locked faces: they are left out.",
    "#k=0:1:2:0-0-9:0:100": "odd locked faces",
    "#w=film&a=99": "odd first face of the film",
    "#m=0123456789abcdef": "The link was made with another model, whose faces look different.",
    "#m=<img src=x>&s=%F0%28&&&=&==": "another model",
}


def test_an_odd_link_says_what_is_odd(page: Page, file: Path, model: FaceModel) -> None:
    for link, sentence in ODD_LINKS.items():
        show(page, file, link)
        expect(page.locator("#note")).to_contain_text(sentence)
        _, remarks = State.of_link(link, model)
        assert page.locator("#note").inner_text().startswith(" ".join(remarks))  # the command says the same
        assert link_of(page).startswith(f"#m={model.digest}&s=0")
        page.get_by_role("button", name="Close this note").click()
        expect(page.locator("#note")).to_be_hidden()


def test_what_a_link_does_not_name_is_as_always(page: Page, file: Path) -> None:
    plain = drawn(page)
    for link in ("#", "#nonsense", "#unknown=1&S=3", "#s=0&s=x", "?a=b#s=0", "#w=nothing"):
        show(page, file, link)
        expect(page.locator("#note")).to_be_hidden()
        assert (drawn(page) == plain).all()


def test_every_control_is_reached_and_seen_by_keyboard(page: Page) -> None:
    for view in VIEWS:
        choose(page, view)
        page.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(80):
            page.keyboard.press("Tab")
            control = page.evaluate(
                """() => {
                  const one = document.activeElement;
                  if (one === document.body) return null;
                  // an invisible radio shows its focus on what stands for it
                  const shown = getComputedStyle(one).opacity === '0' ? one.nextElementSibling : one;
                  const seen = getComputedStyle(shown).outlineStyle !== 'none';
                  one.dataset.reached = 'yes';
                  return {text: one.outerHTML.slice(0, 80), seen};
                }"""
            )
            if control is None:
                break
            reached.append(control)
        assert [one["text"] for one in reached if not one["seen"]] == []
        # one of a group of radios, and one of the buttons of a table, stand for all
        missed = page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, summary')]
                .filter(one => one.checkVisibility() && !one.dataset.reached && one.tabIndex >= 0)
                .filter(one => one.type !== 'radio' || !document.querySelector(`[name="${one.name}"][data-reached]`))
                .map(one => one.outerHTML.slice(0, 80))"""
        )
        assert missed == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def focus(page: Page, selector: str) -> None:
    page.locator(selector).first.focus()


def test_the_whole_page_works_by_keyboard_alone(page: Page) -> None:
    start = drawn(page)
    focus(page, "#new")
    press(page, "Enter")
    assert (drawn(page) != start).any()
    press(page, "Control+z")
    assert (drawn(page) == start).all()
    press(page, "Control+Shift+z")
    assert (drawn(page) != start).any()
    press(page, "Control+z")

    focus(page, "#faces [value='0']")
    press(page, "ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp")
    expect(page.get_by_role("heading", name="Face 6")).to_be_visible()
    press(page, "ArrowUp", "ArrowUp")  # there is nothing above
    expect(page.get_by_role("heading", name="Face 2")).to_be_visible()
    focus(page, "#lock")
    press(page, "Space")
    focus(page, "#star")
    press(page, "Enter")
    expect(page.get_by_role("radio", name="Face 2, locked, favourite")).to_be_checked()
    focus(page, "#film-to")
    press(page, "Enter")

    focus(page, "[name=feature-0]:checked")
    press(page, "ArrowRight", "ArrowRight")
    assert "&f=1.-.-" in link_of(page)
    focus(page, "#features .lock")
    press(page, "Enter")
    assert "&l=0.-.-" in link_of(page)
    focus(page, "#clear")
    press(page, "Enter")
    assert "&f=1.-.-" in link_of(page)  # it is locked
    focus(page, "#turn")
    press(page, "ArrowRight", "ArrowRight")
    assert "&t=2&" in link_of(page)
    focus(page, "#seed")
    page.keyboard.type("12")  # after the 0 that is there
    press(page, "Enter")
    assert "&s=12&" in link_of(page)

    focus(page, "#history")
    press(page, "Enter")
    expect(page.get_by_role("button", name="Seed 12", exact=True)).to_be_focused()
    press(page, "Tab", "Tab", "Enter")
    assert "&s=0&" in link_of(page)
    expect(page.locator("#history")).to_be_focused()

    focus(page, "[name=view]:checked")
    press(page, "ArrowRight")
    expect(page.locator("#film")).to_be_visible()
    expect(page.locator("#to")).to_have_value("1")
    focus(page, "#position")
    before = page.locator("#screen").evaluate("screen => screen.toDataURL()")
    press(page, "End")
    assert page.locator("#screen").evaluate("screen => screen.toDataURL()") != before
    focus(page, "#play")
    press(page, "Enter")
    expect(page.locator("#position")).not_to_have_value("100")
    press(page, "Enter")
    expect(page.locator("#play")).to_have_text("Play")

    focus(page, "[name=view]:checked")
    press(page, "ArrowRight")
    focus(page, "#pairs td button")
    press(page, "ArrowRight", "ArrowDown", "Enter")
    expect(page.locator("#pairs :focus")).to_have_attribute("aria-label", re.compile("^hair long, hair colour brown, "))
    expect(page.locator("#pairs :focus")).to_have_attribute("aria-current", "true")
    assert re.search(r"&k=1:0:1:1-1-\d:0:100", link_of(page))


def names(page: Page) -> list[str]:
    """The accessible names of the 16 faces."""
    return list(page.locator("#faces input").evaluate_all("all => all.map(one => one.ariaLabel)"))


def test_locks_keep_faces_and_features(page: Page) -> None:
    first = drawn(page)
    hair = [name.partition(",")[0].partition(": ")[2] for name in names(page)]
    page.get_by_role("radio", name="Face 3").check(force=True)
    page.get_by_role("button", name="Lock", exact=True).click()
    page.get_by_role("button", name="Lock hair", exact=True).click()
    assert said(page) == "Hair is locked: new faces keep it."
    page.get_by_role("button", name="New faces").click()
    assert said(page) == "15 new faces."
    page.get_by_label("Variety").fill("30")
    second = drawn(page)
    assert (second[2] == first[2]).all()
    assert all((second[place] != first[place]).any() for place in range(16) if place != 2)
    assert all(f": {own}," in name for own, name in zip(hair, names(page), strict=True))


def test_favourites_are_kept(page: Page, context: BrowserContext, file: Path) -> None:
    page.get_by_role("radio", name="Face 7").check(force=True)
    page.get_by_role("button", name="Favourite", exact=True).click()
    seventh = drawn(page)[6]
    other = context.new_page()
    show(other, file, "#s=99")
    other.get_by_role("button", name=re.compile("^Favourite 1: hair")).click()
    assert (drawn(other)[0] == seventh).all()
    expect(other.get_by_role("radio", name="Face 1, locked, favourite")).to_be_checked()
    other.get_by_role("button", name="Favourite", exact=True).click()
    assert said(other) == "Face 1 is no favourite any more."
    expect(other.locator("#favourites li")).to_have_count(0)


def downloaded(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def blurred(face: np.ndarray) -> np.ndarray:
    """A face as it looks when it was enlarged smoothly and made small again."""
    large = Image.fromarray(face).resize((512, 512), Image.Resampling.BILINEAR)
    return np.asarray(large.resize((32, 32), Image.Resampling.BOX)).astype(int)


def test_saved_pictures_name_author_licence_and_link(page: Page) -> None:
    for button, expected_name, expected_size in (
        ("Save this face", "face-0-1.png", (512, 512)),
        ("Save all 16", "faces-0.png", (1024, 1024)),
    ):
        name, content = downloaded(page, button)
        assert name == expected_name
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            assert picture.size == expected_size
            assert picture.text["Copyright"] == CREDIT  # type: ignore[attr-defined]
            assert picture.text["Source"] == link_of(page)  # type: ignore[attr-defined]  # not where the file lies
            assert picture.text["Title"] == TITLE  # type: ignore[attr-defined]
            assert picture.text["Description"].startswith("hair ")  # type: ignore[attr-defined]
            small = np.asarray(
                picture.convert("RGB").resize((32, 32) if "face-" in name else (128, 128), Image.Resampling.BOX)
            )
        face = drawn(page)[0].astype(int)
        assert np.abs(small[:32, :32] - face).mean() < np.abs(face - face.mean((0, 1))).mean()

    choose(page, "pairs")
    name, content = downloaded(page, "Save table")
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (128 + 4 * 128, 32 + 3 * 128)
        assert picture.text["Copyright"] == CREDIT  # type: ignore[attr-defined]


def test_a_film_is_saved_as_a_gif_that_runs_back_and_forth(page: Page) -> None:
    start = drawn(page)
    choose(page, "film")
    name, content = downloaded(page, "Save film")
    assert name == "film-0-1-6.gif"
    with Image.open(io.BytesIO(content)) as film:
        assert film.n_frames == 58  # type: ignore[attr-defined]
        assert film.info["loop"] == 0
        assert film.info["comment"].decode() == f"{TITLE}\n{CREDIT}\n{link_of(page)}"
        frames = [
            np.asarray(frame.convert("RGB").resize((32, 32), Image.Resampling.BOX))
            for frame in ImageSequence.Iterator(film)
        ]
        assert film.size == (256, 256)
    for frame, face in ((frames[0], start[0]), (frames[29], start[5])):
        reduced = np.asarray(
            Image.fromarray(face).resize((256, 256), Image.Resampling.BILINEAR).resize((32, 32), Image.Resampling.BOX)
        )
        assert np.abs(frame.astype(int) - reduced).mean() < 8
    assert (frames[1] == frames[57]).all()


def test_the_link_is_copied_or_shown(page: Page, context: BrowserContext) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = async text => { window.copied = text; }; }")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#said")).to_have_text("The link is copied.")
    assert page.evaluate("window.copied") == page.url
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    page.get_by_role("button", name="Copy link").click()
    field = page.get_by_role("textbox", name="Link")
    expect(field).to_be_focused()
    expect(field).to_have_value(page.url)
    assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(page.url)
    press(page, "Escape")
    expect(field).to_be_hidden()


def test_in_a_sandbox_it_draws_and_says_what_is_refused(context: BrowserContext, file: Path) -> None:
    page = context.new_page()
    downloads: list[object] = []
    page.on("download", lambda download: downloads.append(download))
    page.goto("about:blank")
    page.evaluate(
        """html => {
          const frame = document.createElement('iframe');
          frame.sandbox = 'allow-scripts';
          frame.srcdoc = html;
          frame.width = 900; frame.height = 800;
          document.body.append(frame);
        }""",
        file.read_text("utf-8"),
    )
    frame = page.frame_locator("iframe")
    sentence = "nothing can be saved: download this file and open it by itself"
    expect(frame.locator("#note")).to_contain_text(sentence)
    frame.get_by_role("button", name="Save all 16").click()
    expect(frame.locator("#said")).to_contain_text(sentence)
    frame.get_by_role("button", name="Favourite", exact=True).click()
    expect(frame.locator("#favourites li")).to_have_count(1)
    expect(frame.locator("#favourites-hint")).to_contain_text("until this page is closed")
    frame.get_by_role("button", name="Copy link").click()
    expect(frame.get_by_role("textbox", name="Link")).to_have_value(re.compile("^#m="))
    frame.get_by_role("button", name="Close the link").click()
    frame.get_by_role("button", name="New faces").click()
    expect(frame.locator("#said")).to_have_text("16 new faces.")
    assert downloads == []


@pytest.mark.parametrize("part", ["weights", "kernel"])
def test_a_damaged_file_says_so(context: BrowserContext, file: Path, tmp_path: Path, part: str) -> None:
    html = file.read_text("utf-8")
    (text,) = re.findall(rf'id="page-{part}">([^<]+)<', html)
    content = bytearray(base64.b64decode(text))
    content[len(content) // 2] ^= 1
    damaged, page = tmp_path / "damaged.html", context.new_page()
    for other in (base64.b64encode(content).decode(), text[: len(text) // 2], "?", ""):
        damaged.write_text(html.replace(text, other), encoding="utf-8")
        page.goto(damaged.as_uri())
        expect(page.get_by_role("alert")).to_contain_text("This file is damaged")
        expect(page.locator("main")).to_be_hidden()


def test_a_file_that_ends_too_early_says_so(context: BrowserContext, file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.html"
    cut.write_bytes(file.read_bytes()[:-2000])
    page = context.new_page()
    page.goto(cut.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("this file is damaged, or this browser is too old")


def test_a_browser_without_simd_is_told_so(context: BrowserContext, file: Path) -> None:
    page = context.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    page.goto(file.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("lacks WebAssembly SIMD: Chrome and Edge have it since 91")
    expect(page.locator("main")).to_be_hidden()


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("size", [(390, 844), (320, 568), (844, 390)])
def test_it_fits_a_phone(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for view in VIEWS:
        choose(page, view)
        assert overflow(page) == 0
    choose(page, "faces")
    page.get_by_role("button", name="New faces").click()
    for button in ("Undo", "Redo", "History", "Copy link", "Save all 16"):
        box = page.get_by_role("button", name=button).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= size[0]
    page.get_by_label("Variety").scroll_into_view_if_needed()
    if size == (390, 844):  # the faces are still in sight
        box = page.locator("#faces").bounding_box()
        assert box is not None
        assert box["y"] >= 0


def test_names_from_data_are_text(context: BrowserContext, tmp_path: Path) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    hostile = (*HOSTILE, "</script><script>document.title = 'ran'</script>", "a" * 300)
    file = write(tmp_path, {**dict.fromkeys(hostile, ("x", "y")), "values": hostile}, credit="\n".join(hostile))
    page = context.new_page()
    for view in ("faces", "pairs", "film"):
        show(page, file, f"#w={view}&p=3")
        assert overflow(page) == 0
    page.get_by_role("button", name="History").click()
    assert page.title() == TITLE
    assert page.locator("img, a, main script, h1 *").count() == 0
    expect(page.get_by_text("<img src=http://a.example/p.png>", exact=True).first).to_be_attached()
    expect(page.get_by_text("\\u{202e}gpj.exe").first).to_be_attached()
    assert "\u202e" not in page.locator("body").inner_text()
    assert [url for url in asked if "a.example" in url] == []


def test_an_attribute_of_100_values_is_a_list(context: BrowserContext, tmp_path: Path) -> None:
    file = write(tmp_path, {"hair": [str(value) for value in range(100)], "skin": ("light", "dark")})
    page = context.new_page()
    show(page, file)
    page.get_by_role("combobox", name="Hair").select_option("73")
    assert "&f=73.-" in link_of(page)
    expect(page.get_by_role("radio", name="Face 1: hair 73, ")).to_be_attached()
    choose(page, "pairs")
    expect(page.locator("#pairs tbody tr")).to_have_count(12)
    page.locator("#rows-part").select_option("97 to 100 of 100")
    expect(page.locator("#pairs tbody th")).to_have_text(["96", "97", "98", "99"])
    assert overflow(page) == 0
    page.locator("#columns").select_option("Hair")  # the same feature both ways: one row
    page.locator("#columns-part").select_option("13 to 24 of 100")
    expect(page.locator("#pairs tbody tr")).to_have_count(1)
    expect(page.locator("#pairs thead th").first).to_have_text("12")


@pytest.mark.parametrize("size", [32, 64, 128])
def test_a_model_without_attributes_has_no_features(context: BrowserContext, tmp_path: Path, size: int) -> None:
    file = write(tmp_path, {}, size)
    page = context.new_page()
    show(page, file, "#w=pairs&s=5")
    assert drawn(page).shape == (16, size, size, 3)
    expect(page.locator("#features")).to_be_hidden()
    expect(page.get_by_label("Two features", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Lock", exact=True).click()
    first = drawn(page)[0]
    page.get_by_role("button", name="New faces").click()
    assert (drawn(page)[0] == first).all()
    link = link_of(page)
    assert "&k=0:5:0::0:100" in link
    show(page, file, link)
    expect(page.get_by_role("radio", name="Face 1, locked", exact=True)).to_be_checked()
    expect(page.locator("#note")).to_be_hidden()


def test_swatches_have_the_colours_that_the_network_draws(page: Page) -> None:
    colours = page.evaluate(
        """() => {
          // two faces of 10x10 pixels in each of two colours: a broad and a narrow patch of it on a common ground
          const picture = (colour, from, to) => {
            const pixels = new Uint8ClampedArray(400).fill(200);
            for (let i = from; i < to; i++) pixels.set(colour, 4 * i);
            return pixels;
          };
          const faces = [[0, 50], [98, 100]].map(([from, to]) =>
            [[250, 10, 20, 255], [30, 40, 90, 255]].flatMap(colour => [...picture(colour, from, to)]));
          return coloursOf(faces.map(face => Uint8ClampedArray.from(face)), 2);
        }"""
    )
    assert colours == [[250, 10, 20], [30, 40, 90]]
    expect(page.locator(".swatch")).to_have_count(4)
    for swatch in page.locator(".swatch").all():
        expect(swatch).to_have_attribute("style", re.compile("background-color: rgb"))


def test_a_film_starts_by_itself_only_where_motion_is_welcome(page: Page) -> None:
    choose(page, "film")
    expect(page.locator("#play")).to_have_text("Play")
    choose(page, "faces")
    page.emulate_media(reduced_motion="no-preference")
    choose(page, "film")
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#position")).to_have_value(re.compile("[1-9]"))
    page.get_by_label("Position in the film").fill("50")
    expect(page.locator("#play")).to_have_text("Play")


def test_noise_keeps_its_length_on_the_way(page: Page) -> None:
    lengths, ends = page.evaluate(
        """() => {
          const [a, b] = [0, 1].map(face => Float32Array.from([...faceNoise(3, face), face, 1 - face]));
          const length = x => Math.hypot(...x.subarray(0, 100));
          const way = [0, .25, .5, .75, 1].map(part => between(a, b, part, 100));
          const distance = (x, y) => Math.max(...x.map((value, i) => Math.abs(value - y[i])));
          return [way.map(length), [distance(way[0], a), distance(way[4], b)]];
        }"""
    )
    assert min(lengths) >= min(lengths[0], lengths[-1]) - 0.01
    assert max(ends) < 1e-5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_common_rules_of_accessibility_are_kept(page: Page, scheme: str) -> None:
    """Those that axe-core checks: names, roles, contrast, headings, landmarks, and so on."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for view in VIEWS:
        choose(page, view)
        found = Axe().run(page).response
        assert len(found["passes"]) > 20
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    expect(page.locator("footer")).to_have_text(CREDIT)
