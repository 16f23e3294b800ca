"""A pull from its first page to its receipt, with the ledger it writes."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from connectors import run as run_module
from connectors.landing import files as files_module
from connectors.landing.landing import Landing
from connectors.pages import PageStore, read_page
from connectors.protocols.base import Page
from connectors.pull import PullOutcome, pull, pull_pages
from connectors.spec import Source
from connectors.sweep import sweep
from ledger.errors import ConfigError, SourceError
from ledger.keys import Keys
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of

NIK = "9964020101230001"
NAME = "Siti Contohwan"
COLUMNS: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym"},
    "nama": {"personal": "drop"},
    "tahun": {"type": "integer", "context": "tahun"},
    "n": {"type": "integer"},
}


def make(**more: Any) -> Source:
    assertions = {"rows": {"min": 2}, "quarantine": {"max": "10%"}, "shrink": {"max": "20%"}}
    given: dict[str, Any] = {"coverage": {"from": "tahun", "grain": "year"}, "assertions": assertions} | more
    return source_of(given.pop("columns", COLUMNS), ["id"], **given)


def records(count: int, **change: Any) -> list[dict[str, Any]]:
    return [{"id": f"r{at}", "nik": NIK[:12] + f"{at:04d}", "nama": NAME, "n": at} | change for at in range(count)]


def page(seq: int, rows: Any, tahun: str = "2024", **context: str) -> Page:
    body = rows if isinstance(rows, bytes) else json.dumps({"rows": rows}).encode()
    return Page(seq, body, body, "$.rows", {"tahun": tahun} | context, f"GET /{seq}?token=REDACTED", 200, 7)


def two_years(count: int = 20) -> list[Page]:
    return [page(0, records(count), "2023"), page(1, records(count), "2024"), page(2, [{"id": "z", "n": 9}], "2024")]


def in_force(ledger: Ledger, source: Source) -> dict[str | None, list[tuple[Any, ...]]]:
    """Rows in force by coverage, as a reader sees them."""
    found = {}
    for batch in ledger.in_force(source.id):
        query = "SELECT * FROM read_parquet(?) ORDER BY _row"
        found[batch.coverage] = duckdb.execute(query, [batch.landed_path]).fetchall()
    return found


def states(outcome: PullOutcome) -> list[tuple[str | None, str]]:
    return [(batch.coverage, batch.status) for batch in outcome.batches]


def test_a_pull_lands_a_batch_for_each_coverage(ledger: Ledger, settings: Settings) -> None:
    source = make()
    outcome = pull_pages(source, two_years(), ledger, settings, synthetic=True, event_id=None)
    assert states(outcome) == [("2023", "accepted"), ("2024", "accepted")]
    assert outcome.changed
    first, second = sorted(ledger.in_force(source.id), key=lambda batch: batch.coverage or "")
    assert (first.rows_received, first.rows_landed, first.rows_quarantined) == (20, 20, 0)
    assert (second.rows_received, second.synthetic) == (21, True)
    assert first.landed_path == str(settings.landing_dir / source.id / first.batch_id / "rows.parquet")
    assert [row.seq for row in ledger.pages(second.batch_id)] == [1, 2]
    rows = duckdb.execute("SELECT _page, _row, tahun FROM read_parquet(?)", [second.landed_path]).fetchall()
    assert rows[-1] == (2, 20, 2024)
    assert ledger.receipt_of(first.batch_id) is not None


def test_p7_every_page_is_kept_as_it_came(ledger: Ledger, settings: Settings) -> None:
    source, pages = make(), two_years()
    outcome = pull_pages(source, pages, ledger, settings)
    key = Keys.load(settings.key_dir).page_key
    kept = [row for batch in outcome.batches for row in ledger.pages(batch.batch_id)]
    assert [read_page(Path(row.path or ""), key) for row in kept] == [page.body for page in pages]
    assert [(row.request, row.status, row.ms) for row in kept] == [(p.request, 200, 7) for p in pages]


def test_p2_the_same_again_changes_nothing(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    before, files = in_force(ledger, source), sorted(settings.landing_dir.rglob("*.parquet"))
    outcome = pull_pages(source, two_years(), ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "unchanged")]
    assert not outcome.changed
    assert in_force(ledger, source) == before
    assert sorted(settings.landing_dir.rglob("*.parquet")) == files
    kept, again = (ledger.pages(batch.batch_id)[0] for batch in ledger.batches(source.id) if batch.coverage == "2023")
    assert Path(kept.path or "").stat().st_ino == Path(again.path or "").stat().st_ino


def test_p5_an_answer_with_a_clock_in_it_is_unchanged_too(ledger: Ledger, settings: Settings) -> None:
    source = make()
    for moment in ("2026-11-21T20:00:00Z", "2026-11-22T20:00:00Z"):
        body = json.dumps({"at": moment, "rows": records(5)}).encode()
        outcome = pull_pages(source, [page(0, body)], ledger, settings)
    assert states(outcome) == [("2024", "unchanged")]
    assert len(list(settings.landing_dir.rglob("rows.parquet"))) == 1


def test_a_changed_contract_lands_again(ledger: Ledger, settings: Settings) -> None:
    pull_pages(make(), two_years(), ledger, settings)
    stricter = make(columns=COLUMNS | {"n": {"type": "integer", "max": 100}})
    assert states(pull_pages(stricter, two_years(), ledger, settings))[0] == ("2023", "accepted")


def test_p3_a_bad_batch_leaves_the_last_good_one_in_force(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    before = in_force(ledger, source)
    bad = [page(0, records(20), "2023"), page(1, records(4), "2024")]
    outcome = pull_pages(source, bad, ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "held")]
    assert {reason["code"] for reason in outcome.batches[1].reasons} == {"shrink", "mass_deletion"}
    assert in_force(ledger, source) == before
    assert states(pull_pages(source, [page(0, records(20, n="x"), "2024")], ledger, settings)) == [("2024", "rejected")]
    assert in_force(ledger, source) == before


def test_p8_an_empty_list_where_rows_stood_is_held(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    outcome = pull_pages(source, [page(0, [], "2023")], ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["empty"]


def test_the_same_payload_under_another_year_is_held(ledger: Ledger, settings: Settings) -> None:
    """One public budget file is the same for two regencies: a copy under another key, and one of them is wrong."""
    source = make()
    pull_pages(source, [page(0, records(20), "2023")], ledger, settings)
    outcome = pull_pages(source, [page(0, records(20), "2024")], ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["copy"]
    assert outcome.batches[0].reasons[0]["observed"] == "sample 2023"


def test_the_same_payload_within_one_pull_is_held(ledger: Ledger, settings: Settings) -> None:
    pages = [page(0, records(20), daerah="64.02"), page(1, records(20), daerah="62.02")]
    columns = COLUMNS | {"daerah": {"context": "daerah"}, "id": {}}
    source = source_of(columns, ["id", "daerah"], coverage={"from": "tahun", "grain": "year"})
    outcome = pull_pages(source, pages, ledger, settings)
    assert [reason["code"] for reason in outcome.batches[0].reasons] == ["copy_within"]


def test_unknown_fields_warn_or_hold(ledger: Ledger, settings: Settings) -> None:
    rows = records(20, kolom_baru_1="x", lain="y")
    outcome = pull_pages(make(), [page(0, rows)], ledger, settings)
    assert [(finding["code"], finding["observed"]) for finding in outcome.batches[0].findings] == [
        ("unknown_columns", "kolom_baru_#, lain")
    ]
    ignoring = make(unknown_columns={"ignore": ["kolom_baru_1", "lain"]})
    assert pull_pages(ignoring, [page(0, rows)], ledger, settings).batches[0].findings == []
    holding = make(unknown_columns="hold")
    assert [r["code"] for r in pull_pages(holding, [page(0, rows)], ledger, settings).batches[0].reasons] == [
        "unknown_columns"
    ]


def test_a_renamed_field_holds_the_batch(ledger: Ledger, settings: Settings) -> None:
    rows = [{"N": row.pop("n"), **row} for row in records(20)]
    outcome = pull_pages(make(), [page(0, rows)], ledger, settings)
    assert [(reason["code"], reason["observed"]) for reason in outcome.batches[0].reasons] == [("absent_columns", "n")]
    assert [finding["observed"] for finding in outcome.batches[0].findings] == ["N"]


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
        assert all(read_page(Path(row.path or ""), key) for row in pages)


# -- failures ---------------------------------------------------------------------------------------------------------


def failing(error: BaseException) -> Iterator[Page]:
    yield page(0, records(20), "2023")
    yield page(1, records(20), "2024")
    raise error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SourceError("quota", "too many questions", where="GET /2"), "quota"),
        (SourceError("damaged", "half a page", where="GET /2"), "damaged"),
        (ConfigError("no such connection"), "permanent"),
        (ValueError(f"could not read {NIK}"), "permanent"),
    ],
)
def test_a_failure_is_recorded_before_it_is_raised(
    ledger: Ledger, settings: Settings, error: Exception, kind: str
) -> None:
    with pytest.raises(type(error)):
        pull_pages(make(), failing(error), ledger, settings)
    batches = ledger.batches("sample")
    assert [(batch.status, batch.error_kind) for batch in batches] == [("failed", kind)] * 2
    assert [len(ledger.pages(batch.batch_id)) for batch in batches] == [1, 1]
    assert NIK not in str([batch.error_message for batch in batches])
    assert ledger.in_force("sample") == []


def test_no_page_at_all_is_a_failure(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(SourceError, match="no answer"):
        pull_pages(make(), [], ledger, settings)
    assert [(batch.status, batch.error_kind) for batch in ledger.batches("sample")] == [("failed", "empty")]


def test_a_page_about_no_period_is_refused(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(SourceError, match="no coverage of grain year"):
        pull_pages(make(), [page(0, records(3), "24")], ledger, settings)


def test_p10_a_missing_connection_is_told_and_recorded(ledger: Ledger, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="PILAR_CONN_SAMPLE"):
        pull(make(), ledger, settings)
    assert [batch.status for batch in ledger.batches("sample")] == ["failed"]


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing that follows runs."""


