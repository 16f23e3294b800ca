"""What the page says of instruments that were answered, of questions that were not, and of indicators beside them."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from definitions.indicators import all_indicators
from ledger.project import pillar_ids
from publication.build import Published
from publication.content import Content
from publication.page import region
from publication.page.instruments import results
from publication.page.model import Region
from publication.page.questions import asked
from publication.page.words import SOURCE_DETAILS, Text, source
from tests.publication.readable import page_of, readable
from tests.publication.sample_warehouse import REGIONS

KUKAR = "64.02"


@pytest.fixture(scope="module")
def html(published: Published) -> str:
    return page_of(published, KUKAR)


def told(html: str, language: str = "id") -> str:
    return readable(html, language)


def seen(content: Content, code: str) -> Region:
    return next(region.region(content, row, None) for row in content.regions if row["region_code"] == code)


def test_p7_each_party_has_a_row_of_its_own(content: Content, html: str) -> None:
    found = [
        (one.instrument.en, one.by.en, one.value.en, one.predicate and one.predicate.en)
        for one in results(content, KUKAR)
    ]
    sakip = "Performance accountability (SAKIP)"
    assert [one for one in found if one[0] == sakip] == [
        (sakip, "External assessor", "77.55", "BB (Very good)"),
        (sakip, "The agency's own assessment", "87.55", "A (Satisfying)"),
    ]
    assert "Nilai SAKIP (AKIP) 2025 MenurutAsesor eksternal Nilai77,55 BB (Sangat Baik)" in told(html)
    # A region that nobody assessed in statistics has no row of it.
    assert {one.instrument.en for one in results(content, "62.02")} < {one[0] for one in found}


def test_what_waits_for_another_body_is_said_as_waiting(html: str, content: Content, published: Published) -> None:
    external = next(one for one in results(content, KUKAR) if "Pemdi" in one.instrument.id)
    assert (external.answered, external.taken_over, external.waiting, external.total) == (19, 1, 1, 20)
    assert "… 1 menunggu indeks instansi lainI18: Bappenas. Sementara dihitung dengan nilai 1." in told(html)
    assert "… 4 waiting for another body's index" in told(page_of(published, "62.02"), "en")


def test_p8_a_refused_answer_is_told_with_its_reason_and_no_value_is_made_up(html: str, content: Content) -> None:
    claims = results(content, KUKAR)[-1]
    assert (claims.value.id, claims.answered, len(claims.refused)) == ("—", 1, 2)
    assert claims.state is not None
    assert claims.state.text.id == "belum dapat dihitung"
    assert "1 ditolak5a tidak ada pertanyaan atau bagian dengan kode ini" in told(html)
    # Text of the data stays with those who may see it: a refused answer is not repeated but in its reason.
    assert all(row["answer"] is None for row in content.instrument_answers if row["state"] == "refused")


@pytest.mark.parametrize("code", REGIONS)
def test_every_question_of_the_instrument_is_answered_or_named_as_open(content: Content, code: str) -> None:
    totals = {
        str(row["pillar"]): (row["questions_scored"], row["questions_total"])
        for row in content.of_region(content.pillar_scores, code)
    }
    for pillar in pillar_ids():
        found = asked(content, code, pillar)
        assert (len(found.answered), found.total) == totals[pillar]
        assert all(question.owner.id and question.why.id for question in found.unanswered)
    one = seen(content, code)
    assert one.total == 117
    assert one.answered == sum(scored for scored, _ in totals.values()) + len(one.outside.answered)


def test_an_open_question_names_who_owes_the_answer(content: Content, html: str) -> None:
    owners = {one.text.id: one.owner.id for one in asked(content, KUKAR, "governance").unanswered}
    assert owners["Pengelolaan keuangan daerah (opini BPK)"] == "BPKAD"
    assert owners["Layanan tersedia daring"] == "survei kepada masyarakat"
    assert (
        "3.2.1 Pengelolaan keuangan daerah (opini BPK) BPKAD · ○ tidak ada data: data indikatornya belum dikirim"
        in told(html)
    )


def test_indicators_fold_by_what_they_say_and_none_is_lost(content: Content, html: str) -> None:
    for code in REGIONS:
        for pillar in seen(content, code).pillars:
            parted = [*pillar.leading, *pillar.others, *pillar.without]
            assert sorted(one.id for one in parted) == sorted(one.id for one in pillar.indicators)
            assert all(one.answers for one in pillar.leading)
            assert {one.state.kind for one in pillar.without} <= {"missing"}
    governance = seen(content, KUKAR).pillars[0]
    counts = f"Indikator lain: {len(governance.others)} bernilai, {len(governance.without)} tanpa data"
    assert counts in told(html)


def test_what_answers_a_question_stays_on_top_where_another_region_has_it(content: Content) -> None:
    spbe = [{**row, "value": None, "state": "missing"} if row["region_code"] == KUKAR else row
            for row in content.marts["governance"]]  # fmt: skip
    governance = seen(replace(content, marts={**content.marts, "governance": spbe}), KUKAR).pillars[0]
    assert "gov_spbe" in {one.id for one in governance.leading}


def test_where_the_data_of_an_indicator_lie_is_told_in_indonesian() -> None:
    details = {owner.partition(", ")[2] for _, indicator in all_indicators() for owner in indicator.source.split("; ")}
    assert details - {""} == set(SOURCE_DETAILS)
    assert source("Bappeda, matrix of the master plan; BPKAD through SIPD") == Text(
        "Bappeda, matriks rencana induk; BPKAD melalui SIPD", "Bappeda, matrix of the master plan; BPKAD through SIPD"
    )


def test_the_document_of_a_region_has_every_partys_result(published: Published) -> None:
    document = json.loads((published.path / f"v1/regions/{KUKAR}.json").read_text(encoding="utf-8"))
    found: Mapping[tuple[str, str], Any] = {
        (one["instrument"]["id"], one["role"]): one for one in document["instruments"]
    }
    pemdi = found["pemdi-2026", "external"]
    assert pemdi["index"]["value"] == 2.76
    assert [part["node_name_en"] for part in pemdi["parts"]][:2] == ["Governance and management", "Organisation"]
    assert pemdi["waiting"] == [{"question": "6/4", "printed_code": "I18", "for": "Bappenas", "counts": 1}]
    assert found["sakip-2021", "external"]["refused"][0]["reason"].startswith("there is no question or part")
    # A part stands before what it consists of.
    assert [part["depth"] for part in found["epss-2022", "external"]["parts"]][:6] == [1, 2, 2, 2, 2, 1]


@pytest.mark.parametrize("name", ["index.html", "daerah/35.07.html", "daerah/62.02.html", f"daerah/{KUKAR}.html"])
def test_the_first_view_of_a_page_is_light(published: Published, name: str) -> None:
    parts = [published.path / path for path in (name, "assets/style.css", "assets/script.js")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in parts) < 60_000
