"""An evaluation's file with sources of one's own, and the records over what they landed."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from connectors.source.source import Source
from ledger.regions import Region, known
from ledger.sql import identifier, literal
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import LANDED_EXTRAS, View, regions_view, show_views
from tests.connectors.source.test_proof import GOOD

CHOSEN = known(("35.07", "64.02"))
TEXT = {"required": True}
CODE = {"required": True, "pattern": r"^\d{2}\.\d{2}$"}
BPS = {"required": True, "pattern": r"^\d{4}$"}
NAMES = {"region": {"name": "nama", "province": "prov"}}
TWO = {"nama": TEXT, "prov": TEXT}
YEAR = {"type": "integer", "required": True}
VALUE = {"type": "decimal(18,4)", "required": True}
CONTRACTS: Mapping[str, Mapping[str, Any]] = {
    "figure": {"kode": CODE, "tahun": YEAR, "rilis": {}, "nilai": VALUE},
    "bps": {"kode": BPS, "var": YEAR, "tahun": YEAR, "nilai": VALUE},
    "birth": {"kode": CODE, "nomor": TEXT, "mulai": {"type": "timestamp", "required": True},
              "status": {"required": True, "values": ["selesai", "batal"]}},
}  # fmt: skip
FIGURE: Mapping[str, Any] = {
    "record": "published_figure",
    "columns": {
        "region_code": "kode",
        "period": "tahun",
        "indicator": {"is": "eco_ipm"},
        "publisher": {"is": "BPS"},
        "vintage": "rilis",
        "value": "nilai",
    },
}
OF_BPS: Mapping[str, Any] = {
    "record": "published_figure",
    "columns": {
        "region_code": {"from": "kode", "region": "bps"},
        "period": "tahun",
        "indicator": {"from": "var", "codes": {101: "ipm_uhh", 105: "eco_poverty_p0"}, "rest": "leave_out"},
        "publisher": {"is": "BPS"},
        "value": "nilai",
    },
}
BIRTH: Mapping[str, Any] = {
    "record": "birth",
    "columns": {
        "region_code": "kode",
        "year": {"from": "mulai", "take": "year"},
        "birth_id": "nomor",
        "state": {"from": "status", "codes": {"selesai": "happened", "batal": "not_happened"}},
    },
}

Rows = Sequence[Mapping[str, object]]


def source(
    name: str, contract: Mapping[str, Any], *entries: Mapping[str, Any], key: Sequence[str] = (), **more: object
) -> Source:
    """A source of these columns that provides these records; its rows say no coverage. The first column is its key."""
    own = {
        "id": name,
        "opd": "dinas",
        "contract": {"key": list(key) or [next(iter(contract))], "columns": contract},
        "coverage": {"grain": "all"},
        "provides": entries,
    }
    return Source.model_validate({**GOOD, **own, **more})


def landed(given: Source, rows: Rows) -> View:
    """What a source landed, as the view that an evaluation has of it. A row names what matters."""
    columns = {name: column.sql_type.sql for name, column in given.contract.landed.items()} | LANDED_EXTRAS
    own = {"_page": 0, "_coverage": "all", "_batch": "1", "_synthetic": "false", "_flags": "[]"}
    queries = [f"select {_fields(columns, {})} where false"]
    queries += [f"select {_fields(columns, {**own, '_row': number, **row})}" for number, row in enumerate(rows)]
    return View("\nunion all\n".join(queries), columns=columns)


def _fields(columns: Mapping[str, str], row: Mapping[str, object]) -> str:
    values = {name: "null" if row.get(name) is None else literal(str(row[name])) for name in columns}
    return ", ".join(f"{value}::{columns[name]} as {identifier(name)}" for name, value in values.items())


class House:
    """An evaluation's file with these sources, their landing, and the records over them."""

    def __init__(self, *given: tuple[Source, Rows], regions: Sequence[Region] = CHOSEN) -> None:
        sources = {one.id: one for one, _ in given}
        views = {f"landing.{one.id}": landed(one, rows) for one, rows in given}
        self.landing = {**views, **regions_view(regions)}
        self.views = record_views(sources, self.landing, regions)
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        show_views(self.connection, {**self.landing, **self.views})

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def figures(self, *, aside: bool = False) -> list[tuple[Any, ...]]:
        """Figures in short: region, period, vintage, value and source, and why a row is set aside."""
        name, more = ("published_figure__set_aside", ", _because") if aside else ("published_figure", "")
        columns = "region_code, period, vintage, value::double, _source"
        return self.fetch(f"select {columns}{more} from records.{name} order by all")


def figure(value: float, code: str = "64.02", year: int = 2021, vintage: str | None = None) -> Mapping[str, object]:
    return {"kode": code, "tahun": year, "nilai": value, "rilis": vintage}
