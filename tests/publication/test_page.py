"""The page as text: it stands alone, says what is known and what is not, and trusts nothing from the data."""

import re
import shutil
from collections.abc import Mapping
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from publication.build import Published, publish
from publication.page.charts import band_scale
from publication.page.words import amount, clock, number, period
from publication.paths import FLOW
from tests.publication.readable import page_of
from tests.publication.sample_meta import AIRFLOW, CREATED, sample_meta
from tests.publication.sample_warehouse import REGIONS

VOID = {"meta", "br", "input", "link", "img", "hr"}
LOADING = {"srcset", "data", "poster", "action", "formaction", "background", "manifest", "ping"}


class Reader(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.fixture(scope="session")
def pages(published: Published) -> Mapping[str, Reader]:
    """Every page of the publication by its path."""
    found = sorted(published.path.rglob("*.html"))
    return {path.relative_to(published.path).as_posix(): read(path.read_text(encoding="utf-8")) for path in found}


@pytest.fixture(scope="session")
def page(pages: Mapping[str, Reader]) -> Reader:
    return pages["daerah/64.02.html"]


def test_nothing_is_loaded_from_anywhere(pages: Mapping[str, Reader], published: Published) -> None:
    for path, page in pages.items():
        up = "../" * path.count("/")
        for tag, attributes in page.elements:
            assert tag not in {"img", "iframe", "object", "embed", "video", "audio", "base", "style"}
            loaded = attributes.get("src") or (attributes["href"] if tag == "link" else None)
            assert loaded in {None, f"{up}assets/style.css", f"{up}assets/script.js"}
            assert not LOADING & attributes.keys(), (tag, attributes)
            assert "style" not in attributes
            # The flow of data leads into the installation's own Airflow, and nothing else leads away.
            if path != FLOW or not attributes.get("href", "").startswith(f"{AIRFLOW}/dags/"):
                assert not re.match(r"(https?:)?//", attributes.get("href", "")), attributes
        policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
        assert policy == (
            "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'"
        )
    style = (published.path / "assets/style.css").read_text(encoding="utf-8")
    assert "@import" not in style
    assert "url(" not in style


def test_markup_in_the_data_stays_text(sample_file: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(sample_file, tmp_path / "spoiled.duckdb"))
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    with duckdb.connect(str(warehouse)) as connection:
        for table in ("candidate.mart_living", "scores.index_scores", "scores.pillar_scores", "seeds.regions"):
            connection.execute(f"UPDATE {table} SET region_name = ? WHERE region_code = '64.02'", [evil])
        spoilt = "name_id = ?, definition_id = ?, source_text = ?"
        connection.execute(f"UPDATE definitions.indicators SET {spoilt}", [evil] * 3)
        connection.execute("UPDATE scores.question_scores SET question_text = ?", [evil])
        connection.execute("UPDATE scores.index_scores SET published_by = ?", [evil])
    meta = sample_meta()
    sources = tuple(batch.model_copy(update={"note": evil, "system": evil}) for batch in meta.sources)
    pillars = tuple(state.model_copy(update={"held_reason": evil}) for state in meta.pillars)

    result = publish(warehouse, meta.model_copy(update={"sources": sources, "pillars": pillars}), tmp_path / "out")

    for path in result.path.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        reader = read(html)
        assert "&lt;script&gt;alert(1)" in html or not path.match("*/64.02.html")
        assert len(reader.all("script")) == 1
        assert reader.all("img") == []
        assert not [names for _, names in reader.elements if any(name.startswith("on") for name in names)]


def test_links_lead_somewhere(pages: Mapping[str, Reader], published: Published) -> None:
    evidence = 0
    for path, page in pages.items():
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), path
        links = {attributes["href"] for attributes in page.all("a")}
        assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
        for link in links:
            if link.startswith(f"{AIRFLOW}/dags/"):
                continue
            target, _, anchor = link.partition("#")
            there = (published.path / path).parent / target if target else published.path / path
            assert there.is_file(), (path, link)
            if anchor and target:
                assert f'id="{anchor}"' in there.read_text(encoding="utf-8"), (path, link)
        evidence += sum("v1/explanations/" in link or "bukti/" in link for link in links)
        referred = {item for _, attributes in page.elements for item in attributes.get("aria-labelledby", "").split()}
        assert referred <= set(ids)
    assert evidence >= len(REGIONS)


def test_structure_for_those_who_do_not_see_it(pages: Mapping[str, Reader]) -> None:
    for page in pages.values():
        assert page.all("html")[0]["lang"] == "id"
        assert page.headings.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
        assert len(page.all("caption")) == len(page.all("table"))
        assert all("scope" in cell for cell in page.all("th"))
        assert all(svg.get("aria-hidden") == "true" for svg in page.all("svg"))
        assert page.elements[[tag for tag, _ in page.elements].index("a")][1]["class"] == "skip"
        assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.elements}


def test_both_languages_are_there(page: Reader) -> None:
    languages = [a["lang"] for tag, a in page.elements if tag == "span" and "lang" in a and "class" not in a]
    assert languages.count("id") == languages.count("en") > 300