# (whose step, which step, at which call of it, before or after its work)
STEPS = [
    (PageStore, "write", 1, False),
    (PageStore, "write", 2, True),
    (Ledger, "add_pages", 1, False),
    (Ledger, "add_pages", 2, True),
    (Landing, "add", 2, True),
    (Landing, "finish", 1, False),
    (Landing, "finish", 1, True),
    (files_module, "_copy", 1, False),
    (files_module, "_copy", 1, True),
    (files_module, "_copy", 4, True),
    (run_module, "judge", 1, True),
    (run_module, "judge", 2, True),
    (PageStore, "settle", 2, True),
    (Ledger, "finish_batch", 1, False),
    (Ledger, "finish_batch", 1, True),
    (Ledger, "finish_batch", 2, False),
    (Ledger, "finish_batch", 2, True),
]


@pytest.mark.parametrize("step", STEPS, ids=[f"{name}-{nth}-{after}" for _, name, nth, after in STEPS])
def test_p2_a_pull_may_die_anywhere_and_be_run_again(
    ledger: Ledger, settings: Settings, tmp_path: Path, step: tuple[Any, str, int, bool]
) -> None:
    owner, name, nth, after = step
    source = make()
    pull_pages(source, [page(0, records(30), "2023")], ledger, settings)
    good = in_force(ledger, source)["2023"]
    real, calls = getattr(owner, name), iter(range(1, 1000))

    def dying(*given: Any, **named: Any) -> Any:
        last = next(calls) == nth
        if last and not after:
            raise Killed
        result = real(*given, **named)
        if last:
            raise Killed
        return result

    pages = [page(0, records(30, n=5), "2023"), page(1, records(30), "2024")]
    undisturbed = _undisturbed(source, pages, settings, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, dying)
        with pytest.raises(Killed):
            pull_pages(source, pages, ledger, settings)
    between = in_force(ledger, source)
    assert between["2023"] in (good, undisturbed["2023"])
    pull_pages(source, pages, ledger, settings)
    assert in_force(ledger, source) == undisturbed
    sweep(ledger, settings, datetime.now(UTC) + timedelta(days=2))
    dead = {batch.batch_id for batch in ledger.batches(source.id, 99) if batch.status == "running"}
    assert not [path for path in settings.home.rglob("*") if path.is_dir() and path.name in dead]
    assert in_force(ledger, source) == undisturbed


