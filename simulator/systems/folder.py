"""A folder on an agency's own web server: a page that links to its files, as Apache writes one, behind HTTP Basic."""

import base64
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.faults import LIST, TEXT
from simulator.systems.common import System, kind_of, known, text

File = Callable[[], bytes]
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


class Folder(System):
    """``files`` by their names, each made when it is asked for."""

    unplayable = frozenset({*TEXT, *LIST}) - {"wrong_token", "empty"}

    def __init__(self, name: str, files: Mapping[str, File], *, login: str, password: str) -> None:
        super().__init__(name, login=login, password=password)
        self._files = files

    def index(self, request: Request) -> Response:
        """The page of links."""
        if not self._may(request):
            return text("Unauthorized", 401)
        names = () if kind_of(request) == "empty" else sorted(self._files)
        links = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
        page = (
            f"<!DOCTYPE html>\n<html><head><title>Index of /</title></head><body><pre>\n{links}</pre></body></html>\n"
        )
        return Response(page, media_type="text/html")

    def file(self, request: Request) -> Response:
        """One file."""
        if not self._may(request):
            return text("Unauthorized", 401)
        made = self._files.get(request.path_params["file"])
        if made is None:
            return text("Not Found", 404)
        kind = str(request.path_params["file"]).rpartition(".")[2]
        return Response(made(), media_type=_TYPES[kind])

    def _may(self, request: Request) -> bool:
        right = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return known(request, request.headers.get("authorization", ""), f"Basic {right}")

    def routes(self) -> list[Route]:
        """The folder and its files."""
        return [self.route("/", self.index), self.route("/{file}", self.file)]
