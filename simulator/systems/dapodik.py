"""Dapodik's web service: one school at a time, errors as plain text."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.schools import SEMESTERS, School, pupils, school, school_row
from simulator.faults import disturb
from simulator.systems.common import answer, bearer, fault_of, known, text, whole

DENIED = "Access denied - You are not authorized to access this page. #1"
NPSN_MISSING = "Parameter NPSN harap diisi"
SCHOOL_UNKNOWN = "Sekolah tidak ditemukan"
_LIMIT, _MOST = 50, 200


async def get_school(request: Request) -> Response:
    """GET /WebService/getSekolah?npsn=&semester_id=: ``rows`` is one object."""
    found = _school(request)
    if isinstance(found, Response):
        return found
    rows = disturb([school_row(found)], fault_of(request))
    return answer({"results": len(rows), "id": "sekolah_id", "start": 0, "limit": 1, "rows": rows[0] if rows else []})


async def get_pupils(request: Request) -> Response:
    """GET /WebService/getPesertaDidik?npsn=&semester_id=&start=&limit=: ``rows`` is a list, ``results`` counts all."""
    found = _school(request)
    if isinstance(found, Response):
        return found
    start, limit = whole(request, "start", 0), whole(request, "limit", _LIMIT)
    if start is None or not limit:
        return text("Parameter start dan limit harus berupa angka", 400)
    semester = request.query_params.get("semester_id", SEMESTERS[-1])
    rows = disturb(pupils(found.npsn) if semester in SEMESTERS else (), fault_of(request))
    size = min(limit, _MOST)
    page = rows[start : start + size]
    return answer({"results": len(rows), "id": "peserta_didik_id", "start": start, "limit": size, "rows": page})


def _school(request: Request) -> School | Response:
    token = bearer(request)
    if not known(request, token, credential("dapodik")):
        return text(DENIED, 403 if token else 401)
    npsn = request.query_params.get("npsn", "")
    if not npsn:
        return text(NPSN_MISSING, 400)
    return school(npsn) or text(SCHOOL_UNKNOWN, 404)


def app() -> Starlette:
    """The system under its path prefix."""
    return Starlette(
        routes=[
            Route("/dapodik/WebService/getSekolah", get_school),
            Route("/dapodik/WebService/getPesertaDidik", get_pupils),
        ]
    )
