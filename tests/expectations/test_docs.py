"""Data Docs of a gate: what is not met stands on the first page with its reason, and no page asks any network."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from expectations.docs import write_docs
from expectations.gate import GATES
from expectations.result import GateResult
from ledger.errors import GateError
from tests.expectations.conftest import Spoil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVALUATION = "01946a00-0000-7000-8000-000000000001"
SPOILED = (
    "UPDATE candidate.mart_living SET value = 101 WHERE indicator_id = 'liv_water_proper' AND region_code = '64.02'; "
    "ALTER TABLE candidate.mart_society DROP COLUMN unit; DROP TABLE scores.index_scores"
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_every_expectation_of_every_gate_is_met_by_good_data(good_warehouse: Path, tmp_path: Path) -> None:
    """A gate asks queries first; here each rule is asked by the class that says it."""
    results = write_docs(good_warehouse, GATES, tmp_path / "docs", EVALUATION)

    assert {gate: result.outcome for gate, result in results.items()} == dict.fromkeys(GATES, "pass")
    assert [check for result in results.values() for check in result.checks if check.outcome != "pass"] == []


@pytest.mark.browser
def test_what_is_not_met_stands_on_the_first_page_with_its_reason(
    spoiled: Spoil, tmp_path: Path, browser: Browser
) -> None:
    folder = tmp_path / "docs"
    results = write_docs(spoiled(SPOILED), ("living", "society", "scores"), folder, EVALUATION)
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))

    page.goto((folder / "index.html").as_uri())
    rows = {row.locator("td").nth(1).inner_text(): row.inner_text() for row in page.locator("tr:has(td)").all()}
    assert "range_liv_water_proper (critical, fail): a share of the households" in rows["candidate.mart_living"]
    assert "under_contract (critical, fail)" in rows["candidate.mart_society"]
    assert "the table scores.index_scores is missing" in rows["scores.index_scores"]
    assert outcomes(results) == {"living": "fail", "society": "error", "scores": "error"}

    page.get_by_role("link", name="candidate.mart_living").click()
    told = page.locator("body").inner_text()
    assert re.search(r"less than or equal to 100", told)
    assert "64.02" in told
    page.get_by_role("link", name="mart_living").first.click()
    assert "range_liv_water_proper (critical; Dinas Perkim): a share of the households" in page.content()
    assert {url.partition(":")[0] for url in asked} == {"file"}


def outcomes(results: Mapping[str, GateResult]) -> dict[str, str]:
    return {gate: result.outcome for gate, result in results.items()}


def test_no_page_names_anything_to_be_fetched(good_warehouse: Path, tmp_path: Path) -> None:
    write_docs(good_warehouse, ("living",), tmp_path / "docs", EVALUATION)

    pages = [page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")]
    assert len(pages) == 3
    for page in pages:
        assert "Content-Security-Policy" in page
        assert re.findall(r"<(?:script|link|img|iframe)\b", page) == []


def test_p10_a_folder_with_anything_in_it_and_a_lost_file_are_refused(good_warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")

    with pytest.raises(GateError, match="no empty folder"):
        write_docs(good_warehouse, ("living",), tmp_path, EVALUATION)
    with pytest.raises(GateError, match="this evaluation's file is not there"):
        write_docs(tmp_path / "none.duckdb", ("living",), tmp_path / "docs", EVALUATION)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
