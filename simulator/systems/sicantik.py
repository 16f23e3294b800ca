"""SiCantik's back office: bare arrays by limit and offset, no login, and a count of its own for the two lists."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import BARE, NO_LINKS, Row, System, answer, disturb, fault_of, known, part, whole

_LIMIT = 10
Rows = Callable[[], Sequence[Row]]


class Sicantik(System):
    """The licences ``issued``, those ``in_process`` and the ``kinds`` of them."""

    base = "/backoffice/api"
    unplayable = NO_LINKS | BARE

    def __init__(self, name: str, *, issued: Rows, in_process: Rows = tuple, kinds: Rows = tuple) -> None:
        super().__init__(name)
        self._issued, self._in_process, self._kinds = issued, in_process, kinds

    def counts(self, request: Request) -> Response:
        """GET /jumlahPerizinan: how many applications there are, now as a number and now as text."""
        refused = _refused(request)
        if refused is not None:
            return refused
        done, waiting = (len(disturb(rows(), fault_of(request))) for rows in (self._issued, self._in_process))
        return answer(request, {"total": done + waiting, "terbit": done, "proses": str(waiting)})

    def routes(self) -> list[Route]:
        """Three lists and the count."""
        return [
            self.route("/listpermohonanterbit", _listing(self._issued)),
            self.route("/listpermohonanproses", _listing(self._in_process)),
            self.route("/jenisperizinanlist", _listing(self._kinds)),
            self.route("/jumlahPerizinan", self.counts),
        ]


def _listing(rows: Rows) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        refused = _refused(request)
        limit, offset = whole(request, "limit", _LIMIT), whole(request, "offset", 0)
        if refused is not None:
            return refused
        if limit is None or offset is None:
            return answer(request, {"status": False, "error": "limit dan offset harus berupa angka"}, 400)
        return answer(request, part(request, rows(), offset, limit).rows)

    return endpoint


def _refused(request: Request) -> Response | None:
    # Nobody logs in here; an office that closes its interface asks for a key nobody has.
    return None if known(request, "", "") else answer(request, {"status": False, "error": "Invalid API Key."}, 403)
