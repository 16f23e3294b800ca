"""A sheet in the cloud that its office has published to the web as CSV: a redirect, then the file."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.systems.common import ONE_ANSWER, System, kind_of, text

Table = Callable[[], Sequence[Sequence[str]]]


class Sheet(System):
    """One sheet by its ``key``. The file comes from ``content``: in the cloud another host of one domain each time."""

    base = "/spreadsheets/d/e"
    unplayable = ONE_ANSWER

    def __init__(self, name: str, key: str, table: Table, *, content: Callable[[], str] = lambda: "") -> None:
        super().__init__(name)
        self._key, self._table, self._content = key, table, content

    def published(self, request: Request) -> Response:
        """GET /{key}/pub?output=csv&gid=0&single=true."""
        if request.query_params.get("output") != "csv":
            return Response("<!DOCTYPE html><html><body>Lembar</body></html>", media_type="text/html")
        here = f"{request.url.scheme}://{request.url.netloc}"
        return RedirectResponse(f"{self._content() or here}/{self.name}{self.base}/{self._key}/isi", 307)

    def content(self, request: Request) -> Response:
        """The file itself."""
        if kind_of(request) == "wrong_token":
            return text("Sorry, this file is not shared", 403)
        lines = [",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in self._table()]
        return Response("\r\n".join([*lines, ""]).encode(), media_type="text/csv")

    def routes(self) -> list[Route]:
        """The published address, and where it leads."""
        return [
            self.route(f"/{self._key}/pub", self.published),
            self.route(f"/{self._key}/isi", self.content),
        ]
