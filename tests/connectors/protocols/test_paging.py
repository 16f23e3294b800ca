"""Walking through listings: each manner to its end, and what must not pass for an end."""

import json
from typing import Any

import pytest

from ledger.errors import ConfigError, SourceError

DATA = [{"id": number} for number in range(7)]


def number_of(request: Any, name: str) -> int:
    return int(request.params.get(name, 0) or 0)


def paged(size: int, reply: Any, **more: Any) -> Any:
    """A service that pages by number from 1, with totals."""

    def handler(request: Any) -> Any:
        page = number_of(request, "page")
        rows = DATA[(page - 1) * size : page * size]
        pages = -(-len(DATA) // size)
        return reply({"data": rows, "meta": {"page": page, "pages": pages, "total": len(DATA)}, **more})

    return handler


REST = {"path": "/api", "records": "$.data"}


@pytest.mark.parametrize(
    ("paging", "asked"),
    [
        ({"mode": "page", "pages": "$.meta.pages", "total_at": "$.meta.total"}, 3),
        ({"mode": "page", "total_at": "$.meta.total"}, 3),
        ({"mode": "page", "pages": "$.meta.pages"}, 3),
        ({"mode": "page"}, 4),  # nothing announced: an empty page is the only sure end
    ],
)
def test_page_numbers(pull, reply, rows_of, paging, asked) -> None:
    run = pull("rest", REST | {"paging": paging}, paged(3, reply))
    pages = run.pages()
    assert rows_of(pages) == DATA
    assert len(run.asked) == asked
    assert [page.seq for page in pages] == list(range(asked))


def test_offset_goes_on_by_what_really_came(pull, reply, rows_of) -> None:
    def capped(request: Any) -> Any:
        at = number_of(request, "offset")
        return reply({"data": DATA[at : at + 2], "total": "7"})  # two at most, whatever limit says

    run = pull("rest", REST | {"paging": {"mode": "offset", "size": 5, "total_at": "$.total"}}, capped)
    assert rows_of(run.pages()) == DATA
    assert [request.params["offset"] for request in run.asked] == ["0", "2", "4", "6"]


def test_cursor(pull, reply, rows_of) -> None:
    def handler(request: Any) -> Any:
        at = number_of(request, "after")
        following = at + 3 if at + 3 < len(DATA) else None
        return reply({"data": DATA[at : at + 3], "next": following})

    run = pull("rest", REST | {"paging": {"mode": "cursor", "param": "after", "next_at": "$.next"}}, handler)
    assert rows_of(run.pages()) == DATA
    assert "after" not in run.asked[0].params


def test_link_header_and_next_url_keep_the_credentials_and_drop_the_parameters(pull, reply, rows_of) -> None:
    def handler(request: Any) -> Any:
        at = int(request.url.partition("?at=")[2] or 0)
        last = at + 4 >= len(DATA)
        link = f"/api?at={at + 4}"
        return reply(
            {"data": DATA[at : at + 4], "next": "" if last else link}, Link="" if last else f'<{link}>; rel="next"'
        )

    for paging in ({"mode": "link"}, {"mode": "next_url", "next_at": "$.next"}):
        run = pull("rest", REST | {"paging": paging, "params": {"q": "1"}, "auth": {"type": "bearer"}}, handler)
        assert rows_of(run.pages()) == DATA
        assert run.asked[1].url == "https://opd.example/api?at=4"
        assert run.asked[1].params == {}
        assert run.asked[1].credentials == {"Authorization": "Bearer kunci-rahasia"}


def test_pages_in_headers(pull, reply, rows_of) -> None:
    def handler(request: Any) -> Any:
        page = number_of(request, "page")
        return reply(DATA[page * 4 : page * 4 + 4], X_Pages="2", X_Total="7")

    paging = {"mode": "header", "start": 0, "pages_header": "X-Pages", "total_header": "X-Total"}
    assert rows_of(pull("rest", {"path": "/api", "paging": paging}, handler).pages()) == DATA


def test_paging_of_a_posted_request_goes_into_its_body(pull, reply) -> None:
    args = {"path": "/q", "method": "POST", "body": {"tahun": "{tahun}"}, "paging": {"mode": "page"}}
    run = pull("rest", args, [reply([{"a": 1}]), reply([])], [{"tahun": "2024"}])
    run.pages()
    assert [request.json for request in run.asked] == [{"tahun": "2024", "page": "1"}, {"tahun": "2024", "page": "2"}]


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def test_a_page_that_repeats_is_damage(pull, reply) -> None:
    run = pull("rest", {"path": "/a", "paging": {"mode": "page"}}, lambda request: reply([{"id": 1}]))
    error = failure(run)
    assert error.kind == "damaged"
    assert "repeats a page" in error.what
    assert len(run.asked) == 2


def test_next_links_in_a_circle_are_damage(pull, reply) -> None:
    def handler(request: Any) -> Any:
        here = request.url.rpartition("/")[2]
        return reply({"data": [{"id": len(run.asked)}], "next": "/b" if here == "a" else "/a"})

    run = pull(
        "rest", {"path": "/a", "records": "$.data", "paging": {"mode": "next_url", "next_at": "$.next"}}, handler
    )
    assert "circle" in failure(run).what
    assert len(run.asked) <= 4


def test_a_cursor_that_stays_is_damage(pull, reply) -> None:
    def handler(request: Any) -> Any:
        return reply({"data": [{"id": len(run.asked)}], "next": "same"})

    run = pull("rest", REST | {"paging": {"mode": "cursor", "next_at": "$.next"}}, handler)
    assert failure(run).kind == "damaged"


def test_a_next_link_to_another_host_is_refused(pull, reply) -> None:
    handler = [reply([{"id": 1}], Link='<https://evil.example/a>; rel="next"')]
    error = failure(pull("rest", {"path": "/a", "paging": {"mode": "link"}}, handler))
    assert error.kind == "permanent"
    assert "evil.example" in error.what


def test_pages_without_end_meet_their_bound(pull, reply) -> None:
    def endless(request: Any) -> Any:
        return reply([{"id": request.params["page"]}])

    run = pull("rest", {"path": "/a", "max_pages": 5, "paging": {"mode": "page"}}, endless)
    assert "more than 5 pages" in failure(run).what


def test_fewer_rows_than_announced_are_damage(pull, reply) -> None:
    handler = [reply({"data": DATA[:3], "total": 7, "pages": 1})]
    paging = {"mode": "page", "pages": "$.pages", "total_at": "$.total"}
    error = failure(pull("rest", REST | {"paging": paging}, handler))
    assert error.kind == "damaged"
    assert "announces 7 rows and gives 3" in error.what


def test_a_total_that_changes_on_the_way_is_read_again_later(pull, reply) -> None:
    handler = [reply({"data": DATA[:3], "total": 7}), reply({"data": DATA[3:6], "total": 8})]
    error = failure(pull("rest", REST | {"paging": {"mode": "page", "total_at": "$.total"}}, handler))
    assert error.kind == "retryable"
    assert "from 7 to 8" in error.what


def test_p1_page_drift_by_a_deleted_row_is_noticed_where_a_total_is_announced(pull, reply) -> None:
    """A row of the first page goes while it is read: the rows after it move up, and one of them is never seen."""
    left = [DATA[:3], DATA[1:][3:6]]
    handler = [reply({"data": rows, "total": total}) for rows, total in zip(left, (7, 6), strict=True)]
    error = failure(pull("rest", REST | {"paging": {"mode": "page", "total_at": "$.total"}}, handler))
    assert (error.kind, "while it was read" in error.what) == ("retryable", True)


@pytest.mark.parametrize("total", ["many", -1, 2.5, True, [7]])
def test_a_total_that_is_no_count_is_damage(pull, reply, total) -> None:
    handler = [reply({"data": DATA, "total": total})]
    assert failure(pull("rest", REST | {"paging": {"mode": "page", "total_at": "$.total"}}, handler)).kind == "damaged"


@pytest.mark.parametrize("rows", [[1, 2], [{"a": 1}, "x"], [{"a": 1}, [1]], [None, {"a": 1}], "text", 5])
def test_p1_rows_that_are_no_records_are_damage_not_dropped(pull, reply, rows) -> None:
    assert failure(pull("rest", REST, [reply({"data": rows})])).kind == "damaged"


def test_p8_an_empty_answer_is_a_page_without_records(pull, reply) -> None:
    [page] = pull("rest", REST, [reply({"data": None, "note": "x"})]).pages()
    assert json.loads(page.body)["note"] == "x"
    assert (page.records, page.records_path) == (b"[]", "$")


def test_the_body_is_kept_to_the_byte(pull, reply) -> None:
    body = b'{ "data" : [ {"nilai": 1234567890123456.780} ] }\n'
    [page] = pull("rest", REST, [reply(body)]).pages()
    assert page.body == page.records == body


def test_pages_of_several_contexts_are_numbered_through_and_know_theirs(pull, reply) -> None:
    contexts = [{"kode_daerah": "64.02", "tahun": "2024"}, {"kode_daerah": "62.02", "tahun": "2024"}]
    args = {
        "path": "/api/{kode_daerah}",
        "params": {"tahun": "{tahun}", "q": {"level": "{tahun}"}, "d": ["a", "{tahun}"]},
    }
    run = pull("rest", args, lambda request: reply([{"u": request.url}]), contexts)
    pages = run.pages()
    assert [(page.seq, page.context["kode_daerah"]) for page in pages] == [(0, "64.02"), (1, "62.02")]
    assert run.asked[1].url == "https://opd.example/base/api/62.02"
    assert run.asked[1].params == {"tahun": "2024", "q": '{"level":"2024"}', "d": ["a", "2024"]}


@pytest.mark.parametrize(
    ("auth", "credentials", "params", "path"),
    [
        ({"type": "none"}, {}, {}, "/a"),
        ({"type": "bearer"}, {"Authorization": "Bearer kunci-rahasia"}, {}, "/a"),
        ({"type": "basic"}, {"Authorization": "Basic ZGluYXM6a3VuY2ktcmFoYXNpYQ=="}, {}, "/a"),
        ({"type": "header", "name": "X-API-Key"}, {"X-API-Key": "kunci-rahasia"}, {}, "/a"),
        ({"type": "query", "name": "k"}, {}, {"k": "kunci-rahasia"}, "/a"),
        ({"type": "path"}, {}, {}, "/isb/{secret}/json"),
    ],
)
def test_credentials_and_none_of_them_in_the_page(pull, reply, auth, credentials, params, path) -> None:
    run = pull("rest", {"path": path, "auth": auth}, [reply([{"a": 1}])])
    [page] = run.pages()
    assert run.asked[0].credentials == credentials
    assert run.asked[0].params == params
    assert "kunci-rahasia" not in page.request
    assert "ZGluYXM6" not in page.request


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"path": "/a", "pth": "/b"},
        {"path": "/a", "records": "data"},
        {"path": "/a", "records": "$.data["},
        {"path": "/a", "paging": {"mode": "pages"}},
        {"path": "/a", "paging": {"mode": "cursor"}},
        {"path": "/a", "paging": {"mode": "link", "param": "x"}},
        {"path": "/a", "auth": {"type": "header"}},
        {"path": "/a", "auth": {"type": "bearer", "name": "x"}},
        {"path": "/a", "method": "DELETE"},
        {"path": "/a", "method": "POST"},
        {"path": "/a", "body": {}},
        {"path": "/a", "max_pages": 0},
    ],
)
def test_p10_arguments_that_make_no_sense_are_refused(pull, args) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pull("rest", args, [])


def test_p10_a_placeholder_without_a_value_is_named(pull) -> None:
    with pytest.raises(ConfigError, match="kode_daerah"):
        pull("rest", {"path": "/a/{kode_daerah}"}, [], [{"tahun": "2024"}]).pages()
