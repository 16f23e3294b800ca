"""BPS WebAPI, dynamic tables (``model/data``): the statistics office's figures by region, variable and year.

The answer holds its dimensions and a flat ``datacontent``. Its keys are the ids of all dimensions glued together,
without separators or fixed widths. 7315310990 is 7315|31|0|99|0, and could be read otherwise. So keys are built from
the dimensions and looked up, never taken apart. A key that two combinations build, or none, is damage. The API key is
part of the path.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

from pydantic import Field

from connectors.http.client import Answer, Request
from connectors.http.redact import quote
from connectors.http.urls import fill, fill_path
from connectors.http.verdict import Verdict, json_verdict, words_of
from connectors.protocols.base import Page, ProtocolArgs
from connectors.protocols.http_base import JSON_HEADERS, HttpArgs, HttpProtocol
from connectors.protocols.listing import Listing
from connectors.protocols.records import dump_records, parse_exact
from connectors.protocols.spans import Span, member_spans
from ledger.errors import ConfigError, SourceError

_DIMENSIONS = ("vervar", "var", "turvar", "tahun", "turtahun")
_MAX_CELLS = 2_000_000
_YEAR_BASE = 1900  # BPS numbers years from 1900


class BpsArgs(HttpArgs):
    """Arguments of ``bps``: one request per context, variable and year."""

    domain: str = Field(default="{domain}", pattern=r"^(\d{4}|\{\w+\})$")
    var: list[str | int] = Field(default=["{var}"], min_length=1)
    tahun: list[str | int] = Field(default=["{tahun}"], min_length=1)
    lang: str = Field(default="ind", pattern="^(ind|eng)$")
    path: str = "/list"


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """What a BPS answer means. "Error" and "not available" come with HTTP 200."""
    verdict = json_verdict(status, headers, body)
    if verdict.kind != "ok":
        return verdict
    data = verdict.data
    if not isinstance(data, dict) or "status" not in data:
        return Verdict("damaged", f"the answer has no status: {words_of(body)}")
    if str(data["status"]).upper() != "OK":
        return _refused(quote(str(data.get("message") or data["status"])))
    return _available(data)


def _available(data: Mapping[str, Any]) -> Verdict:
    availability = str(data.get("data-availability", ""))
    if availability in {"not-available", "list-not-available"}:
        return Verdict("empty", availability, data)
    if availability != "available":
        return Verdict("damaged", f"data-availability is {quote(availability, 40)!r}")
    if not isinstance(data.get("datacontent"), dict) or not all(isinstance(data.get(d), list) for d in _DIMENSIONS):
        return Verdict("damaged", "the answer says available, but lacks dimensions or datacontent")
    return Verdict("ok" if data["datacontent"] else "empty", data=data)


def _refused(words: str) -> Verdict:
    low = words.lower()
    if any(sign in low for sign in ("key", "token", "unauthorized", "not registered", "tidak terdaftar")):
        return Verdict("auth", words)
    if any(sign in low for sign in ("limit", "quota", "too many")):
        return Verdict("quota", words)
    return Verdict("permanent", words)


def records_of(data: Mapping[str, Any], request: str = "") -> list[dict[str, Any]]:
    """Figures of one answer as records of vervar, wilayah, var, turvar, tahun, turtahun and nilai.

    Values are taken as they stand (text, exact digits, or null). A combination of dimensions without a value gives no
    record: it is missing, not zero. Raises SourceError (damaged) when keys cannot be told apart or explained.
    """
    ids = [_ids(data[dimension], dimension, request) for dimension in _DIMENSIONS]
    cells = 1
    for dimension_ids in ids:
        cells *= len(dimension_ids)
    if cells > _MAX_CELLS:
        raise SourceError("damaged", f"the table announces {cells} cells, {_MAX_CELLS} are the most", where=request)
    content, found, used = data["datacontent"], [], set()
    for combination in product(*(dimension_ids.items() for dimension_ids in ids)):
        key = "".join(item[0] for item in combination)
        if key not in content:
            continue
        if key in used:
            raise SourceError("damaged", f"datacontent's key {key} can be read in two ways", where=request)
        used.add(key)
        found.append(_record(combination, content[key], request))
    unexplained = sorted(set(content) - used)
    if unexplained:
        raise SourceError(
            "damaged",
            f"{len(unexplained)} keys of datacontent fit no dimension, like {unexplained[0][:40]}",
            where=request,
        )
    return found


def _record(combination: tuple[tuple[str, str], ...], value: Any, request: str) -> dict[str, Any]:
    (vervar, wilayah), (var, _), (turvar, _), (year_id, year_label), (turtahun, _) = combination
    if isinstance(value, dict | list | bool):
        raise SourceError("damaged", f"a value of vervar {vervar} is not a number or text", where=request)
    return {
        "vervar": vervar,
        "wilayah": wilayah,
        "var": var,
        "turvar": turvar,
        "tahun": _year(year_id, year_label, request),
        "turtahun": turtahun,
        "nilai": value,
    }


def _year(year_id: str, label: str, request: str) -> str:
    readable = year_id.isascii() and year_id.isdigit() and len(year_id) < 5
    year = str(int(year_id) + _YEAR_BASE) if readable else ""
    if not year or (label.strip().isdigit() and label.strip() != year):
        raise SourceError("damaged", f"year id {year_id[:20]} is labelled {quote(label, 40)!r}", where=request)
    return year


def _ids(items: list[Any], dimension: str, request: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("val"), str | int):
            raise SourceError("damaged", f"dimension {dimension} has an element without val", where=request)
        key = str(item["val"])
        if key in found:
            raise SourceError("damaged", f"dimension {dimension} lists {key[:40]} twice", where=request)
        found[key] = str(item.get("label", ""))
    return found


class Bps(HttpProtocol[BpsArgs]):
    """Dynamic tables of BPS."""

    name: ClassVar[str] = "bps"
    Args: ClassVar[type[ProtocolArgs]] = BpsArgs

    def pages(self) -> Iterator[Page]:
        """One page per context, variable and year. Raises SourceError and ConfigError."""
        books = Listing(self.args.max_pages)
        for context in self.contexts:
            for var, year in product(self.args.var, self.args.tahun):
                asked = {"var": fill(str(var), context), "tahun": fill(str(year), context)}
                answer = self.http.fetch(self._request(asked, context), classify)
                found = self._records(answer)
                books.page(answer.body, len(found), answer.request)
                yield self.page(answer, {**context, **asked}, "$", len(found), dump_records(found))

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The members of datacontent that each record was read from."""
        cells = member_spans(body, "datacontent")
        found = records_of(parse_exact(body), request)
        keys = (f"{r['vervar']}{r['var']}{r['turvar']}{int(r['tahun']) - _YEAR_BASE}{r['turtahun']}" for r in found)
        return [cells[key] for key in keys]

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """The figures of a kept answer as records."""
        return dump_records(records_of(parse_exact(body), request))

    def _records(self, answer: Answer) -> list[dict[str, Any]]:
        if answer.verdict.kind == "empty":
            return []
        return records_of(parse_exact(answer.body, answer.request), answer.request)

    def _request(self, asked: Mapping[str, str], context: Mapping[str, str]) -> Request:
        year = asked["tahun"]
        if not (year.isascii() and year.isdigit() and len(year) == 4):
            raise ConfigError(f"tahun {year[:20]!r} is not a year", where="protocol bps")
        parts = {
            **context,
            **asked,
            "lang": self.args.lang,
            "domain": fill(self.args.domain, context),
            "th": str(int(year) - _YEAR_BASE),
            "key": self.secret(),
        }
        path = "/model/data/lang/{lang}/domain/{domain}/var/{var}/th/{th}/key/{key}"
        return Request(self.http.url(self.args.path + fill_path(path, parts)), headers=JSON_HEADERS)
