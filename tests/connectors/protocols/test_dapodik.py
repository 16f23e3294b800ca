"""Dapodik: start and limit, rows that are a list or an object, errors in plain text."""

from typing import Any

import pytest

from ledger.errors import SourceError

ARGS = {"method": "getPesertaDidik", "limit": 2}
CONTEXT = [{"npsn": "99640201", "semester_id": "20241"}]


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def serve(reply: Any, rows: int) -> Any:
    def handler(request: Any) -> Any:
        start = int(request.params["start"])
        found = [{"id": str(number)} for number in range(start, min(start + 2, rows))]
        return reply({"results": rows, "id": "id", "start": start, "limit": 2, "rows": found})

    return handler


def test_it_stops_at_results(pull, reply, rows_of) -> None:
    run = pull("dapodik", ARGS, serve(reply, 4), CONTEXT)
    assert len(rows_of(run.pages())) == 4
    assert [request.params["start"] for request in run.asked] == ["0", "2"]
    assert run.asked[0].url == "https://opd.example/base/WebService/getPesertaDidik"
    assert run.asked[0].params["npsn"] == "99640201"


def test_rows_may_be_one_object(pull, reply, rows_of) -> None:
    answers = [reply({"results": "1", "start": 0, "rows": {"npsn": "99640201"}})]
    [page] = pull("dapodik", {"method": "getSekolah"}, answers, CONTEXT).pages()
    assert page.records_path == "$.rows"
    assert rows_of([page]) == [{"npsn": "99640201"}]


def test_an_empty_page_before_results_is_damage(pull, reply) -> None:
    answers = [
        reply({"results": 5, "start": 0, "rows": [{"id": 1}]}),
        reply({"results": 5, "start": 1, "rows": []}),
    ]
    assert "announces 5 rows and gives 1" in failure(pull("dapodik", ARGS, answers, CONTEXT)).what


def test_a_server_that_ignores_start_is_damage(pull, reply) -> None:
    run = pull("dapodik", ARGS, lambda request: reply({"results": 9, "start": 0, "rows": [{"id": 1}]}), CONTEXT)
    assert failure(run).kind == "damaged"


def test_its_own_words_reach_the_reader(pull, reply) -> None:
    error = failure(pull("dapodik", ARGS, [reply("Parameter NPSN harap diisi")], CONTEXT))
    assert "Parameter NPSN harap diisi" in error.what
    assert "npsn=99640201" in error.where


def test_p10_a_semester_that_is_none_is_refused(pull) -> None:
    with pytest.raises(ValueError, match="semester_id"):
        pull("dapodik", ARGS | {"semester_id": "2024"}, [])
