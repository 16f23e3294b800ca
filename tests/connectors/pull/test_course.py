"""A pull from its first page to its receipt, with the ledger it writes."""

import json
from typing import Any

import duckdb
import psycopg
import pytest

from connectors.protocols.base import Page
from connectors.pull.page_store import read_page
from ledger.errors import SourceError
from ledger.keys import Keys
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.pulling import COLUMNS, NAME, NIK, in_force, make, page, pull_pages, records, states, two_years


def test_a_pull_lands_a_batch_for_each_coverage(ledger: Ledger, settings: Settings) -> None:
    source = make()
    outcome = pull_pages(source, two_years(), ledger, settings, synthetic=True, event_id=None)
    assert states(outcome) == [("2023", "accepted"), ("2024", "accepted")]
    assert outcome.changed
    first, second = sorted(ledger.in_force(source.id), key=lambda batch: batch.coverage or "")
    assert (first.rows_received, first.rows_landed, first.rows_quarantined) == (20, 20, 0)
    assert (second.rows_received, second.synthetic) == (21, True)
    assert first.landed_path == f"landing/{source.id}/{first.batch_id}/rows.parquet"
    assert [row.seq for row in ledger.pages(second.batch_id)] == [1, 2]
    rows = duckdb.execute(
        "SELECT _page, _row, tahun FROM read_parquet(?)", [str(settings.home / (second.landed_path or ""))]
    ).fetchall()
    assert rows[-1] == (2, 20, 2024)
    assert ledger.receipt_of(first.batch_id) is not None


def test_p7_every_page_is_kept_as_it_came(ledger: Ledger, settings: Settings) -> None:
    source, pages = make(), two_years()
    outcome = pull_pages(source, pages, ledger, settings)
    key = Keys.load(settings.key_dir).page_key
    kept = [row for batch in outcome.batches for row in ledger.pages(batch.batch_id)]
    assert [read_page(settings.home / (row.path or ""), key) for row in kept] == [page.body for page in pages]
    assert [(row.request, row.status, row.ms) for row in kept] == [(p.request, 200, 7) for p in pages]


def test_p2_the_same_again_changes_nothing(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    before, files = in_force(settings, ledger, source), sorted(settings.landing_dir.rglob("*.parquet"))
    outcome = pull_pages(source, two_years(), ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "unchanged")]
    assert not outcome.changed
    assert in_force(settings, ledger, source) == before
    assert sorted(settings.landing_dir.rglob("*.parquet")) == files
    kept, again = (ledger.pages(batch.batch_id)[0] for batch in ledger.batches(source.id) if batch.coverage == "2023")
    assert (settings.home / (kept.path or "")).stat().st_ino == (settings.home / (again.path or "")).stat().st_ino


def test_p5_an_answer_with_a_clock_in_it_is_unchanged_too(ledger: Ledger, settings: Settings) -> None:
    source = make()
    for moment in ("2026-11-21T20:00:00Z", "2026-11-22T20:00:00Z"):
        body = json.dumps({"at": moment, "rows": records(5)}).encode()
        outcome = pull_pages(source, [page(0, body)], ledger, settings)
    assert states(outcome) == [("2024", "unchanged")]
    assert len(list(settings.landing_dir.rglob("rows.parquet"))) == 1


def test_the_mark_of_a_simulator_goes_when_the_real_system_gives_the_same(ledger: Ledger, settings: Settings) -> None:
    source = make()
    for synthetic, status in ((True, "accepted"), (False, "accepted"), (False, "unchanged"), (True, "accepted")):
        outcome = pull_pages(source, [page(0, records(20))], ledger, settings, synthetic=synthetic)
        assert (synthetic, states(outcome)) == (synthetic, [("2024", status)])
        assert [batch.synthetic for batch in ledger.in_force(source.id)] == [synthetic]


def test_a_changed_contract_lands_again(ledger: Ledger, settings: Settings) -> None:
    pull_pages(make(), two_years(), ledger, settings)
    stricter = make(columns=COLUMNS | {"n": {"type": "integer", "max": 100}})
    assert states(pull_pages(stricter, two_years(), ledger, settings))[0] == ("2023", "accepted")


def test_p3_a_bad_batch_leaves_the_last_good_one_in_force(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    before = in_force(settings, ledger, source)
    bad = [page(0, records(20), "2023"), page(1, records(4), "2024")]
    outcome = pull_pages(source, bad, ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "held")]
    assert {reason["code"] for reason in outcome.batches[1].reasons} == {"shrink", "mass_deletion"}
    assert in_force(settings, ledger, source) == before
    assert states(pull_pages(source, [page(0, records(20, n="x"), "2024")], ledger, settings)) == [("2024", "rejected")]
    assert in_force(settings, ledger, source) == before


