"""Pages are kept a step behind the fetching: in order, never more than a little waiting, and nothing goes unsaid."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from connectors.protocols.base import Page
from connectors.pull import page_writer as keeping
from connectors.pull.page_store import PageStore
from connectors.pull.page_writer import PageWriter
from ledger.errors import LedgerError, MachineError, SourceError
from ledger.records import PageRow
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.pulling import make, page, pull_pages, records

MIB = 1024 * 1024


def row(seq: int, size: int = 10) -> PageRow:
    return PageRow(seq, f"GET /{seq}", 200, size, "0" * 64, 1, f"pages/{seq}.page")


@pytest.fixture
def batch_id(ledger: Ledger) -> str:
    return ledger.start_batch("sample", "sample_opd", "0" * 64)


def test_pages_are_kept_in_order_and_then_entered(ledger: Ledger, batch_id: str) -> None:
    kept: list[int] = []
    keeper = PageWriter(ledger)
    for seq in range(120):
        keeper.keep(batch_id, row(seq), lambda seq=seq: kept.append(seq))  # type: ignore[misc]
    keeper.finish()
    assert kept == [entered.seq for entered in ledger.pages(batch_id)] == list(range(120))


def test_who_fetches_waits_while_too_much_is_not_kept_yet(ledger: Ledger, batch_id: str) -> None:
    may_write, all_given = threading.Event(), threading.Event()
    keeper = PageWriter(ledger)

    def give() -> None:
        for seq in range(3):
            keeper.keep(batch_id, row(seq, 10 * MIB), may_write.wait)
        all_given.set()

    threading.Thread(target=give).start()
    assert not all_given.wait(0.3)
    may_write.set()
    assert all_given.wait(10)
    keeper.finish()


def test_p1_a_page_that_finds_no_room_ends_the_pull(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PageStore.write

    def full(store: PageStore, seq: int, *given: object) -> Path:
        if seq == 1:
            raise OSError("No space left on device")
        return real(store, seq, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(PageStore, "write", full)
    with pytest.raises(MachineError, match="the disk is full"):
        pull_pages(make(), [page(seq, records(20, id=str(seq))) for seq in range(3)], ledger, settings)
    [batch] = ledger.batches("sample")
    assert batch.status == "failed"
    # What was kept is in the ledger, and nothing that was not.
    assert 1 not in {entered.seq for entered in ledger.pages(batch.batch_id)}
    assert all((settings.home / str(entered.path)).exists() for entered in ledger.pages(batch.batch_id))


def test_p1_pages_before_a_failure_are_kept(ledger: Ledger, batch_id: str) -> None:
    def broken() -> None:
        raise OSError("No space left on device")

    keeper = PageWriter(ledger)
    keeper.keep(batch_id, row(0), lambda: None)
    keeper.keep(batch_id, row(1), broken)
    keeper.give_up()
    assert [entered.seq for entered in ledger.pages(batch_id)] == [0]


def test_p10_a_ledger_that_stumbles_hides_no_failure_of_the_agency(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked, stumbled = Ledger.add_pages, threading.Event(), threading.Event()

    def stumbling(store: Ledger, batch_id: str, rows: Iterable[PageRow]) -> None:
        if not stumbled.is_set():
            asked.wait(10)  # the page before must not be seen to fail before the agency does
            stumbled.set()
            raise LedgerError("the ledger cannot be reached", where="ledger")
        real(store, batch_id, rows)

    def failing() -> Iterator[Page]:
        yield page(0, records(20))
        asked.set()
        stumbled.wait(10)
        raise SourceError("retryable", "the agency said 503", where="GET /1")

    monkeypatch.setattr(Ledger, "add_pages", stumbling)
    monkeypatch.setattr(keeping, "_PAGE_ROWS", 1)
    with pytest.raises(SourceError, match="503"):
        pull_pages(make(), failing(), ledger, settings)
    [batch] = ledger.batches("sample")
    assert (batch.status, batch.error_kind) == ("failed", "retryable")
    assert [entered.seq for entered in ledger.pages(batch.batch_id)] == [0]


def test_p1_a_page_is_entered_once_however_often_it_is_tried(
    ledger: Ledger, batch_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ledger.start_batch("sample", "sample_opd", "0" * 64)
    real, tried = Ledger.add_pages, []

    def stumbling(store: Ledger, entered: str, rows: Iterable[PageRow]) -> None:
        tried.append(entered)
        if tried == [batch_id, other]:
            raise LedgerError("away", where="ledger")
        real(store, entered, rows)

    monkeypatch.setattr(Ledger, "add_pages", stumbling)
    keeper = PageWriter(ledger)
    keeper.keep(batch_id, row(0), lambda: None)
    keeper.keep(other, row(1), lambda: None)
    with pytest.raises(LedgerError):
        keeper.finish()
    keeper.give_up()
    assert [[entered.seq for entered in ledger.pages(one)] for one in (batch_id, other)] == [[0], [1]]
