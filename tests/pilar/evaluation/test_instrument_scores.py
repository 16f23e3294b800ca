"""Answers to any instrument become its index, by who answered; what it does not take is refused by itself."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from definitions.records import load_records
from ledger.errors import TransformError
from ledger.sql import identifier
from pilar.evaluation import instrument_scores
from pilar.evaluation.instrument_scores import write_instrument_scores
from pilar.evaluation.warehouse import refusal
from tests.dbt_project.landing import KUKAR, MALANG, THREE, fetch

SAKIP = {
    "1a": "A",
    "1b": "BB",
    "1c": "BB",
    "2a": "A",
    "2b": "B",
    "2c": "BB",
    "3a": "A",
    "3b": "BB",
    "3c": "B",
    "4a": "BB",
    "4b": "B",
    "4c": "CC",
}
PEMDI = {f"I{number}": "3" for number in range(1, 21) if number not in (5, 6, 7, 18)}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "answers.duckdb"


def answer(warehouse: Path, rows: Sequence[Mapping[str, Any]], evidence: Sequence[tuple[str, int, str]] = ()) -> None:
    """Score these answers; each row says what differs from an external assessor's of Kutai Kartanegara in 2026.

    ``evidence`` for Pemdi: code, level and state.
    """
    columns, others = (
        ", ".join(f"{identifier(name)} {kind}" for name, kind in load_records()[record].sql_types.items())
        for record in ("answer", "evidence")
    )
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists records; create schema if not exists reference")
        connection.execute(f"create or replace table records.answer ({columns}, _batch varchar, _synthetic boolean)")
        connection.execute(f"create or replace table reference.regions as {THREE['landing._regions'].sql}")
        connection.execute(f"create or replace table records.evidence ({others}, _batch varchar, _synthetic boolean)")
        for number, (code, level, state) in enumerate(evidence):
            connection.execute(
                "insert into records.evidence by name select ? as region_code, 2026 as year, "
                "'pemdi-2026' as instrument, ? as code, "
                " ? as evidence_id, ? as level, ? as state, 'b' as _batch, true as _synthetic",
                [KUKAR, code, str(number), level, state],
            )
        for number, row in enumerate(rows):
            full = {"region_code": KUKAR, "year": 2026, "role": "external", "_batch": f"b{number}", **row}
            names = ", ".join(full)
            connection.execute(
                f"insert into records.answer ({names}, _synthetic) values ({', '.join('?' * len(full))}, true)",
                list(full.values()),
            )
    write_instrument_scores(warehouse)


def sheet(instrument: str, answers: Mapping[str, str], **more: Any) -> list[dict[str, Any]]:
    return [{"instrument": instrument, "code": code, "value": value, **more} for code, value in answers.items()]


def index(warehouse: Path, instrument: str) -> list[tuple[object, ...]]:
    return fetch(
        warehouse,
        "select region_code, role, value, predicate, unanswered, waiting from scores.instrument_scores "
        f"where node = 'index' and instrument_id = '{instrument}' order by all",
    )


def test_letters_become_the_index_and_its_name(warehouse: Path) -> None:
    answer(warehouse, sheet("sakip-2021", SAKIP))
    # 30: 5.4 + 7.2 + 12; 30: 5.4 + 6.3 + 12; 15: 2.7 + 3.6 + 5.25; 25: 4 + 5.25 + 7.5.
    assert index(warehouse, "sakip-2021") == [(KUKAR, "external", Decimal("76.6"), "BB (Sangat Baik)", 0, 0)]


def test_p7_no_roles_value_replaces_anothers(warehouse: Path) -> None:
    better = {**SAKIP, "4c": "AA"}
    answer(warehouse, [*sheet("sakip-2021", SAKIP), *sheet("sakip-2021", better, role="opd")])
    assert [(role, value) for _, role, value, *_ in index(warehouse, "sakip-2021")] == [
        ("external", Decimal("76.6")),
        ("opd", Decimal("81.6")),
    ]


def test_another_bodys_index_is_waited_for_and_counts_one(warehouse: Path) -> None:
    answer(warehouse, sheet("pemdi-2026", PEMDI))
    # 85 of 100 at level 3; I5 5, I6 3, I7 3 and I18 3 wait and count 1: (86 * 3 + 14) / 100.
    assert index(warehouse, "pemdi-2026") == [(KUKAR, "external", Decimal("2.72"), "Baik", 0, 4)]


def test_an_index_feeds_another_of_the_same_region_and_not_of_a_later_year(warehouse: Path) -> None:
    codes = fetch_codes("epss-2022")
    statistics = dict.fromkeys(codes, "4")
    answer(
        warehouse,
        [
            *sheet("pemdi-2026", PEMDI),
            *sheet("epss-2022", statistics, year=2025),
            *sheet("epss-2022", dict.fromkeys(codes, "5"), year=2027),
            *sheet("epss-2022", dict.fromkeys(codes, "5"), region_code=MALANG, year=2025),
        ],
    )
    # I7 counts 4 in place of 1: 2.72 + 3 * 3 / 100.
    assert index(warehouse, "pemdi-2026") == [(KUKAR, "external", Decimal("2.81"), "Baik", 0, 3)]
    taken = fetch(
        warehouse,
        "select score, state from scores.instrument_answers where instrument_id = 'pemdi-2026' and printed_code = 'I7'",
    )
    assert taken == [(Decimal(4), "taken_over")]


def fetch_codes(instrument: str) -> list[str]:
    from definitions.instruments import load_instruments

    return [asked.code for asked in load_instruments()[instrument].asked.values()]


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("1a", "Z", "no option"),
        ("9z", "A", "no question or part"),
        ("1a", "", "no option"),
        ("1a", "it's Siti Contohwan", "the answer is no option"),
        ("Siti's", "A", "no question or part with this code"),
    ],
)
def test_p8_an_answer_that_the_instrument_does_not_have_is_refused_alone(
    warehouse: Path, code: str, value: str, told: str
) -> None:
    answers = {key: one for key, one in SAKIP.items() if key != "1a"}
    answer(warehouse, sheet("sakip-2021", {**answers, code: value}))
    query = "select reason, reason_id, score from scores.instrument_answers where state = 'refused'"
    [(reason, in_indonesian, score)] = fetch(warehouse, query)
    assert told in str(reason)
    # What somebody typed is quoted nowhere that readers look.
    assert "Siti" not in f"{reason} {in_indonesian}"
    assert re.search("jawaban ini|kode ini", str(in_indonesian))
    assert score is None
    assert index(warehouse, "sakip-2021") == [(KUKAR, "external", None, None, 1, 0)]


def test_assessors_give_a_mean_of_numbers_and_none_of_letters(warehouse: Path) -> None:
    rows = [
        *sheet("pemdi-2026", {**PEMDI, "I1": "2"}, assessor="1"),
        *sheet("pemdi-2026", {**PEMDI, "I1": "3"}, assessor="2"),
        *sheet("sakip-2021", SAKIP, assessor="1"),
        *sheet("sakip-2021", {**SAKIP, "1a": "B"}, assessor="2"),
    ]
    answer(warehouse, rows)
    assert index(warehouse, "pemdi-2026")[0][2] == Decimal("2.7")
    assert fetch(warehouse, "select printed_code, reason from scores.instrument_answers where state = 'refused'") == [
        ("1a", "assessors chose A, B; letters have no mean")
    ]


@pytest.mark.parametrize("twice", ["1/1", "1A"])
def test_p1_one_question_answered_by_two_codes_keeps_one_answer_and_tells_of_the_other(
    warehouse: Path, twice: str
) -> None:
    answer(warehouse, sheet("sakip-2021", {**SAKIP, twice: "D"}))
    # One row a question, and the other code's refusal beside them.
    rows = fetch(warehouse, "select count(*), count(distinct question) from scores.instrument_answers")
    assert rows == [(13, 13)]
    reasons = fetch(warehouse, "select question, reason from scores.instrument_answers where state = 'refused'")
    assert [reason for _, reason in reasons] == ["1/1 is answered by another code too"]


def test_p1_a_part_and_its_questions_answered_stops_nobody(warehouse: Path) -> None:
    answer(warehouse, sheet("sakip-2021", {**SAKIP, "1": "30"}))
    # The questions count, as without it.
    assert index(warehouse, "sakip-2021") == [(KUKAR, "external", Decimal("76.6"), "BB (Sangat Baik)", 0, 0)]
    refused = fetch(warehouse, "select question, reason from scores.instrument_answers where state = 'refused'")
    assert refused == [("1", "1/1 is answered, and its part 1 is given")]


def test_an_instrument_is_scored_once_a_sheet(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[str] = []
    count = instrument_scores.score
    monkeypatch.setattr(instrument_scores, "score", lambda one, given: scored.append(one.id) or count(one, given))
    answer(warehouse, sheet("sakip-2021", SAKIP))
    assert scored == ["sakip-2021"]


def test_p1_a_refused_answer_stands_in_its_questions_own_row(warehouse: Path) -> None:
    answer(warehouse, sheet("sakip-2021", {**SAKIP, "1a": "Z"}))
    rows = fetch(warehouse, "select question, printed_code, state from scores.instrument_answers order by question")
    assert rows[0] == ("1/1", "1a", "refused")
    assert len(rows) == 12


def test_nobody_answered_anything(warehouse: Path) -> None:
    answer(warehouse, [])
    assert fetch(warehouse, "select count(*) from scores.instrument_scores") == [(0,)]


def test_an_unknown_instrument_is_told(warehouse: Path) -> None:
    answer(warehouse, sheet("sakip-1999", {"1a": "A"}))
    assert fetch(warehouse, "select state, reason, reason_id from scores.instrument_answers") == [
        ("refused", "there is no instrument 'sakip-1999'", "tidak ada instrumen 'sakip-1999'")
    ]


def test_the_ladder_of_accepted_evidence_answers_beside_the_others(warehouse: Path) -> None:
    stairs = [(code, level, "accepted") for code in PEMDI for level in (1, 2, 3)]
    # A level above an open one proves nothing, whoever accepted it.
    gap = [("I8", 4, "accepted"), ("I8", 4, "revision"), ("I8", 5, "accepted"), ("I1", 5, "accepted")]
    answer(warehouse, sheet("pemdi-2026", PEMDI, role="opd"), [*stairs, *gap])
    rows = fetch(
        warehouse,
        "select printed_code, answer from scores.instrument_answers where role = 'evidence' and state = 'given'",
    )
    assert {*rows} == {(code, "3") for code in PEMDI}
    # 86 of 100 are answered 3, the other bodies' 14 count 1 until they come.
    assert index(warehouse, "pemdi-2026") == [
        (KUKAR, "evidence", Decimal("2.72"), "Baik", 0, 4),
        (KUKAR, "opd", Decimal("2.72"), "Baik", 0, 4),
    ]
    answer(warehouse, [], [*stairs, ("I20", 2, "submitted")])
    assert index(warehouse, "pemdi-2026") == [(KUKAR, "evidence", Decimal("2.42"), "Cukup", 0, 4)]


@pytest.mark.parametrize("record", ["answer", "evidence"])
def test_p3_a_record_that_cannot_be_read_stops_the_scores_in_one_line(warehouse: Path, record: str) -> None:
    answer(warehouse, [])
    view = refusal(
        {**load_records()[record].sql_types, "_batch": "varchar", "_synthetic": "boolean"}, "map `role` again"
    )
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"drop table records.{record}")
        connection.execute(f"create view records.{record} as {view}")
    with pytest.raises(TransformError, match=r"no answer was scored: .*map `role` again") as caught:
        write_instrument_scores(warehouse)
    assert "\n" not in str(caught.value)
