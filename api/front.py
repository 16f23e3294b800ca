"""What every request passes before anything is read: limits, who asks, which publication, and answers that are known.

Answers that are known, and documents that a publication holds as files, are given from here. Everything else goes on
to the application.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol
from urllib.parse import unquote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import PUBLIC
from api.answers import LARGEST_CACHED, Answer, AnswerCache, Quick, has
from api.audit import Audit
from api.deprecation import DEPRECATED, Deprecation, going
from api.documents import document_path
from api.keys import Caller, anybody
from api.library import Library, Volume
from api.media import JSON, negotiate
from api.problems import ProblemError, not_found
from api.rates import Rates
from ledger.errors import LedgerError

log = structlog.get_logger()

ROOT = "/v1/"
NAMED = "/v1/publications/"
LONGEST_ADDRESS = 8_192
WORKED_ON_AT_ONCE = 64
READ = frozenset({"GET", "HEAD"})
ASKED = "pilar"
"""Where in a request's scope stands what was found out about it here."""

# The pointer may move at any time; a named publication stays what it is, and may be withdrawn.
_CURRENT_CACHE = "no-cache"
_NAMED_CACHE = "max-age=300"
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"vary", b"Accept, Authorization"))


class Identity(Protocol):
    """Who may ask with what. ``identify`` may ask the ledger or an identity provider: it runs in a thread."""

    def identify(self, authorization: str) -> Caller:
        """Raises ProblemError (401), and LedgerError where the ledger is away."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``volume`` is the publication that the whole request is answered from; None where it is about none."""

    caller: Caller
    volume: Volume | None
    named: bool
    rest: tuple[str, ...]
    key: tuple[object, ...]
    cache: AnswerCache
    going: Deprecation | None = None

    def headers(self) -> dict[str, str]:
        """What an answer from this publication says beside its content."""
        found = {name.decode(): value.decode() for name, value in _ALWAYS}
        if self.going is not None:
            found |= self.going.headers
        found["cache-control"] = _NAMED_CACHE if self.named else _CURRENT_CACHE
        if self.caller.scope.details:
            found["cache-control"] = f"private, {found['cache-control']}"
        if self.volume is not None:
            found["pilar-publication"] = self.volume.id
        return found


@dataclass(frozen=True)
class Desk:
    """What the front works with. ``public_per_minute`` is the rate of an address that sends no key."""

    library: Library
    identity: Identity
    rates: Rates
    audit: Audit
    cache: AnswerCache
    public_per_minute: int = 600
    deprecated: Mapping[str, Deprecation] = field(default_factory=lambda: DEPRECATED)

    @cached_property
    def quick(self) -> Quick:
        """Public answers that were given before."""
        return Quick(self.cache, self.library.current, partial(self.audit.count, "public", False))


