"""The pages as readers see them, in Chromium: on phones and desks, in both languages, in the dark and on paper."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from publication.build import Published, publish
from tests.publication.sample_meta import sample_meta

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REGION = "daerah/64.02.html"
PAGES = (
    *("index.html", REGION, "alur.html", "opd/dinas_kesehatan.html", "tahap/smart-city-2023-I.html"),
    *("indikator/liv_sanitation_proper.html", "bukti/64.02/living.html"),
)
WIDTHS = (360, 768, 1280)
EVERY_LEVEL = {"rules": {"target-size": {"enabled": True}}, "preload": False}
"""axe leaves the size of targets out unless it is asked for, and would fetch the style again."""
SCREENSHOTS = os.environ.get("PILAR_SCREENSHOTS")
"""Where screenshots are kept for people to look at; nowhere unless this is set."""

Scheme = Literal["light", "dark"]


@dataclass
class Visit:
    """A page that was opened, and what it asked for outside its publication or complained about."""

    page: Page
    noted: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, published: Published) -> Iterator[Any]:
    contexts = []

    def visit(
        path: str = REGION,
        *,
        width: int = 1280,
        height: int = 900,
        language: str = "id",
        scheme: Scheme = "light",
        script: bool = True,
        folder: Path = published.path,
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        found = Visit(context.new_page())
        own = folder.as_uri()
        found.page.on("request", lambda one: None if one.url.startswith(own) else found.noted.append(one.url))
        found.page.on("console", lambda message: found.noted.append(message.text))
        found.page.on("pageerror", lambda error: found.noted.append(str(error)))
        found.page.goto((folder / path).as_uri())
        if language == "en":
            found.page.get_by_label("English").check()
        return found

    yield visit
    for context in contexts:
        context.close()


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")


def keep(page: Page, name: str) -> None:
    if SCREENSHOTS is not None:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"), full_page=True)


def violations(page: Page) -> list[str]:
    found: Mapping[str, Any] = Axe().run(page, options=EVERY_LEVEL).response
    return [
        f"{item['id']}: {node['target']} {node['html'][:90]}" for item in found["violations"] for node in item["nodes"]
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nobody_is_kept_out(path: str, width: int, open_page: Any) -> None:
    """No violation that axe knows, with everything unfolded. The widths share the languages and grounds among them."""
    pairs = ((("id", "light"), ("en", "dark")), (("en", "light"), ("id", "dark")))
    for language, scheme in product(("id", "en"), ("light", "dark")):
        visit = open_page(path, width=width, language=language, scheme=scheme)
        keep(visit.page, f"{Path(path).stem}-{width}-{language}-{scheme}")
        unfold(visit.page)
        if (language, scheme) in pairs[WIDTHS.index(width) % 2]:
            assert violations(visit.page) == [], (language, scheme)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width, (language, scheme)
        assert visit.noted == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_everything_is_on_paper(path: str, script: bool, open_page: Any) -> None:
    """Folded questions and bands too; what leads elsewhere on the screen is not."""
    page = open_page(path, width=760, script=script).page
    folded = """[...document.querySelectorAll('details > :not(summary)')]
      .filter(one => !one.checkVisibility({contentVisibilityAuto: true})).map(one => one.outerHTML.slice(0, 80))"""
    assert bool(page.evaluate(folded)) == bool(page.locator("details").count())
    page.emulate_media(media="print")
    page.screenshot()  # what is folded is known once it was drawn
    assert page.evaluate(folded) == []
    assert page.locator("nav.pages:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 760
    if script:
        keep(page, f"{Path(path).stem}-paper")
        assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [320, 640])
def test_text_of_twice_the_size_fits(path: str, width: int, open_page: Any) -> None:
    """At 200 % a desk of 1280 has 640, and a window of 640 has 320; nothing is cut, nothing scrolls sideways."""
    page = open_page(path, width=width).page
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    cut = """() => [...document.querySelectorAll('main *')].filter(one => {
      const style = getComputedStyle(one);
      return one.clientWidth > 1 && style.overflowX === 'hidden' && one.scrollWidth > one.clientWidth + 1;
    }).map(one => one.outerHTML.slice(0, 80))"""
    assert page.evaluate(cut) == []


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_phone_shows_index_pillars_changes_and_what_is_held_at_once(language: str, open_page: Any) -> None:
    page = open_page(width=360, height=740, language=language).page
    for one in (".index.reported .value", ".order li:last-child .cover", ".news li:first-child", ".news li:last-child"):
        box = page.locator(one).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 740, (one, box)
    assert page.locator(".order li:visible").count() == 6


def test_the_language_changes_text_title_and_what_readers_aloud_are_told(open_page: Any) -> None:
    page = open_page("index.html").page
    assert page.title() == "Evaluasi Kota Cerdas – Pilar"
    page.get_by_label("English").check()
    assert (page.title(), page.evaluate("document.documentElement.lang")) == ("Smart-City Evaluation – Pilar", "en")
    assert page.locator("h1").inner_text() == "Smart-City Evaluation"
    page.get_by_role("link", name="Kabupaten Kotawaringin Timur").click()
    assert page.locator("h1").inner_text() == "Kabupaten Kotawaringin Timur"
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("main").get_by_text("12.00%").count() > 0
    assert "terukur" not in page.locator("main").inner_text()


def test_everything_can_be_read_without_a_script(open_page: Any) -> None:
    visit = open_page(script=False)
    page = visit.page
    assert page.locator("section.pillar:visible").count() == 6
    page.get_by_label("English").check()
    assert page.locator("h2", has_text="Smart governance").is_visible()
    page.locator("#pilar-governance summary").first.click()
    assert page.locator("#pilar-governance details[open]").count() == 1
    assert visit.noted == []


def test_keyboard_reaches_the_content_first_and_every_target_in_turn(open_page: Any) -> None:
    page = open_page().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "isi"
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
    assert "#pilar-governance" in reached
    assert "#perhatian" in reached
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


@pytest.mark.parametrize("path", PAGES)
def test_targets_are_large_enough_for_a_thumb(path: str, open_page: Any) -> None:
    """At least 24 pixels in height where a target does not stand in a line of text."""
    page = open_page(path, width=360).page
    small = """() => [...document.querySelectorAll('a, summary, label')].filter(one => {
      const box = one.getBoundingClientRect();
      return box.height && getComputedStyle(one).display !== 'inline' && !one.matches('.skip') && box.height < 24;
    }).map(one => one.outerHTML.slice(0, 100))"""
    assert page.evaluate(small) == []


def test_one_region_alone_opens_by_itself(sample_file: Path, tmp_path: Path, open_page: Any) -> None:
    warehouse = Path(shutil.copy(sample_file, tmp_path / "one.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("DELETE FROM seeds.regions WHERE region_code <> '64.02'")
    page = open_page("index.html", folder=publish(warehouse, sample_meta(), tmp_path / "out").path).page
    page.wait_for_url("**/daerah/64.02.html")
    assert page.locator("h1").inner_text() == "Kabupaten Kutai Kartanegara"


def test_a_table_of_an_indicator_is_sorted_by_the_column_that_is_pressed(open_page: Any) -> None:
    page = open_page("indikator/liv_sanitation_proper.html").page

    def order() -> list[str]:
        cells = page.locator("table.sortable tbody td:last-child")
        return [cells.nth(at).get_attribute("data-order") or "" for at in range(cells.count())]

    head = page.locator("table.sortable thead th").last
    for direction in ("ascending", "descending"):
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == direction
        known = [float(value) for value in order() if value]
        assert known == sorted(known, reverse=direction == "descending")
        assert "" not in order()[: len(known)]
    assert len(set(known)) > 1


def test_a_question_of_the_evidence_leads_to_its_batch_and_down_to_its_bytes(open_page: Any) -> None:
    page = open_page("bukti/64.02/living.html").page
    page.locator("nav.contents a").first.click()
    assert page.locator("article.proof:target").count() == 1
    batch = page.locator("article.proof ul a").first
    batch.click()
    target = page.locator("article.delivery:target")
    assert batch.inner_text() in target.inner_text()
    target.locator("summary").click()
    assert len(target.locator(".requests .hash").first.inner_text()) == 64
