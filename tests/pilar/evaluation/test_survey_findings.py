"""What assessors complain of in surveys: each rule, and what is near it and no finding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from definitions.instruments import find_instrument
from pilar.evaluation.survey_findings import is_percent_of_mean, survey_sql
from tests.pilar.evaluation.found import KUKAR, file_of, found

Row = Mapping[str, Any]
SMART_CITY = "smart-city-2023"
COLUMNS = ("subject", "published", "recomputed")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each test writes it anew."""
    return tmp_path_factory.mktemp("survey") / "e.duckdb"


def one(who: int | str, **more: object) -> Row:
    return {"region_code": KUKAR, "year": 2023, "instrument": SMART_CITY, "code": "impact/1", "service": "Mal Layanan",
            "respondent_id": str(who), "answer": 3, **more}  # fmt: skip


def told(path: Path, rule: str, rows: Sequence[Row], *columns: str) -> list[tuple[object, ...]]:
    """What one rule says of these answers."""
    file_of(path, records={"survey_answer": rows})
    wanted = columns or COLUMNS
    return [row[1:] for row in found(path, "rule", *wanted) if row[0] == rule]


def form(respondent: int, answers: Sequence[int | None], **more: object) -> list[Row]:
    return [one(respondent, code=f"impact/{nth}", answer=answer, **more) for nth, answer in enumerate(answers, start=1)]


@pytest.mark.parametrize(
    ("answers", "seen"),
    [([1, 4, None], []), ([9, 3], [("Mal Layanan", "9", None)]), ([0, 9, 9], [("Mal Layanan", "0, 9", None)])],
)
def test_nine_is_no_answer_and_never_a_value(path: Path, answers: Sequence[int | None], seen: Sequence[object]) -> None:
    rows = [one(nth, answer=answer) for nth, answer in enumerate(answers)]
    assert told(path, "survey_off_scale", rows) == seen


@pytest.mark.parametrize(
    ("respondents", "users", "seen"),
    [(30, 30, []), (31, 30, [("Mal Layanan", "31", "30")]), (31, None, [])],
)
def test_no_more_respondents_than_users(
    path: Path, respondents: int, users: int | None, seen: Sequence[object]
) -> None:
    # Two answers of each: people are counted, not answers.
    rows = [one(nth, users=users, code=code) for nth in range(respondents) for code in ("impact/1", "impact/2")]
    assert told(path, "survey_more_than_users", rows) == seen


@pytest.mark.parametrize(
    ("kinds", "seen"),
    [
        (["user"] * 8, []),
        ([None] * 8, []),
        (["staff", *["user"] * 7], [("Mal Layanan", "< 5", "8")]),
        (["staff"] * 5 + ["user"] * 3, [("Mal Layanan", "5", "8")]),
    ],
)
def test_staff_as_respondents(path: Path, kinds: Sequence[str | None], seen: Sequence[object]) -> None:
    rows = [one(nth, respondent=kind) for nth, kind in enumerate(kinds)]
    assert told(path, "survey_staff", rows) == seen


@pytest.mark.parametrize(
    ("second", "seen"),
    [
        ({"answered_at": "2023-10-05T03:15:59Z"}, [("Izin Cepat + Mal Layanan", "< 5", None)]),
        ({"answered_at": "2023-10-05T03:16:00Z"}, []),
        ({"answered_at": "2023-10-05T03:15:30Z", "service": "Mal Layanan"}, []),
        ({"answered_at": "2023-10-05T03:15:30Z", "respondent_id": "other"}, []),
        ({"answered_at": None}, []),
    ],
    ids=["same minute", "next minute", "same service", "another person", "no time"],
)
def test_one_respondent_for_two_services_in_a_minute(path: Path, second: Row, seen: Sequence[object]) -> None:
    first = one("r", answered_at="2023-10-05T03:15:02Z")
    rows = [first, one("r", code="impact/2", **{"service": "Izin Cepat", **second})]
    assert told(path, "survey_same_minute", rows) == seen


