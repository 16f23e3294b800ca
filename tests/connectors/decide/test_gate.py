"""The source gate, case by case."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.decide.facts import Before, Facts, PullRows, Reason
from connectors.decide.gate import MIN_COPY_ROWS, capped, decide, repeated, too_many
from connectors.source.source import Assertions, Limit

ASSERTIONS = Assertions.model_validate(
    {"rows": {"min": 80, "max": 200}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}}
)
BEFORE = Before("b1", "contract", "other content", "other rows", received=100, quarantined=0, keys=100, keys_gone=0)
FACTS = Facts(
    coverage="2024",
    contract_sha256="contract",
    content_sha256="content",
    rows_sha256="rows",
    received=100,
    landed=100,
    quarantined=0,
    before=BEFORE,
    trailing=(100, 101, 99),
)


def facts(**change: Any) -> Facts:
    if "received" in change and "landed" not in change:
        change["landed"] = change["received"] - change.get("quarantined", 0)
    return replace(FACTS, **change)


def before(**change: Any) -> Before:
    return replace(BEFORE, **change)


UNKNOWN = Reason("drift_added", "fields that nobody declared", "Declare them", "baru")

CASES: list[tuple[str, Facts, str, list[str]]] = [
    ("as usual", facts(), "accepted", []),
    ("the first batch", facts(before=None, trailing=()), "accepted", []),
    ("exactly the floor", facts(received=80), "accepted", []),
    ("one under the floor", facts(received=79), "held", ["rows_min", "shrink"]),
    ("small from the start", facts(received=79, before=None, trailing=()), "held", ["rows_min"]),
    ("shrunk, above the floor", facts(received=100, trailing=(200, 200, 200)), "held", ["shrink"]),
    ("one odd batch before does not decide", facts(trailing=(100, 4000, 100)), "accepted", []),
    ("smaller than the one in force", facts(before=before(received=130)), "held", ["shrink"]),
    ("empty where rows stood", facts(received=0), "held", ["empty"]),
    ("empty from the start", facts(received=0, before=None, trailing=()), "held", ["rows_min"]),
    ("quarantine at its quota", facts(landed=95, quarantined=5), "accepted", []),
    ("quarantine over its quota", facts(landed=94, quarantined=6), "held", ["quarantine"]),
    ("half of the rows flagged", facts(flagged=50), "accepted", []),
    ("more than half of the rows flagged", facts(flagged=51), "held", ["flagged_max"]),
    ("flagged rows are counted among the landed", facts(landed=96, quarantined=4, flagged=49), "held", ["flagged_max"]),
    ("flagged rows of a delta", facts(new_rows=100, flagged=51), "held", ["flagged_max"]),
    ("nothing landed", facts(landed=0, quarantined=100), "rejected", ["nothing_landed"]),
    ("one row, and it is bad", facts(received=1, landed=0, quarantined=1), "rejected", ["nothing_landed"]),
    ("keys at their limit", facts(before=before(keys_gone=20)), "accepted", []),
    ("mass deletion", facts(before=before(keys_gone=21)), "held", ["mass_deletion"]),
    ("replaced by as many others", facts(before=before(keys_gone=100)), "held", ["mass_deletion"]),
    ("any change where none is bounded", facts(before=before(keys_changed=100)), "accepted", []),
    ("a copy under another key", facts(copies=("dlh_sipsn 2024",)), "held", ["copy"]),
    ("one row may be the same", facts(copies=("x 2024",), received=1), "held", ["rows_min", "shrink"]),
    ("rows that came again where as many were announced", facts(repeated=1), "held", ["repeated"]),
    ("a copied file within", facts(doubled_pages=(3,)), "held", ["copy_within"]),
    ("at the floor of what is usual", facts(received=104, before=before(received=130)), "accepted", []),
    ("one under what is usual", facts(received=103, before=before(received=130)), "held", ["shrink"]),
    ("the median lies between two", facts(received=88, before=None, trailing=(100, 120)), "accepted", []),
    ("one under the median of two", facts(received=87, before=None, trailing=(100, 120)), "held", ["shrink"]),
    ("nothing came, and the history says what was due", facts(received=0, before=None), "held", ["empty"]),
    ("keys that are gone where none was counted", facts(before=before(keys=0, keys_gone=50)), "accepted", []),
    (
        "same bytes, asked for otherwise",
        facts(before=before(content_sha256="content", context_sha256="x")),
        "accepted",
        [],
    ),
    ("same rows, asked for otherwise", facts(before=before(rows_sha256="rows", context_sha256="x")), "unchanged", []),
    ("same rows, other contract", facts(before=before(rows_sha256="rows", contract_sha256="x")), "accepted", []),
    ("one row landed of many", facts(received=100, landed=1, quarantined=99), "held", ["quarantine"]),
    (
        "everything that is wrong is said at once",
        facts(
            coverage=None,
            received=79,
            landed=70,
            quarantined=9,
            drift=(UNKNOWN,),
            before=before(keys_gone=21),
            copies=("x 2024",),
            doubled_pages=(1,),
        ),
        "held",
        ["coverage_unknown", "rows_min", "shrink", "quarantine", "drift_added", "mass_deletion", "copy", "copy_within"],
    ),
    ("unknown fields, contract says hold", facts(drift=(UNKNOWN,)), "held", ["drift_added"]),
    (
        "the same rows with unknown fields",
        facts(drift=(UNKNOWN,), before=before(rows_sha256="rows")),
        "held",
        ["drift_added"],
    ),
    (
        "nothing landed, and why",
        facts(drift=(UNKNOWN,), landed=0, quarantined=100),
        "rejected",
        ["nothing_landed", "drift_added"],
    ),
    ("the last period that is believed", facts(not_after="2024"), "accepted", []),
    ("a period far ahead", facts(coverage="2099", not_after="2027"), "held", ["coverage_future"]),
    ("a month far ahead", facts(coverage="2027-12", not_after="2027-11"), "held", ["coverage_future"]),
    (
        "what is in force of such a period may go",
        facts(coverage="2099", not_after="2027", received=0, before=before(received=0), trailing=()),
        "held",
        ["rows_min"],
    ),
    ("rows without coverage", facts(coverage=None), "held", ["coverage_unknown"]),
    ("a coverage that vanished", facts(received=0, pull=PullRows(100, 0)), "held", ["vanished"]),
    (
        "a coverage that only a simulator gave",
        facts(received=0, landed=0, pull=PullRows(100, 0), before=before(synthetic=True)),
        "accepted",
        [],
    ),
    ("a pull without any row", facts(received=0, pull=PullRows(0, 0)), "held", ["empty"]),
    ("unclear rows at the quota", facts(pull=PullRows(200, 10)), "accepted", []),
    ("unclear rows over the quota", facts(pull=PullRows(200, 11)), "held", ["coverage_unclear"]),
    (
        "unclear rows and its own, together over it",
        facts(landed=97, quarantined=3, pull=PullRows(200, 6)),
        "held",
        ["coverage_unclear"],
    ),
    (
        "its own over the quota already",
        facts(landed=94, quarantined=6, pull=PullRows(200, 90)),
        "held",
        ["quarantine"],
    ),
    ("same bytes", facts(before=before(content_sha256="content")), "unchanged", []),
    (
        "same bytes, from a simulator before",
        facts(before=before(content_sha256="content", synthetic=True)),
        "accepted",
        [],
    ),
    ("same rows, from a simulator before", facts(before=before(rows_sha256="rows", synthetic=True)), "accepted", []),
    ("same bytes, other contract", facts(before=before(content_sha256="content", contract_sha256="x")), "accepted", []),
    (
        "same bytes, another number refused",
        facts(before=before(content_sha256="content", quarantined=1)),
        "accepted",
        [],
    ),
    ("same rows in other bytes", facts(before=before(rows_sha256="rows")), "unchanged", []),
    (
        "same rows, but some were in quarantine",
        facts(before=before(rows_sha256="rows", quarantined=1), landed=99, quarantined=1),
        "accepted",
        [],
    ),
]


@pytest.mark.parametrize(("name", "given", "outcome", "codes"), CASES, ids=[case[0] for case in CASES])
def test_decisions(name: str, given: Facts, outcome: str, codes: list[str]) -> None:
    decision = decide(given, ASSERTIONS)
    assert (decision.outcome, [reason.code for reason in decision.reasons]) == (outcome, codes)


DELTAS: list[tuple[str, Facts, str, list[str]]] = [
    ("a quiet day", facts(received=0, new_rows=0), "unchanged", []),
    ("rows of the overlap again", facts(received=30, new_rows=0), "unchanged", []),
    ("one new row: neither floor nor shrinking", facts(received=1, new_rows=1), "accepted", []),
    ("keys that are not in it are not gone", facts(new_rows=5, before=before(keys_gone=100)), "accepted", []),
    ("refused rows are told", facts(received=100, quarantined=5, new_rows=0), "accepted", []),
    (
        "and told once",
        facts(quarantined=5, landed=95, new_rows=0, before=before(content_sha256="content", quarantined=5)),
        "unchanged",
        [],
    ),
    ("too many refused", facts(received=100, quarantined=6, new_rows=94), "held", ["quarantine"]),
    (
        "refused rows only",
        facts(received=2, quarantined=2, landed=0, new_rows=0),
        "rejected",
        ["nothing_landed"],
    ),
    ("a copy under another key", facts(new_rows=9, copies=("dlh_sipsn 2024",)), "held", ["copy"]),
    ("a field nobody declared", facts(new_rows=9, drift=(UNKNOWN,)), "held", ["drift_added"]),
    ("a delta far ahead", facts(new_rows=9, coverage="20991", not_after="20261"), "held", ["coverage_future"]),
    ("rows without coverage", facts(new_rows=9, coverage=None), "held", ["coverage_unknown"]),
    (
        "a field nobody declared, and no new row",
        facts(received=30, new_rows=0, drift=(UNKNOWN,)),
        "held",
        ["drift_added"],
    ),
    (
        "refused rows that were told under another contract",
        facts(
            quarantined=5,
            landed=95,
            new_rows=0,
            before=before(content_sha256="content", contract_sha256="x", quarantined=5),
        ),
        "accepted",
        [],
    ),
    ("rows of a simulator beside real ones", facts(new_rows=5, synthetic=True), "rejected", ["simulated"]),
    (
        "real rows beside those of a simulator",
        facts(new_rows=5, before=before(synthetic=True)),
        "rejected",
        ["simulated"],
    ),
    ("a quiet day of a simulator", facts(received=0, new_rows=0, synthetic=True), "unchanged", []),
    ("new rows of the same bytes", facts(new_rows=1, before=before(content_sha256="content")), "accepted", []),
]


@pytest.mark.parametrize(("name", "given", "outcome", "codes"), DELTAS, ids=[case[0] for case in DELTAS])
def test_decisions_about_deltas(name: str, given: Facts, outcome: str, codes: list[str]) -> None:
    decision = decide(given, ASSERTIONS)
    assert (decision.outcome, [reason.code for reason in decision.reasons]) == (outcome, codes)


SMALL = Assertions.model_validate({"rows": {"min": 0}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}})


@pytest.mark.parametrize("new_rows", [None, 1], ids=["whole", "delta"])
@pytest.mark.parametrize(("received", "copied"), [(1, False), (2, True), (3, True)])
def test_two_equal_rows_are_a_copy_and_one_may_honestly_be_the_same(
    received: int, copied: bool, new_rows: int | None
) -> None:
    assert MIN_COPY_ROWS == 2
    given = facts(received=received, before=None, trailing=(), copies=("x 2024",), new_rows=new_rows)
    assert [reason.code for reason in decide(given, SMALL).reasons] == (["copy"] if copied else [])


@pytest.mark.parametrize(("count", "told"), [(20, 20), (21, 20)])
def test_of_many_copies_the_first_twenty_are_named(count: int, told: int) -> None:
    given = facts(copies=[f"x {number}" for number in range(count)], doubled_pages=range(count))
    copy, within = decide(given, ASSERTIONS).reasons
    assert copy.observed.split(", ") == [f"x {number}" for number in range(told)]
    assert within.observed == f"pages {', '.join(map(str, range(told)))}"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "accepted"),
        ({"rows": {"min": 1}}, "held"),
        ({"shrink": {"max": "99%"}}, "held"),
        ({"gone": {"max": "99%"}}, "held"),
    ],
)
def test_a_coverage_may_vanish_only_where_all_three_assertions_allow_it(change: Any, outcome: str) -> None:
    every = {"rows": {"min": 0}, "quarantine": {"max": "5%"}, "shrink": {"max": "100%"}, "gone": {"max": "100%"}}
    given = facts(received=0, pull=PullRows(100, 0))
    assert decide(given, Assertions.model_validate(every | change)).outcome == outcome


CAPS = (1_000, 5_000, 10_000, 32_000, 50_000, 65_535, 65_536, 100_000)
BESIDE = sorted({cap + step for cap in CAPS for step in (-1, 1)} - set(CAPS))


@pytest.mark.parametrize(
    ("received", "told"), [*((cap, True) for cap in CAPS), *((number, False) for number in BESIDE), (0, False)]
)
def test_p1_a_silent_cap_is_a_finding(received: int, told: bool) -> None:
    found = capped([received, 7])
    assert (found is not None) is told
    if found is not None:
        assert (found.code, found.observed) == ("silent_cap", str(received))


def test_p1_a_silent_cap_is_looked_for_in_each_listing() -> None:
    found = capped([1_000, 999, 1_000, 5_000])
    assert found is not None
    assert found.observed == "1000 in 2 listings, 5000"
    assert capped([400, 600]) is None


@pytest.mark.parametrize(("count", "announced", "told"), [(0, True, ""), (4, True, "never came"), (4, False, "again")])
def test_p1_rows_that_came_again_say_what_is_known_of_the_others(count: int, announced: bool, told: str) -> None:
    found = repeated(count, announced=announced)
    assert (found is None) is (not told)
    if found is not None:
        assert (found.observed, told in found.what, "never came" in found.what) == ("4", True, announced)


def test_every_reason_says_what_to_do() -> None:
    seen = {}
    for _, given, _, _ in CASES:
        for reason in decide(given, ASSERTIONS).reasons:
            seen[reason.code] = reason
    assert len(seen) >= 9
    for reason in seen.values():
        assert reason.what
        assert reason.do
        assert reason.observed


def test_gone_has_its_own_limit() -> None:
    lenient = ASSERTIONS.model_copy(update={"gone": Assertions.model_fields["shrink"].annotation(max=0.5)})  # type: ignore[misc]
    assert decide(facts(before=before(keys_gone=40)), lenient).outcome == "accepted"


@pytest.mark.parametrize(("changed", "outcome"), [(5, "accepted"), (6, "held")])
def test_changes_are_bounded_where_the_contract_says_so(changed: int, outcome: str) -> None:
    strict = ASSERTIONS.model_copy(update={"changed": Limit(max=0.05)})
    decision = decide(facts(before=before(keys_changed=changed)), strict)
    assert decision.outcome == outcome
    assert [(reason.code, reason.observed) for reason in decision.reasons] == (
        [("mass_change", "6 of 100")] if changed == 6 else []
    )


@pytest.mark.parametrize(("received", "expected"), [(200, None), (201, "rows_max")])
def test_too_many_rows_are_a_finding(received: int, expected: str | None) -> None:
    found = too_many(received, ASSERTIONS)
    assert (found.code if found else None) == expected


def test_how_many_rows_may_be_flagged_is_declared() -> None:
    strict = ASSERTIONS.model_copy(update={"flagged": Limit(max=0.05)})
    assert decide(facts(flagged=5), strict).outcome == "accepted"
    [reason] = decide(facts(flagged=6), strict).reasons
    assert (reason.code, reason.observed, reason.limit) == ("flagged_max", "6 of 100", "5.0%")
