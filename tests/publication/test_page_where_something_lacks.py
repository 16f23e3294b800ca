"""Pages of an installation that has just begun, or whose agencies send little: every page can be written."""

from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from publication.content import Content
from publication.page.frame import Material, render, site_of
from publication.page.kinds import all_pages
from publication.page.words import NO_INDEX
from publication.paths import indicator_page, region_page

NOTHING: Mapping[str, Mapping[str, Any]] = {
    "no question is scored": {"question_scores": [], "gaps": []},
    "nobody answered an instrument": {"instrument_scores": [], "instrument_answers": []},
    "nothing was found": {"findings": []},
    "nothing is asked for": {"readiness": []},
    "how sure is not known": {"sureness": []},
    "no figure is published elsewhere": {"published_figures": []},
    "no index": {"index_scores": [], "dimension_scores": []},
    "no pillar has a score": {"pillar_scores": []},
}


def written(content: Content) -> dict[str, str]:
    """Every page of a publication that says this, by its path."""
    pages = all_pages(Material(content, None))
    site = site_of(content, pages, [])
    return {page.path: render(page, site) for page in pages}


@pytest.mark.parametrize("lacking", NOTHING)
def test_every_page_is_written_where_something_lacks(content: Content, lacking: str) -> None:
    pages = written(replace(content, **NOTHING[lacking]))

    assert {region_page(row["region_code"]) for row in content.regions} <= pages.keys()
    assert all(html.rstrip().endswith("</html>") for html in pages.values())


@pytest.mark.parametrize("reason", NO_INDEX)
def test_p8_an_index_without_a_value_says_why(content: Content, reason: str) -> None:
    lost = {"index_value": None, "improvement": None, "missing_because": reason}
    rows = [{**row, **lost} for row in content.index_scores]
    pages = written(replace(content, index_scores=rows))

    for row in content.regions:
        html = unescape(pages[region_page(row["region_code"])])
        assert NO_INDEX[reason].id in html
        assert NO_INDEX[reason].en in html


def test_every_page_is_written_before_any_source_delivered(content: Content) -> None:
    meta = content.meta.model_copy(update={"sources": (), "feeds": (), "follow_ups": (), "frozen": (), "gates": ()})

    assert all(html.rstrip().endswith("</html>") for html in written(replace(content, meta=meta)).values())


def test_every_page_is_written_where_figures_have_no_value(content: Content) -> None:
    lost = {"value": None, "state": "missing"}
    marts = {pillar: [{**row, **lost} for row in rows] for pillar, rows in content.marts.items()}
    pages = written(replace(content, marts=marts))

    for path in map(indicator_page, content.indicators):
        assert "tidak ada data" in pages[path]
