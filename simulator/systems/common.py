"""What the simulated HTTP systems share: a name, credentials, lists that can be disturbed, answers in JSON."""

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.faults import HTTP, NEW_COLUMN, TEXT, Fault, thin

Row = Mapping[str, object] | Sequence[object]
Endpoint = Callable[[Request], Response | Awaitable[Response]]

# Stands before the value that a fault of the text changes.
_SPOT = "\ue000"
_SPOTTED = rf'"{_SPOT}((?:[^"\\]|\\.)*)"'
_CHANGED: Mapping[str, str] = MappingProxyType(
    {
        "nul": r'"a\\u0000b"',
        "lone_surrogate": r'"a\\ud800b"',
        "not_a_number": "NaN",
        "infinity": "-Infinity",
        "nested": "[" * 3000 + "]" * 3000,
    }
)


class System:
    """One simulated system: what its protocol is and who may ask; subclasses say which records it has.

    ``name`` is the connection's and the first part of every path; ``base`` is what follows it in the connection's URL.
    """

    base: ClassVar[str] = ""
    # Faults that need what this kind of system has not: links between its pages, an envelope, named fields.
    unplayable: ClassVar[frozenset[str]] = frozenset()
    down: ClassVar[tuple[int, str]] = (503, "Service Unavailable")

    def __init__(self, name: str, *, login: str = "", password: str = "", **extra: str) -> None:
        self.name, self.login, self.password, self.extra = name, login, password, extra
        self._first: dict[str, Any] = {}

    def routes(self) -> list[Route]:
        """The system's addresses."""
        raise NotImplementedError

    def route(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        """One address, below the connection's URL."""
        return Route(f"/{self.name}{self.base}{path}", endpoint, methods=[method])

    def app(self) -> Starlette:
        """The system's application."""
        return Starlette(routes=self.routes())

    @property
    def playable(self) -> frozenset[str]:
        """The faults this system can play."""
        return HTTP - self.unplayable

    def echo(self) -> str:
        """What an indiscreet system says when it refuses."""
        return f"denied for {self.password}, Bearer {self.password}, {self.extra}"

    def asked(self, request: Request, what: str, asked: Any) -> Any:
        """What ``what`` is answered for: what is asked now, or under `page_repeated` what was asked first."""
        first = self._first.setdefault(what, asked)
        return first if kind_of(request) == "page_repeated" else asked


# The faults of a list that only some systems have.
NO_LINKS = frozenset({"loop", "elsewhere"})
ONE_ANSWER = NO_LINKS | {"endless"}
BARE = frozenset({"envelope_twice"})


@dataclass(frozen=True)
class Part:
    """Some rows of a list, how many the list has (None when it does not say) and whether others follow."""

    rows: list[Any]
    total: int | None
    more: bool


def part(request: Request, rows: Sequence[Row], at: int = 0, size: int | None = None) -> Part:
    """The rows from ``at`` on, ``size`` of them or all, as a system with this request's fault would give them."""
    fault = fault_of(request)
    whole = disturb(rows, fault)
    wanted = len(whole) if size is None else size
    if kind_of(request) == "endless" and whole:
        found = [_beyond(whole, place) for place in range(at, at + wanted)]
        return Part(spoiled(found, fault), None, more=True)
    at = 0 if kind_of(request) == "page_repeated" and size is not None else at
    return Part(spoiled(whole[at : at + wanted], fault), len(whole), more=at + wanted < len(whole))


def disturb(rows: Sequence[Row], fault: Fault | None) -> list[Any]:
    """The rows as a disturbed system would give them: none, fewer, or with a field nobody announced."""
    kept: list[Any] = [dict(row) if isinstance(row, Mapping) else list(row) for row in thin(rows, fault)]
    if fault is not None and fault.kind == "unknown_column":
        return [row | {NEW_COLUMN: "baru"} if isinstance(row, dict) else [*row, "baru"] for row in kept]
    return kept


def spoiled(rows: list[Any], fault: Fault | None) -> list[Any]:
    """The rows, of which the first one's last plain value is marked when a fault of the text is on."""
    if fault is None or fault.kind not in TEXT or not rows:
        return rows
    first = rows[0].copy()
    places = list(first) if isinstance(first, dict) else range(len(first))
    place = [each for each in places if not isinstance(first[each], dict | list)][-1]
    first[place] = f"{_SPOT}{first[place]}"
    return [first, *rows[1:]]


def _beyond(rows: list[Any], place: int) -> Any:
    """The row at a place; behind the last one they come again under other names."""
    row = rows[place % len(rows)]
    if place < len(rows):
        return row
    if isinstance(row, dict):
        return {name: f"{value}.{place}" if isinstance(value, str) else value for name, value in row.items()}
    return [f"{value}.{place}" for value in row]


def told(value: object, fault: Fault | None) -> str:
    """The JSON of an answer, the same text for the same value; with a fault of the text in it when one is on."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number)
    kind = "" if fault is None else fault.kind
    if kind == "envelope_twice":
        return re.sub(r'\A\{("[^"]+"):', r"{\1:[],\1:", text)
    if kind == "field_twice":
        return re.sub(rf'("[^"]+"):{_SPOTTED}', r'\1:"\2",\1:"LAIN"', text)
    return re.sub(_SPOTTED, _CHANGED[kind], text) if kind in _CHANGED else text


def answer(
    request: Request,
    value: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media: str = "application/json",
) -> Response:
    """A JSON answer."""
    body = told(value, fault_of(request)).encode()
    return Response(body, status_code=status, headers=headers, media_type=media)


def text(body: str, status: int) -> Response:
    """A plain-text answer."""
    return Response(body, status_code=status, media_type="text/plain")


def fault_of(request: Request) -> Fault | None:
    """The fault that hits this request."""
    fault = request.scope.get("simulator.fault")
    return fault if isinstance(fault, Fault) else None


def kind_of(request: Request) -> str:
    """The kind of the fault that hits this request, "" for none."""
    fault = fault_of(request)
    return "" if fault is None else fault.kind


def known(request: Request, offered: str, expected: str) -> bool:
    """True when the credential is right, and no fault says that it is not."""
    return kind_of(request) != "wrong_token" and hmac.compare_digest(offered.encode(), expected.encode())


def bearer(request: Request) -> str:
    """The token of an Authorization header, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def whole(request: Request, name: str, default: int) -> int | None:
    """A query parameter as a whole number that is not negative; None when it is something else."""
    raw = request.query_params.get(name, str(default))
    return int(raw) if raw.isascii() and raw.isdigit() else None


def following(request: Request, query: str) -> str:
    """The absolute address of the next page, which differs in its query; with a fault it leads astray."""
    if kind_of(request) == "loop":
        return str(request.url)
    host = f"{request.url.scheme}://{request.url.netloc}"
    if kind_of(request) == "elsewhere":
        host = request.scope["simulator.elsewhere"]
    return f"{host}{request.url.path}?{query}"


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        # The shortest text of the float has the same digits up to 15 of them, and no figure here has more.
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
