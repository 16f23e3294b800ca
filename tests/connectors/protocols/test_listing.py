"""The books of a listing, in every protocol that pages: as many rows as announced, no page beyond the bound."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.http.client import Request
from connectors.protocols import registry
from connectors.protocols.http_base import HttpArgs
from connectors.protocols.listing import Listing
from ledger.errors import SourceError
from tests.connectors.protocols.conftest import Reply, as_reply
from tests.connectors.protocols.systems import SYSTEMS

SIZE = 2
Rows = list[dict[str, Any]]


def rows_up_to(count: int) -> Rows:
    return [{"id": f"r{number}"} for number in range(count)]


@dataclass(frozen=True)
class Wire:
    """How one protocol asks and is answered: ``SIZE`` rows an answer; ``total`` is None where none is announced."""

    protocol: str
    args: Mapping[str, Any]
    answer: Callable[[Request, Rows, int | None], Reply]
    announces: bool = True


def at(request: Request, name: str, otherwise: int = 0) -> int:
    """A number in a request's parameters, or in the link that it follows."""
    found = request.params.get(name) or parse_qs(urlsplit(request.url).query).get(name) or otherwise
    return int(found[0] if isinstance(found, list) else found)


def piece(rows: Rows, start: int) -> Rows:
    return rows[start : start + SIZE]


def told(total: int | None, name: str = "total") -> dict[str, int]:
    return {} if total is None else {name: total}


def by_page(request: Request, rows: Rows, total: int | None) -> Reply:
    return as_reply({"data": piece(rows, SIZE * (at(request, "page") - 1)), **told(total)})


