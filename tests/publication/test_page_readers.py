"""What the pages of evidence, indicators, agencies, stages and the flow say, before it is HTML."""

import csv
import dataclasses
from decimal import Decimal

import pytest

from publication.build import Published
from publication.content import Content, Row
from publication.page import agency, evidence, flow, indicator, stage
from publication.page.plot import Stripe, plot, scale
from publication.page.words import Text, amount
from tests.publication.sample_warehouse import OPDS


def proofs(content: Content, region_code: str, pillar: str) -> evidence.Evidence:
    rows = [row for row in content.of_region(content.question_scores, region_code) if row["pillar"] == pillar]
    region = next(row for row in content.regions if row["region_code"] == region_code)
    return evidence.evidence(content, region, Text("Pilar", "Pillar"), rows)


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_p3_evidence_leads_from_the_score_to_the_bytes(content: Content) -> None:
    page = proofs(content, "64.02", "living")
    [proof] = [one for one in page.proofs if one.indicator_id == "liv_sanitation_proper"]

    assert proof.sum is not None
    assert proof.sum.id == "8.422 ÷ 10.000 × 100 = 84,22"
    assert [band.score.id for band in proof.bands if band.own] == [proof.score.id]
    deliveries = {one.id: one for one in page.deliveries}
    assert {batch for one in page.proofs for batch in one.batches} == set(deliveries)
    [batch] = [deliveries[name] for name in proof.batches]
    assert batch.rows.id == "30.012 diterima = 30.000 dipakai + 12 ditolak"
    assert len(batch.requests[0].sha256) == 64
    assert batch.trace == f"pilar trace {batch.id} 1"


def test_every_question_with_an_indicator_is_there_scored_or_not(content: Content) -> None:
    for region in content.regions:
        code = str(region["region_code"])
        own = content.of_region(content.question_scores, code)
        found = [proof for pillar in content.pillars for proof in proofs_of(content, code, pillar)]
        assert len(found) == sum(row["pillar"] in {one["id"] for one in content.pillars} for row in own)
        assert any(not proof.scored for proof in found)


def proofs_of(content: Content, code: str, pillar: Row) -> list[evidence.Proof]:
    return [*proofs(content, code, str(pillar["id"])).proofs]


@pytest.mark.parametrize(
    ("formula", "factor", "parts", "value", "told"),
    [
        ("percent", 100, (1, 3), "33.33", "1 ÷ 3 × 100 = 33,33"),
        ("ratio", 1, (9, 2), "4.50", "9 ÷ 2 = 4,50"),
        ("growth", 100, (110, 100), "10.00", "(110 − 100) ÷ 100 × 100 = 10,00"),
        ("percent", 100, (1, 3), "33.00", None),
        ("expression", 1, (1, 3), "0.33", None),
        ("percent", 100, (1, 0), "0.00", None),
    ],
)
def test_a_sum_is_written_only_where_it_comes_to_the_value(
    formula: str, factor: int, parts: tuple[int, int], value: str, told: str | None
) -> None:
    definition = {"formula": formula, "factor": factor, "dp": 2}
    row = {"numerator": Decimal(parts[0]), "denominator": Decimal(parts[1]), "value": Decimal(value)}
    found = evidence.follows(definition, row)
    assert (found.id if found is not None else None) == told


def test_a_long_batch_says_how_many_requests_are_left_out(content: Content) -> None:
    page = content.meta.sources[0].pages[0]
    many = tuple(page.model_copy(update={"seq": seq}) for seq in range(evidence.MOST_REQUESTS + 7))
    sources = tuple(batch.model_copy(update={"pages": many}) for batch in content.meta.sources)
    changed = dataclasses.replace(content, meta=content.meta.model_copy(update={"sources": sources}))
    for one in proofs(changed, "64.02", "living").deliveries:
        assert (len(one.requests), one.unshown) == (evidence.MOST_REQUESTS, Text("7", "7"))


# -- indicators --------------------------------------------------------------------------------------------------------


def indicator_of(content: Content, name: str) -> indicator.Indicator:
    rows = sorted(
        (row for rows in content.marts.values() for row in rows if row["indicator_id"] == name),
        key=lambda row: (row["region_code"], row["period"]),
    )
    scores = {str(row["region_code"]): row for row in content.question_scores if row["indicator_id"] == name}
    return indicator.indicator(content, content.indicators[name], rows, scores)


