"""The application: publications over HTTP, read-only, and the check of a file."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlencode

import anyio.to_thread
import duckdb
import msgspec
import pyarrow as pa
from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api import openapi
from api.answers import Answer
from api.checks import Checker
from api.documents import SUMMARIES
from api.files import Counter
from api.front import ASKED, Asked, Desk, Front, document
from api.library import Library, Volume
from api.media import CONTENT_TYPE, JSON, MEDIA, encode, negotiate
from api.parameters import MOST_ROWS, ROWS_OF_JSON, Question, ordered, parse, question, statement
from api.problems import ProblemError, not_found, wrong_parameters
from api.publications import PATH, Publications, listed
from api.resources import Resource, resources
from ledger.sql import identifier

# Changed whenever the same rows are written in other bytes, so that nobody keeps the old ones.
FORM = "1"
# Each may hold an answer in memory while it is made.
THREADS = 4
PREFIXES = ("/v1", "/v1/publications/{publication}")
Handler = Callable[[Request], Response]


class Tables(Protocol):
    """What rows are asked of."""

    def tables(self, query: str, bound: Sequence[Any]) -> pa.Table:
        """What a query answers."""

    def sha256(self, tables: Sequence[str]) -> str:
        """Of the content of some tables."""


def create_app(desk: Desk, checker: Checker | None = None) -> FastAPI:
    """The interface as an ASGI application. ``checker`` checks files; without one there is no such address.

    Raises ConfigError where a table is not described.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        desk.audit.start()
        yield
        await run_in_threadpool(desk.audit.stop)

    app = FastAPI(
        title="Pilar", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False
    )
    found = resources()
    for prefix in PREFIXES:
        for resource in found:
            app.add_api_route(f"{prefix}/{resource.path}", _rows_of(resource), methods=["GET"])
        for path in SUMMARIES:
            app.add_api_route(f"{prefix}/{path}", _document, methods=["GET"])
    app.add_api_route(f"/v1/{PATH}", _publications_of(listed(), desk.library), methods=["GET"])
    if checker is not None:
        app.add_api_route("/v1/check/{source}", Counter(checker).take, methods=["POST"])
    described = openapi.document((*found, listed()), desk.deprecated, checks=checker is not None)
    app.add_api_route("/v1/openapi.json", _constant(described), methods=["GET"])
    app.add_api_route("/v1", _constant(openapi.contents((*found, listed()))), methods=["GET"])
    app.add_api_route("/", _constant({"interface": "/v1"}), methods=["GET"])
    app.add_api_route("/health", _constant({"status": "ok"}), methods=["GET"])
    _tell_problems(app)
    app.add_middleware(Front, desk=desk)
    return app


def _constant(document: Mapping[str, Any]) -> Handler:
    body = msgspec.json.encode(document)
    etag = f'"{hashlib.sha256(body).hexdigest()}"'

    def handle(request: Request) -> Response:
        asked: Asked = request.scope[ASKED]
        return Answer(body, JSON, etag, asked.headers())

    return handle


def _rows_of(resource: Resource) -> Handler:
    def handle(request: Request) -> Response:
        asked: Asked = request.scope[ASKED]
        return _rows(request, asked, resource, _published(asked))

    return handle


def _published(asked: Asked) -> Volume:
    if asked.volume is None:
        raise ProblemError(503, "nothing-published", "nothing is published yet", headers={"Retry-After": "60"})
    return asked.volume


def _publications_of(resource: Resource, library: Library) -> Handler:
    def handle(request: Request) -> Response:
        asked: Asked = request.scope[ASKED]
        return _rows(
            request,
            asked,
            resource,
            Publications(library, asked.caller.scope, asked.volume.id if asked.volume is not None else None),
        )

    return handle


