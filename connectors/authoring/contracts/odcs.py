"""A contract as a document of the Open Data Contract Standard, version 3.1 (Bitol, Linux Foundation)."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from connectors.source.columns import Column, Keep
from connectors.source.source import Source
from definitions.words import said

API_VERSION = "v3.1.0"
_PURPOSE = "for the evaluation of the regency as a smart city"
_LOGICAL = {"decimal": "number", "bigint": "integer"}


def odcs_document(source: Source) -> str:
    """The YAML text of one contract."""
    text: str = yaml.safe_dump(odcs(source), sort_keys=False, allow_unicode=True, width=120)
    return text


def odcs(source: Source) -> dict[str, Any]:
    """One contract as plain values."""
    return {
        "version": "1.0.0",
        "kind": "DataContract",
        "apiVersion": API_VERSION,
        "id": source.id,
        "name": source.title,
        "status": "active",
        "domain": source.opd,
        "dataProduct": source.system,
        "description": {"purpose": f"{source.title}: {_PURPOSE}",
                        "limitations": " ".join(said(caveat, "en") for caveat in source.caveats)},
        "schema": [_object(source)],
        "slaProperties": list(_service(source)),
        "customProperties": _custom(protocol=source.protocol, ignoredFields=list(source.contract.ignore) or None,
                                    drift=source.contract.drift.model_dump()),
    }  # fmt: skip


def _object(source: Source) -> dict[str, Any]:
    contract = source.contract
    found: dict[str, Any] = {
        "name": source.id,
        "physicalName": f"landing.{source.id}",
        "logicalType": "object",
        "physicalType": "table",
        "dataGranularityDescription": f"one row per {', '.join(contract.key)}",
        "properties": [_property(source, name, column) for name, column in contract.columns.items()],
    }
    return found | {"quality": list(_quality(source))}


def _property(source: Source, name: str, column: Column) -> dict[str, Any]:
    kind = column.sql_type
    found: dict[str, Any] = {"name": name, "logicalType": _LOGICAL.get(kind.kind, kind.kind), "physicalType": kind.sql}
    if name in source.contract.key:
        found |= {"primaryKey": True, "primaryKeyPosition": source.contract.key.index(name) + 1}
    if column.required or name in source.contract.key:
        found["required"] = True
    if text := said(column.description, "en"):
        found["description"] = text
    if options := _options(column):
        found["logicalTypeOptions"] = options
    if column.personal is not None:
        found["classification"] = "personal"
    if column.values is not None:
        allowed = {"metric": "invalidValues", "arguments": {"validValues": list(column.values)}, "mustBe": 0}
        found["quality"] = [{"name": f"{name}_values", "type": "library", **allowed}]
    custom = _custom(
        unit=column.unit,
        descriptionId=said(column.description, "id") or None,
        locale=column.locale,
        personal=_personal(column),
        identifier=column.kind,
        field=column.from_,
        fromRequest=column.context,
        position=column.position,
        unused=column.unused,
    )
    return found | ({"customProperties": custom} if custom else {})


def _options(column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kind = column.sql_type.kind
    if column.pattern is not None and kind == "string":
        found["pattern"] = column.pattern
    for name, bound in (("minimum", column.min), ("maximum", column.max)):
        if bound is not None:
            found[name] = float(bound) if "." in bound else int(bound) if kind not in ("date", "timestamp") else bound
    if column.formats:
        found["format"] = column.formats[0]
    if kind == "timestamp" and column.timezone is not None:
        found |= {"timezone": True, "defaultTimezone": column.timezone}
    return found


def _personal(column: Column) -> str | None:
    return f"keep: {column.personal.keep}" if isinstance(column.personal, Keep) else column.personal


def _quality(source: Source) -> Iterator[dict[str, Any]]:
    rows = source.assertions.rows
    bounds: dict[str, Any] = {"mustBeGreaterOrEqualTo": rows.min}
    if rows.max is not None:
        bounds = {"mustBeBetween": [rows.min, rows.max]}
    yield {"name": "rows", "type": "library", "metric": "rowCount", **bounds}
    keys = {"arguments": {"properties": list(source.contract.key)}, "mustBe": 0}
    yield {"name": "key", "type": "library", "metric": "duplicateValues", **keys}
    yield _told("quarantine", f"at most {source.assertions.quarantine.max:.0%} of the rows may be refused")
    yield _told("shrink", f"at most {source.assertions.shrink.max:.0%} fewer rows than usual")
    if source.contract.flagging_rules or source.contract.flagging_ratios:
        yield _told("flagged", f"at most {source.assertions.flagged.max:.0%} of the landed rows may be flagged")
    if (changed := source.assertions.changed) is not None:
        yield _told("changed", f"at most {changed.max:.0%} of the records in force have other values")
    for number, rule in enumerate(source.contract.rules, start=1):
        yield _told(f"rule_{number}", f"{rule.rule} ({rule.on_fail})")
    for ratio in source.contract.ratios:
        yield _told(ratio.name, f"{ratio.formula} ({ratio.on_fail})")


def _told(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "type": "text", "description": description}


def _service(source: Source) -> Iterator[dict[str, Any]]:
    fresh = source.freshness
    yield {"property": "frequency", "value": said(fresh.due, "en"), "description": said(fresh.due, "id")}
    for name, span in (("latencyWarning", fresh.warn), ("latency", fresh.fail)):
        yield {"property": name, "value": int(span[:-1]), "unit": span[-1]}


def _custom(**values: Any) -> list[Mapping[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items() if value is not None]