def test_an_indicator_shows_every_region_and_the_target_of_the_highest_score(content: Content) -> None:
    page = indicator_of(content, "liv_sanitation_proper")
    assert [line.region for line in page.lines] == [str(row["region_name"]) for row in content.regions]
    assert page.known == sum(any(cell.order for cell in line.cells) for line in page.lines) > 0
    assert page.target is not None
    assert page.target.id == "> 75%"
    assert page.plot is not None
    assert page.plot.target is not None


def test_an_indicator_without_a_figure_says_so_and_draws_nothing(content: Content) -> None:
    none = next(
        name
        for name in content.indicators
        if not any(
            r["indicator_id"] == name and r["value"] is not None for rows in content.marts.values() for r in rows
        )
    )
    page = indicator_of(content, none)
    assert (page.plot, page.known) == (None, 0)
    assert all(cell.state is not None for line in page.lines for cell in line.cells)


def test_the_csv_of_an_indicator_has_what_its_table_shows(published: Published, content: Content) -> None:
    for name in ("gov_spbe", "liv_sanitation_proper"):
        with (published.path / indicator.csv_path(name)).open(encoding="utf-8", newline="") as file:
            written = [row["value"] for row in csv.DictReader(file) if row["value"]]
        shown = [cell.order for line in indicator_of(content, name).lines for cell in line.cells if cell.order]
        assert sorted(written) == sorted(shown) != []


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (["12", "88"], ["0", "20", "40", "60", "80", "100"]),
        (["54.75", "89.8"], ["50", "60", "70", "80", "90"]),
        (["3"], ["0", "1", "2", "3"]),
        (["-4", "7"], ["-5", "-2.5", "0", "2.5", "5", "7.5"]),
        (["0", "0"], ["0", "0.1"]),
        (["1000000", "3500000"], ["0", "1000000", "2000000", "3000000", "4000000"]),
    ],
)
def test_an_axis_has_round_numbers_and_holds_every_value(values: list[str], ticks: list[str]) -> None:
    found = scale([Decimal(value) for value in values])
    assert found[0] <= min(map(Decimal, values)) <= max(map(Decimal, values)) <= found[-1]
    assert [Decimal(tick) for tick in ticks] == found


def test_a_drawing_keeps_its_order_and_its_numbers_apart() -> None:
    lines = [(name, [("2022", Decimal(50)), ("2023", Decimal(value))]) for name, value in (("a", 61), ("b", 60))]
    drawn = plot(lines, [Stripe(None, Decimal(55), 1), Stripe(Decimal(55), None, 4)], Decimal(55), _percent)
    assert drawn is not None
    assert [text.id for _, text in drawn.columns] == ["2022", "2023"]
    tops = [y for y, _ in drawn.rows]
    assert tops == sorted(tops, reverse=True)
    low, high = sorted(line.y for line in drawn.lines)
    assert high - low >= 12
    assert [box.level for box in drawn.boxes] == [1, 4]
    assert drawn.boxes[1].y < drawn.boxes[0].y


def _percent(value: Decimal) -> Text:
    return amount(value, "%", None)


# -- agencies ----------------------------------------------------------------------------------------------------------


def agency_of(content: Content, name: str) -> agency.Agency:
    return agency.agency(content, name, agency.known_values(content))


def test_an_agency_is_told_how_complete_punctual_and_valid_its_data_are(content: Content) -> None:
    page = agency_of(content, "dinas_kesehatan")
    own = [given for given in OPDS.values() if given[0] == "dinas_kesehatan"]

    assert (page.in_time, len(page.sources)) == (1, 2)
    assert page.received == sum(one[3] for one in own)
    assert page.valid is not None
    assert page.valid.id == "99,3%"
    assert page.cells == page.filled + sum(int(one.without.id.split()[0]) for one in page.missing)
    trend = next(card.trend for card in page.sources if card.id == "dinkes_eppgbm")
    assert trend is not None
    assert trend.id == "ditolak 1,4% pada kiriman pertama yang tampil, 0,7% pada yang terakhir"


def test_reasons_that_do_not_come_to_the_refused_rows_are_explained(content: Content) -> None:
    page = agency_of(content, "dinas_kesehatan")
    assert (page.quarantined, page.reasons) == (27, 29)
    assert page.reasons_differ is not None
    assert "beberapa aturan" in page.reasons_differ.id
    told = {(one.rule_id, one.source): (one.expected, one.to_do.id) for one in page.refusals}
    assert told["required", "dinkes_eppgbm"] == (
        Text("nilai yang terisi", "a value"),
        "Isi kolom itu di sistem asal, lalu kirim ulang.",
    )
    assert agency_of(content, "dlh").reasons_differ is None


