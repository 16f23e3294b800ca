"""SATUSEHAT: OAuth2 client credentials, then FHIR R4 Bundles of Encounters linked page to page."""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import System, answer, bearer, following, kind_of, known, part, whole

LIFETIME_S = 3599
_COUNT, _MOST = 50, 200
_FHIR = "application/fhir+json"
_FORMS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}


class Satusehat(System):
    """``encounters`` gives the Encounters of a provider. Tokens, made by ``issue``, are good for ``lifetime_s``."""

    down = (504, "Gateway Timeout")

    def __init__(
        self,
        name: str,
        encounters: Callable[[str], Sequence[dict[str, Any]]],
        *,
        client_id: str,
        secret: str,
        lifetime_s: float = LIFETIME_S,
        issue: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        super().__init__(name, login=client_id, password=secret)
        self._encounters, self._lifetime_s, self._issue = encounters, lifetime_s, issue
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}

    async def token(self, request: Request) -> Response:
        """POST /oauth2/v1/accesstoken?grant_type=client_credentials, client_id and client_secret as a form."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if request.query_params.get("grant_type") != "client_credentials":
            return answer(
                request, {"ErrorCode": "invalid_request", "Error": "grant_type is not client_credentials"}, 400
            )
        client, secret = (form.get(name, [""])[0] for name in ("client_id", "client_secret"))
        if not known(request, f"{client} {secret}", f"{self.login} {self.password}"):
            return answer(request, {"ErrorCode": "invalid_client", "Error": "Client credentials are invalid"}, 401)
        issued = self._issue()
        with self._lock:
            self._tokens[issued] = time.monotonic() + self._lifetime_s
        return answer(
            request,
            {
                "token_type": "BearerToken",
                "access_token": issued,
                "issued_at": str(int(time.time() * 1000)),
                "expires_in": str(int(self._lifetime_s)),
                "client_id": client,
                "organization_name": "simulasi",
                "status": "approved",
            },
        )

    def search(self, request: Request) -> Response:
        """GET /fhir-r4/v1/Encounter?service-provider=Organization/..&date=ge..&date=lt..&_count=."""
        if not self._valid(bearer(request)) or kind_of(request) == "wrong_token":
            return _outcome(request, 401, "security", "Invalid or expired access token")
        provider = request.query_params.get("service-provider", "").removeprefix("Organization/")
        count, offset = whole(request, "_count", _COUNT), whole(request, "_offset", 0)
        if not count or offset is None:
            return _outcome(request, 400, "value", "_count is a positive number", "Encounter._count")
        try:
            limits = [_limit(raw) for raw in request.query_params.getlist("date")]
        except ValueError:
            words = "date is not a FHIR date (RuleNumber: 10124)"
            return _outcome(request, 400, "format", words, "Encounter.date")
        found = [row for row in self._encounters(provider) if all(_within(row, limit) for limit in limits)]
        return _bundle(request, found, offset, min(count, _MOST))

    def _valid(self, token: str) -> bool:
        with self._lock:
            return self._tokens.get(token, float("-inf")) > time.monotonic()

    def routes(self) -> list[Route]:
        """The token and the search."""
        return [
            self.route("/oauth2/v1/accesstoken", self.token, "POST"),
            self.route("/fhir-r4/v1/Encounter", self.search),
        ]


def _bundle(request: Request, rows: list[dict[str, Any]], offset: int, count: int) -> Response:
    found = part(request, rows, offset, count)
    links = [{"relation": "self", "url": str(request.url)}]
    if found.more or kind_of(request) == "loop":
        links.append({"relation": "next", "url": following(request, _query(request, offset + count, count))})
    base = str(request.url.replace(query=None))
    entries = [{"fullUrl": f"{base}/{row['id']}", "resource": row, "search": {"mode": "match"}} for row in found.rows]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": found.total, "link": links, "entry": entries}
    if found.total is None:
        del bundle["total"]
    return answer(request, bundle, media=_FHIR)


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


def _outcome(request: Request, status: int, code: str, words: str, expression: str = "") -> Response:
    issue: dict[str, object] = {"severity": "error", "code": code, "details": {"text": words}}
    if expression:
        issue["expression"] = [expression]
    return answer(request, {"resourceType": "OperationOutcome", "issue": [issue]}, status, media=_FHIR)
