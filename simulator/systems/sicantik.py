"""SiCantik's back office: bare arrays by limit and offset, no login, and a count of its own for the two lists."""

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.data import licences
from simulator.faults import disturb
from simulator.systems.common import answer, fault_of, known, whole

Row = dict[str, object]
_LIMIT = 10


def _listing(rows: Callable[[], Sequence[Row]]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        refused = _refused(request)
        limit, offset = whole(request, "limit", _LIMIT), whole(request, "offset", 0)
        if refused is not None:
            return refused
        if limit is None or offset is None:
            return answer({"status": False, "error": "limit dan offset harus berupa angka"}, 400)
        return answer(disturb(rows(), fault_of(request))[offset : offset + limit])

    return endpoint


def counts(request: Request) -> Response:
    """GET /jumlahPerizinan: how many applications there are, now as a number and now as text."""
    refused = _refused(request)
    if refused is not None:
        return refused
    fault = fault_of(request)
    done, waiting = len(disturb(licences.issued(), fault)), len(disturb(licences.in_process(), fault))
    return answer({"total": done + waiting, "terbit": done, "proses": str(waiting)})


def _refused(request: Request) -> Response | None:
    # Nobody logs in here; an office that closes its interface asks for a key nobody has.
    return None if known(request, "", "") else answer({"status": False, "error": "Invalid API Key."}, 403)


def app() -> Starlette:
    """The system under its path prefix."""
    base = "/sicantik/backoffice/api"
    return Starlette(
        routes=[
            Route(f"{base}/listpermohonanterbit", _listing(licences.issued)),
            Route(f"{base}/listpermohonanproses", _listing(licences.in_process)),
            Route(f"{base}/jenisperizinanlist", _listing(licences.kinds)),
            Route(f"{base}/jumlahPerizinan", counts),
        ]
    )
