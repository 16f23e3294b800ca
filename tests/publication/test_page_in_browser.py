"""The page as a reader sees it, in Chromium."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from publication.build import Published

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def visit(
    browser: Browser, published: Published, *, anchor: str = "", width: int = 1280, script: bool = True
) -> tuple[Page, list[str]]:
    """Open the page; also returns what it asked for beside itself, and what it complained about."""
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
    page = context.new_page()
    url = f"{(published.path / 'index.html').as_uri()}"
    noted: list[str] = []
    page.on("request", lambda request: noted.append(request.url) if request.url.split("#")[0] != url else None)
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.goto(url + anchor)
    return page, noted


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_six_pillars_and_not_one_request(script: bool, browser: Browser, published: Published) -> None:
    page, noted = visit(browser, published, anchor="#daerah-64-02", script=script)

    assert page.locator("article.pillar:visible").count() == 6
    assert page.locator(".order li:visible").count() == 6
    assert page.locator(".region:visible h2").inner_text() == "Kabupaten Kutai Kartanegara"
    assert noted == []


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_region_and_language_can_be_chosen(script: bool, browser: Browser, published: Published) -> None:
    page, _ = visit(browser, published, script=script)
    assert page.locator(".region:visible h2").inner_text() == "Kabupaten Malang"

    page.get_by_role("navigation").get_by_role("link", name="Kabupaten Kotawaringin Timur").click()
    assert page.locator(".region:visible h2").inner_text() == "Kabupaten Kotawaringin Timur"

    page.get_by_label("English").check()
    assert page.locator("h1").inner_text() == "Smart-City Evaluation"
    assert "12.00%" in page.locator(".region:visible").inner_text()
    assert not re.search(r"tidak ada data|terukur", page.locator("main").inner_text())


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_nothing_sticks_out(width: int, browser: Browser, published: Published) -> None:
    page, _ = visit(browser, published, anchor="#daerah-64-02", width=width)
    page.evaluate("document.querySelectorAll('.region details').forEach(item => item.open = true)")

    assert page.evaluate("document.documentElement.scrollWidth") == width
    right = (
        "Math.max(...[...document.querySelectorAll('.compare caption > *')].map(i => i.getBoundingClientRect().right))"
    )
    assert page.evaluate(right) <= width


def test_keyboard_reaches_the_content_first(browser: Browser, published: Published) -> None:
    page, _ = visit(browser, published)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "isi"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: str, browser: Browser, published: Published) -> None:
    """WCAG AA: 4.5 to 1 for every text that is shown."""
    page, _ = visit(browser, published, anchor="#daerah-35-07")
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")

    weak = page.evaluate(
        """() => {
          const parse = text => text.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const ground = element => {
            for (let at = element; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length < 4 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
          };
          const found = [];
          for (const element of document.querySelectorAll('body *')) {
            const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
            if (!own || !element.checkVisibility() || element.closest('svg, script, style, .quiet, .skip')) continue;
            const tones = [light(parse(getComputedStyle(element).color)), light(ground(element))];
            const [a, b] = tones.sort((x, y) => y - x);
            const told = element.className + ': ' + element.textContent.trim().slice(0, 40);
            if ((a + .05) / (b + .05) < 4.5) found.push(told);
          }
          return found;
        }"""
    )

    assert weak == []


def test_print_shows_every_region(browser: Browser, published: Published) -> None:
    page, _ = visit(browser, published, anchor="#daerah-64-02")
    page.emulate_media(media="print")

    assert page.locator(".region:visible").count() == 3
    assert page.locator("nav.regions:visible").count() == 0