@pytest.mark.parametrize(("owner", "name"), [(PageStore, "settle"), (Ledger, "finish_batch")])
def test_p2_a_pull_may_be_killed_by_the_system(
    ledger: Ledger, settings: Settings, tmp_path: Path, owner: Any, name: str
) -> None:
    """SIGKILL in a process of its own: the source's lock goes with it, and the next pull does not wait."""
    source, pages = make(), two_years()

    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        setattr(owner, name, die)
        pull_pages(source, pages, ledger, settings)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert [batch.status for batch in ledger.batches(source.id)] == ["running", "running"]
    assert ledger.in_force(source.id) == []
    pull_pages(source, pages, ledger, settings)
    assert in_force(ledger, source) == _undisturbed(source, pages, settings, tmp_path)


def _undisturbed(
    source: Source, pages: list[Page], settings: Settings, folder: Path
) -> dict[str | None, list[tuple[Any, ...]]]:
    """What an undisturbed run lands, without the ledger."""
    from connectors.landing.tally import LandedRows

    found: dict[str | None, list[tuple[Any, ...]]] = {}
    with Landing(source, Keys.load(settings.key_dir), [folder]) as landing:
        for one in pages:
            landing.add(one, one.context["tahun"], "")
        counted: tuple[LandedRows, ...] = landing.finish()
        for counts in counted:
            path = landing.write(counts.coverage, folder / f"expected-{counts.coverage}").rows
            query = "SELECT * FROM read_parquet(?) ORDER BY _row"
            found[counts.coverage] = duckdb.execute(query, [str(path)]).fetchall()
    return found


