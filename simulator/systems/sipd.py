"""SIPD-RI: the realisation report (LRA) as a bare array, its paging in headers."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import BARE, NO_LINKS, Row, System, answer, bearer, known, part, whole

_LIMIT, _MOST = 20, 100


class Sipd(System):
    """``lra`` gives the rows of a dotted Kemendagri code and a year, None where the region is unknown."""

    unplayable = NO_LINKS | BARE

    def __init__(self, name: str, lra: Callable[[str, int], Sequence[Row] | None], *, token: str) -> None:
        super().__init__(name, password=token)
        self._lra = lra

    def report(self, request: Request) -> Response:
        """GET /aklap/api/report/lra?tahun=&id_daerah=&page=&limit= with a Bearer JWT."""
        if not known(request, bearer(request), self.password):
            return answer(request, {"message": "Unauthorized"}, 401)
        year, page, limit = (
            whole(request, name, usual) for name, usual in (("tahun", 0), ("page", 1), ("limit", _LIMIT))
        )
        if year is None or not page or not limit:
            return answer(request, {"message": "Parameter tidak valid"}, 400)
        rows = self._lra(request.query_params.get("id_daerah", ""), year)
        if rows is None:
            return answer(request, {"message": "Daerah tidak ditemukan"}, 404)
        size = min(limit, _MOST)
        found = part(request, rows, (page - 1) * size, size)
        headers = {"X-Pagination-Current-Page": str(page)}
        if found.total is not None:
            headers["X-Pagination-Page-Count"] = str(-(-found.total // size))
            headers["X-Pagination-Total-Count"] = str(found.total)
        return answer(request, found.rows, headers=headers)

    def routes(self) -> list[Route]:
        """The report."""
        return [self.route("/aklap/api/report/lra", self.report)]
