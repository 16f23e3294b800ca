"""SATUSEHAT, the Ministry of Health's platform: FHIR R4 over OAuth2 client credentials.

The token's life, ``expires_in``, comes as a number or as text. Searches answer Bundles whose ``link`` with relation
``next`` leads on; failures are OperationOutcomes, at times inside HTTP 200, and plain text from the gateway. An
OperationOutcome may also ride in a Bundle among the matches: it is never a record, and ``total`` does not count it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, JsonValue

from connectors.http.client import Answer, Request
from connectors.http.exchange import Params
from connectors.http.redact import quote
from connectors.http.verdict import Verdict, VerdictKind, json_verdict, kind_of_status, maybe_json, words_of
from connectors.protocols.base import Noticed, Page, ProtocolArgs
from connectors.protocols.http_base import HttpArgs, HttpProtocol, fill_params
from connectors.protocols.listing import Listing
from connectors.protocols.records import as_count, dump_records, parse_exact
from connectors.protocols.spans import Span, json_spans
from ledger.errors import SourceError

_RENEW_EARLY_S = 60.0
_SHORTEST_LIFE_S = 30.0

# FHIR issue codes (https://hl7.org/fhir/R4/valueset-issue-type.html) that say more than the HTTP status.
_ISSUES: Mapping[str, VerdictKind] = {
    "login": "auth",
    "expired": "auth",
    "forbidden": "auth",
    "security": "auth",
    "unknown": "auth",
    "suppressed": "auth",
    "throttled": "quota",
    "too-costly": "quota",
    "transient": "retryable",
    "lock-error": "retryable",
    "no-store": "retryable",
    "timeout": "retryable",
    "incomplete": "retryable",
    "exception": "retryable",
}


_OTHER_ISSUES = (
    "invalid structure required value invariant processing not-supported duplicate multiple-matches not-found deleted "
    "too-long code-invalid extension business-rule conflict informational"
)
_FAILED = frozenset({"fatal", "error"})


class SatusehatArgs(HttpArgs):
    """Arguments of ``satusehat``. login and password of the connection are the client's id and secret."""

    resource: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    params: dict[str, JsonValue] = Field(default_factory=dict)
    count: int = Field(default=100, ge=1, le=1000)
    path: str = "/fhir-r4/v1"
    token_path: str = "/oauth2/v1/accesstoken"  # noqa: S105 (a path)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What a FHIR answer means: a searchset Bundle is one, an OperationOutcome is a refusal whatever the status."""
    verdict = json_verdict(status, headers, body)
    data = verdict.data if verdict.kind == "ok" else maybe_json(body, headers)
    outcome = _outcome(status, data)
    if outcome is not None or verdict.kind != "ok":
        return outcome or verdict
    if not isinstance(data, dict) or data.get("resourceType") != "Bundle":
        return Verdict("damaged", f"no Bundle came: {words_of(body)}")
    if data.get("type", "searchset") != "searchset":
        return Verdict("damaged", f"a Bundle of the type {quote(str(data.get('type')), 40)!r} came, no searchset")
    entries = data.get("entry", [])
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and _is_resource(e.get("resource")) for e in entries
    ):
        return Verdict("damaged", "the Bundle's entries have no resources")
    refused = [issue for issue in _issues_of(entries) if issue.get("severity") in _FAILED]
    if refused:
        return _refusal(status, refused)
    return Verdict("ok" if entries else "empty", data=data)


