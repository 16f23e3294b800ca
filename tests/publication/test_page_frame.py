"""The frame of every page: links that lead somewhere, one sign for one state, both languages."""

from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from jinja2.bccache import Bucket
from markupsafe import escape

from publication.content import Content
from publication.page import frame, states
from publication.page.frame import Page, Site, render, site_of
from publication.page.words import Text
from publication.paths import agency_page, evidence_page, indicator_page, region_page, stage_page

Draw = Callable[..., str]


def plain(path: str, nav: Text | None = None) -> Page:
    return Page(path, "base.html.j2", Text("Judul", "Title"), lambda: None, nav=nav)


@pytest.fixture
def site(content: Content) -> Site:
    pages = [plain("index.html", Text("Depan", "Front")), plain(evidence_page("35.07", "living"))]
    return site_of(content, pages, [("v1/index.json", Text("dokumen", "documents")), ("csv/", Text("t", "t"))])


@pytest.mark.parametrize(
    ("path", "up"), [("index.html", ""), ("daerah/35.07.html", "../"), ("bukti/1/x.html", "../../")]
)
def test_every_link_is_relative_to_its_page(path: str, up: str, site: Site) -> None:
    html = render(plain(path), site)
    assert f'href="{up}assets/style.css"' in html
    assert f'src="{up}assets/script.js"' in html
    assert f'<a href="{up}v1/index.json">' in html
    assert f'<a href="{up}index.html"' in html


def test_a_page_that_is_not_there_is_named_without_a_link(site: Site) -> None:
    trail = [(region_page("35.07"), Text("Malang", "Malang")), ("index.html", Text("Depan", "Front"))]
    html = render(Page("daerah/1.html", "base.html.j2", Text("a", "b"), lambda: None, trail=trail), site)
    assert "<li>Malang</li>" in html
    assert '<li><a href="../index.html">' in html


def test_the_page_of_the_navigation_is_marked(site: Site) -> None:
    assert html_of("index.html", site).count('aria-current="page"') == 1
    assert html_of("daerah/1.html", site).count('aria-current="page"') == 0


def html_of(path: str, site: Site) -> str:
    return render(plain(path), site)


def test_a_title_stands_in_both_languages(site: Site) -> None:
    assert '<title data-id="Judul – Pilar" data-en="Title – Pilar">Judul – Pilar</title>' in html_of("index.html", site)


def test_one_state_has_one_sign_and_the_legend_knows_it() -> None:
    marks = [mark for _, signs in states.LEGEND for mark, _ in signs]
    assert len({mark.text for mark in marks}) == len(marks)
    assert len({mark.symbol for mark in marks}) == len(marks)
    known = {mark.symbol for mark in marks}
    every = [value for value in vars(states).values() if isinstance(value, states.Mark)]
    every += [
        states.batch_mark(status) for status in ("accepted", "unchanged", "held", "rejected", "failed", "running")
    ]
    every += [states.check_mark(outcome) for outcome in ("pass", "fail", "error")]
    every += [states.task_mark(state) for state in ("open", "in_progress", "done", "verified", "dropped")]
    every += [states.maturity_mark(word) for word in ("provisional", "final", "revised")]
    every += [states.state_mark(word) for word in ("measured", "missing", "not_applicable", "suppressed", "absent")]
    assert {mark.symbol for mark in every} == known


@pytest.mark.fault(23)
def test_names_in_paths_are_harmless() -> None:
    assert region_page("../x") == "daerah/-x.html"
    assert evidence_page("35.07", None) == "bukti/35.07/lain.html"
    assert (indicator_page("gov_spbe"), agency_page("dlh")) == ("indikator/gov_spbe.html", "opd/dlh.html")
    assert stage_page("smart-city-2023", "I") == "tahap/smart-city-2023-I.html"


def test_words_of_a_template_are_put_in_when_it_is_compiled() -> None:
    environment = frame._environment()
    code = environment.compile('{{ say("satu", "<one>") }} {{ say("satu", word) }}', raw=True)
    assert 'lang="en">&lt;one&gt;</span>' in code
    drawn = environment.from_string('{{ say("satu", "<one>") }} {{ say("satu", word) }}').render(word="<two>")
    assert drawn == '<span lang="id">satu</span><span lang="en">&lt;one&gt;</span> ' + (
        '<span lang="id">satu</span><span lang="en">&lt;two&gt;</span>'
    )


@pytest.mark.parametrize("value", ["<b>", Text("<b>", "<b>"), 3, None, 2.5])
def test_p6_whatever_is_no_markup_is_escaped(value: object) -> None:
    template = frame._environment().from_string("{{ value }}{{ value | safe if false else value }}")
    assert template.render(value=value) == 2 * escape(value)


def compiled(where: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[jinja2.BytecodeCache, Callable[[], Bucket]]:
    monkeypatch.setattr(frame, "TEMPLATES", where)
    cache, environment = frame._Compiled(), frame._environment()
    return cache, lambda: cache.get_bucket(environment, "a.html.j2", "a.html.j2", "{{ 1 }}")


def test_a_template_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, bucket = compiled(tmp_path, monkeypatch)
    first = bucket()
    assert first.code is None
    first.code = frame._environment().compile("{{ 1 }}")
    cache.set_bucket(first)

    assert bucket().code is not None
    monkeypatch.setattr(jinja2, "__version__", "another")
    assert bucket().code is None, "compiled by something else"


def test_where_nothing_can_be_written_a_template_is_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    cache, bucket = compiled(tmp_path / "file", monkeypatch)
    first = bucket()
    first.code = frame._environment().compile("{{ 1 }}")
    cache.set_bucket(first)

    assert bucket().code is None
