"""Pages go by the retention of their source, and never those that are still needed."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay
from connectors.kept.retention import expire
from connectors.pull.page_store import PageStore
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.pulling import make, page, pull_pages, records

KEPT = {"retention": {"pages": "400d"}}
LATER = datetime.now(UTC) + timedelta(days=401)


def history(ledger: Ledger, settings: Settings) -> dict[str, str]:
    """Batches of one coverage by what became of them, in the order: old, old held, in force, unchanged, held."""
    source, ids = make(), {}
    for name, rows in (
        ("old", records(20)),
        ("rejected", records(20, n="x")),
        ("force", records(20, n=5)),
        ("unchanged", records(20, n=5)),
        ("held", records(4)),
    ):
        ids[name] = pull_pages(source, [page(0, rows)], ledger, settings).batches[0].batch_id
    return ids


def test_only_pages_that_nobody_needs_are_removed(ledger: Ledger, settings: Settings) -> None:
    ids, source = history(ledger, settings), make(**KEPT)
    assert expire([source], ledger, settings) == []
    removed = expire([source], ledger, settings, LATER)
    assert {path.name for path in removed} == {ids["old"], ids["rejected"], ids["unchanged"]}
    assert not any(path.exists() for path in removed)
    assert expire([source], ledger, settings, LATER) == []
    for name in ("force", "held"):
        [row] = ledger.pages(ids[name])
        assert (settings.home / (row.path or "")).is_file()
        assert row.gone_at is None
    [force] = ledger.in_force(source.id)
    assert differences(force, rebuild(source, force, ledger, settings)) == {}


def test_p3_a_held_batch_behind_a_rejected_one_keeps_its_pages(ledger: Ledger, settings: Settings) -> None:
    source = make(**KEPT)
    for rows in (records(20), records(4), records(20, n="x")):
        [batch] = pull_pages(source, [page(0, rows)], ledger, settings).batches
    assert batch.status == "rejected"
    assert expire([source], ledger, settings, LATER) == []
    [held] = [one for one in ledger.batches(source.id) if one.status == "held"]
    ledger.release_batches([held.batch_id], "the agency says so")
    [force] = ledger.in_force(source.id)
    assert differences(force, rebuild(source, force, ledger, settings)) == {}


def test_p7_the_ledger_says_what_went_when_and_why(ledger: Ledger, settings: Settings) -> None:
    ids, source = history(ledger, settings), make(**KEPT)
    [before] = ledger.pages(ids["old"])
    expire([source], ledger, settings, LATER)
    [row] = ledger.pages(ids["old"])
    assert (row.sha256, row.request, row.bytes) == (before.sha256, before.request, before.bytes)
    assert (row.path, row.gone_why) == (None, "retention of 400d")
    assert row.gone_at is not None
    batch = ledger.batch(ids["old"])
    assert batch is not None
    with pytest.raises(LedgerError, match=r"pages were removed on \d{4}-\d\d-\d\d \(retention of 400d\)") as caught:
        rebuild(source, batch, ledger, settings)
    assert "\n" not in str(caught.value)


def test_without_a_retention_everything_is_kept(ledger: Ledger, settings: Settings) -> None:
    for _ in range(2):
        pull_pages(make(), [page(0, records(20, n=_))], ledger, settings)
    assert expire([make(), make(retention={"pages": "all"})], ledger, settings, LATER) == []
    assert len(expire([make(**KEPT)], ledger, settings, LATER)) == 1


def test_p2_dying_between_the_ledger_and_the_files_is_made_good(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, source = history(ledger, settings), make(**KEPT)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            expire([source], ledger, settings, LATER)
    [first] = ledger.pages(ids["old"])
    assert {path.name for path in expire([source], ledger, settings, LATER)} > {ids["old"]}
    assert ledger.pages(ids["old"]) == [first]


def test_a_replayed_batch_keeps_its_pages_when_the_old_one_lets_go(ledger: Ledger, settings: Settings) -> None:
    """Both have the same file: removing one name of it leaves the other."""
    rows = [*records(20), {"id": "x", "n": "1 000"}]
    old = pull_pages(make(), [page(0, rows)], ledger, settings).batches[0].batch_id
    from tests.connectors.pulling import COLUMNS

    mended = make(columns=COLUMNS | {"n": {"type": "integer", "locale": "id", "suffix": " 000"}}, **KEPT)
    replay(mended, old, ledger, settings)
    assert [path.name for path in expire([mended], ledger, settings, LATER)] == [old]
    [force] = ledger.in_force(mended.id)
    assert force.batch_id != old
    assert differences(force, rebuild(mended, force, ledger, settings)) == {}
    assert PageStore(settings.pages_dir / mended.id / force.batch_id, b"").path(0).is_file()


@pytest.mark.parametrize(("beyond", "gone"), [(timedelta(0), False), (timedelta(microseconds=1), True)])
def test_pages_are_kept_for_exactly_as_long_as_their_source_says(
    ledger: Ledger, settings: Settings, beyond: timedelta, gone: bool
) -> None:
    ids, source = history(ledger, settings), make(**KEPT)
    old = ledger.batch(ids["old"])
    assert old is not None
    removed = expire([source], ledger, settings, old.started_at + timedelta(days=400) + beyond)
    assert [path.name for path in removed] == ([ids["old"]] if gone else [])