def test_two_pulls_of_one_source_wait_for_each_other(ledger: Ledger, settings: Settings, ledger_url: str) -> None:
    running, seen = threading.Event(), []

    def slowly() -> Iterator[Page]:
        running.set()
        seen.append("first begins")
        yield page(0, records(20))
        threading.Event().wait(0.5)
        seen.append("first ends")

    def quickly() -> Iterator[Page]:
        seen.append("second begins")
        yield page(0, records(20))

    first = threading.Thread(target=pull_pages, args=(make(), slowly(), ledger, settings))
    first.start()
    running.wait(10)
    outcome = pull_pages(make(), quickly(), Ledger(ledger_url), settings)
    first.join()
    assert seen == ["first begins", "first ends", "second begins"]
    assert states(outcome) == [("2024", "unchanged")]


# -- persons ----------------------------------------------------------------------------------------------------------


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


# -- sweeping ---------------------------------------------------------------------------------------------------------


def test_the_sweep_removes_dead_batches_only(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    with pytest.raises(SourceError):
        pull_pages(source, failing(SourceError("damaged", "x")), ledger, settings)
    stranger = settings.pages_dir / source.id / "unknown-batch"
    stranger.mkdir()
    kept = in_force(ledger, source)
    assert sweep(ledger, settings) == []
    later = datetime.now(UTC) + timedelta(days=8)
    removed = sweep(ledger, settings, later)
    assert len(removed) == 3
    assert stranger in removed
    assert in_force(ledger, source) == kept
