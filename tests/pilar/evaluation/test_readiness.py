"""Evidence on its day, whose file it is, and what each question lacks before the assessors come."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from definitions.answer_states import Window
from definitions.instruments import shipped_instruments
from pilar.evaluation.answer_evidence import write_answer_evidence
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.findings import write_findings
from pilar.evaluation.readiness import write_readiness
from tests.dbt_project.landing import THREE, fetch
from tests.pilar.evaluation.found import KUKAR, file_of

ON = date(2026, 7, 1)
PLACE = {"region_code": KUKAR, "year": 2026, "instrument": "pemdi-2026", "code": "I8"}


@pytest.fixture
def evaluated(tmp_path: Path) -> Any:
    """``evaluated(evidence=[...], answers=[...], states=[...])``: an evaluation's file with all that follows."""

    def write(
        evidence: Sequence[Mapping[str, Any]] = (),
        answers: Sequence[Mapping[str, Any]] = (),
        states: Sequence[Mapping[str, Any]] = (),
        windows: Sequence[Window] = (),
    ) -> Path:
        stood = {"opd": "diskominfo", "state": "submitted"}
        given = [{**PLACE, "evidence_id": f"e{number}", **stood, **row} for number, row in enumerate(evidence)]
        answered = [{**PLACE, "role": "opd", "value": "3", **row} for row in answers]
        path = file_of(tmp_path / "e.duckdb", records={"evidence": given, "answer": answered})
        with duckdb.connect(str(path)) as connection:
            connection.execute("set timezone = 'UTC'; create schema if not exists reference")
            connection.execute(f"create or replace table reference.regions as {THREE['landing._regions'].sql}")
            place = {"region_system": "kemendagri", "region_name": "x", "instrument_id": "pemdi-2026", "year": 2026}
            when = {"since": "2026-05-01", "role": "opd", "transitions": 1, "synthetic": False}
            rows = [{**place, **when, "region_code": KUKAR, "printed_code": "I8", **row} for row in states]
            write_rows(connection, "scores", "answer_states", rows)
            write_rows(connection, "scores", "findings", [])
        write_answer_evidence(path, ON)
        write_readiness(path, windows)
        return path

    return write


def findings(path: Path) -> list[tuple[object, ...]]:
    write_findings(path, {"s": "diskominfo"})
    return fetch(path, "select rule, subject, owner, against from scores.findings order by all")


@pytest.mark.parametrize(
    ("row", "validity", "good"),
    [
        ({}, "unknown", True),
        ({"valid_from": "2026-01-01", "valid_to": "2026-07-01"}, "valid", True),
        ({"valid_to": "2026-06-30"}, "expired", False),
        ({"valid_from": "2026-07-02"}, "early", False),
        # Of a year that is over, its last day counts.
        ({"year": 2025, "valid_to": "2025-12-31"}, "valid", True),
        ({"year": 2025, "valid_to": "2025-12-30"}, "expired", False),
        ({"state": "revision"}, "unknown", False),
        ({"signed": "altered"}, "unknown", False),
        ({"signed": "unsigned"}, "unknown", True),
    ],
)
def test_evidence_holds_on_its_day(evaluated: Any, row: Mapping[str, Any], validity: str, good: bool) -> None:
    path = evaluated([row])
    assert fetch(path, "select validity, good from scores.answer_evidence") == [(validity, good)]


