"""Pages asked for ahead of their turn: the same pages, in the same order, with the same errors as one by one."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.http.client import Answer
from connectors.http.limits import Limits
from connectors.http.verdict import Verdict
from connectors.protocols import ahead
from connectors.protocols.rest_paging import Ask
from ledger.errors import SourceError

DATA = [{"id": number} for number in range(40)]
REST = {"path": "/api", "records": "$.data"}
BY_PAGE = {"mode": "page", "pages": "$.pages", "total_at": "$.total"}


class Server:
    """Counts how many requests are under way at once; later pages answer sooner, so that order is not luck."""

    def __init__(self, reply: Any, broken: int = 0) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._reply = reply
        self._broken = broken

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def __call__(self, request: Any) -> Any:
        with self._counted():
            page = int(request.params["page"])
            time.sleep(0.001 * (10 - page % 10))
            if page == self._broken:
                return 404, {}, b"gone"
            return self._reply({"data": DATA[page * 2 - 2 : page * 2], "pages": 20, "total": 40})


@pytest.mark.parametrize("paging", [BY_PAGE, {"mode": "page", "total_at": "$.total"}], ids=["pages", "total"])
def test_pages_come_in_order_and_no_more_are_asked_at_once_than_allowed(pull, reply, rows_of, paging) -> None:
    server = Server(reply)
    run = pull("rest", REST | {"paging": paging}, server)
    run.http.limits = Limits(concurrency=4)
    pages = run.pages()
    assert rows_of(pages) == DATA
    assert [page.seq for page in pages] == list(range(20))
    assert sorted(int(request.params["page"]) for request in run.asked) == list(range(1, 21))
    assert 1 < server.most <= 4


def test_nothing_is_asked_ahead_where_no_concurrency_is_declared(pull, reply, rows_of) -> None:
    server = Server(reply)
    run = pull("rest", REST | {"paging": BY_PAGE}, server)
    assert rows_of(run.pages()) == DATA
    assert server.most == 1


def test_an_error_comes_at_its_turn_and_ends_the_listing(pull, reply, rows_of) -> None:
    run = pull("rest", REST | {"paging": BY_PAGE}, Server(reply, broken=5))
    run.http.limits = Limits(concurrency=3)
    got: list[Any] = []

    def walk() -> None:
        for page in run.each():
            got.append(page)

    with pytest.raises(SourceError, match="404"):
        walk()
    assert rows_of(got) == DATA[:8]
    assert len(run.asked) <= 5 + ahead.DEPTH * 3


def test_one_slow_page_stops_no_others(pull, reply, rows_of) -> None:
    """It is answered only when the others of the window have been, which a walk that waits for it would never see."""
    others, width = threading.Semaphore(0), 3
    window = ahead.DEPTH * width - 1

    def slow_second(request: Any) -> Any:
        page = int(request.params["page"])
        if page == 2:
            assert all(others.acquire(timeout=5) for _ in range(window))
        elif page > 2:
            others.release()
        return reply({"data": DATA[page * 2 - 2 : page * 2], "pages": 20, "total": 40})

    run = pull("rest", REST | {"paging": BY_PAGE}, slow_second)
    run.http.limits = Limits(concurrency=width)
    assert rows_of(run.pages()) == DATA


def test_answers_that_fill_the_memory_are_not_asked_for(pull, reply, rows_of, monkeypatch) -> None:
    monkeypatch.setattr(ahead, "HELD_BYTES", 1)
    server = Server(reply)
    run = pull("rest", REST | {"paging": BY_PAGE}, server)
    run.http.limits = Limits(concurrency=2)
    pages = run.each()
    next(pages)
    next(pages)
    time.sleep(0.1)  # whoever asks too much has had the time for it
    assert len(run.asked) <= 2 + 2 * ahead.DEPTH
    first = len(run.asked)
    next(pages)
    time.sleep(0.1)
    assert len(run.asked) <= max(first, 3 + 2)


def test_offsets_that_turn_out_otherwise_are_walked_one_by_one(pull, reply, rows_of) -> None:
    def shrinking(request: Any) -> Any:
        at = int(request.params["offset"])
        return reply({"data": DATA[at : at + (5 if at < 10 else 3)], "total": 40})

    run = pull("rest", REST | {"paging": {"mode": "offset", "total_at": "$.total"}}, shrinking)
    run.http.limits = Limits(concurrency=2)
    assert rows_of(run.pages()) == DATA


def test_a_total_beyond_all_bounds_asks_for_nothing_beyond_them(pull, reply) -> None:
    run = pull(
        "rest",
        REST | {"paging": BY_PAGE, "max_pages": 3},
        lambda request: reply({"data": [{"id": request.params["page"]}], "pages": 10**12, "total": 10**12}),
    )
    run.http.limits = Limits(concurrency=8)
    with pytest.raises(SourceError, match="more than 3 pages"):
        run.pages()
    assert len(run.asked) <= 5


class Asks:
    """Requests that will follow one another, and how many of them have been asked for."""

    def __init__(self, count: int, body: bytes) -> None:
        self.all = [Ask({"page": str(number)}, number=number) for number in range(count)]
        self.drawn = 0
        self._body = body

    def foreseen(self) -> Iterator[Ask]:
        for ask in self.all:
            self.drawn += 1
            yield ask

    def fetch(self, ask: Ask) -> Answer:
        return Answer(Verdict("ok"), 200, {}, self._body, "", f"GET {ask.number}", 1)


def test_bytes_that_were_taken_are_room_again() -> None:
    """Else a long listing would be asked for one by one, and never say so, once 64 MB of it had come."""
    megabyte, width = bytes(1024 * 1024), 2
    asks = Asks(3 * ahead.HELD_BYTES // len(megabyte), megabyte)
    with ahead.Ahead(asks.fetch, width) as waiting:
        waiting.expect(asks.foreseen())
        for taken, ask in enumerate(asks.all, start=1):
            assert waiting.take(ask).request == f"GET {ask.number}"
            assert asks.drawn == min(taken + ahead.DEPTH * width, len(asks.all))


@pytest.mark.parametrize(("budget", "more"), [(8, 1), (7, 0)], ids=["all of it", "one byte less"])
def test_the_budget_of_bytes_may_be_used_up_and_not_one_byte_more(
    monkeypatch: pytest.MonkeyPatch, budget: int, more: int
) -> None:
    monkeypatch.setattr(ahead, "HELD_BYTES", budget)
    width, asks = 2, Asks(40, b"x")
    window = ahead.DEPTH * width
    assert window == 8
    with ahead.Ahead(asks.fetch, width) as waiting:
        waiting.expect(asks.foreseen())
        while waiting._held < window:
            time.sleep(0)
        waiting.take(asks.all[0])
        assert asks.drawn == window + more