def test_p8_every_state_is_said_in_words(pages: Mapping[str, Reader]) -> None:
    text = " ".join(" ".join(piece for page in pages.values() for piece in page.text).split())
    for words in (
        "tidak ada data",
        "tidak berlaku",
        "disamarkan (< 5 orang)",
        "ditahan sejak 10 Januari 2025",
        "rubrik asumsi",
        "simulasi terkalibrasi",
        "sama dengan angka terbit",
        "no data",
        "suppressed (< 5 people)",
        "held since 10 January 2025",
    ):
        assert words in text, words
    assert "None" not in text
    assert "nan" not in text.lower().split()


def test_findings_are_shown_with_what_is_known_of_them(page: Reader) -> None:
    text = " ".join(" ".join(page.text).split())

    assert "kode_rekening 5.1 presentase, 2023: 12311, dihitung 123,11" in text
    assert "nilai di luar daftar kode" in text


def test_every_region_and_pillar_is_there(pages: Mapping[str, Reader]) -> None:
    assert {"index.html", "daerah/35.07.html", "daerah/62.02.html", "daerah/64.02.html"} <= set(pages)
    for code in REGIONS:
        page = pages[f"daerah/{code}.html"]
        sections = [attributes["id"] for attributes in page.all("section") if "pillar" in attributes.get("class", "")]
        assert sections == [f"pilar-{pillar}" for pillar in (
            "governance", "branding", "economy", "living", "society", "environment"
        )]  # fmt: skip
        assert len([a for a in page.all("a") if a.get("class", "").startswith("tile")]) == 6
        assert ["".join(page.text).count(name) > 0 for name in REGIONS.values()].count(True) == 1


def test_disagreement_with_a_published_figure_is_shown(sample_file: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(sample_file, tmp_path / "other.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "UPDATE candidate.mart_economy SET published_value = 5 WHERE indicator_id = 'eco_poverty_p0'"
        )

    result = publish(warehouse, sample_meta(), tmp_path / "out")

    for code in REGIONS:
        assert page_of(result, code).count('class="state differs"') == 1 + 1  # the legend, and the figure


@pytest.mark.parametrize(
    ("value", "places", "indonesian", "english"),
    [
        ("1234567.5", 2, "1.234.567,50", "1,234,567.50"),
        ("-12", 2, "−12,00", "−12.00"),
        ("2.125", 2, "2,13", "2.13"),
        ("0", 0, "0", "0"),
        ("1000", None, "1.000", "1,000"),
        ("73.6200", None, "73,62", "73.62"),
        ("1E+3", None, "1.000", "1,000"),
    ],
)
def test_numbers(value: str, places: int | None, indonesian: str, english: str) -> None:
    text = number(Decimal(value), places)
    assert (text.id, text.en) == (indonesian, english)


@pytest.mark.parametrize(
    ("value", "unit", "indonesian", "english"),
    [
        ("6.15", "%", "6,15%", "6.15%"),
        ("1224000000000", "rupiah", "Rp1,22 triliun", "Rp1.22 trillion"),
        ("999", "rupiah", "Rp999", "Rp999"),
        ("1204", "proyek", "1.204,00 proyek", "1,204.00 projects"),
        ("3.41", "indeks 1-5", "3,41", "3.41"),
    ],
)
def test_amounts(value: str, unit: str, indonesian: str, english: str) -> None:
    text = amount(Decimal(value), unit, 2)
    assert (text.id, text.en) == (indonesian, english)


def test_nothing_is_a_dash_and_never_zero() -> None:
    assert number(None).id == amount(None, "%", 2).id == period(None).id == "—"


def test_dates() -> None:
    assert clock(CREATED).id == "15 Januari 2025, 09.00 WIB"
    assert clock(CREATED).en == "15 January 2025, 09:00 WIB (02:00 UTC)"
    assert (period("2024-08").id, period("2024").id) == ("Agustus 2024", "2024")


def test_bands_lie_side_by_side_and_hold_the_value() -> None:
    edges: list[tuple[Decimal | None, Decimal | None]] = [
        (None, Decimal(60)),
        (Decimal(60), Decimal(70)),
        (Decimal(70), Decimal(80)),
        (Decimal(80), None),
    ]
    bands = [{"lower": low, "upper": high, "score": place} for place, (low, high) in enumerate(edges, 1)]

    scale = band_scale(bands, Decimal("74.06"))

    assert scale is not None
    assert [(item.x, item.width, item.score) for item in scale.segments] == [
        (0.0, 25.0, 1),
        (25.0, 25.0, 2),
        (50.0, 25.0, 3),
        (75.0, 25.0, 4),
    ]
    assert scale.at == 60.15
    beyond = band_scale(bands, Decimal(100))
    assert beyond is not None
    assert (beyond.at, beyond.segments[-1].x + beyond.segments[-1].width) == (100.0, 100.0)
    assert band_scale(bands, None) is None
    assert band_scale([], Decimal(1)) is None