@pytest.mark.parametrize(
    ("forms", "seen"),
    [
        ([[4] * 6, *[[4, 4, 4, 4, 4, 3]] * 9], [("Mal Layanan", "< 5", "10")]),
        ([[4] * 6, *[[4, 4, 4, 4, 4, 3]] * 10], []),
        ([[4] * 5], []),
        # What was not answered is none of the answers that are the same.
        ([[4, 4, 4, 4, 4, 9]], []),
        ([[3] * 6] * 6, [("Mal Layanan", "6", "6")]),
    ],
    ids=["a tenth", "less than a tenth", "few questions", "nine", "all"],
)
def test_forms_with_one_answer_to_everything(
    path: Path, forms: Sequence[Sequence[int]], seen: Sequence[object]
) -> None:
    rows = [row for nth, answers in enumerate(forms) for row in form(nth, answers)]
    assert told(path, "survey_all_the_same", rows) == seen


@pytest.mark.parametrize(
    ("counts", "per", "seen"),
    [
        ({"impact/1": 50}, "pillar", []),
        ({"impact/1": 49}, "pillar", [("governance", "49", "50")]),
        # impact/1 and impact/4 stand in two sub-dimensions of one dimension; people are counted once.
        ({"impact/1": 50, "impact/4": 20}, "pillar", []),
        ({"impact/1": 50, "impact/4": 20}, "sub_dimension", [("kebijakan_publik", "20", "50")]),
        ({"outcome/1": 3}, "pillar", []),
    ],
)
def test_as_many_respondents_as_the_instrument_declares(
    path: Path, counts: Mapping[str, int], per: Any, seen: Sequence[object]
) -> None:
    rows = [one(nth, code=code) for code, count in counts.items() for nth in range(count)]
    file_of(path, records={"survey_answer": rows})
    instrument = find_instrument(SMART_CITY)
    assert instrument.sample is not None
    declared = instrument.sample.model_copy(update={"per": per})
    queries = survey_sql({SMART_CITY: instrument.model_copy(update={"sample": declared})}, load_alike())
    import duckdb

    with duckdb.connect(str(path)) as connection:
        cursor = connection.execute(queries[f"survey sample of {SMART_CITY}"])
        names = [item[0] for item in cursor.description or ()]
        found_rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert [(row["subject"], row["published"], row["recomputed"]) for row in found_rows] == seen


def load_alike() -> Any:
    from definitions.between import load_rules

    return load_rules().survey


def test_what_does_not_count_is_no_respondent(path: Path) -> None:
    rows = [one(nth) for nth in range(49)] + [one("late", answer=9), one("silent", answer=None)]
    assert told(path, "survey_too_few", rows) == [("governance", "49", "50")]


@pytest.mark.parametrize(
    ("code", "value", "wrong"),
    [
        ("impact/1", "3,28 persen", True),
        ("impact", "3,84%", True),
        ("impact/1", "3,28", False),
        ("impact/1", "82 %", False),
        ("outcome/12", "3%", False),
        ("no/such", "3%", False),
    ],
)
def test_a_mean_is_no_percentage(path: Path, code: str, value: str, wrong: bool) -> None:
    """Kabupaten Lombok Utara printed 3.28 and 3.84 of 4 with persen (2024)."""
    assert is_percent_of_mean(find_instrument(SMART_CITY), code, value) is wrong
    row = {"region_code": KUKAR, "year": 2023, "instrument": SMART_CITY, "code": code, "role": "opd", "value": value}
    file_of(path, records={"answer": [row]})
    seen = [row for row in found(path, "rule", "subject", "published") if row[0] == "survey_percent_of_mean"]
    assert seen == ([("survey_percent_of_mean", code, value)] if wrong else [])


def test_other_regions_are_not_judged(path: Path) -> None:
    assert told(path, "survey_off_scale", [one(1, answer=9, region_code="11.01")]) == []


def test_a_finding_names_its_service_and_agency_and_its_first_row(path: Path) -> None:
    rows = [one(1), one(2, answer=9)]
    columns = ("scope", "region_code", "period", "owner", "source_id", "batch_id", "row_no", "severity")
    assert told(path, "survey_off_scale", rows, *columns) == [
        (SMART_CITY, KUKAR, "2023", "dlh", "s", "b", 1, "contradiction")
    ]
