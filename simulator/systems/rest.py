"""An interface of an agency's own, as `rest` reads it: pages by number in an envelope, or a bare array with links."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import Row, System, answer, bearer, following, kind_of, known, part, whole


@dataclass(frozen=True)
class Endpoint:
    """One address: the rows of a year, ``size`` of them a page.

    An envelope has the rows, how many pages there are and the next one's address; a bare array has the next page in
    the Link header (RFC 8288).
    """

    rows: Callable[[int], Sequence[Row]]
    size: int
    envelope: bool = True


class Rest(System):
    """``endpoints`` by their paths."""

    def __init__(self, name: str, endpoints: Mapping[str, Endpoint], *, token: str) -> None:
        super().__init__(name, password=token)
        self._endpoints = endpoints

    def _serve(self, request: Request, endpoint: Endpoint) -> Response:
        if not known(request, bearer(request), self.password):
            return answer(request, {"message": "Token tidak valid"}, 401)
        year, page = whole(request, "tahun", 0), whole(request, "page", 1)
        if not year or not page:
            return answer(request, {"message": "Parameter tahun dan page harus berupa angka"}, 400)
        found = part(request, endpoint.rows(year), (page - 1) * endpoint.size, endpoint.size)
        more = found.more or kind_of(request) == "loop"
        link = following(request, f"tahun={year}&page={page + 1}") if more else None
        if not endpoint.envelope:
            return answer(request, found.rows, headers={"Link": f'<{link}>; rel="next"'} if link else {})
        meta: dict[str, object] = {"page": page}
        if found.total is not None:
            meta |= {"pages": -(-found.total // endpoint.size), "total": found.total}
        return answer(request, {"data": found.rows, "meta": meta, "next": link})

    def routes(self) -> list[Route]:
        """GET each path with ?tahun=&page= and a Bearer token."""
        return [self.route(path, self._endpoint(endpoint)) for path, endpoint in self._endpoints.items()]

    def _endpoint(self, endpoint: Endpoint) -> Callable[[Request], Response]:
        return lambda request: self._serve(request, endpoint)
