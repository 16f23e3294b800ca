"""SIPSN: a web page's own back door. Form in, positional arrays out, a session cookie, HTML when it is not pleased."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.systems.common import ONE_ANSWER, System, answer, kind_of, part

_HOME = (
    "<!DOCTYPE html>\n<html><head><title>SIPSN</title></head>"
    "<body><h1>Capaian Kinerja Pengelolaan Sampah</h1></body></html>\n"
)
COOKIE = "ci_session"
_PROVINCE, _DISTRICT = 1, 2


class Sipsn(System):
    """``rows`` gives the positional rows of a year: year, province, district and what else there is.

    ``facilities`` gives those of a kind of facility and a year. ``session`` is accepted as it is, beside the sessions
    that the page hands out.
    """

    base = "/public"
    unplayable = ONE_ANSWER | {"field_twice"}

    def __init__(
        self,
        name: str,
        rows: Callable[[str], Sequence[Sequence[str]]],
        *,
        session: str,
        facilities: Callable[[str, str], Sequence[Sequence[str]]] = lambda _kind, _year: (),
    ) -> None:
        super().__init__(name, password=session)
        self._rows, self._facilities = rows, facilities
        self._lock = threading.Lock()
        self._sessions = {session}

    def home(self, _request: Request) -> Response:
        """GET /home: a page, and a session."""
        response = HTMLResponse(_HOME)
        with self._lock:
            session = hashlib.sha256(f"sipsn {len(self._sessions)}".encode()).hexdigest()[:40]
            self._sessions.add(session)
        response.set_cookie(COOKIE, session, path="/", httponly=True)
        return response

    async def markers(self, request: Request) -> Response:
        """POST /home/getMarker, form dd_propinsi, dd_district, dd_fasilitas, tahun."""
        if not self._welcome(request):
            return HTMLResponse(_HOME)
        form = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        province, district = (form.get(name, [""])[0] for name in ("dd_propinsi", "dd_district"))
        year = self.asked(request, "markers", form.get("tahun", ["2024"])[0])
        kind = form.get("dd_fasilitas", [""])[0]
        found = [
            row
            for row in (self._rows(year) if kind in {"", "capaian"} else self._facilities(kind, year))
            if province in {"", "ALL", row[_PROVINCE]} and district in {"", "ALL", row[_DISTRICT]}
        ]
        return answer(request, {"markers": part(request, found).rows})

    def _welcome(self, request: Request) -> bool:
        if kind_of(request) == "wrong_token":
            return False
        with self._lock:
            known = request.cookies.get(COOKIE, "") in self._sessions
        return known and request.headers.get("x-requested-with") == "XMLHttpRequest"

    def routes(self) -> list[Route]:
        """The page and its back door."""
        return [
            self.route("", self.home),
            self.route("/home", self.home),
            self.route("/home/getMarker", self.markers, "POST"),
        ]
