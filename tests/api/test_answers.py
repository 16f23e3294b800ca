"""How answers are given over HTTP: named, validated, in ranges, of one publication, or a problem that says why not."""

import hashlib
import json
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from api import front, library
from api.answers import Answer, AnswerCache
from api.deprecation import Deprecation
from api.front import Asked
from publication.manifest import read_manifest
from publication.pointer import swap
from tests.api.conftest import NoLedger, Shelf, desk, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

DOCUMENTS = {
    "regions/35.07": "v1/regions/35.07.json",
    "pillars/living": "v1/pillars/living.json",
    "explanations/64.02": "v1/explanations/64.02.json",
    "schemas/region": "v1/schemas/region.json",
}


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("root", ["/v1", "/v1/publications/{}"])
def test_a_document_is_the_file_of_the_publication(client: httpx.Client, shelf: Shelf, root: str, path: str) -> None:
    file = shelf.folder / shelf.now / DOCUMENTS[path]
    for _ in range(2):  # read, then from memory
        answer = client.get(f"{root.format(shelf.now)}/{path}")
        assert (answer.status_code, answer.content) == (200, file.read_bytes())
        assert answer.headers["etag"] == f'"{hashlib.sha256(file.read_bytes()).hexdigest()}"'
        assert answer.headers["etag"].strip('"') == read_manifest(shelf.folder / shelf.now)[DOCUMENTS[path]].sha256
        assert answer.headers["pilar-publication"] == shelf.now


