"""The regency's own Diskominfo: two endpoints that page in two ways. Both are made up; nothing real is quoted here."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.assessments import dimension_rows, spbe_rows
from simulator.faults import ELSEWHERE, disturb
from simulator.systems.common import answer, bearer, fault_of, here, known, whole

_ROWS, _INDICES = 10, 2


async def dimensions(request: Request) -> Response:
    """GET /api/penilaian?tahun=&page=: an envelope with the number of pages."""
    refused = _refused(request)
    if refused is not None:
        return refused
    year, page = whole(request, "tahun", 0) or 0, whole(request, "page", 1) or 1
    rows = disturb(dimension_rows(year), fault_of(request))
    meta = {"page": page, "pages": -(-len(rows) // _ROWS), "total": len(rows)}
    return answer({"data": rows[(page - 1) * _ROWS : page * _ROWS], "meta": meta})


async def indices(request: Request) -> Response:
    """GET /api/spbe?tahun=&page=: a bare array, the next page in the Link header (RFC 8288)."""
    refused = _refused(request)
    if refused is not None:
        return refused
    year, page = whole(request, "tahun", 0) or 0, whole(request, "page", 1) or 1
    fault = fault_of(request)
    rows = disturb(spbe_rows(year, request.app.state.revision()), fault)
    following = page + 1 if page * _INDICES < len(rows) else 0
    kind = fault.kind if fault is not None else ""
    headers = {}
    if kind == "loop":
        headers["Link"] = f'<{here(request, f"tahun={year}&page={page}")}>; rel="next"'
    elif following:
        address = here(request, f"tahun={year}&page={following}")
        if kind == "elsewhere":
            address = f"{ELSEWHERE}{request.url.path}?tahun={year}&page={following}"
        headers["Link"] = f'<{address}>; rel="next"'
    return answer(rows[(page - 1) * _INDICES : page * _INDICES], headers=headers)


def _refused(request: Request) -> Response | None:
    if not known(request, bearer(request), credential("diskominfo")):
        return answer({"message": "Token tidak valid"}, 401)
    if not whole(request, "tahun", 0) or not whole(request, "page", 1):
        return answer({"message": "Parameter tahun dan page harus berupa angka"}, 400)
    return None


def app(revision: Callable[[], int] = lambda: 0) -> Starlette:
    """The system under its path prefix. ``revision`` says how often the SPBE list was corrected."""
    made = Starlette(routes=[Route("/diskominfo/api/penilaian", dimensions), Route("/diskominfo/api/spbe", indices)])
    made.state.revision = revision
    return made
