"""Lists that cannot be whole, from the wire to the ledger: an order with ties, a cap, a source's own doubts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.http.client import Request
from connectors.kept.replay import replay
from connectors.protocols.base import Page
from connectors.pull.course import PullOutcome
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.protocols.conftest import Pull, Reply, as_reply
from tests.connectors.pulling import pull_pages, states

COLUMNS: Mapping[str, Any] = {"id": {"type": "integer", "required": True}, "n": {"type": "integer"}}
ARGS: Mapping[str, Any] = {
    "path": "/api/d",
    "records": "$.data",
    "paging": {"mode": "offset", "size": 20, "total_at": "$.total"},
}
LENIENT = {"rows": {"min": 1}, "quarantine": {"max": "20%"}, "shrink": {"max": "20%"}}


def piece(request: Request) -> tuple[int, int]:
    return int(str(request.params["offset"])), int(str(request.params["limit"]))


def unstable(total: int, announced: int | None, again: int = 1) -> Any:
    """An order with ties: the last rows of a page open the next one, in the place of others."""

    def answer(request: Request) -> Reply:
        start, size = piece(request)
        ids = list(range(start, min(start + size, total)))
        if start and ids:
            ids[:again] = range(start - again, start)
        told = {} if announced is None else {"total": announced}
        return as_reply({"data": [{"id": at, "n": at * 10} for at in ids], **told})

    return answer


def fetched(answer: Any, args: Mapping[str, Any] = ARGS, contexts: Sequence[Mapping[str, str]] = ()) -> list[Page]:
    return Pull("rest", args, answer, contexts).pages()


def codes(outcome: PullOutcome) -> list[tuple[list[str], list[str]]]:
    return [
        ([reason["code"] for reason in batch.reasons], [found["code"] for found in batch.findings])
        for batch in outcome.batches
    ]


@pytest.mark.parametrize(("again", "told"), [(1, "4"), (3, "12")])
def test_p1_rows_that_came_twice_where_as_many_were_announced_are_held(
    ledger: Ledger, settings: Settings, again: int, told: str
) -> None:
    """100 announced, 100 came, 96 are different: four never came."""
    source = source_of(COLUMNS, ["id"], assertions=LENIENT)
    outcome = pull_pages(source, fetched(unstable(100, 100, again)), ledger, settings)
    assert codes(outcome) == [(["repeated"], [])]
    assert (outcome.batches[0].reasons[0]["observed"], outcome.batches[0].received) == (told, 100)


def test_p1_rows_that_came_twice_where_nothing_was_announced_are_told(ledger: Ledger, settings: Settings) -> None:
    source = source_of(COLUMNS, ["id"], assertions=LENIENT)
    outcome = pull_pages(source, fetched(unstable(100, None)), ledger, settings)
    assert (states(outcome), codes(outcome)) == ([("all", "accepted")], [([], ["repeated"])])


def test_p1_where_rows_say_their_coverage_the_lost_ones_may_be_of_any(ledger: Ledger, settings: Settings) -> None:
    def answer(request: Request) -> Reply:
        _, _, body = unstable(100, 100)(request)
        found = json.loads(body)
        return as_reply({**found, "data": [{**row, "tahun": 2022 + row["id"] // 50} for row in found["data"]]})

    columns = {**COLUMNS, "tahun": {"type": "integer"}}
    source = source_of(columns, ["id", "tahun"], assertions=LENIENT, coverage={"from": "tahun", "grain": "year"})
    outcome = pull_pages(source, fetched(answer), ledger, settings)
    assert [(state, reasons) for (_, state), (reasons, _) in zip(states(outcome), codes(outcome), strict=True)] == [
        ("held", ["repeated"])
    ] * 2


def test_rows_that_two_questions_have_in_common_are_no_repetition(ledger: Ledger, settings: Settings) -> None:
    """A school on the border is listed in both districts: each list is whole."""

    def answer(request: Request) -> Reply:
        first = 0 if request.params["kec"] == "a" else 19
        start, size = piece(request)
        ids = range(first + start, min(first + start + size, first + 20))
        return as_reply({"data": [{"id": at, "n": at} for at in ids], "total": 20})

    args = {**ARGS, "params": {"kec": "{kec}"}, "paging": {**ARGS["paging"], "size": 15}}
    source = source_of(COLUMNS, ["id"], assertions=LENIENT, for_each=[{"kec": "a"}, {"kec": "b"}])
    outcome = pull_pages(source, fetched(answer, args, [{"kec": "a"}, {"kec": "b"}]), ledger, settings)
    assert (states(outcome), codes(outcome)) == ([("all", "accepted")], [([], [])])


def test_p2_a_replay_holds_for_the_same_reason(ledger: Ledger, settings: Settings) -> None:
    source = source_of(COLUMNS, ["id"], assertions=LENIENT, args=ARGS)
    first = pull_pages(source, fetched(unstable(100, 100)), ledger, settings)
    again = replay(source, first.batches[0].batch_id, ledger, settings)
    assert codes(again) == codes(first) == [(["repeated"], [])]


@pytest.mark.parametrize(("cap", "told"), [(1000, ["silent_cap"]), (999, [])])
def test_p1_a_cap_is_looked_for_in_each_listing_of_a_batch(
    ledger: Ledger, settings: Settings, cap: int, told: list[str]
) -> None:
    """Two questions with a thousand answers each are two thousand rows, which is no known cap."""

    def answer(request: Request) -> Reply:
        start, size = piece(request)
        ids = range(start, min(start + size, cap))
        return as_reply({"data": [{"id": at, "n": at} for at in ids], "total": cap})

    kinds = [{"jenis": "lahir"}, {"jenis": "mati"}]
    args = {**ARGS, "params": {"jenis": "{jenis}"}, "paging": {**ARGS["paging"], "size": 500}}
    columns = {**COLUMNS, "jenis": {"context": "jenis"}, "n": {"type": "integer"}}
    source = source_of(columns, ["jenis", "id"], assertions=LENIENT, for_each=kinds)
    pages = fetched(answer, args, kinds[:1]) + [
        Page(page.seq + 9, page.body + b" ", page.records.replace(b'"n": ', b'"n": 1'), *rest(page, kinds[1]))
        for page in fetched(answer, args, kinds[1:])
    ]
    outcome = pull_pages(source, pages, ledger, settings)
    assert codes(outcome) == [([], told)]
    if told:
        assert outcome.batches[0].findings[0]["observed"] == "1000 in 2 listings"


def rest(page: Page, context: Mapping[str, str]) -> tuple[Any, ...]:
    return page.records_path, context, page.request, page.status, page.ms, page.announced


def test_a_server_that_gives_its_last_page_for_ever_is_asked_once_too_often(ledger: Ledger, settings: Settings) -> None:
    def answer(request: Request) -> Reply:
        page = min(int(str(request.params["page"])), 3)
        ids = list(range(5))[(page - 1) * 2 : page * 2]
        return as_reply({"current_page": request.params["page"], "data": [{"id": at, "n": at} for at in ids]})

    args = {**ARGS, "paging": {"mode": "page", "size_param": "per_page", "size": 2}, "max_pages": 30}
    run = Pull("rest", args, answer, ())
    with pytest.raises(Exception, match="beyond the end of its list it gives the last rows again"):
        run.pages()
    assert len(run.asked) == 4
