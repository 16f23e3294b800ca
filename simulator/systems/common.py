"""What the simulated HTTP systems share: answers in JSON, credentials, absolute addresses."""

import hmac
import json
from collections.abc import Mapping
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from simulator.faults import Fault


def answer(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None, media: str = "application/json"
) -> Response:
    """A JSON answer, the same bytes for the same value."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number)
    return Response(body.encode(), status_code=status, headers=headers, media_type=media)


def text(body: str, status: int) -> Response:
    """A plain-text answer."""
    return Response(body, status_code=status, media_type="text/plain")


def fault_of(request: Request) -> Fault | None:
    """The fault that hits this request."""
    fault = request.scope.get("simulator.fault")
    return fault if isinstance(fault, Fault) else None


def known(request: Request, offered: str, expected: str) -> bool:
    """True when the credential is right, and no fault says that it is not."""
    fault = fault_of(request)
    if fault is not None and fault.kind == "wrong_token":
        return False
    return hmac.compare_digest(offered.encode(), expected.encode())


def bearer(request: Request) -> str:
    """The token of an Authorization header, "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def whole(request: Request, name: str, default: int) -> int | None:
    """A query parameter as a whole number that is not negative; None when it is something else."""
    raw = request.query_params.get(name, str(default))
    return int(raw) if raw.isascii() and raw.isdigit() else None


def here(request: Request, query: str) -> str:
    """The absolute address of this path with another query."""
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}?{query}"


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        # The shortest text of the float has the same digits up to 15 of them, and no figure here has more.
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