@pytest.mark.fault(21)
def test_p8_an_empty_list_where_rows_stood_is_held(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    outcome = pull_pages(source, [page(0, [], "2023")], ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["empty"]


def months(*sizes: int) -> list[Page]:
    return [page(at, records(size, n=at), bulan=f"2024-{at + 1:02}") for at, size in enumerate(sizes)]


def test_the_months_of_a_first_pull_are_no_history_for_each_other(ledger: Ledger, settings: Settings) -> None:
    """Forms came in slowly: the last month is small, and nothing says yet that it should not be."""
    source = make(coverage={"from": "bulan", "grain": "month"})
    assert states(pull_pages(source, months(100, 100, 10), ledger, settings)) == [
        ("2024-01", "accepted"),
        ("2024-02", "accepted"),
        ("2024-03", "accepted"),
    ]


def test_a_new_month_is_compared_with_the_months_of_earlier_pulls(ledger: Ledger, settings: Settings) -> None:
    source = make(coverage={"from": "bulan", "grain": "month"})
    pull_pages(source, months(100, 100), ledger, settings)
    outcome = pull_pages(source, months(100, 100, 10, 90), ledger, settings)
    assert states(outcome)[2:] == [("2024-03", "held"), ("2024-04", "accepted")]
    assert [reason["code"] for reason in outcome.batches[2].reasons] == ["shrink"]


def test_flagged_rows_are_found_by_their_rule(ledger: Ledger, settings: Settings) -> None:
    rule = {"rule": "n <= 18", "on_fail": "flag"}
    outcome = pull_pages(make(rules=[rule]), [page(0, records(20))], ledger, settings)
    [finding] = outcome.batches[0].findings
    assert (finding["code"], finding["what"], finding["observed"]) == ("flagged", "rows break n <= 18", "1")
    [batch] = ledger.in_force("sample")
    query = "SELECT _page, _row, n FROM read_parquet(?) WHERE list_contains(_flags, ?)"
    assert duckdb.execute(query, [str(settings.home / (batch.landed_path or "")), "n <= 18"]).fetchall() == [
        (0, 19, 19)
    ]


def test_headers_that_are_swapped_hold_the_batch_by_the_ratio_that_only_flags(
    ledger: Ledger, settings: Settings
) -> None:
    columns = {name: {"type": "decimal(9,2)"} for name in ("persen", "dilayani", "sasaran")}
    ratio = {
        "name": "persen_follows",
        "value": "persen",
        "numerator": "dilayani",
        "denominator": "sasaran",
        "rounding": {"value": "0.01"},
        "on_fail": "flag",
    }
    source = make(columns={"id": {}, "tahun": {"type": "integer", "context": "tahun"}} | columns, ratios=[ratio])
    right = [{"id": f"r{at}", "persen": at * 10, "dilayani": at, "sasaran": 10} for at in range(10)]
    swapped = [{**row, "dilayani": row["sasaran"], "sasaran": row["dilayani"]} for row in right]
    assert states(pull_pages(source, [page(0, right)], ledger, settings)) == [("2024", "accepted")]
    outcome = pull_pages(source, [page(0, swapped)], ledger, settings)
    assert states(outcome) == [("2024", "held")]
    [reason] = outcome.batches[0].reasons
    assert (reason["code"], reason["observed"], reason["limit"]) == ("flagged_max", "9 of 10", "50.0%")


def test_the_same_payload_under_another_year_is_held(ledger: Ledger, settings: Settings) -> None:
    """One public budget file is the same for two regencies: a copy under another key, and one of them is wrong."""
    source = make()
    pull_pages(source, [page(0, records(20), "2023")], ledger, settings)
    outcome = pull_pages(source, [page(0, records(20), "2024")], ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["copy"]
    assert outcome.batches[0].reasons[0]["observed"] == "sample 2023"


def test_the_same_bytes_under_a_corrected_value_are_another_batch_and_still_a_copy(
    ledger: Ledger, settings: Settings
) -> None:
    columns = COLUMNS | {"daerah": {"context": "daerah"}}
    source = make(columns=columns)
    for daerah, status in (("64.02", "accepted"), ("64.02", "unchanged"), ("62.02", "accepted")):
        [found] = pull_pages(source, [page(0, records(20), daerah=daerah)], ledger, settings).batches
        assert (daerah, found.status) == (daerah, status)
    again, first, _ = ledger.batches(source.id)
    assert again.content_sha256 == first.content_sha256
    assert {len(text or "") for text in (again.content_sha256, again.context_sha256, first.context_sha256)} == {64}
    assert again.context_sha256 != first.context_sha256
    [copy] = pull_pages(source, [page(0, records(20), "2023", daerah="53.01")], ledger, settings).batches
    assert (copy.status, [reason["code"] for reason in copy.reasons]) == ("held", ["copy"])


def test_rows_that_take_nothing_from_their_requests_have_no_hash_of_it(ledger: Ledger, settings: Settings) -> None:
    pull_pages(source_of({"id": {}}, ["id"]), [page(0, records(2))], ledger, settings)
    [batch] = ledger.in_force("sample")
    assert (len(batch.content_sha256 or ""), batch.context_sha256) == (64, None)


def test_the_same_payload_within_one_pull_is_held(ledger: Ledger, settings: Settings) -> None:
    pages = [page(0, records(20), daerah="64.02"), page(1, records(20), daerah="62.02")]
    columns = COLUMNS | {"daerah": {"context": "daerah"}, "id": {}}
    source = source_of(columns, ["id", "daerah"], coverage={"from": "tahun", "grain": "year"})
    outcome = pull_pages(source, pages, ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["copy_within"]


def test_p1_page_drift_a_row_that_moved_to_the_next_page_lands_once(ledger: Ledger, settings: Settings) -> None:
    """A row was entered at the top while pages were read: the last one of a page is the first of the next."""
    rows = records(20)
    outcome = pull_pages(make(), [page(0, rows[:10]), page(1, rows[9:])], ledger, settings)
    [batch] = outcome.batches
    assert (batch.status, batch.received, batch.landed, batch.quarantined) == ("accepted", 21, 20, 1)
    [count] = ledger.quarantine_counts(batch.batch_id)
    assert count.rule == "duplicate_key"


def test_classes_that_swap_their_labels_and_keep_their_totals_are_held(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"kelas": {"required": True, "values": ["aman", "layak"]}}
    assertions = {"rows": {"min": 2}, "quarantine": {"max": "0%"}, "shrink": {"max": "0%"}, "changed": {"max": "5%"}}
    source = make(columns=columns, assertions=assertions)
    rows = [row | {"kelas": "aman" if at % 2 else "layak"} for at, row in enumerate(records(40))]
    swapped = [row | {"kelas": "layak" if at % 2 else "aman"} for at, row in enumerate(rows)]
    corrected = [rows[0] | {"kelas": "aman"}, rows[1] | {"kelas": "layak"}, *rows[2:]]
    assert states(pull_pages(source, [page(0, rows)], ledger, settings)) == [("2024", "accepted")]
    [held] = pull_pages(source, [page(0, swapped)], ledger, settings).batches
    assert (held.status, held.landed) == ("held", 40)
    assert [(reason["code"], reason["observed"]) for reason in held.reasons] == [("mass_change", "40 of 40")]
    assert states(pull_pages(source, [page(0, corrected)], ledger, settings)) == [("2024", "accepted")]


def test_the_scorecard_counts_rows_by_rule(ledger: Ledger, settings: Settings) -> None:
    rows = [*records(20), *records(2, id="x", n="?")]
    outcome = pull_pages(make(), [page(0, rows)], ledger, settings)
    (count,) = ledger.quarantine_counts(outcome.batches[0].batch_id)
    assert (count.rule, count.field, count.rows) == ("type", "n", 2)


def test_rows_that_say_their_year_themselves(ledger: Ledger, settings: Settings) -> None:
    columns = COLUMNS | {"tahun": {"type": "integer"}}
    rows = [*records(12, tahun=2023), *(row | {"id": f"x{row['id']}"} for row in records(10, tahun=2024))]
    source = make(columns=columns)
    outcome = pull_pages(source, [page(0, rows[:15]), page(1, rows[15:])], ledger, settings)
    assert [(b.coverage, b.status, b.received) for b in outcome.batches] == [
        ("2023", "accepted", 12),
        ("2024", "accepted", 10),
    ]
    key = Keys.load(settings.key_dir).page_key
    for batch in outcome.batches:
        pages = ledger.pages(batch.batch_id)
        assert [row.seq for row in pages] == [0, 1]
        assert all(read_page(settings.home / (row.path or ""), key) for row in pages)


def test_p6_no_person_anywhere_on_disk_or_in_the_ledger(
    ledger: Ledger, settings: Settings, ledger_url: str, capfd: Any
) -> None:
    source = make(columns=COLUMNS | {"catatan": {}})
    rows = [*records(20), *records(1, id="x", n=NAME), *records(1, id="y", catatan=f"anak {NIK}")]
    pull_pages(source, [page(0, rows), page(1, records(20, nama=f"{NAME} {NIK}"), "2023")], ledger, settings)
    with pytest.raises(SourceError):
        pull_pages(source, [page(0, f'{{"rows": [{{"nik": "{NIK}", "nama": "{NAME}"'.encode())], ledger, settings)
    secrets = [NIK, NAME.split(maxsplit=1)[0], "Contohwan"]
    for path in settings.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                content += str(duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())
            assert not [secret for secret in secrets if secret in content], path
    with psycopg.connect(ledger_url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (table,) in tables:
            content = str(connection.execute(f'select * from "{table}"').fetchall())
            assert not [secret for secret in secrets if secret in content], table
    logged = "".join(capfd.readouterr())
    assert not [secret for secret in secrets if secret in logged]
