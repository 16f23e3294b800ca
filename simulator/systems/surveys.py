"""Survey tools, read over REST: KoboToolbox (v2) and ODK Central (OData)."""

import base64
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.common import BARE, Row, System, answer, following, kind_of, known, part, whole

_LIMIT = 100
Rows = Callable[[], Sequence[Row]]


class Kobo(System):
    """The answers to one form (``asset``). Who asks shows ``Authorization: Token <key>``."""

    base = "/api/v2"
    unplayable = BARE

    def __init__(self, name: str, asset: str, rows: Rows, *, key: str) -> None:
        super().__init__(name, password=f"Token {key}")
        self._asset, self._rows = asset, rows

    def data(self, request: Request) -> Response:
        """GET /assets/{asset}/data.json?start=&limit=."""
        if not known(request, request.headers.get("authorization", ""), self.password):
            return answer(request, {"detail": "Invalid token."}, 401)
        start, limit = whole(request, "start", 0), whole(request, "limit", _LIMIT)
        if start is None or not limit:
            return answer(request, {"detail": "start and limit are numbers"}, 400)
        found = part(request, self._rows(), start, limit)
        more = found.more or kind_of(request) == "loop"
        link = following(request, urlencode({"start": start + limit, "limit": limit})) if more else None
        total = {} if found.total is None else {"count": found.total}
        return answer(request, {**total, "next": link, "previous": None, "results": found.rows})

    def routes(self) -> list[Route]:
        """The form's answers."""
        return [self.route(f"/assets/{self._asset}/data.json", self.data)]


class Odk(System):
    """The submissions to one ``form`` of project 1. Who asks logs in by HTTP Basic."""

    base = "/v1/projects/1"
    unplayable = BARE

    def __init__(self, name: str, form: str, rows: Rows, *, login: str, password: str) -> None:
        super().__init__(name, login=login, password=password)
        self._form, self._rows = form, rows

    def submissions(self, request: Request) -> Response:
        """GET /forms/{form}.svc/Submissions?$top=&$skip=&$count=true."""
        pair = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        if not known(request, request.headers.get("authorization", ""), f"Basic {pair}"):
            words = "Could not authenticate with the provided credentials."
            return answer(request, {"code": 401.2, "message": words}, 401)
        skip, top = whole(request, "$skip", 0), whole(request, "$top", _LIMIT)
        if skip is None or not top:
            return answer(request, {"code": 400.11, "message": "Invalid input data"}, 400)
        found = part(request, self._rows(), skip, top)
        told: dict[str, object] = {"@odata.context": f"{request.url.replace(query=None)}/$metadata#Submissions"}
        if found.more or kind_of(request) == "loop":
            query = urlencode({"$skip": skip + top, "$top": top, "$count": "true"}, safe="$")
            told["@odata.nextLink"] = following(request, query)
        if found.total is not None and request.query_params.get("$count") == "true":
            told["@odata.count"] = found.total
        return answer(request, {"value": found.rows, **told})

    def routes(self) -> list[Route]:
        """The form's submissions."""
        return [self.route(f"/forms/{self._form}.svc/Submissions", self.submissions)]
