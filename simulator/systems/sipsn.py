"""SIPSN: a web page's own back door. Form in, positional arrays out, a session cookie, HTML when it is not pleased."""

import hashlib
import threading
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data.waste import rows
from simulator.faults import thin
from simulator.systems.common import answer, fault_of

_HOME = (
    "<!DOCTYPE html>\n<html><head><title>SIPSN</title></head>"
    "<body><h1>Capaian Kinerja Pengelolaan Sampah</h1></body></html>\n"
)
COOKIE = "ci_session"


class Sipsn:
    """The system with the sessions it has handed out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions = {credential("sipsn session")}

    async def home(self, _request: Request) -> Response:
        """GET /sipsn/public/home: a page, and a session."""
        response = HTMLResponse(_HOME)
        with self._lock:
            session = hashlib.sha256(f"sipsn {len(self._sessions)}".encode()).hexdigest()[:40]
            self._sessions.add(session)
        response.set_cookie(COOKIE, session, path="/", httponly=True)
        return response

    async def markers(self, request: Request) -> Response:
        """POST /sipsn/public/home/getMarker, form dd_propinsi, dd_district, dd_fasilitas, tahun."""
        if not self._welcome(request):
            return HTMLResponse(_HOME)
        form = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        province, district = (form.get(name, [""])[0] for name in ("dd_propinsi", "dd_district"))
        found = [
            row
            for row in rows(form.get("tahun", ["2024"])[0])
            if province in {"", "ALL", row[1]} and district in {"", "ALL", row[2]}
        ]
        fault = fault_of(request)
        extra = ["baru"] if fault is not None and fault.kind == "unknown_column" else []
        return answer({"markers": [[*row, *extra] for row in thin(found, fault)]})

    def _welcome(self, request: Request) -> bool:
        fault = fault_of(request)
        if fault is not None and fault.kind == "wrong_token":
            return False
        with self._lock:
            known = request.cookies.get(COOKIE, "") in self._sessions
        return known and request.headers.get("x-requested-with") == "XMLHttpRequest"


def app() -> Starlette:
    """The system under its path prefix."""
    system = Sipsn()
    return Starlette(
        routes=[
            Route("/sipsn/public", system.home),
            Route("/sipsn/public/home", system.home),
            Route("/sipsn/public/home/getMarker", system.markers, methods=["POST"]),
        ]
    )