def by_counted_page(request: Request, rows: Rows, total: int | None) -> Reply:
    pages = -(-len(rows) // SIZE)
    return as_reply({"data": piece(rows, SIZE * (at(request, "page") - 1)), "pages": pages, **told(total)})


def by_header(request: Request, rows: Rows, total: int | None) -> Reply:
    headers = {} if total is None else {"X_Total": str(total)}
    return as_reply({"data": piece(rows, SIZE * at(request, "page"))}, **headers)


def by_offset(request: Request, rows: Rows, total: int | None) -> Reply:
    return as_reply({"data": piece(rows, at(request, "offset")), **told(total)})


def by_cursor(request: Request, rows: Rows, total: int | None) -> Reply:
    start = at(request, "cursor")
    more = start + SIZE < len(rows)
    return as_reply({"data": piece(rows, start), "next": start + SIZE if more else None, **told(total)})


def by_link(request: Request, rows: Rows, total: int | None) -> Reply:
    start = at(request, "at")
    headers = {} if total is None else {"X_Total": str(total)}
    if start + SIZE < len(rows):
        headers["Link"] = f'</api?at={start + SIZE}>; rel="next"'
    return as_reply({"data": piece(rows, start)}, **headers)


def by_next_url(request: Request, rows: Rows, total: int | None) -> Reply:
    start = at(request, "at")
    more = start + SIZE < len(rows)
    return as_reply({"data": piece(rows, start), "next": f"/api?at={start + SIZE}" if more else "", **told(total)})


def ckan(request: Request, rows: Rows, total: int | None) -> Reply:
    return as_reply({"success": True, "result": {"records": piece(rows, at(request, "offset")), **told(total)}})


def dapodik(request: Request, rows: Rows, total: int | None) -> Reply:
    start = at(request, "start")
    return as_reply({"start": start, "rows": piece(rows, start), **told(total, "results")})


def satusehat(request: Request, rows: Rows, total: int | None) -> Reply:
    if "accesstoken" in request.url:
        return as_reply({"access_token": "token-kesatu", "expires_in": "3599"})
    start = at(request, "_offset")
    link = [{"relation": "next", "url": f"/fhir-r4/v1/Encounter?_offset={start + SIZE}"}]
    entry = [{"resource": {"resourceType": "Encounter", **row}} for row in piece(rows, start)]
    more = link if start + SIZE < len(rows) else []
    return as_reply({"resourceType": "Bundle", "type": "searchset", "entry": entry, "link": more, **told(total)})


def sipd(request: Request, rows: Rows, total: int | None) -> Reply:
    headers = {} if total is None else {"X_Pagination_Total_Count": str(total)}
    return as_reply(piece(rows, SIZE * (at(request, "page") - 1)), **headers)


def sicantik(request: Request, rows: Rows, total: int | None) -> Reply:
    if "jumlahPerizinan" in request.url:
        return as_reply({"terbit": total, "proses": 0, "total": total})
    return as_reply(piece(rows, at(request, "offset")))


def rest(paging: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"path": "/api", "records": "$.data", "paging": paging}


PAGING = (
    Wire("rest", rest({"mode": "page", "total_at": "$.total"}), by_page),
    Wire("rest", rest({"mode": "page", "total_at": "$.total", "pages": "$.pages"}), by_counted_page),
    Wire("rest", rest({"mode": "header", "start": 0, "total_header": "X-Total"}), by_header),
    Wire("rest", rest({"mode": "offset", "total_at": "$.total"}), by_offset),
    Wire("rest", rest({"mode": "cursor", "next_at": "$.next", "total_at": "$.total"}), by_cursor),
    Wire("rest", rest({"mode": "link", "total_header": "X-Total"}), by_link),
    Wire("rest", rest({"mode": "next_url", "next_at": "$.next", "total_at": "$.total"}), by_next_url),
    Wire("ckan", {"resource_id": "x", "limit": SIZE}, ckan),
    Wire("dapodik", {"method": "getPesertaDidik", "npsn": "1", "semester_id": "20241", "limit": SIZE}, dapodik),
    Wire("satusehat", {"resource": "Encounter", "count": SIZE}, satusehat),
    Wire("sipd", {"path": "/lra", "limit": SIZE}, sipd),
    Wire("sicantik", {"method": "listpermohonanterbit", "limit": SIZE}, sicantik),
)
EVERY = pytest.mark.parametrize("wire", PAGING, ids=[f"{wire.protocol}-{wire.answer.__name__}" for wire in PAGING])


def walk(pull: Any, wire: Wire, given: int, total: int | None, **more: Any) -> Any:
    args = {**wire.args, **more}
    return pull(wire.protocol, args, lambda request: wire.answer(request, rows_up_to(given), total))


def refused(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


@EVERY
@pytest.mark.parametrize("given", [1, 2, 3, 4])
def test_p1_as_many_rows_as_were_announced_are_taken(pull: Any, rows_of: Any, wire: Wire, given: int) -> None:
    found = [page for page in walk(pull, wire, given, given).pages() if page.records != b"[]"]
    assert [row["id"] for row in rows_of(found)] == [row["id"] for row in rows_up_to(given)]


@pytest.mark.fault(14)
@EVERY
@pytest.mark.parametrize("total", [3, 5], ids=["one more came", "one less came"])
def test_p1_another_number_of_rows_than_announced_is_damage(pull: Any, wire: Wire, total: int) -> None:
    """More rows are as wrong as fewer: one of them may be there twice, or be somebody else's."""
    error = refused(walk(pull, wire, 4, total))
    assert (error.kind, f"the source announces {total} rows and gives 4" in error.what) == ("damaged", True)


def test_p1_more_rows_than_announced_in_the_only_answer_are_damage(pull: Any) -> None:
    """Where no page follows there is no later count either."""
    only = {"path": "/api", "records": "$.data", "paging": {"mode": "offset", "total_at": "$.total"}}
    error = refused(pull("rest", only, [as_reply({"data": rows_up_to(3), "total": 2})]))
    assert "announces 2 rows and gives 3" in error.what


@EVERY
def test_as_many_pages_as_are_allowed_are_taken_and_not_one_more(pull: Any, rows_of: Any, wire: Wire) -> None:
    found = [page for page in walk(pull, wire, 6, 6, max_pages=3).pages() if page.records != b"[]"]
    assert len(rows_of(found)) == 6
    error = refused(walk(pull, wire, 6, 6, max_pages=2))
    assert (error.kind, "more than 2 pages" in error.what) == ("damaged", True)


BY_NUMBER = [wire for wire in PAGING if wire.answer in {by_page, by_header, by_offset, ckan, dapodik, sipd}]


def of_a_page(wire: Wire, request: Request, rows: Rows) -> Reply:
    """A server that announces how many rows its page has, not its list."""
    page = wire.answer(request, rows, None)
    return wire.answer(request, rows, len(json.loads(page[2])) if wire.protocol == "sipd" else SIZE)


@pytest.mark.fault(14)
@pytest.mark.parametrize("wire", BY_NUMBER, ids=[f"{wire.protocol}-{wire.answer.__name__}" for wire in BY_NUMBER])
def test_p1_a_total_that_is_one_full_page_is_doubted_by_asking_once_more(pull: Any, rows_of: Any, wire: Wire) -> None:
    args: dict[str, Any] = {**wire.args}
    if wire.protocol == "rest":
        args["paging"] = {**args["paging"], "size": SIZE}
    whole = pull(wire.protocol, args, lambda request: wire.answer(request, rows_up_to(SIZE), SIZE))
    assert len(rows_of([page for page in whole.pages() if page.records != b"[]"])) == SIZE
    assert len(whole.asked) == 2
    capped = pull(wire.protocol, args, lambda request: of_a_page(wire, request, rows_up_to(SIZE + 1)))
    error = refused(capped)
    assert (error.kind, f"announces {SIZE} rows, as many as its page holds" in error.what) == ("damaged", True)


BEYOND: Mapping[str, Callable[[Request], Reply]] = {
    "it gives nothing": lambda request: as_reply({"data": [], "total": SIZE}),
    "it gives its page again": lambda request: as_reply(
        {"data": rows_up_to(SIZE), "total": SIZE, "at": at(request, "page")}
    ),
    "it gives its last row again": lambda request: as_reply({"data": rows_up_to(SIZE)[1:], "total": SIZE}),
    "it refuses": lambda request: as_reply({"message": "halaman tidak ditemukan"}, 404),
    "it fails": lambda request: as_reply("Undefined offset: 2", 500),
}


@pytest.mark.parametrize("beyond", BEYOND.values(), ids=BEYOND)
def test_whatever_else_a_server_says_beyond_its_end_leaves_its_total_as_it_is(
    pull: Any, rows_of: Any, beyond: Callable[[Request], Reply]
) -> None:
    def answer(request: Request) -> Reply:
        first = at(request, "page") == 1
        return as_reply({"data": rows_up_to(SIZE), "total": SIZE}) if first else beyond(request)

    run = pull("rest", rest({"mode": "page", "total_at": "$.total", "size": SIZE}), answer)
    found = [page for page in run.pages() if page.records != b"[]"]
    assert [row["id"] for row in rows_of(found)] == ["r0", "r1"]
    assert len(run.asked) == 2


@pytest.mark.parametrize(("given", "asked"), [(9, 1), (10, 2), (11, 1), (50, 2)])
def test_a_server_with_a_page_size_of_its_own_is_doubted_at_round_numbers(pull: Any, given: int, asked: int) -> None:
    def answer(request: Request) -> Reply:
        return as_reply({"data": rows_up_to(given) if at(request, "page") == 1 else [], "total": given})

    run = pull("rest", rest({"mode": "page", "total_at": "$.total"}), answer)
    run.pages()
    assert len(run.asked) == asked


SEPARATE: Sequence[tuple[str, Mapping[str, Any], Sequence[Mapping[str, str]]]] = (
    ("bps", {"domain": "6400", "var": [1], "tahun": [2020, 2021]}, ()),
    ("sipsn", {"columns": ["id"], "session": "", "form": {"kd": "{kd}"}}, ({"kd": "a"}, {"kd": "b"})),
    ("oss", {"method": "inqueryProyek", "request": {"kd": "{kd}"}}, ({"kd": "a"}, {"kd": "b"})),
    ("bpjs", {"path": "ref/{kd}", "records": "$.list"}, ({"kd": "a"}, {"kd": "b"})),
)


def separately(protocol: str, nth: int) -> Reply:
    """The ``nth`` answer of a protocol that gives each question one page."""
    row = {"id": f"r{nth}"}
    if protocol == "bps":
        return as_reply({"status": "OK", "data-availability": "not-available", "nth": nth})
    if protocol == "sipsn":
        return as_reply({"markers": [[row["id"]]]})
    if protocol == "oss":
        return as_reply({"responinqueryProyek": {"kode": 200, "dataProyek": {"data_proyek": [row]}}})
    return as_reply({"metaData": {"code": 200, "message": "OK"}, "response": {"list": [row]}})


@pytest.mark.parametrize(("protocol", "args", "contexts"), SEPARATE, ids=[case[0] for case in SEPARATE])
def test_questions_of_one_page_each_are_bounded_too(
    pull: Any, protocol: str, args: Mapping[str, Any], contexts: Sequence[Mapping[str, str]]
) -> None:
    def run(most: int) -> Any:
        answers = [separately(protocol, nth) for nth in range(2)]
        return pull(protocol, {**args, "max_pages": most}, answers, contexts)

    assert len(run(2).pages()) == 2
    assert "more than 1 pages" in refused(run(1)).what


def test_every_protocol_over_http_is_held_against_its_books() -> None:
    """A new protocol that pages belongs into one of the two tables above."""
    held = {wire.protocol for wire in PAGING} | {case[0] for case in SEPARATE}
    assert held == {name for name in SYSTEMS if issubclass(registry.get(name).Args, HttpArgs)}


LAST: Rows = [{"id": 2}, {"id": 3}]


@pytest.mark.parametrize(
    "again", [LAST, LAST[1:], [{"id": 1}, *LAST], [{"id": 0}, {"id": 1}, *LAST]], ids=["as it was", "1", "3", "4"]
)
@pytest.mark.parametrize("size", [1, 2])
def test_the_end_of_a_list_that_comes_again_ends_the_pull_however_it_is_cut(again: Rows, size: int) -> None:
    books, last = Listing(), LAST[-size:]
    books.page(b"1", size, "GET /", last)
    with pytest.raises(SourceError, match="repeats a page: beyond the end of its list") as caught:
        books.page(b"2", len(again), "GET /", again)
    assert (caught.value.kind, books.pages) == ("damaged", 2)


@pytest.mark.fault(14)
def test_a_page_that_comes_again_later_ends_the_pull() -> None:
    books = Listing()
    for nth, rows in enumerate(([{"id": 1}], LAST, [{"id": 4}])):
        books.page(str(nth).encode(), len(rows), "GET /", rows)
    with pytest.raises(SourceError, match="repeats a page"):
        books.page(b"9", 2, "GET /", LAST)


@pytest.mark.parametrize("other", [[{"id": 2}, {"id": 9}], [{"id": 9}, {"id": 3}], [{"id": 3}, {"id": 4}, {"id": 5}]])
def test_a_page_that_shares_a_row_may_be_another_page(other: Rows) -> None:
    books = Listing()
    books.page(b"1", 2, "GET /", [{"id": 2}, {"id": 3}])
    books.page(b"2", len(other), "GET /", other)
    assert books.received == 2 + len(other)


def test_empty_answers_may_be_equal() -> None:
    books = Listing()
    for _ in range(2):
        books.page(json.dumps([]).encode(), 0, "GET /", [])
    assert (books.pages, books.received) == (2, 0)


@pytest.mark.parametrize(("received", "complete"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_listing_is_complete_once_what_was_announced_came(received: int, complete: bool) -> None:
    books = Listing()
    assert not books.complete
    books.announce(2, "GET /")
    books.page(b"x", received, "GET /")
    assert books.complete is complete
