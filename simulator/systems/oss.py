"""OSS-RBA: every answer is HTTP 200; how it went stands in ``kode``, now a number, now text."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.projects import projects
from simulator.faults import disturb
from simulator.regions import REGIONS
from simulator.systems.common import answer, fault_of, known

# In capitals, as in the documentation of checkNIB: {"CHECKNIB": {...}}.
WRAPPER = "INQUERYPROYEK"


async def inquire(request: Request) -> Response:
    """POST /inqueryProyek with {"INQUERYPROYEK": {"kd_daerah": "6402", "tahun": "2024"}} and the header user_key."""
    if not known(request, request.headers.get("user_key", ""), credential("oss")):
        return _refused("401", "User Akses Tidak Valid")
    asked = _asked(await request.body())
    if asked is None:
        return _refused(400, "Data Parameter Salah")
    code = str(asked.get("kd_daerah", "")).replace(".", "")
    year = str(asked.get("tahun", ""))
    region = next((item for item in REGIONS if item.digits == code), None)
    rows = disturb(projects(region, int(year)) if region and year.isdigit() else (), fault_of(request))
    if not rows:
        return _refused(400, "Data Proyek tidak ditemukan")
    # The documentation types kode as text and shows numbers: both come, by the parity of the year.
    kode: int | str = 200 if int(year) % 2 == 0 else "200"
    return _envelope(kode, "Sukses", {"kd_daerah": code, "tahun": year, "data_proyek": rows})


def _asked(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    inner = value.get(WRAPPER) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else None


def _refused(kode: int | str, words: str) -> Response:
    return _envelope(kode, words, [])


def _envelope(kode: int | str, words: str, data: object) -> Response:
    return answer({"responinqueryProyek": {"kode": kode, "keterangan": words, "dataProyek": data}})


def app() -> Starlette:
    """The system under its path prefix."""
    return Starlette(routes=[Route("/oss/v1/kl/rba/inqueryProyek", inquire, methods=["POST"])])
