"""Incremental loads: what is asked for, how deltas join what is in force, and what must not pass."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.source.plan import plan_of
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, LOAD, Record, make, mark, pages, seen, take
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import pull_pages, states

FIRST: list[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 3, "2024-03-10")]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def day(number: int) -> date:
    return date(2024, 3, number)


def bound(source: Any, ledger: Ledger) -> str | None:
    """What the next pull will ask from."""
    return plan_of(source, mark(source, ledger), NOW).bound


def codes(outcome: Any) -> list[str]:
    return [reason["code"] for batch in outcome.batches for reason in batch.reasons]


# -- from where a pull asks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "load", "mark", "asked"),
    [
        ({"type": "date"}, {}, None, "2020-01-01"),
        ({"type": "date"}, {}, "2024-03-10", "2024-03-03"),
        ({"type": "date"}, {}, "2020-01-04", "2020-01-01"),
        ({"type": "date"}, {"format": "%d-%m-%Y"}, "2024-03-10", "03-03-2024"),
        ({"type": "timestamp"}, {"overlap": "12h"}, "2024-03-10T01:30:00.000000+00:00", "2024-03-09T13:30:00Z"),
        (
            {"type": "timestamp", "timezone": "Asia/Makassar", "format": "%Y-%m-%d %H:%M"},
            {"overlap": "30m", "format": "%Y-%m-%d %H:%M", "start": "2020-01-01 00:00"},
            "2024-03-10T01:30:00.000000+00:00",
            "2024-03-10 09:00",
        ),
        ({"type": "bigint", "min": 0}, {"overlap": 100, "start": 0}, "5000", "4900"),
        ({"type": "bigint", "min": 0}, {"overlap": 100, "start": 0}, "50", "0"),
    ],
)
def test_p5_the_lower_bound_is_told_by_the_data(column: Any, load: Any, mark: str | None, asked: str) -> None:
    declared = {"incremental": LOAD["incremental"] | load}
    source = make(columns=COLUMNS | {"diubah": column | {"required": True}}, load=declared)
    for moment in (NOW, NOW + timedelta(days=400)):
        assert plan_of(source, mark, moment).bound == asked


@pytest.mark.parametrize(
    ("mark", "asked"),
    [
        ("2026-11-20", "2026-11-13"),
        ("2026-11-21", "2026-11-14"),
        ("2026-11-22", "2026-11-14"),  # a row that is dated ahead hides none that comes before its day
        ("2020-01-07", "2020-01-01"),
        ("2020-01-08", "2020-01-01"),
        ("2020-01-09", "2020-01-02"),
    ],
)
def test_p5_the_lower_bound_lies_between_the_start_and_today_less_the_overlap(mark: str, asked: str) -> None:
    assert plan_of(make(), mark, NOW).bound == asked


@pytest.mark.parametrize(("ahead", "asked"), [(-1, "2026-11-20T11:59:59Z"), (0, "2026-11-20T12:00:00Z"),
                                              (1, "2026-11-20T12:00:00Z")])  # fmt: skip
def test_p5_a_moment_that_lies_ahead_counts_as_now(ahead: int, asked: str) -> None:
    columns = COLUMNS | {"diubah": {"type": "timestamp", "required": True}}
    source = make(columns=columns, load={"incremental": LOAD["incremental"] | {"overlap": "12h"}})
    mark = (NOW + timedelta(seconds=ahead)).isoformat()
    assert plan_of(source, mark, NOW).bound == asked


def test_p5_a_number_has_no_clock() -> None:
    columns = COLUMNS | {"diubah": {"type": "bigint", "required": True, "min": 0}}
    source = make(columns=columns, load={"incremental": {"cursor": "diubah", "overlap": 1, "start": 7}})
    assert plan_of(source, "99999999999", NOW).bound == "99999999998"
    assert (plan_of(source, "6", NOW).bound, plan_of(source, "6", NOW).not_after) == ("7", None)


@pytest.mark.parametrize(
    ("column", "mark", "asked"),
    [
        ({"type": "date"}, "2024-03-10", "2024-03-09"),
        ({"type": "timestamp"}, "2024-03-10T01:30:00+00:00", "2024-03-09T01:30:00Z"),
        ({"type": "integer", "min": 0}, "5000", "4000"),
    ],
)
def test_p1_without_a_word_a_day_or_a_thousand_are_asked_for_again(column: Any, mark: str, asked: str) -> None:
    load = {"cursor": "diubah", "start": 0 if column["type"] == "integer" else "2020-01-01"}
    source = make(columns=COLUMNS | {"diubah": column | {"required": True}}, load={"incremental": load})
    assert plan_of(source, mark, NOW).bound == asked


@pytest.mark.parametrize(
    ("kind", "form", "least", "less"),
    [
        ("timestamp", None, "1m", "0m"),
        ("timestamp", "%Y-%m-%dT%H:%M:%S", "1m", "0h"),
        ("timestamp", "%Y-%m-%d %H:%M", "1m", "0d"),
        ("timestamp", "%d/%m/%Y %H", "1h", "59m"),
        ("timestamp", "%Y-%m-%d", "1d", "23h"),
        ("timestamp", "%Y%m", "31d", "30d"),
        ("date", None, "1d", "0d"),
        ("date", "%m/%Y", "31d", "30d"),
        ("date", "%Y", "366d", "365d"),
        ("integer", None, "1", "0"),
        ("bigint", None, "1", "0"),
    ],
)
def test_p1_an_overlap_below_one_step_of_what_is_asked_with_is_refused(
    kind: str, form: str | None, least: str, less: str
) -> None:
    """A system asked for what lies beyond 10:00:05 never gives the row of 10:00:05 that was committed late."""
    number = kind in ("integer", "bigint")
    columns = COLUMNS | {"diubah": {"type": kind, "required": True} | ({"min": 0} if number else {})}
    load = {"cursor": "diubah", "start": 0 if number else "2020-01-01"} | ({"format": form} if form else {})
    assert make(columns=columns, load={"incremental": load | {"overlap": least}}).incremental is not None
    with pytest.raises(ValidationError, match=f"overlap '{less}' loses rows.*the least is {least}"):
        make(columns=columns, load={"incremental": load | {"overlap": less}})


def test_p5_a_cursor_is_believed_for_a_day_unless_the_source_says_otherwise() -> None:
    assert plan_of(make(), None, NOW).not_after == NOW + timedelta(days=1)
    longer = make(load={"incremental": LOAD["incremental"] | {"ahead": "36h"}})
    assert plan_of(longer, None, NOW).not_after == NOW + timedelta(hours=36)


@pytest.mark.parametrize(
    ("kind", "believed", "refused"),
    [
        ("date", "2026-11-22", "2026-11-23"),
        ("timestamp", "2026-11-22T00:00:00+00:00", "2026-11-22T00:00:00.000001+00:00"),
    ],
)
def test_p5_a_cursor_at_the_last_believed_moment_lands(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str, believed: str, refused: str
) -> None:
    monkeypatch.setattr(ledger, "now", lambda: NOW)
    source = make(columns=COLUMNS | {"diubah": {"type": kind, "required": True}})
    [batch] = take(source, [("a", 1, believed), ("b", 2, believed), ("c", 3, refused)], ledger, settings).batches
    assert (batch.landed, batch.quarantined) == (2, 1)


@pytest.mark.parametrize(
    ("column", "load", "told"),
    [
        ({"type": "bigint", "required": True, "min": -1}, {"overlap": 5, "start": 0}, "min: 0"),
        ({"type": "timestamp", "required": True}, {"overlap": "7"}, "does not fit"),
        ({"type": "timestamp", "required": True}, {"overlap": "7w"}, "does not fit"),
        ({"type": "date", "required": True}, {"cursor": "tanggal"}, "'tanggal' is not a landed column"),
        ({"type": "string", "required": True}, {}, "must be a date, timestamp, integer or bigint"),
        ({"type": "date"}, {}, "must be `required`"),
        ({"type": "date", "required": True}, {"overlap": "12h"}, "whole days"),
        ({"type": "date", "required": True}, {"overlap": 5}, "does not fit"),
        ({"type": "bigint", "required": True, "min": 0}, {"start": 0}, "does not fit"),
        ({"type": "bigint", "required": True}, {"overlap": 5, "start": 0}, "min: 0"),
        ({"type": "date", "required": True}, {"start": "yesterday"}, "not a value of type date"),
    ],
)
def test_p10_an_incremental_load_that_cannot_work_is_refused(column: Any, load: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        make(columns=COLUMNS | {"diubah": column}, load={"incremental": LOAD["incremental"] | load})


# -- joining --------------------------------------------------------------------------------------------------------


def test_a_delta_joins_what_is_in_force(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    assert bound(source, ledger) == "2024-03-03"
    outcome = take(source, [("c", 3, "2024-03-10"), ("b", 20, "2024-03-12"), ("d", 4, "2024-03-12")], ledger, settings)
    assert states(outcome) == [("all", "accepted")]
    assert seen(source, ledger, settings) == [
        ("a", 1, day(1)), ("b", 20, day(12)), ("c", 3, day(10)), ("d", 4, day(12)),
    ]  # fmt: skip
    assert bound(source, ledger) == "2024-03-05"


def test_p1_repeated_rows_of_the_overlap_are_counted(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    take(source, [*FIRST, ("d", 4, "2024-03-11"), ("e", 5000, "2024-03-11")], ledger, settings)
    batch = ledger.batches(source.id, 1)[0]
    assert (batch.rows_received, batch.rows_landed, batch.rows_quarantined, batch.rows_known) == (5, 4, 1, 3)
    receipt = ledger.receipt_of(batch.batch_id)
    assert receipt is not None
    assert '"rows_known":3' in receipt.body


def test_a_delta_with_the_bytes_of_another_coverage_is_a_copy_whatever_joins_that_one(
    ledger: Ledger, settings: Settings
) -> None:
    columns = COLUMNS | {"tahun": {"type": "integer", "context": "tahun"}}
    source = make(columns=columns, key=["id", "tahun"], coverage={"from": "tahun", "grain": "year"})

    def year(tahun: str, letters: str) -> Any:
        rows = [{"id": letter, "nilai": nth, "diubah": "2024-03-01"} for nth, letter in enumerate(letters)]
        return page_of(rows, seq=int(tahun), context={"tahun": tahun})

    pull_pages(source, [year("2023", "abc"), year("2024", "def")], ledger, settings)
    # What joins 2023 takes nothing out of force.
    outcome = pull_pages(source, [year("2023", "gh"), year("2024", "abc")], ledger, settings)
    assert states(outcome) == [("2023", "accepted"), ("2024", "held")]
    assert codes(outcome) == ["copy"]


def test_an_empty_delta_is_a_quiet_day(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    for quiet in ([], FIRST[1:]):
        outcome = take(source, quiet, ledger, settings)
        assert states(outcome) == [("all", "unchanged")]
        assert not outcome.changed
    assert len(ledger.in_force(source.id)) == 1
    assert len(list(settings.landing_dir.rglob("rows.parquet"))) == 1


def test_the_first_pull_that_brings_nothing_is_no_quiet_day(ledger: Ledger, settings: Settings) -> None:
    assert codes(take(make(), [], ledger, settings)) == ["rows_min"]


def test_a_late_row_within_the_overlap_comes_in(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    take(source, [("late", 9, "2024-03-04"), *FIRST[1:]], ledger, settings)
    assert ("late", 9, day(4)) in seen(source, ledger, settings)
    assert bound(source, ledger) == "2024-03-03"


def test_an_older_version_of_a_row_does_not_come_back(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, [("a", 1, "2024-03-01"), ("b", 2, "2024-03-09")], ledger, settings)
    outcome = take(source, [("b", 99, "2024-03-08")], ledger, settings)
    assert states(outcome) == [("all", "unchanged")]
    assert ("b", 2, day(9)) in seen(source, ledger, settings)


def test_a_row_that_was_only_stamped_anew_is_no_repeat(ledger: Ledger, settings: Settings) -> None:
    """Else a version between the two stamps, arriving late, would win over what is newer."""
    source = make()
    take(source, FIRST, ledger, settings)
    assert states(take(source, [("c", 3, "2024-03-15")], ledger, settings)) == [("all", "accepted")]
    take(source, [("c", 99, "2024-03-12")], ledger, settings)
    assert ("c", 3, day(15)) in seen(source, ledger, settings)
    assert ledger.revisions(source.id) == []


def test_of_two_versions_with_one_cursor_the_later_pull_wins(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    take(source, [("c", 30, "2024-03-10")], ledger, settings)
    assert ("c", 30, day(10)) in seen(source, ledger, settings)


def test_a_record_that_moves_to_another_period_is_counted_once(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
    source = make(columns=columns, coverage={"from": "bulan", "grain": "month"})

    def rows(*found: tuple[str, int, str, str]) -> list[Any]:
        names = ("id", "nilai", "diubah", "bulan")
        return [page_of([dict(zip(names, record, strict=True)) for record in found])]

    first = [("a", 1, "2024-03-01", "2024-01"), ("b", 2, "2024-03-05", "2024-01"), ("c", 3, "2024-03-05", "2024-02")]
    pull_pages(source, rows(*first, ("d", 4, "2024-03-06", "2024-02")), ledger, settings)
    outcome = pull_pages(source, rows(("b", 2, "2024-03-07", "2024-02")), ledger, settings)
    assert states(outcome) == [("2024-02", "accepted")]
    assert [row[0] + row[3] for row in seen(source, ledger, settings)] == [
        "a2024-01", "b2024-02", "c2024-02", "d2024-02",
    ]  # fmt: skip
    [moved] = ledger.revisions(source.id)
    assert (moved.coverage, moved.changed) == ("2024-02", 1)


def test_numbers_are_ordered_as_numbers(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"diubah": {"type": "bigint", "required": True, "min": 0}}
    source = make(columns=columns, load={"incremental": {"cursor": "diubah", "overlap": 2, "start": 0}})
    take(source, [("a", 1, "8"), ("b", 2, "9")], ledger, settings)
    assert bound(source, ledger) == "7"
    take(source, [("b", 2, "9"), ("c", 3, "10")], ledger, settings)
    assert bound(source, ledger) == "8"
    assert seen(source, ledger, settings)[-1] == ("c", 3, 10)


# -- guards ---------------------------------------------------------------------------------------------------------


@pytest.mark.fault(9)
def test_p5_a_cursor_from_the_future_is_quarantined_and_does_not_advance_the_mark(
    ledger: Ledger, settings: Settings
) -> None:
    source = make()
    soon = (ledger.now() + timedelta(days=30)).date().isoformat()
    outcome = take(source, [*FIRST, ("x", 9, soon), ("y", 9, "9999-12-31")], ledger, settings)
    assert states(outcome) == [("all", "accepted")]
    [count] = ledger.quarantine_counts(outcome.batches[0].batch_id)
    assert (count.rule, count.field, count.rows) == ("cursor_future", "diubah", 2)
    assert bound(source, ledger) == "2024-03-03"
    assert [row[0] for row in seen(source, ledger, settings)] == ["a", "b", "c"]


def test_p5_a_cursor_of_tomorrow_is_within_the_tolerance(ledger: Ledger, settings: Settings) -> None:
    tomorrow = (ledger.now() + timedelta(hours=20)).date().isoformat()
    outcome = take(make(), [*FIRST, ("x", 9, tomorrow)], ledger, settings)
    assert outcome.batches[0].quarantined == 0


def test_p5_moments_from_the_future_are_quarantined_too(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"diubah": {"type": "timestamp", "required": True}}
    load = {"incremental": LOAD["incremental"] | {"overlap": "2h", "ahead": "1h"}}
    source = make(columns=columns, load=load)
    ahead = [(ledger.now() + timedelta(minutes=minutes)).isoformat() for minutes in (30, 90)]
    outcome = take(source, [("a", 1, "2024-03-01T00:00:00Z"), ("b", 2, ahead[0]), ("c", 3, ahead[1])], ledger, settings)
    assert (outcome.batches[0].landed, outcome.batches[0].quarantined) == (2, 1)
    # What is dated ahead lands, but does not hide the rows that come before its moment.
    latest = datetime.fromisoformat(bound(source, ledger) or "") + timedelta(hours=2)
    assert latest <= ledger.now() < datetime.fromisoformat(ahead[0])


def test_p1_a_held_delta_does_not_advance_the_mark(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    bad: list[Record] = [("d", 4, "2024-03-20"), ("e", "?", "2024-03-21"), ("f", "?", "2024-03-21")]
    held = take(source, bad, ledger, settings)
    assert codes(held) == ["quarantine", "drift_retyped"]
    assert bound(source, ledger) == "2024-03-03"
    ledger.release_batches([held.batches[0].batch_id], "the agency will correct the two rows")
    assert bound(source, ledger) == "2024-03-13"
    assert ("d", 4, day(20)) in seen(source, ledger, settings)


def test_a_delta_of_bad_rows_only_is_rejected_and_asked_again(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    assert states(take(source, [("d", "?", "2024-03-20")], ledger, settings)) == [("all", "rejected")]
    assert bound(source, ledger) == "2024-03-03"


def test_a_few_rows_are_no_shrinking_delta(ledger: Ledger, settings: Settings) -> None:
    many = [(f"r{number}", number, "2024-03-10") for number in range(100)]
    source = make(assertions={"rows": {"min": 80}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}})
    take(source, many, ledger, settings)
    assert states(take(source, [("r5", 7, "2024-03-11")], ledger, settings)) == [("all", "accepted")]
    assert len(seen(source, ledger, settings)) == 100


@pytest.mark.parametrize("again", [False, True], ids=["what is new", "everything"])
def test_p5_a_cursor_that_was_in_the_future_lands_when_its_time_has_come(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """The same bytes again: what was refused for its time must not be taken for unchanged."""
    source, soon = make(), ledger.now() + timedelta(days=30)
    rows = [*FIRST, ("x", 9, soon.date().isoformat())]
    take(source, rows, ledger, settings)
    for full in (False, True):
        assert states(take(source, rows, ledger, settings, full=full)) == [("all", "unchanged")]
    monkeypatch.setattr(ledger, "now", lambda: soon)
    assert states(take(source, rows, ledger, settings, full=again)) == [("all", "accepted")]
    assert [row[0] for row in seen(source, ledger, settings)] == ["a", "b", "c", "x"]


# -- reading everything again ---------------------------------------------------------------------------------------


def test_a_full_pull_replaces_what_deltas_joined_and_sees_what_was_deleted(ledger: Ledger, settings: Settings) -> None:
    many = [(f"r{number}", number, "2024-03-10") for number in range(10)]
    source = make()
    take(source, many, ledger, settings)
    take(source, [("new", 1, "2024-03-11")], ledger, settings)
    kept = [*many[1:], ("new", 1, "2024-03-11")]
    outcome = take(source, kept, ledger, settings, full=True)
    assert states(outcome) == [("all", "accepted")]
    assert [row[0] for row in seen(source, ledger, settings)] == sorted(record[0] for record in kept)
    assert len(ledger.in_force(source.id)) == 1
    [revision] = ledger.revisions(source.id)
    assert (revision.changed, revision.added, revision.removed) == (0, 0, 1)


def test_mass_deletion_is_seen_against_what_deltas_joined(ledger: Ledger, settings: Settings) -> None:
    many = [(f"r{number}", number, "2024-03-10") for number in range(10)]
    source = make()
    take(source, many[:6], ledger, settings)
    take(source, many[6:], ledger, settings)
    outcome = take(source, many[:6], ledger, settings, full=True)
    assert codes(outcome) == ["shrink", "mass_deletion"]
    assert len(seen(source, ledger, settings)) == 10


def test_p2_another_contract_or_question_is_asked_from_the_beginning(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, FIRST, ledger, settings)
    take(source, [("d", 4, "2024-03-12")], ledger, settings)
    wider = make(columns=COLUMNS | {"nilai": {"type": "integer", "max": 9999}})
    elsewhere = make(args={"path": "/y", "params": {"sejak": "{cursor}"}})
    for changed in (wider, elsewhere):
        take(changed, [*FIRST, ("d", 4, "2024-03-12")], ledger, settings)
        batch = ledger.batches(source.id, 1)[0]
        assert (batch.status, batch.merge) == ("accepted", None)
    assert len(ledger.in_force(source.id)) == 1
    assert bound(elsewhere, ledger) == "2024-03-05"


def test_until_one_pull_read_everything_the_next_reads_everything(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"tahun": {"context": "tahun"}}
    source = make(columns=columns, key=["id", "tahun"], coverage={"from": "tahun", "grain": "year"})
    good = [{"id": f"r{number}", "nilai": number, "diubah": "2024-03-10"} for number in range(4)]
    small = [page_of(good, 0, context={"tahun": "2023"}), page_of(good[:1], 1, context={"tahun": "2024"})]
    assert states(pull_pages(source, small, ledger, settings)) == [("2023", "accepted"), ("2024", "held")]
    assert bound(source, ledger) == "2020-01-01"
    whole = [small[0], page_of([row | {"nilai": 9} for row in good], 1, context={"tahun": "2024"})]
    assert states(pull_pages(source, whole, ledger, settings)) == [("2023", "unchanged"), ("2024", "accepted")]
    assert bound(source, ledger) == "2024-03-03"


def test_pages_without_the_lower_bound_in_them_stay_equal(ledger: Ledger, settings: Settings) -> None:
    """The bound moves with every pull; it must not make the same answer look new."""
    source = make()
    take(source, FIRST, ledger, settings)
    first = pages(*FIRST)
    assert plan_of(source, "2024-03-10", NOW).contexts(()) == ({"cursor": "2024-03-03"},)
    assert states(pull_pages(source, first, ledger, settings)) == [("all", "unchanged")]
