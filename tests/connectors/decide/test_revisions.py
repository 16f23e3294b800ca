"""Restated figures: the old one is kept, the difference told by unit, and a settled figure that changes is marked."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from connectors.decide.maturity import maturity, maturity_of, period_end
from connectors.landing import staging
from ledger.errors import LedgerError
from ledger.pull_store import Confirmed
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.warehouse import opened, revisions_view, write_views
from tests.connectors.deltas import COLUMNS, LOAD, take
from tests.connectors.deltas import make as make_incremental
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import NIK, in_force, make, page, pull_pages, records, states

Line = tuple[Any, ...]


def lines(ledger: Ledger, settings: Settings, source_id: str = "sample") -> list[Line]:
    """Every difference, as dbt and the command line read it."""
    warehouse = settings.home / "revisions.duckdb"
    write_views(warehouse, revisions_view(settings.home, ledger.revisions(source_id)))
    with opened(warehouse) as connection:
        found = connection.execute(
            "select coverage, unit, kind, column_name, old_value, new_value from landing._revisions order by all"
        ).fetchall()
    return [(row[0], json.loads(row[1]), *row[2:]) for row in found]


def test_a_restated_period_keeps_the_old_figure_and_tells_the_difference_by_unit(
    ledger: Ledger, settings: Settings
) -> None:
    source = make()
    first = pull_pages(source, [page(0, records(20))], ledger, settings).batches[0]
    rows = [*records(20)[1:3], records(4, n=99)[3], *records(20)[4:], {"id": "new", "nik": None, "nama": "", "n": 7}]
    second = pull_pages(source, [page(0, rows)], ledger, settings).batches[0]
    [revision] = ledger.revisions(source.id)
    assert (revision.batch_id, revision.previous_batch_id) == (second.batch_id, first.batch_id)
    assert (revision.coverage, revision.changed, revision.added, revision.removed) == ("2024", 1, 1, 1)
    assert NIK[:12] not in str(lines(ledger, settings))  # the person is a pseudonym here too (P6)
    found = [line for line in lines(ledger, settings) if line[3] != "nik"]
    assert found == [
        ("2024", {"id": "new"}, "added", "n", None, "7"),
        ("2024", {"id": "new"}, "added", "tahun", None, "2024"),
        ("2024", {"id": "r0"}, "removed", "n", "0", None),
        ("2024", {"id": "r0"}, "removed", "tahun", "2024", None),
        ("2024", {"id": "r3"}, "changed", "n", "3", "99"),
    ]
    kept = ledger.batch(first.batch_id)
    assert kept is not None
    query = "SELECT n FROM read_parquet(?) WHERE id IN ('r0', 'r3') ORDER BY id"
    assert duckdb.execute(query, [str(settings.home / (kept.landed_path or ""))]).fetchall() == [(0,), (3,)]
    receipt = ledger.receipt_of(second.batch_id)
    assert receipt is not None
    assert revision.sha256 in receipt.body


def test_differences_are_told_whatever_is_compared_at_once(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BUCKET_ROWS", 3)
    source = make()
    pull_pages(source, [page(0, records(20))], ledger, settings)
    pull_pages(source, [page(0, [*records(18), *records(20, n=99)[18:]])], ledger, settings)
    found = [line[1:] for line in lines(ledger, settings)]
    assert found == [({"id": f"r{at}"}, "changed", "n", str(at), "99") for at in (18, 19)]


def test_an_older_held_batch_is_not_released_over_newer_knowledge(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, [page(0, records(20))], ledger, settings)
    held = pull_pages(source, [page(0, records(9))], ledger, settings).batches[0]
    again = pull_pages(source, [page(0, records(20))], ledger, settings).batches[0]
    assert (held.status, again.status) == ("held", "unchanged")
    with pytest.raises(LedgerError, match="newer pull of its coverage says something else"):
        ledger.release_batches([held.batch_id], "late")


def test_a_corrected_value_of_the_request_is_another_batch(ledger: Ledger, settings: Settings) -> None:
    columns = {"id": {}, "kode": {"context": "kode"}, "tahun": {"type": "integer", "context": "tahun"}}
    source = make(columns=columns)
    rows = [{"id": row["id"]} for row in records(5)]
    pull_pages(source, [page(0, rows, kode="64.02")], ledger, settings)
    assert pull_pages(source, [page(0, rows, kode="64.02")], ledger, settings).batches[0].status == "unchanged"
    assert pull_pages(source, [page(0, rows, kode="62.02")], ledger, settings).batches[0].status == "accepted"
    assert {row[1] for row in in_force(settings, ledger, source)["2024"]} == {"62.02"}


def test_a_first_load_an_unchanged_one_and_reordered_rows_are_no_revision(ledger: Ledger, settings: Settings) -> None:
    source = make()
    for rows in (records(20), records(20), list(reversed(records(20)))):
        pull_pages(source, [page(0, rows)], ledger, settings)
    pull_pages(source, [page(0, records(20, n=1), "2025")], ledger, settings)
    assert ledger.revisions(source.id) == []
    assert lines(ledger, settings) == []
    assert not list(settings.landing_dir.rglob("revisions.parquet"))


def test_a_held_batch_revises_once_it_is_released(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, [page(0, records(20))], ledger, settings)
    held = pull_pages(source, [page(0, records(10, n=5))], ledger, settings).batches[0]
    assert (held.status, ledger.revisions(source.id)) == ("held", [])
    ledger.release_batches([held.batch_id], "confirmed")
    [revision] = ledger.revisions(source.id)
    assert (revision.changed, revision.removed) == (9, 10)


def test_another_type_of_the_same_value_is_no_difference(ledger: Ledger, settings: Settings) -> None:
    columns: dict[str, Any] = {
        "id": {},
        "tahun": {"type": "integer", "context": "tahun"},
        "n": {"type": "decimal(5,1)"},
    }
    pull_pages(make(columns=columns), [page(0, records(20, n="1.5"))], ledger, settings)
    wider = columns | {"n": {"type": "decimal(9,3)"}, "nama": {"personal": "drop"}}
    assert (
        states(pull_pages(make(columns=wider), [page(0, records(20, n="1.5"))], ledger, settings))[0][1] == "accepted"
    )
    assert ledger.revisions("sample") == []


def test_p2_rows_under_a_key_of_another_type_are_not_compared(ledger: Ledger, settings: Settings) -> None:
    columns: dict[str, Any] = {"id": {}, "tahun": {"type": "integer", "context": "tahun"}, "n": {"type": "integer"}}
    rows = [{"id": f"r{nth}", "n": nth} for nth in range(20)]
    pull_pages(make(columns=columns), [page(0, rows)], ledger, settings)
    numbered = make(columns=columns | {"id": {"type": "integer"}})
    [batch] = pull_pages(numbered, [page(0, [row | {"id": row["n"]} for row in rows])], ledger, settings).batches
    assert (batch.status, batch.landed, ledger.revisions("sample")) == ("accepted", 20, [])


def test_corrected_rows_of_a_delta_are_revisions_and_its_growth_is_none(ledger: Ledger, settings: Settings) -> None:
    source = make_incremental()
    take(source, [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05")], ledger, settings)
    take(source, [("c", 3, "2024-03-06")], ledger, settings)
    assert ledger.revisions(source.id) == []
    take(source, [("b", 20, "2024-03-07"), ("d", 4, "2024-03-07")], ledger, settings)
    [revision] = ledger.revisions(source.id)
    assert (revision.changed, revision.added, revision.removed) == (1, 1, 0)
    assert lines(ledger, settings) == [("all", {"id": "b"}, "changed", "nilai", "2", "20")]


# -- maturity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coverage", "grain", "end"),
    [
        ("2024", "year", (2025, 1, 1)),
        ("20241", "semester", (2025, 1, 1)),
        ("20242", "semester", (2025, 7, 1)),
        ("2024-11", "month", (2024, 12, 1)),
        ("2024-12", "month", (2025, 1, 1)),
    ],
)
def test_a_period_ends(coverage: str, grain: Any, end: tuple[int, int, int]) -> None:
    assert period_end(coverage, grain) == datetime(*end, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "revised", "expected"),
    [(9, False, "provisional"), (10, False, "final"), (10, True, "revised"), (300, False, "final")],
)
def test_p5_a_figure_is_final_once_it_was_found_unchanged_long_after_its_period(
    day: int, revised: bool, expected: str
) -> None:
    confirmed = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day)
    assert maturity("2024", "year", "10d", confirmed_at=confirmed, was_revised=revised) == expected


def test_what_is_not_declared_has_no_maturity() -> None:
    confirmed = {"2024": Confirmed(datetime(2026, 1, 1, tzinfo=UTC), revised=False)}
    assert maturity_of(make(), "2024", confirmed) is None
    declared = make(coverage={"from": "tahun", "grain": "year", "final_after": "40d"})
    assert maturity_of(declared, "2024", confirmed) == "final"
    assert maturity_of(declared, "2023", confirmed) is None


def test_a_final_figure_that_changes_is_revised_and_stays_so(ledger: Ledger, settings: Settings) -> None:
    source = make(coverage={"from": "tahun", "grain": "year", "final_after": "40d"})

    def matured() -> dict[Any, Any]:
        confirmed = ledger.confirmed(source.id)
        return {coverage: maturity_of(source, coverage, confirmed) for coverage in confirmed}

    running = str(ledger.now().year)
    pull_pages(source, [page(0, records(20), "2023"), page(1, records(20, n=1), running)], ledger, settings)
    assert matured() == {"2023": "final", running: "provisional"}
    pull_pages(source, [page(0, records(20, n=5), "2023"), page(1, records(20, n=2), running)], ledger, settings)
    assert matured() == {"2023": "revised", running: "provisional"}
    assert {revision.coverage: revision.was for revision in ledger.revisions(source.id)} == {
        "2023": "final",
        running: "provisional",
    }
    pull_pages(source, [page(0, records(20, n=5), "2023")], ledger, settings)
    assert matured()["2023"] == "revised"


def test_a_late_row_in_a_settled_period_is_a_revision(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
    source = make_incremental(
        columns=columns, coverage={"from": "bulan", "grain": "month", "final_after": "10d"}, load=LOAD
    )
    names = ("id", "nilai", "diubah", "bulan")

    def brings(*found: tuple[str, int, str, str]) -> None:
        pull_pages(source, [page_of([dict(zip(names, row, strict=True)) for row in found])], ledger, settings)

    brings(("a", 1, "2024-03-01", "2024-01"), ("b", 2, "2024-03-05", "2024-01"))
    brings(("late", 3, "2024-03-09", "2024-01"))
    [revision] = ledger.revisions(source.id)
    assert (revision.changed, revision.added, revision.was) == (0, 1, "final")
    assert [line[1:4] for line in lines(ledger, settings)] == [
        ({"id": "late"}, "added", "bulan"),
        ({"id": "late"}, "added", "nilai"),
    ]
    assert ledger.confirmed(source.id)["2024-01"].revised