class Front:
    """An ASGI application before another one."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._busy = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from here, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller: Caller | None = None
        try:
            if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
                raise ProblemError(414, "too-long", f"the address is longer than {LONGEST_ADDRESS} bytes")
            authorization, accept = _told(scope)
            caller = await self._caller(scope, authorization)
            # Read once: a pointer that moves meanwhile must not have this answer remembered as the new one's.
            current = self._desk.library.current()
            answer, asked = await self._find(scope, accept, caller, current)
            if answer is not None:
                self._desk.audit.count(caller.id, False)
                if caller.scope is PUBLIC and isinstance(answer, Answer) and not authorization and not asked.named:
                    address = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
                    self._desk.quick.put(address, accept.encode("latin-1"), asked.key, current)
                await answer(scope, receive, send)
                return
            self._rate(caller, caller.per_minute)
        except ProblemError as problem:
            # A key that is not good is nobody's.
            self._desk.audit.count(caller.id if caller is not None else "unknown", True)
            response = problem.response()
            response.raw_headers.extend(_ALWAYS)
            await response(scope, receive, send)
            return
        await self._hand_on(scope, receive, send, asked)

    async def _caller(self, scope: Scope, authorization: str) -> Caller:
        address = scope["client"][0] if scope.get("client") else ""
        if not authorization:
            return anybody(address, self._desk.public_per_minute)
        # Whoever tries keys is slowed down before anybody is asked about them.
        self._rate(anybody(f"keys of {address}", 0), self._desk.public_per_minute * 10)
        try:
            return await run_in_threadpool(self._desk.identity.identify, authorization)
        except LedgerError as error:
            log.error("a key cannot be checked", error=str(error))
            raise ProblemError(
                503, "unavailable", "keys cannot be checked right now", headers={"Retry-After": "30"}
            ) from None

    def _rate(self, caller: Caller, per_minute: int) -> None:
        wait = self._desk.rates.take(caller.bucket, per_minute)
        if wait:
            raise ProblemError(
                429,
                "too-many",
                f"more than {per_minute} requests a minute",
                "Wait as long as Retry-After says; ask for more rows at once, or keep what did not change (ETag)",
                headers={"Retry-After": str(int(wait) + 1)},
            )

    async def _find(
        self, scope: Scope, accept: str, caller: Caller, current: str | None
    ) -> tuple[Response | None, Asked]:
        path: str = scope["path"]
        library, cache = self._desk.library, self._desk.cache
        if not path.startswith(ROOT):
            return None, Asked(caller, None, False, (), (), cache)
        if scope["raw_path"].count(b"/") != path.count("/"):  # written %2F, which is in no address of ours
            raise not_found()
        named = path.startswith(NAMED)
        wanted = current
        parts = tuple(_decoded(scope["raw_path"]))
        if named:
            wanted, parts = parts[1], parts[2:]
            if not library.shown(wanted, caller.scope, current):
                raise not_found()
        key = (wanted, path, scope["query_string"], accept, caller.scope)
        answer: Response | None = cache.get(key) if scope["method"] in READ else None
        if answer is not None:
            return answer, Asked(caller, None, named, parts, key, cache)
        volume = library.open(wanted) if wanted else None
        if named and volume is None:
            raise not_found()
        asked = Asked(caller, volume, named, parts, key, cache, going(self._desk.deprecated, parts))
        if scope["method"] in READ and not scope["query_string"] and volume is not None:
            answer = await document(asked, accept)
        return answer, asked

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send, asked: Asked) -> None:
        if self._busy >= WORKED_ON_AT_ONCE:
            problem = ProblemError(503, "busy", "too much is asked at once", headers={"Retry-After": "1"})
            self._desk.audit.count(asked.caller.id, True)
            await problem.response()(scope, receive, send)
            return
        told = {name.encode(): value.encode() for name, value in asked.headers().items()}

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._desk.audit.count(asked.caller.id, message["status"] in {401, 403, 429})
                said = {name for name, _ in message["headers"]}
                more = [(name, value) for name, value in told.items() if name not in said]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        self._busy += 1
        try:
            # uvicorn itself leaves away the body of an answer to HEAD: it looks at its own scope.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            await self._app({**scope, "method": method, ASKED: asked}, receive, noting)
        finally:
            self._busy -= 1


def _told(scope: Scope) -> tuple[str, str]:
    """What the headers say of who asks, and in which form the answer is wanted."""
    authorization, accept = "", []
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value.decode("latin-1")
        elif name == b"accept":
            accept.append(value.decode("latin-1"))
    return authorization, ",".join(accept)


def _decoded(raw_path: bytes) -> Sequence[str]:
    """The parts of an address behind /v1/."""
    return [unquote(part) for part in raw_path.decode("latin-1").split("/")[2:]]


async def document(asked: Asked, accept: str) -> Response | None:
    """A document that the publication holds as a file; None where there is none of this address.

    Raises ProblemError (406) where the reader takes no JSON.
    """
    name = document_path(asked.rest)
    volume = asked.volume
    if name is None or volume is None or name not in volume.files:
        return None
    if accept not in {"", "*/*", JSON}:
        negotiate(accept, (JSON,))
    entry = volume.files[name]
    path = volume.folder / name
    if entry.bytes > LARGEST_CACHED:
        headers = {**asked.headers(), "etag": f'"{entry.sha256}"'}
        return _Large(path, headers=headers, media_type=JSON)
    try:
        body = await run_in_threadpool(path.read_bytes)
    except FileNotFoundError:  # removed since it was opened
        return None
    answer = Answer(body, JSON, f'"{entry.sha256}"', asked.headers())
    asked.cache.put(asked.key, answer)
    return answer


class _Large(FileResponse):
    """A file that is not held in memory, sent piece by piece. It is sent whole: a right answer to any range."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = dict(scope["headers"]).get(b"if-none-match", b"")
        if known and has(known, self.headers["etag"].encode()):
            await Response(status_code=304, headers=dict(self.headers))(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
