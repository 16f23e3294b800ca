"""SATUSEHAT: OAuth2 client credentials, then FHIR R4 Bundles of Encounters linked page to page."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.births import encounters
from simulator.faults import ELSEWHERE, disturb
from simulator.regions import by_kemendagri
from simulator.systems.common import answer, bearer, fault_of, here, known, whole

LIFETIME_S = 3599
_COUNT, _MOST = 50, 200
_FHIR = "application/fhir+json"
_FORMS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}


class Satusehat:
    """The system with its issued tokens, each good for ``lifetime_s`` seconds."""

    def __init__(self, lifetime_s: float = LIFETIME_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}

    async def token(self, request: Request) -> Response:
        """POST /oauth2/v1/accesstoken?grant_type=client_credentials, client_id and client_secret as a form."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if request.query_params.get("grant_type") != "client_credentials":
            return answer({"ErrorCode": "invalid_request", "Error": "grant_type is not client_credentials"}, 400)
        client, secret = (form.get(name, [""])[0] for name in ("client_id", "client_secret"))
        if not known(request, f"{client} {secret}", f"{client_id()} {credential('satusehat')}"):
            return answer({"ErrorCode": "invalid_client", "Error": "Client credentials are invalid"}, 401)
        issued = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[issued] = self._clock() + self._lifetime_s
        return answer(
            {
                "token_type": "BearerToken",
                "access_token": issued,
                "issued_at": str(int(time.time() * 1000)),
                "expires_in": str(int(self._lifetime_s)),
                "client_id": client,
                "organization_name": "simulasi",
                "status": "approved",
            }
        )

    async def search(self, request: Request) -> Response:
        """GET /fhir-r4/v1/Encounter?service-provider=Organization/..&date=ge..&date=lt..&_count=."""
        fault = fault_of(request)
        if not self._valid(bearer(request)) or (fault is not None and fault.kind == "wrong_token"):
            return _outcome(401, "security", "Invalid or expired access token")
        provider = request.query_params.get("service-provider", "").removeprefix("Organization/")
        region = by_kemendagri(provider)
        count, offset = whole(request, "_count", _COUNT), whole(request, "_offset", 0)
        if not count or offset is None:
            return _outcome(400, "value", "_count is a positive number", "Encounter._count")
        try:
            limits = [_limit(raw) for raw in request.query_params.getlist("date")]
        except ValueError:
            return _outcome(400, "format", "date is not a FHIR date (RuleNumber: 10124)", "Encounter.date")
        found = [row for row in (encounters(region) if region else ()) if all(_within(row, limit) for limit in limits)]
        return self._bundle(request, disturb(found, fault), offset, min(count, _MOST))

    def _bundle(self, request: Request, rows: list[dict[str, object]], offset: int, count: int) -> Response:
        base = str(request.url.replace(query=None))
        links = [{"relation": "self", "url": str(request.url)}]
        fault = fault_of(request)
        if fault is not None and fault.kind == "loop":
            links.append({"relation": "next", "url": str(request.url)})
        elif offset + count < len(rows):
            following = here(request, _query(request, offset + count, count))
            if fault is not None and fault.kind == "elsewhere":
                following = f"{ELSEWHERE}{request.url.path}?{_query(request, offset + count, count)}"
            links.append({"relation": "next", "url": following})
        entries = [
            {"fullUrl": f"{base}/{row['id']}", "resource": row, "search": {"mode": "match"}}
            for row in rows[offset : offset + count]
        ]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(rows), "link": links, "entry": entries}
        return answer(bundle, media=_FHIR)

    def _valid(self, token: str) -> bool:
        with self._lock:
            return self._tokens.get(token, float("-inf")) > self._clock()


def client_id() -> str:
    """The simulated client's id."""
    return credential("satusehat client")


def _query(request: Request, offset: int, count: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {"_count", "_offset"}]
    return urlencode([*kept, ("_count", str(count)), ("_offset", str(offset))])


def _limit(raw: str) -> tuple[str, str]:
    """('ge', '2024-01-01') of 'ge2024-01-01'; raises ValueError for what is not a date of this form."""
    prefix, day = (raw[:2], raw[2:]) if raw[:2].isalpha() else ("eq", raw)
    if prefix not in {"eq", "ge", "gt", "le", "lt"} or len(day) not in _FORMS:
        raise ValueError(raw)
    datetime.strptime(day, _FORMS[len(day)])  # noqa: DTZ007 - only the form is looked at
    return prefix, day


def _within(row: dict[str, object], limit: tuple[str, str]) -> bool:
    """Compare as texts: ISO dates cut to the same length sort by time. A year or month covers all its days."""
    prefix, day = limit
    period = row["period"]
    started = str(period["start"])[: len(day)] if isinstance(period, dict) else ""
    return {
        "eq": started == day,
        "ge": started >= day,
        "gt": started > day,
        "le": started <= day,
        "lt": started < day,
    }[prefix]


def _outcome(status: int, code: str, words: str, expression: str = "") -> Response:
    issue: dict[str, object] = {"severity": "error", "code": code, "details": {"text": words}}
    if expression:
        issue["expression"] = [expression]
    return answer({"resourceType": "OperationOutcome", "issue": [issue]}, status, media=_FHIR)


def app(lifetime_s: float = LIFETIME_S) -> Starlette:
    """The system under its path prefix."""
    system = Satusehat(lifetime_s)
    return Starlette(
        routes=[
            Route("/satusehat/oauth2/v1/accesstoken", system.token, methods=["POST"]),
            Route("/satusehat/fhir-r4/v1/Encounter", system.search),
        ]
    )
