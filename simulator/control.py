"""The control path: switch faults on and off, let a new workbook arrive. On loopback, for tests and the demo."""

import asyncio
import json
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.errors import SimulatorError
from simulator.faults import KINDS, Faults


class Control:
    """Endpoints under /_faults and /_arrivals; a wrong request is a 400 with one line."""

    def __init__(self, faults: Faults, arrive: Callable[[str], list[str]]) -> None:
        self._faults = faults
        self._arrive = arrive

    async def listing(self, _request: Request) -> Response:
        """GET /_faults: what is on, and what there is."""
        return JSONResponse({"active": self._faults.listing(), "kinds": dict(KINDS), "systems": self._faults.systems})

    async def clear_all(self, _request: Request) -> Response:
        """DELETE /_faults: all off."""
        await asyncio.to_thread(self._faults.clear)
        return JSONResponse({"active": {}})

    async def switch_on(self, request: Request) -> Response:
        """POST /_faults/{system} with {"kind": ..., "value": ..., "times": ..., "after": ..., "match": ...}."""
        try:
            asked = await _object(request)
            kind = str(asked.pop("kind", ""))
            await asyncio.to_thread(lambda: self._faults.set(request.path_params["system"], kind, **asked))
        except SimulatorError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"active": self._faults.listing()})

    async def switch_off(self, request: Request) -> Response:
        """DELETE /_faults/{system}."""
        await asyncio.to_thread(self._faults.clear, request.path_params["system"])
        return JSONResponse({"active": self._faults.listing()})

    async def arrival(self, request: Request) -> Response:
        """POST /_arrivals with {"month": "2024-09"}: the workbooks of one more month are there now."""
        try:
            files = self._arrive(str((await _object(request)).get("month", "")))
        except SimulatorError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"files": files})

    def app(self) -> Starlette:
        """The control path."""
        return Starlette(
            routes=[
                Route("/_faults", self.listing),
                Route("/_faults", self.clear_all, methods=["DELETE"]),
                Route("/_faults/{system}", self.switch_on, methods=["POST"]),
                Route("/_faults/{system}", self.switch_off, methods=["DELETE"]),
                Route("/_arrivals", self.arrival, methods=["POST"]),
            ]
        )


async def _object(request: Request) -> dict[str, object]:
    try:
        value = json.loads(await request.body())
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SimulatorError("the body is not a JSON object")
    return value
