"""From a Great Expectations result to a check. A metric that crashed reports ``success: false`` like a rule not met;
only its ``exception_info`` tells them apart."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from expectations.result import Check
from expectations.rules import Rule
from ledger.masks import mask_words

MAX_ROWS = 20


def answered(rule: Rule, item: Any) -> Check:
    """One answer of Great Expectations to one rule; None is an error."""
    if item is None:
        return Check(rule.name, rule.severity, "error", "the check was not carried out")
    return interpret(rule, bool(item.success), item.result or {}, item.exception_info or {})


def interpret(rule: Rule, success: bool, result: Mapping[str, Any], exception_info: Mapping[str, Any]) -> Check:
    """One result of one rule."""
    crash = crashed(exception_info)
    if crash is not None:
        return Check(rule.name, rule.severity, "error", f"the check could not be carried out: {crash}")
    if not result:
        return Check(rule.name, rule.severity, "error", "the check could not be carried out: it returned nothing")
    if success:
        return Check(rule.name, rule.severity, "pass", rule.because)
    rows, count = _failing(result)
    return Check(rule.name, rule.severity, "fail", rule.because, rows, count)


def crashed(exception_info: Mapping[str, Any]) -> str | None:
    """The first message of what was raised, on one line; None when nothing was.

    Great Expectations reports either one record or one record per metric.
    """
    records = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    for record in records:
        if isinstance(record, Mapping) and record.get("raised_exception"):
            return mask_words(" ".join(str(record.get("exception_message") or "no message").split()))[:300]
    return None


def _failing(result: Mapping[str, Any]) -> tuple[tuple[dict[str, object], ...], int]:
    details = result.get("details") or {}
    for rows in (details.get("unexpected_rows"), result.get("unexpected_index_list")):
        if rows:
            count = int(result.get("unexpected_count") or result.get("observed_value") or len(rows))
            return tuple(_plain(row) for row in list(rows)[:MAX_ROWS]), count
    return _table_level(result)


def _table_level(result: Mapping[str, Any]) -> tuple[tuple[dict[str, object], ...], int]:
    """A rule on the table as a whole has no rows; what was observed stands in for them."""
    observed = {key: result[key] for key in ("observed_value", "details", "partial_missing_list") if result.get(key)}
    return ((_plain(observed),) if observed else ()), int(result.get("unexpected_count") or 0)


def _plain(row: Mapping[str, Any]) -> dict[str, object]:
    return {str(key): _value(value) for key, value in row.items()}


def _value(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, Iterable):
        return [_value(item) for item in value]
    return str(value)
