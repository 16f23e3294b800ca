"""``contract.odcs.json``: what readers of the tables may rely on, by the Open Data Contract Standard 3.1."""

from typing import Any

from ledger.project import Column, in_indonesian
from publication.formats.base import Draft
from publication.formats.one_file import of_json
from publication.formats.package import ABOUT, NO_LICENCE, field_type
from publication.formats.satu_data import WALIDATA
from publication.page.words import Text
from publication.tables import Table, both

FILE = "contract.odcs.json"
API_VERSION = "v3.1.0"
LOGICAL = {"datetime": "timestamp"}


def _contract(draft: Draft) -> dict[str, Any]:
    meta = draft.content.meta
    known = {table.name for table in draft.tables}
    return {
        "version": "1.0.0",
        "kind": "DataContract",
        "apiVersion": API_VERSION,
        "id": "pilar-publication",
        "name": "Publikasi Pilar / Publication of Pilar",
        "status": "active",
        "domain": WALIDATA,
        "description": {
            "purpose": ABOUT.en,
            "usage": "Empty is not zero: the column state says why a value is not there.",
            "limitations": meta.data_licence or NO_LICENCE,
        },
        "schema": [_object(table, known) for table in draft.tables],
        "customProperties": [{"property": "publication", "value": meta.publication_id}],
    }


def _object(table: Table, known: set[str]) -> dict[str, Any]:
    return {
        "name": table.name,
        "physicalName": f"{table.schema}.{table.name}",
        "logicalType": "object",
        "physicalType": "table",
        "description": both(table.described.description),
        "properties": [_property(table, column, known) for column in table.columns],
    }


def _property(table: Table, column: Column, known: set[str]) -> dict[str, Any]:
    logical = field_type(column.type)
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": LOGICAL.get(logical, logical),
        "physicalType": column.type,
        "description": both(column.description),
        "required": column.required,
    }
    if column.name in table.described.key:
        found |= {"primaryKey": True, "primaryKeyPosition": table.described.key.index(column.name) + 1}
    if column.references is not None and column.references[0] in known:
        found["relationships"] = [{"type": "foreignKey", "to": ".".join(column.references)}]
    if logical == "array":
        found["items"] = {"logicalType": "string"}
    if column.unit:
        units = {"unit": column.unit, "unitId": in_indonesian(column.unit)}
        found["customProperties"] = [{"property": name, "value": value} for name, value in units.items()]
    return found


FORMAT = of_json("odcs", FILE, _contract, Text("kontrak data (ODCS)", "data contract (ODCS)"))
