"""Dapodik's web service: one school at a time, errors as plain text."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import NO_LINKS, Row, System, answer, bearer, known, part, text, whole

DENIED = "Access denied - You are not authorized to access this page. #1"
NPSN_MISSING = "Parameter NPSN harap diisi"
SCHOOL_UNKNOWN = "Sekolah tidak ditemukan"
_LIMIT, _MOST = 50, 200


class Dapodik(System):
    """``school`` gives the row of an NPSN, None for an unknown one; ``pupils`` the rows of an NPSN and a semester.

    A request that names no semester is about ``semester``.
    """

    unplayable = NO_LINKS

    def __init__(
        self,
        name: str,
        school: Callable[[str], Row | None],
        pupils: Callable[[str, str], Sequence[Row]],
        *,
        token: str,
        semester: str,
    ) -> None:
        super().__init__(name, password=token)
        self._school, self._pupils, self._semester = school, pupils, semester

    def get_school(self, request: Request) -> Response:
        """GET /WebService/getSekolah?npsn=&semester_id=: ``rows`` is one object."""
        found = self._found(request)
        if isinstance(found, Response):
            return found
        rows = part(request, [found]).rows
        one = rows[0] if rows else []
        return answer(request, {"results": len(rows), "id": "sekolah_id", "start": 0, "limit": 1, "rows": one})

    def get_pupils(self, request: Request) -> Response:
        """GET /WebService/getPesertaDidik?npsn=&semester_id=&start=&limit=: ``rows`` is a list, ``results`` counts."""
        found = self._found(request)
        if isinstance(found, Response):
            return found
        start, limit = whole(request, "start", 0), whole(request, "limit", _LIMIT)
        if start is None or not limit:
            return text("Parameter start dan limit harus berupa angka", 400)
        asked = request.query_params
        size = min(limit, _MOST)
        page = part(request, self._pupils(asked["npsn"], asked.get("semester_id", self._semester)), start, size)
        envelope = {"results": page.total, "id": "peserta_didik_id", "start": start, "limit": size, "rows": page.rows}
        if page.total is None:
            del envelope["results"]
        return answer(request, envelope)

    def _found(self, request: Request) -> Row | Response:
        token = bearer(request)
        if not known(request, token, self.password):
            return text(DENIED, 403 if token else 401)
        npsn = request.query_params.get("npsn", "")
        if not npsn:
            return text(NPSN_MISSING, 400)
        found = self._school(npsn)
        return text(SCHOOL_UNKNOWN, 404) if found is None else found

    def routes(self) -> list[Route]:
        """The two services."""
        return [
            self.route("/WebService/getSekolah", self.get_school),
            self.route("/WebService/getPesertaDidik", self.get_pupils),
        ]
