"""The BPS WebAPI: everything is in the path, the key too; composite keys in ``datacontent``; failures with HTTP 200."""

from decimal import Decimal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.statistics import EMPTY_VARIABLES, VARIABLES, Variable, values, variable
from simulator.faults import NEW_COLUMN, Fault, disturb, thin
from simulator.regions import REGIONS, Region, by_bps
from simulator.systems.common import answer, fault_of, known

_PER_PAGE = 10
_NATION = "0000"
_YEAR_ZERO = 1900


async def listing(request: Request) -> Response:
    """GET /list/model/{data|var}/lang/ind/domain/{code}/.../key/{KEY}: names and values in turn, in any order."""
    parts = request.path_params["rest"].strip("/").split("/")
    named = dict(zip(parts[::2], parts[1::2], strict=False))
    if not known(request, named.get("key", ""), credential("bps")):
        return answer({"status": "Error", "message": "Unauthorized, invalid API key"}, 401)
    regions = _regions(named.get("domain", ""))
    if len(parts) % 2 or named.get("model") not in {"data", "var"} or not named.get("domain", "").isdigit():
        return answer({"status": "Error", "message": "Request parameter is not valid"})
    if named["model"] == "var":
        return _variables(regions, named.get("page", "1"), fault_of(request))
    if not named.get("var", "").isdigit():
        return answer({"status": "Error", "message": "Parameter var is required"})
    return _data(variable(int(named["var"])), regions, named.get("th", ""), fault_of(request))


def _variables(regions: tuple[Region, ...], page: str, fault: Fault | None) -> Response:
    rows = disturb([_described(item) for item in (*VARIABLES, *EMPTY_VARIABLES)] if regions else [], fault)
    number = int(page) if page.isdigit() else 0
    chosen = rows[(number - 1) * _PER_PAGE : number * _PER_PAGE] if number else []
    if not chosen:
        return _none("list-not-available")
    pages = -(-len(rows) // _PER_PAGE)
    meta = {"page": number, "pages": pages, "per_page": _PER_PAGE, "count": len(chosen), "total": len(rows)}
    return answer({"status": "OK", "data-availability": "available", "data": [meta, chosen]})


def _data(item: Variable | None, regions: tuple[Region, ...], years: str, fault: Fault | None) -> Response:
    asked = _years(years)
    if asked is None:
        return answer({"status": "Error", "message": "Parameter th is not valid"})
    cells = values(item, regions) if item else {}
    kept = [(key, cell) for key, cell in cells.items() if not asked or key[1] in asked]
    kept = list(thin(kept, fault))
    if item is None or not kept:
        return _none("not-available")
    extra = {NEW_COLUMN: "baru"} if fault is not None and fault.kind == "unknown_column" else {}
    shown = sorted({year for (_, year), _ in kept})
    return answer(
        {
            "status": "OK",
            "data-availability": "available",
            "last_update": "2024-11-05 09:00:00",
            "var": [
                {"val": item.id, "label": item.title, "unit": item.unit, "subj": "Simulasi", "def": "", "note": ""}
                | extra
            ],
            "turvar": [{"val": 0, "label": "Tidak ada"}],
            "labelvervar": "Kabupaten/Kota",
            "vervar": [{"val": int(region.bps), "label": region.name} for region in regions],
            "tahun": [{"val": year - _YEAR_ZERO, "label": str(year)} for year in shown],
            "turtahun": [{"val": 0, "label": "Tahun"}],
            "datacontent": {_key(item, code, year): _number(cell) for (code, year), cell in kept},
        }
    )


def _key(item: Variable, code: str, year: int) -> str:
    """vervar + var + turvar + tahun + turtahun, without separators and without fixed widths."""
    return f"{code}{item.id}0{year - _YEAR_ZERO}0"


def _years(raw: str) -> set[int] | None:
    """Years of '121', '119;121' or '119:121'; empty for all; None for what cannot be read."""
    asked: set[int] = set()
    for part in filter(None, raw.split(";")):
        first, _, last = part.partition(":")
        if not (first.isdigit() and (last or first).isdigit()) or len(part) > 7:
            return None
        asked |= {_YEAR_ZERO + year for year in range(int(first), int(last or first) + 1)}
    return asked


def _regions(domain: str) -> tuple[Region, ...]:
    if domain == _NATION:
        return REGIONS
    region = by_bps(domain)
    return (region,) if region else ()


def _described(item: Variable) -> dict[str, object]:
    return {
        "var_id": item.id,
        "title": item.title,
        "sub_id": 99,
        "sub_name": "Simulasi",
        "def": "",
        "notes": "",
        "vertical": 1,
        "unit": item.unit,
    }


def _none(word: str) -> Response:
    return answer({"status": "OK", "data-availability": word, "data": ""})


def _number(cell: Decimal) -> int | Decimal:
    return int(cell) if cell == cell.to_integral_value() else cell


def app() -> Starlette:
    """The system under its path prefix."""
    return Starlette(routes=[Route("/bps/v1/api/list/{rest:path}", listing)])
