"""SIPD: bare arrays, or arrays under data; headers that may count, or not."""

from typing import Any

import pytest

from ledger.errors import ConfigError, SourceError

ARGS = {"path": "/lra", "params": {"tahun": "{tahun}"}, "limit": 2}
CONTEXT = [{"tahun": "2023"}]


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def serve(reply: Any, rows: int, *, clamp: bool = False, wrap: bool = False, **which: bool) -> Any:
    data = [{"kode_rekening": str(number)} for number in range(rows)]
    pages = -(-rows // 2)

    def handler(request: Any) -> Any:
        page = int(request.params["page"])
        shown = min(page, pages) if clamp else page
        headers = {"X_Pagination_Current_Page": str(shown)}
        if which.get("counted"):
            headers |= {"X_Pagination_Page_Count": str(pages), "X_Pagination_Total_Count": str(rows)}
        found = data[(shown - 1) * 2 : shown * 2]
        return reply({"data": found} if wrap else found, **headers)

    return handler


@pytest.mark.parametrize("wrap", [False, True])
def test_counted_pages(pull, reply, rows_of, wrap) -> None:
    run = pull("sipd", ARGS, serve(reply, 5, counted=True, wrap=wrap), CONTEXT)
    pages = run.pages()
    assert len(rows_of(pages)) == 5
    assert len(run.asked) == 3
    assert {page.records_path for page in pages} == {"$.data" if wrap else "$"}
    assert run.asked[0].credentials == {"Authorization": "Bearer kunci-rahasia"}
    assert pages[0].context == {"tahun": "2023"}


def test_bare_arrays_without_counts_end_at_an_empty_page(pull, reply, rows_of) -> None:
    run = pull("sipd", ARGS, serve(reply, 4), CONTEXT)
    assert len(rows_of(run.pages())) == 4
    assert len(run.asked) == 3


def test_a_server_that_answers_the_last_page_again_is_at_its_end(pull, reply, rows_of) -> None:
    run = pull("sipd", ARGS, serve(reply, 4, clamp=True), CONTEXT)
    assert len(rows_of(run.pages())) == 4


def test_another_page_than_asked_for_is_damage(pull, reply) -> None:
    answers = [reply([{"a": 1}], X_Pagination_Current_Page="1"), reply([{"a": 2}], X_Pagination_Current_Page="7")]
    assert "page 2 was asked for, page 7 came" in failure(pull("sipd", ARGS, answers, CONTEXT)).what


def test_a_last_page_that_comes_again_with_other_rows_is_damage(pull, reply) -> None:
    answers = [reply([{"a": 1}], X_Pagination_Current_Page="1"), reply([{"a": 2}], X_Pagination_Current_Page="1")]
    assert failure(pull("sipd", ARGS, answers, CONTEXT)).kind == "damaged"


def test_rows_missing_against_the_total_are_damage(pull, reply) -> None:
    answers = [reply([{"a": 1}], X_Pagination_Page_Count="1", X_Pagination_Total_Count="3")]
    assert failure(pull("sipd", ARGS, answers, CONTEXT)).kind == "damaged"


def test_a_report_is_asked_for_once_with_its_parameters_as_json(pull, reply) -> None:
    args = {"path": "/cetaklra", "paged": False, "params": {"searchparams": {"tahun": "{tahun}", "level": 6}}}
    run = pull("sipd", args, [reply({"skpd": {}, "data": [{"level": 1}]})], CONTEXT)
    run.pages()
    assert run.asked[0].params == {"searchparams": '{"tahun":"2023","level":6}'}


def test_p10_a_connection_without_a_token_is_refused(pull, reply) -> None:
    run = pull("sipd", ARGS, [], CONTEXT)
    object.__setattr__(run.http.connection, "password", "")
    with pytest.raises(ConfigError, match="no password, key or token"):
        run.pages()
