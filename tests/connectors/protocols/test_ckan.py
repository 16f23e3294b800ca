"""CKAN: links without end, caps without a word."""

from typing import Any

import pytest

from ledger.errors import SourceError

ARGS = {"resource_id": "{rid}", "limit": 3, "filters": {"tahun": ["{tahun}"]}}
CONTEXT = [{"rid": "0a1b", "tahun": "2024"}]


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def serve(reply: Any, rows: int, most: int = 3, **result: Any) -> Any:
    def handler(request: Any) -> Any:
        at = int(request.params["offset"])
        found = [{"_id": number} for number in range(at, min(at + most, rows))]
        links = {"next": f"/api/3/action/datastore_search?offset={at + 3}"}  # always there, after the end too
        return reply({"success": True, "result": {"records": found, "total": rows, "_links": links, **result}})

    return handler


def test_it_ends_at_the_total_though_links_lead_on(pull, reply, rows_of) -> None:
    run = pull("ckan", ARGS, serve(reply, 6), CONTEXT)
    assert len(rows_of(run.pages())) == 6
    assert len(run.asked) == 2
    assert run.asked[0].params["filters"] == '{"tahun":["2024"]}'
    assert run.asked[0].params["sort"] == "_id"
    assert run.asked[0].credentials == {"Authorization": "kunci-rahasia"}


def test_a_portal_that_gives_fewer_than_asked_for_loses_nothing(pull, reply, rows_of) -> None:
    assert len(rows_of(pull("ckan", ARGS, serve(reply, 5, most=2), CONTEXT).pages())) == 5


def test_p1_a_silent_cap_is_damage(pull, reply) -> None:
    error = failure(pull("ckan", ARGS, serve(reply, 6, total=40_000), CONTEXT))
    assert error.kind == "damaged"
    assert "announces 40000 rows and gives 6" in error.what


def test_p1_the_cap_of_32000_rows_is_read_past(pull, reply) -> None:
    """Asked for everything at once, CKAN gives 32,000 rows and says nothing of the others but their total."""
    run = pull("ckan", ARGS | {"limit": 32_000}, serve(reply, 40_000, most=32_000), CONTEXT)
    assert [page.records.count(b"_id") for page in run.pages()] == [32_000, 8_000]
    assert [request.params["offset"] for request in run.asked] == ["0", "32000"]


def test_p1_a_portal_that_starts_again_after_its_cap_is_damage(pull, reply) -> None:
    first = serve(reply, 6)

    def handler(request: Any) -> Any:
        request.params["offset"] = "0"
        return first(request)

    error = failure(pull("ckan", ARGS, handler, CONTEXT))
    assert error.kind == "damaged"
    assert "repeats a page" in error.what


def test_an_estimated_total_is_not_held_against_it(pull, reply, rows_of) -> None:
    handler = serve(reply, 5, total=1000, total_was_estimated=True)
    assert len(rows_of(pull("ckan", ARGS, handler, CONTEXT).pages())) == 5


def test_p10_more_than_the_cap_cannot_be_asked_for(pull) -> None:
    with pytest.raises(ValueError, match="limit"):
        pull("ckan", ARGS | {"limit": 32_001}, [])


def test_its_error_is_quoted(pull, reply) -> None:
    answer = {"success": False, "error": {"__type": "Not Found Error", "message": "Resource was not found."}}
    error = failure(pull("ckan", ARGS, [reply(answer, 404)], CONTEXT))
    assert "Resource was not found" in error.what