def test_an_agency_that_never_delivered_has_its_page(content: Content) -> None:
    page = agency_of(content, "rsud")
    assert [(card.silence.kind, card.state) for card in page.sources] == [("never", None)]
    assert (page.valid, page.in_time) == (None, 0)


def test_what_is_asked_of_an_agency_stands_with_the_most_urgent_open_thing_first(content: Content) -> None:
    page = agency_of(content, "dinas_kesehatan")
    assert [int(task.id) for task in page.tasks] == [3, 1, 2]
    assert page.open_tasks == 2
    assert page.tasks[1].due == Text("1 Maret 2025", "1 March 2025")


def test_p6_no_page_shows_what_somebody_typed_where_a_code_was_due(content: Content) -> None:
    told = [one.about.id for name in agency.agencies(content) for one in agency_of(content, name).findings]
    assert "kolom penolong (isinya tidak ditampilkan)" in told
    assert not any("Tokoh Rekaan" in text for text in told)


# -- the flow and stages -----------------------------------------------------------------------------------------------


def test_the_flow_has_every_source_and_leads_into_airflow(content: Content) -> None:
    page = flow.flow(content)
    sources = [card.id for sender in page.senders for card in sender.sources]
    assert sorted(sources) == sorted(feed.source for feed in content.meta.feeds)
    assert (page.sources, page.in_time) == (11, 8)
    assert {sender.runs for sender in page.senders if sender.id == "dlh"} == {
        "https://airflow.example.go.id/dags/ingest__dlh"
    }
    quiet = dataclasses.replace(content, meta=content.meta.model_copy(update={"airflow": None}))
    assert {flow.flow(quiet).evaluate, *(sender.runs for sender in flow.flow(quiet).senders)} == {None}


def test_a_row_of_the_flow_is_received_used_or_refused(content: Content) -> None:
    page = flow.flow(content)
    numbers = [int(text.id.replace(".", "")) for text in (page.received, page.landed, page.quarantined)]
    assert numbers[0] == numbers[1] + numbers[2] > 0


READY = {
    "region_code": "35.07",
    "region_name": "Kabupaten Malang",
    "instrument_id": "smart-city-2023",
    "year": 2023,
    "owner": "dlh",
    "question": "outcome/1",
    "printed_code": "3.1.1",
    "text": "Pertanyaan",
    "state": None,
    "evidence": 2,
    "evidence_good": 1,
    "lacks": None,
    "ready": True,
}


def test_a_stage_tells_what_is_ready_and_what_of_the_rest_is_lacking(content: Content) -> None:
    rows = [
        READY,
        {**READY, "question": "outcome/2", "lacks": "answer", "ready": False},
        {**READY, "question": "outcome/3", "lacks": "waiting", "ready": False},
        {**READY, "question": "outcome/4", "lacks": "fresh_evidence", "ready": False, "owner": None, "state": "draft"},
    ]
    page = stage.stage(dataclasses.replace(content, readiness=rows), "smart-city-2023", "I")
    [one] = page.readiness
    assert (one.ready, one.total, one.waiting) == (1, 3, 1)
    assert [(sheet.agency.id, sheet.ready, sheet.total) for sheet in one.sheets] == [
        ("DLH", 1, 2),
        ("belum ada OPD yang ditunjuk", 0, 1),
    ]
    assert one.sheets[1].lacking[0].state.id == "draf"
    assert [version.version for version in page.versions] == [1]
    assert (page.asked, page.open_tasks) == (4, 3)
    assert [(mark.kind, count) for mark, count in page.counts] == [
        ("task-open", 2),
        ("task-in_progress", 1),
        ("task-verified", 1),
    ]


def test_a_stage_with_too_much_to_name_gives_the_numbers_and_says_so(content: Content) -> None:
    lacking = {**READY, "lacks": "answer", "ready": False}
    rows = [{**lacking, "question": f"outcome/{n}"} for n in range(stage.MOST_LACKING + 1)]
    page = stage.stage(dataclasses.replace(content, readiness=rows), "smart-city-2023", "I")
    assert not page.named
    [sheet] = page.readiness[0].sheets
    assert (sheet.total, sheet.lacking) == (stage.MOST_LACKING + 1, [])


def test_the_other_stage_says_nothing_of_this_one(content: Content) -> None:
    page = stage.stage(content, "smart-city-2023", "II")
    assert (page.tasks, page.versions) == ([], [])
