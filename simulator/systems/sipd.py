"""SIPD-RI: the realisation report (LRA) as a bare array, its paging in headers."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import json_web_token
from simulator.data.budget import lra
from simulator.faults import disturb
from simulator.regions import by_kemendagri
from simulator.systems.common import answer, bearer, fault_of, known, whole

_LIMIT, _MOST = 20, 100


async def report(request: Request) -> Response:
    """GET /aklap/api/report/lra?tahun=&id_daerah=&page=&limit= with a Bearer JWT."""
    if not known(request, bearer(request), json_web_token()):
        return answer({"message": "Unauthorized"}, 401)
    year, page, limit = (whole(request, name, usual) for name, usual in (("tahun", 0), ("page", 1), ("limit", _LIMIT)))
    region = by_kemendagri(request.query_params.get("id_daerah", ""))
    if year is None or not page or not limit:
        return answer({"message": "Parameter tidak valid"}, 400)
    if region is None:
        return answer({"message": "Daerah tidak ditemukan"}, 404)
    rows = disturb(lra(region, year), fault_of(request))
    size = min(limit, _MOST)
    headers = {
        "X-Pagination-Current-Page": str(page),
        "X-Pagination-Page-Count": str(-(-len(rows) // size)),
        "X-Pagination-Total-Count": str(len(rows)),
    }
    return answer(rows[(page - 1) * size : page * size], headers=headers)


def app() -> Starlette:
    """The system under its path prefix."""
    return Starlette(routes=[Route("/sipd/aklap/api/report/lra", report)])