def test_no_instrument_is_read_again_for_a_row(evaluated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped_instruments()
    monkeypatch.setattr("definitions.instruments.read_yaml", lambda path: pytest.fail(f"{path} is read again"))
    path = evaluated([{}], answers=[{}])
    assert fetch(path, "select count(*) > 10 from scores.readiness") == [(True,)]


def test_one_file_for_two_agencies_or_years_is_a_finding(evaluated: Any) -> None:
    others: list[dict[str, Any]] = [
        {"opd": "bappeda"},
        {"year": 2025},
        {"code": "I9"},
        {"opd": "bappeda", "content_sha256": "none of these"},
        {"opd": "bappeda", "state": "missing"},
    ]
    rows = [
        {"content_sha256": str(number), "evidence_id": f"{number}{side}", **row}
        for number, other in enumerate(others)
        for side, row in (("a", {}), ("b", other))
    ]
    assert findings(evaluated(rows)) == [
        ("evidence_reused", "0a", "diskominfo", "bappeda 64.02"),
        ("evidence_reused", "0b", "diskominfo", "diskominfo 64.02"),
        ("evidence_reused", "1a", "diskominfo", "2025"),
        ("evidence_reused", "1b", "diskominfo", "2026"),
    ]


def test_what_is_wrong_with_evidence_is_a_finding(evaluated: Any) -> None:
    rows: list[dict[str, Any]] = [
        {"valid_to": "2026-06-30"},
        {"signed": "unsigned", "kind": "pdf"},
        {"signed": "altered", "kind": "pdf"},
        {"signed": "unsigned", "kind": "image"},
        {"signed": "unsigned", "kind": "pdf", "state": "revision"},
        {"signed": "signed", "kind": "pdf", "valid_to": "2026-07-01"},
    ]
    assert [found[:2] for found in findings(evaluated(rows))] == [
        ("evidence_altered", "e2"),
        ("evidence_expired", "e0"),
        ("evidence_unsigned", "e1"),
    ]


def test_another_years_file_counts_where_it_says_that_it_still_holds(evaluated: Any) -> None:
    twice = [{"content_sha256": "aa", "valid_to": "2026-12-31"}, {"content_sha256": "aa", "year": 2025}]
    path = evaluated(twice)
    assert fetch(path, "select year, good from scores.answer_evidence order by 1") == [(2025, False), (2026, True)]


STATE = {"question": "3/4", "state": "submitted"}


@pytest.mark.parametrize(
    ("evidence", "answers", "states", "lacks"),
    [
        ([{}], [{}], [STATE], None),
        ([{}], [], [], "answer"),
        ([{}], [], [{**STATE, "state": "draft"}], "answer"),
        ([], [{}], [STATE], "evidence"),
        ([{"state": "missing"}], [{}], [STATE], "evidence"),
        ([{"valid_to": "2026-06-30"}], [{}], [STATE], "fresh_evidence"),
        ([{"valid_to": "2026-06-30"}, {}], [{}], [STATE], None),
        ([{}], [{}], [{**STATE, "state": "returned", "reason": "wrong"}], "returned"),
    ],
)
def test_the_first_thing_that_a_question_lacks(
    evaluated: Any,
    evidence: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    states: Sequence[Mapping[str, Any]],
    lacks: str | None,
) -> None:
    path = evaluated(evidence, answers, states)
    [row] = fetch(path, "select lacks, ready from scores.readiness where printed_code = 'I8'")
    assert row == (lacks, lacks is None)
    # Every question stands there, and none of another body is anybody's to make ready.
    counts = "select count(*), count(*) filter (lacks = 'waiting') from scores.readiness"
    assert fetch(path, counts) == [(20, 4)]


def test_a_contradicted_answer_is_not_ready(evaluated: Any) -> None:
    path = evaluated([{}], [{}])
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "insert into scores.findings by name select 'x' as finding_id, 'claim_contradicted' as rule, "
            f"'pemdi-2026 3/4' as scope, '{KUKAR}' as region_code, '2026' as period"
        )
    write_readiness(path, ())
    assert fetch(path, "select lacks, findings from scores.readiness where printed_code = 'I8'") == [
        ("contradicted", 1)
    ]


def test_a_declared_stage_is_something_to_be_ready_for(evaluated: Any) -> None:
    window = Window(stage="x", instrument="sipsn", year=2026, opens=ON, closes=ON, allows=("submitted",))
    path = evaluated(windows=[window])
    assert fetch(path, "select distinct lacks, count(distinct region_code) from scores.readiness group by 1") == [
        ("answer", 3)
    ]