@pytest.mark.parametrize("held", [True, False], ids=["from memory", "piece by piece"])
@pytest.mark.parametrize("path", ["regions/35.07", "regions", "values?format=csv", "publications"])
def test_who_has_an_answer_is_not_sent_it_again(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str, held: bool
) -> None:
    if not held:
        monkeypatch.setattr(front, "LARGEST_CACHED", 10)
    first = client.get(f"/v1/{path}")
    assert first.status_code == 200
    for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"other", {first.headers["etag"]}', "*"):
        again = client.get(f"/v1/{path}", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get(f"/v1/{path}", headers={"if-none-match": '"other"'}).content == first.content


def test_rows_that_a_new_publication_did_not_change_keep_their_validator(client: httpx.Client, shelf: Shelf) -> None:
    tags = {client.get(f"/v1/publications/{name}/scores/index").headers["etag"] for name in (shelf.now, shelf.before)}
    assert len(tags) == 1
    forms = {client.get(f"/v1/scores/index?format={form}").headers["etag"] for form in ("json", "csv", "parquet")}
    assert len(forms) == 3


def test_head_says_what_get_would(client: httpx.Client) -> None:
    for path in ("regions/35.07", "values?format=parquet", "regions?limit=0", "nothing"):
        got, head = client.get(f"/v1/{path}"), client.head(f"/v1/{path}")
        assert head.content == b""
        assert head.status_code == got.status_code
        assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
        assert head.headers.get("etag") == got.headers.get("etag")


RANGES = {
    "bytes=0-3": (206, slice(0, 4)),
    "bytes=4-": (206, slice(4, None)),
    "bytes=-4": (206, slice(-4, None)),
    "bytes=0-99999999999": (206, slice(0, None)),
    "bytes=99999999999-": (416, None),
    "bytes=-0": (416, None),
    "bytes=5-2": (200, slice(None)),
    "bytes=0-1,4-5": (200, slice(None)),
    "bytes=" + "9" * 5000 + "-": (200, slice(None)),
    "rows=0-1": (200, slice(None)),
    "bytes=-": (200, slice(None)),
}


@pytest.mark.parametrize("wanted", RANGES, ids=lambda text: text[:20])
def test_a_range_is_that_part_of_it(client: httpx.Client, wanted: str) -> None:
    whole = client.get("/v1/regions/35.07")
    answer = client.get("/v1/regions/35.07", headers={"range": wanted})
    status, part = RANGES[wanted]
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"
        assert answer.json()["status"] == 416
    else:
        assert answer.content == whole.content[part]
    other = client.get("/v1/regions/35.07", headers={"range": wanted, "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)


ACCEPTED = {
    "": "application/json",
    "*/*": "application/json",
    "text/*": "text/csv",
    "text/csv;q=0.5, application/json;q=0.4": "text/csv",
    "text/csv;q=0, */*;q=0.1": "application/json",
    "application/vnd.apache.parquet": "application/vnd.apache.parquet",
    "text/html, application/vnd.apache.arrow.stream": "application/vnd.apache.arrow.stream",
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_form_is_the_one_that_is_liked_best(client: httpx.Client, accept: str) -> None:
    answer = client.get("/v1/regions", headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == ACCEPTED[accept]
    assert "Accept" in answer.headers["vary"]


PROBLEMS = {
    "no such address": ("GET", "/v1/nothing", 404),
    "no such document": ("GET", "/v1/regions/99.99", 404),
    "no such publication": ("GET", "/v1/publications/20200101T000000000Z-00000000/regions", 404),
    "no publication's name": ("GET", "/v1/publications/current/regions", 404),
    "a slash too many": ("GET", "/v1/regions/", 404),
    "another method": ("DELETE", "/v1/regions", 405),
    "another method of a document": ("PUT", "/v1/regions/35.07", 405),
    "a check that is not made here": ("POST", "/v1/check/dlh_plastik", 404),
    "a parameter of a document": ("GET", "/v1/regions/35.07?select=x", 422),
    "too long": ("GET", "/v1/regions?region_code=" + "1" * 9000, 414),
}


@pytest.mark.parametrize("asked", PROBLEMS.values(), ids=PROBLEMS)
def test_p10_what_is_refused_is_a_problem(client: httpx.Client, shelf: Shelf, asked: tuple[str, str, int]) -> None:
    answer = client.request(asked[0], asked[1])
    told = answer.json()
    assert (answer.status_code, told["status"]) == (asked[2], asked[2])
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "detail"} <= set(told)
    if asked[2] == 405:
        assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["regions", "regions/35.07"])
def test_a_form_that_is_not_made_is_refused(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/v1/{path}", headers={"accept": "application/xml"})
    assert (answer.status_code, answer.json()["type"]) == (406, "urn:pilar:problem:not-acceptable")


def test_before_the_first_publication_it_says_so(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> None:
    empty = Shelf(tmp_path_factory.mktemp("empty"), shelf.truth, "", "", "", "")
    with serving(desk(empty, NoLedger())) as address:
        answer = httpx.get(f"{address}/v1/regions")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert httpx.get(f"{address}/v1/regions/35.07").status_code == 503
        assert httpx.get(f"{address}/v1/publications").json() == {"total": 0, "rows": []}
        assert httpx.get(f"{address}/health").json() == {"status": "ok"}


@pytest.mark.fault(27)
def test_p3_a_swap_shows_at_the_next_request_and_a_named_publication_stays(shelf: Shelf) -> None:
    with serving(desk(shelf, NoLedger())) as address:
        try:
            for name in (shelf.before, shelf.now, shelf.before):
                swap(shelf.folder, name)
                for path in ("regions", "regions/35.07"):
                    assert httpx.get(f"{address}/v1/{path}").headers["pilar-publication"] == name
                stays = httpx.get(f"{address}/v1/publications/{shelf.before}/regions/35.07")
                assert stays.headers["pilar-publication"] == shelf.before
        finally:
            swap(shelf.folder, shelf.now)


def test_what_will_go_says_so(shelf: Shelf) -> None:
    going = Deprecation(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC), "/v1/values")
    made = desk(shelf, NoLedger(), deprecated={"gaps": going, "pillars/{pillar}": going})
    with serving(made) as address:
        for path in ("gaps", "pillars/living", "gaps?limit=1"):
            told = httpx.get(f"{address}/v1/{path}").headers
            assert told["deprecation"] == "@1798761600"
            assert told["sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
            assert '</v1/values>; rel="successor-version"' in told["link"]
        assert 'rel="next"' in httpx.get(f"{address}/v1/gaps?limit=1").headers["link"]
        assert "deprecation" not in httpx.get(f"{address}/v1/pillars").headers
        described = httpx.get(f"{address}/v1/openapi.json").json()
        assert described["paths"]["/v1/gaps"]["get"]["deprecated"] is True
        assert described["paths"]["/v1/values"]["get"]["deprecated"] is False


def test_memory_for_answers_is_bounded() -> None:
    cache = AnswerCache(most_bytes=1000)
    for number in range(50):
        cache.put(number, Answer(json.dumps("x" * 100).encode(), "application/json", f'"{number}"', {}))
        assert cache.get(0) is not None or number > 8
        cache.get(0)
    assert cache.get(49) is not None
    assert cache.get(0) is not None, "what is asked for stays"
    assert sum(cache.get(number) is not None for number in range(50)) < 11
    cache.put("large", Answer(b"x" * 1001, "application/json", '"large"', {}))
    assert cache.get("large") is None


def test_what_was_said_before_is_said_at_once_and_only_to_who_asks_the_same(shelf: Shelf) -> None:
    made = desk(shelf, NoLedger())
    with serving(made) as address, httpx.Client(base_url=address) as client:
        del client.headers["connection"]  # whoever names it takes the longer way
        path = "/v1/regions/35.07"
        first = client.get(path, headers={"accept": "application/json"})
        assert made.quick.get(path.encode(), b"application/json") is not None
        again = client.get(path, headers={"accept": "application/json"})
        assert again.content == first.content
        kept = [dict(answer.headers) for answer in (first, again)]
        for headers in kept:
            headers.pop("date")
        assert kept[0] == kept[1]
        for headers, status in (
            ({"if-none-match": first.headers["etag"]}, 304),
            ({"range": "bytes=0-1"}, 206),
            ({"authorization": "Bearer x"}, 401),
            ({"accept": "text/csv"}, 406),
        ):
            assert client.get(path, headers={"accept": "application/json", **headers}).status_code == status
        assert client.head(path, headers={"accept": "application/json"}).content == b""
        try:
            swap(shelf.folder, shelf.before)
            other = client.get(path, headers={"accept": "application/json"})
            assert other.headers["pilar-publication"] == shelf.before
        finally:
            swap(shelf.folder, shelf.now)


def test_p3_an_answer_made_while_the_pointer_moves_is_not_kept_as_the_new_publications(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, path, as_it_is = desk(shelf, NoLedger()), "/v1/regions/35.07", front.document

    async def meanwhile(asked: Asked, accept: str) -> Response | None:
        found = await as_it_is(asked, accept)
        swap(shelf.folder, shelf.before)
        return found

    monkeypatch.setattr(front, "document", meanwhile)
    try:
        with serving(made) as address, httpx.Client(base_url=address) as client:
            del client.headers["connection"]  # whoever names it takes the longer way
            told = [client.get(path).headers["pilar-publication"] for _ in range(2)]
        assert told == [shelf.now, shelf.before]
    finally:
        swap(shelf.folder, shelf.now)


def test_what_was_answered_from_a_publication_is_forgotten_with_its_folder(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_LISTED_FOR_SECONDS", 0.0)
    folder = tmp_path / "published"
    shutil.copytree(shelf.folder, folder, symlinks=True)
    with serving(desk(replace(shelf, folder=folder), NoLedger())) as address, httpx.Client(base_url=address) as client:
        del client.headers["connection"]  # whoever names it takes the longer way
        paths = [f"/v1/publications/{shelf.before}/{path}" for path in ("regions/35.07", "regions", "values?limit=3")]
        for _ in range(2):
            assert [client.get(path).status_code for path in paths] == [200] * 3
        shutil.rmtree(folder / shelf.before)
        assert [client.get(path).status_code for path in paths] == [404] * 3


def test_requests_one_behind_the_other_are_answered_in_turn(client: httpx.Client) -> None:
    paths = ["/v1/regions/35.07", "/v1/values?limit=3", "/v1/regions/35.07", "/v1/nothing", "/v1/regions/35.07"]
    alone = [client.get(path).content for path in paths]
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=10) as sock:
        last = len(paths) - 1
        sock.sendall(
            b"".join(
                f"GET {path} HTTP/1.1\r\nHost: x\r\n{'Connection: close' if nth == last else 'A: b'}\r\n\r\n".encode()
                for nth, path in enumerate(paths)
            )
        )
        found = b""
        while part := sock.recv(65536):
            found += part
    for body in alone:
        head, _, found = found.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 ")
        assert found[: len(body)] == body
        found = found[len(body) :]
    assert found == b""