def _is_resource(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def classify_token(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What the token service's answer means: RFC 6749 errors (400 invalid_client) are matters of access."""
    verdict = json_verdict(status, headers, body)
    if verdict.kind == "permanent":
        return Verdict("auth", verdict.detail)
    if verdict.kind != "ok":
        return verdict
    token = verdict.data.get("access_token") if isinstance(verdict.data, dict) else None
    if not isinstance(token, str) or not token:
        return Verdict("auth", "the token service gave no token")  # not quoted: it may hold one under another name
    return verdict


def life_of(token: Mapping[str, Any]) -> float:
    """Seconds a token may be used: ``expires_in`` as number or text, less a minute; the shortest where unreadable."""
    try:
        told = float(str(token.get("expires_in", "")).strip())
    except ValueError:
        return _SHORTEST_LIFE_S
    return max(_SHORTEST_LIFE_S, told - _RENEW_EARLY_S) if 0 < told < 10**8 else _SHORTEST_LIFE_S


def _outcome(status: int, data: Any) -> Verdict | None:
    if not isinstance(data, dict) or data.get("resourceType") != "OperationOutcome":
        return None
    return _refusal(status, _issues(data))


def _refusal(status: int, issues: Sequence[Mapping[str, Any]]) -> Verdict:
    words = "; ".join(_issue_words(issue) for issue in issues) or "an OperationOutcome without issues"
    kinds = [_ISSUES[str(issue.get("code"))] for issue in issues if str(issue.get("code")) in _ISSUES]
    by_status = kind_of_status(status)
    if by_status in {"auth", "quota", "retryable"}:
        return Verdict(by_status, f"HTTP {status}: {words}")
    return Verdict(kinds[0] if kinds else "permanent", f"HTTP {status}: {words}")


def _issues(outcome: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [issue for issue in _list(outcome.get("issue")) if isinstance(issue, dict)]


def _issues_of(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The issues of all OperationOutcomes that ride along."""
    return [issue for entry in entries if _mode(entry) == "outcome" for issue in _issues(entry["resource"])]


def _issue_words(issue: Mapping[str, Any]) -> str:
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    return quote(f"{issue.get('code', '')}: {text or issue.get('diagnostics') or ''}")


class Satusehat(HttpProtocol[SatusehatArgs]):
    """FHIR searches on SATUSEHAT."""

    name: ClassVar[str] = "satusehat"
    Args: ClassVar[type[ProtocolArgs]] = SatusehatArgs
    clock: Callable[[], float] = staticmethod(time.monotonic)

    _token: str = ""
    _token_until: float = 0.0

    def pages(self) -> Iterator[Page]:
        """Every page of every context. Raises SourceError and ConfigError."""
        self.http.redactor.trust(f"{' '.join(_ISSUES)} {_OTHER_ISSUES}")
        for context in self.contexts:
            yield from self._listing(context)

    def _listing(self, context: Mapping[str, str]) -> Iterator[Page]:
        books = Listing(self.args.max_pages)
        url = self.http.url(f"{self.args.path}/{self.args.resource}")
        params: Params = {"_count": str(self.args.count), **fill_params(self.args.params, context)}
        while True:
            answer = self._search(url, params)
            bundle: dict[str, Any] = answer.verdict.data or {}
            resources, records, path = _resources(bundle, answer)
            self._check_types(resources, answer.request)
            books.page(answer.body, len(resources), answer.request, resources)
            books.announce(as_count(bundle.get("total"), "total", answer.request), answer.request)
            yield self.page(
                answer,
                context,
                path,
                len(resources),
                records,
                announced=books.announced,
                noticed=self._warnings(bundle),
            )
            link = _next_link(bundle)
            if not link:
                break
            url, params = self.http.next_url(link, answer.url), {}
            books.step(url, answer.request)
        books.finish(answer.request)

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The matches among the entries; what rides along is no record."""
        entries = parse_exact(body).get("entry", [])
        found = json_spans(body, "$.entry[*].resource")
        return [span for entry, span in zip(entries, found, strict=True) if _mode(entry) == "match"]

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """The matches that were cut out of a kept Bundle."""
        return dump_records(_matches(body, request))

    def _check_types(self, resources: Sequence[Mapping[str, Any]], request: str) -> None:
        others = sorted({str(found["resourceType"]) for found in resources} - {self.args.resource})
        if others:
            raise SourceError(
                "damaged",
                f"{self.args.resource} was asked for, and {quote(', '.join(others), 80)} came among the matches",
                where=request,
                do="Compare the source's `resource` and `params` with what the system does now",
            )

    def _warnings(self, bundle: Mapping[str, Any]) -> tuple[Noticed, ...]:
        """The warnings of a Bundle, in words that are nobody's name."""
        issues = _issues_of(bundle.get("entry", []))
        told = [_issue_words(issue) for issue in issues if issue.get("severity") == "warning"]
        words = map(self.http.redactor.known, dict.fromkeys(told))
        what, do = "the source warns of its own answer", "Ask the agency what it means"
        return tuple(Noticed("warned", what, do, one) for one in words)

    def _search(self, url: str, params: Params) -> Answer:
        try:
            return self.http.fetch(self._request(url, params), classify)
        except SourceError as error:
            if error.kind != "auth" or not self._token:
                raise
        self._token = ""  # ended before its announced time: one new token, and if that is refused too, it is the access
        return self.http.fetch(self._request(url, params), classify)

    def _request(self, url: str, params: Params) -> Request:
        headers = {"Accept": "application/fhir+json, application/json"}
        return Request(
            url, params=params, headers=headers, credentials={"Authorization": f"Bearer {self._current_token()}"}
        )

    def _current_token(self) -> str:
        if not self._token or self.clock() >= self._token_until:
            answer = self.http.fetch(self._token_request(), classify_token)
            self._token = answer.verdict.data["access_token"]
            self._token_until = self.clock() + life_of(answer.verdict.data)
            self.http.redactor.learn(self._token)
        return self._token

    def _token_request(self) -> Request:
        return Request(
            self.http.url(self.args.token_path),
            "POST",
            params={"grant_type": "client_credentials"},
            headers={"Accept": "application/json"},
            form={"client_id": self.connection.login, "client_secret": self.secret()},
            confidential=True,
        )


def _resources(bundle: Mapping[str, Any], answer: Answer) -> tuple[list[Any], bytes | None, str]:
    """Matches of a Bundle. Included resources and outcomes ride along in some: then the matches are cut out."""
    entries = bundle.get("entry", [])
    matches = [entry["resource"] for entry in entries if _mode(entry) == "match"]
    if len(matches) == len(entries):
        return matches, None, "$.entry[*].resource"
    return matches, dump_records(_matches(answer.body, answer.request)), "$"


def _matches(body: bytes, request: str) -> list[Any]:
    return [entry["resource"] for entry in parse_exact(body, request)["entry"] if _mode(entry) == "match"]


def _mode(entry: Mapping[str, Any]) -> str:
    """Why an entry is there. Of an OperationOutcome the standard leaves no choice, whatever its entry says."""
    if entry["resource"].get("resourceType") == "OperationOutcome":
        return "outcome"
    search = entry.get("search")
    return str(search.get("mode", "match")) if isinstance(search, dict) else "match"


def _next_link(bundle: Mapping[str, Any]) -> str:
    for link in _list(bundle.get("link")):
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
