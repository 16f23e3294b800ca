"""CKAN's datastore: rows by limit and offset in an envelope, with a link to the next page even behind the last one."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import NO_LINKS, Row, System, answer, known, part, whole

_LIMIT, _MOST = 100, 32_000


class Ckan(System):
    """``resources`` holds the rows of each resource by its id; ``token`` is empty for a portal that asks for none."""

    unplayable = NO_LINKS

    def __init__(self, name: str, resources: Mapping[str, Sequence[Row]], *, token: str = "") -> None:
        super().__init__(name, password=token)
        self._resources = resources

    def search(self, request: Request) -> Response:
        """GET /api/3/action/datastore_search?resource_id=&limit=&offset=."""
        if not known(request, request.headers.get("authorization", ""), self.password):
            return _refused(request, 403, "Authorization Error", "Access denied")
        limit, offset = whole(request, "limit", _LIMIT), whole(request, "offset", 0)
        if not limit or offset is None:
            return _refused(request, 409, "Validation Error", "limit and offset are whole numbers")
        resource = request.query_params.get("resource_id", "")
        if resource not in self._resources:
            return _refused(request, 404, "Not Found Error", "Not found: Resource was not found.")
        size = min(limit, _MOST)
        found = part(request, self._resources[resource], offset, size)
        path = f"{request.url.path}?resource_id={resource}&limit={size}"
        links = {"start": path, "next": f"{path}&offset={offset + size}"}
        total = {} if found.total is None else {"total": found.total, "total_was_estimated": False}
        result = {"resource_id": resource, "records": found.rows, "_links": links, "limit": size, **total}
        return answer(request, {"success": True, "result": result})

    def routes(self) -> list[Route]:
        """The datastore's search."""
        return [self.route("/api/3/action/datastore_search", self.search)]


def _refused(request: Request, status: int, kind: str, words: str) -> Response:
    return answer(request, {"success": False, "error": {"__type": kind, "message": words}}, status)
