"""The BPS WebAPI: everything is in the path, the key too; composite keys in ``datacontent``; failures with HTTP 200."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.faults import NEW_COLUMN, thin
from simulator.systems.common import ONE_ANSWER, System, answer, fault_of, kind_of, known, part, spoiled

_PER_PAGE = 10
_NATION = "0000"
_YEAR_ZERO = 1900
Cells = Mapping[tuple[str, int], Decimal | str]


@dataclass(frozen=True)
class Variable:
    """One variable, and its values by (BPS code, year)."""

    id: int
    title: str
    unit: str
    values: Callable[[], Cells]


class Bps(System):
    """``variables`` over ``regions``, which are BPS codes and names; domain 0000 is all of them."""

    base = "/v1/api"
    unplayable = ONE_ANSWER

    def __init__(self, name: str, variables: Sequence[Variable], regions: Mapping[str, str], *, key: str) -> None:
        super().__init__(name, password=key)
        self._variables = {item.id: item for item in variables}
        self._every_region = regions

    def listing(self, request: Request) -> Response:
        """GET /list/model/{data|var}/lang/ind/domain/{code}/.../key/{KEY}: names and values in turn, in any order."""
        parts = request.path_params["rest"].strip("/").split("/")
        named = dict(zip(parts[::2], parts[1::2], strict=False))
        if not known(request, named.get("key", ""), self.password):
            return answer(request, {"status": "Error", "message": "Unauthorized, invalid API key"}, 401)
        regions = self._regions(named.get("domain", ""))
        if len(parts) % 2 or named.get("model") not in {"data", "var"} or not named.get("domain", "").isdigit():
            return answer(request, {"status": "Error", "message": "Request parameter is not valid"})
        if named["model"] == "var":
            return self._list(request, regions, named.get("page", "1"))
        if not named.get("var", "").isdigit():
            return answer(request, {"status": "Error", "message": "Parameter var is required"})
        return self._data(request, int(named["var"]), regions, named.get("th", ""))

    def _list(self, request: Request, regions: Mapping[str, str], page: str) -> Response:
        rows = [_described(item) for item in self._variables.values()] if regions else []
        number = int(page) if page.isdigit() else 0
        found = part(request, rows if number else (), (number - 1) * _PER_PAGE, _PER_PAGE)
        if not found.rows:
            return _none(request, "list-not-available")
        total = found.total or 0
        pages = -(-total // _PER_PAGE)
        meta = {"page": number, "pages": pages, "per_page": _PER_PAGE, "count": len(found.rows), "total": total}
        return answer(request, {"status": "OK", "data-availability": "available", "data": [meta, found.rows]})

    def _data(self, request: Request, variable: int, regions: Mapping[str, str], years: str) -> Response:
        asked = _years(self.asked(request, "data", years))
        if asked is None:
            return answer(request, {"status": "Error", "message": "Parameter th is not valid"})
        item = self._variables.get(variable)
        cells = item.values() if item else {}
        kept = [(key, cell) for key, cell in cells.items() if key[0] in regions and (not asked or key[1] in asked)]
        kept = list(thin(kept, fault_of(request)))
        if item is None or not kept:
            return _none(request, "not-available")
        extra = {NEW_COLUMN: "baru"} if kind_of(request) == "unknown_column" else {}
        shown = sorted({year for (_, year), _ in kept})
        content = {_key(item, code, year): _number(cell) for (code, year), cell in kept}
        return answer(
            request,
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
                "vervar": [{"val": int(code), "label": name} for code, name in regions.items()],
                "tahun": [{"val": year - _YEAR_ZERO, "label": str(year)} for year in shown],
                "turtahun": [{"val": 0, "label": "Tahun"}],
                "datacontent": spoiled([content], fault_of(request))[0],
            },
        )

    def _regions(self, domain: str) -> Mapping[str, str]:
        if domain == _NATION:
            return self._every_region
        return {code: name for code, name in self._every_region.items() if code == domain}

    def routes(self) -> list[Route]:
        """The one address."""
        return [self.route("/list/{rest:path}", self.listing)]


def _key(item: Variable, code: str, year: int) -> str:
    """vervar + var + turvar + tahun + turtahun, without separators and without fixed widths."""
    return f"{code}{item.id}0{year - _YEAR_ZERO}0"


def _years(raw: str) -> set[int] | None:
    """Years of '121', '119;121' or '119:121'; empty for all; None for what cannot be read."""
    asked: set[int] = set()
    for span in filter(None, raw.split(";")):
        first, _, last = span.partition(":")
        if not (first.isdigit() and (last or first).isdigit()) or len(span) > 7:
            return None
        asked |= {_YEAR_ZERO + year for year in range(int(first), int(last or first) + 1)}
    return asked


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


def _none(request: Request, word: str) -> Response:
    return answer(request, {"status": "OK", "data-availability": word, "data": ""})


def _number(cell: Decimal | str) -> int | Decimal | str:
    return int(cell) if isinstance(cell, Decimal) and cell == cell.to_integral_value() else cell
