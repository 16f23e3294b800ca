"""OSS-RBA: every answer is HTTP 200; how it went stands in ``kode``, now a number, now text."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import ONE_ANSWER, Row, System, answer, known, part

# In capitals, as in the documentation of checkNIB: {"CHECKNIB": {...}}.
WRAPPER = "INQUERYPROYEK"


class Oss(System):
    """``projects`` gives the rows of a Kemendagri code without its dot and a year; none where there are none."""

    base = "/v1/kl/rba"
    unplayable = ONE_ANSWER

    def __init__(self, name: str, projects: Callable[[str, int], Sequence[Row]], *, user_key: str) -> None:
        super().__init__(name, password=user_key)
        self._projects = projects

    async def inquire(self, request: Request) -> Response:
        """POST /inqueryProyek with {"INQUERYPROYEK": {"kd_daerah": "6402", "tahun": "2024"}} and header user_key."""
        if not known(request, request.headers.get("user_key", ""), self.password):
            return _envelope(request, "401", "User Akses Tidak Valid", [])
        body = _asked(await request.body())
        if body is None:
            return _envelope(request, 400, "Data Parameter Salah", [])
        now = str(body.get("kd_daerah", "")).replace(".", ""), str(body.get("tahun", ""))
        code, year = self.asked(request, "projects", now)
        rows = part(request, self._projects(code, int(year)) if year.isdigit() else ()).rows
        if not rows:
            return _envelope(request, 400, "Data Proyek tidak ditemukan", [])
        # The documentation types kode as text and shows numbers: both come, by the parity of the year.
        kode: int | str = 200 if int(year) % 2 == 0 else "200"
        return _envelope(request, kode, "Sukses", {"kd_daerah": code, "tahun": year, "data_proyek": rows})

    def routes(self) -> list[Route]:
        """The inquiry."""
        return [self.route("/inqueryProyek", self.inquire, "POST")]


def _asked(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    inner = value.get(WRAPPER) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else None


def _envelope(request: Request, kode: int | str, words: str, data: object) -> Response:
    return answer(request, {"responinqueryProyek": {"kode": kode, "keterangan": words, "dataProyek": data}})