def _rows(request: Request, asked: Asked, resource: Resource, tables: Tables) -> Response:
    given = dict(parse(request.scope["query_string"]))
    media = _media(given, request)
    wanted = question(resource, given, asked.caller.scope)
    limit = wanted.limit or (ROWS_OF_JSON if media == JSON else MOST_ROWS)
    try:
        rows, total = _asked_of(tables, resource, wanted, limit, asked)
    except duckdb.CatalogException:
        raise ProblemError(404, "not-found", "this publication has no such table") from None
    except duckdb.IOException:  # removed since it was opened
        raise not_found() from None
    seen = (resource.path, media, limit, repr(wanted), repr(asked.caller.scope) if resource.details else "")
    digest = hashlib.sha256("\n".join((FORM, tables.sha256(resource.tables), *map(str, seen))).encode())
    headers = {**asked.headers(), "pilar-rows": str(total)}
    if wanted.offset + limit < total:
        link = f'<{_address(asked, resource, given, wanted.offset + limit)}>; rel="next"'
        headers["link"] = ", ".join(filter(None, (link, headers.get("link"))))
    answer = Answer(encode(media, rows, total), CONTENT_TYPE.get(media, media), f'"{digest.hexdigest()}"', headers)
    if asked.volume is not None and tables is asked.volume:
        asked.cache.put(asked.key, answer)
    return answer


def _media(given: dict[str, list[str]], request: Request) -> str:
    """The form that is asked for: by the parameter ``format``, else by what the reader accepts."""
    wanted = given.pop("format", None)
    if wanted is None:
        return negotiate(",".join(request.headers.getlist("accept")))
    if len(wanted) > 1 or wanted[0] not in MEDIA:
        raise wrong_parameters([("format", f"is one of {', '.join(MEDIA)}")])
    return MEDIA[wanted[0]]


def _asked_of(tables: Tables, resource: Resource, wanted: Question, limit: int, asked: Asked) -> tuple[pa.Table, int]:
    query, bound = statement(resource, wanted, asked.caller.scope)
    columns = ", ".join(map(identifier, wanted.columns))
    part = f"ORDER BY {ordered(resource, wanted)} LIMIT {limit:d} OFFSET {wanted.offset:d}"
    page = tables.tables(f"SELECT {columns} FROM ({query}) {part}", bound)
    # The last page says how many rows there are. Only what more may follow on is counted.
    if page.num_rows < limit and (page.num_rows or not wanted.offset):
        return page, wanted.offset + page.num_rows
    return page, int(tables.tables(f"SELECT count(*) AS n FROM ({query})", bound)["n"][0].as_py())


def _address(asked: Asked, resource: Resource, given: Mapping[str, list[str]], offset: int) -> str:
    """Where the next page is: in the same publication, whatever becomes of the current one meanwhile."""
    root = f"/v1/publications/{asked.volume.id}" if asked.volume is not None and resource.path != PATH else "/v1"
    pairs = [(name, value) for name, values in given.items() if name != "offset" for value in values]
    return f"{root}/{resource.path}?{urlencode([*pairs, ('offset', offset)])}"


async def _document(request: Request) -> Response:
    """A document that the front did not give: none of this name, or one that was asked for with parameters."""
    asked: Asked = request.scope[ASKED]
    _published(asked)
    given = dict(parse(request.scope["query_string"]))
    accept = request.headers.get("accept", "")
    if given.pop("format", ["json"]) != ["json"]:
        raise wrong_parameters([("format", "is json: a document has no other form")])
    if given:
        raise wrong_parameters([(name[:60], "is no parameter of a document") for name in given])
    found = await document(asked, "" if request.scope["query_string"] else accept)
    if found is None:
        raise not_found()
    return found


def _tell_problems(app: FastAPI) -> None:
    @app.exception_handler(ProblemError)
    async def problem(_request: Request, error: ProblemError) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        if error.status_code != 405:
            return not_found().response()
        allowed = (error.headers or {}).get("allow", "GET")
        allow = "GET, HEAD" if "GET" in allowed else allowed
        detail = f"this address is asked with {allow}"
        return ProblemError(405, "method-not-allowed", detail, headers={"Allow": allow}).response()

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: Exception) -> Response:
        """Who left in the middle of a request gets no answer, and is no fault of ours to be told in the log."""
        return Response(status_code=408)

    @app.exception_handler(Exception)
    async def failed(_request: Request, _error: Exception) -> Response:
        """What exactly went wrong is in the log, and not for outside."""
        return ProblemError(500, "failed", "this could not be answered; it is a fault of ours").response()
