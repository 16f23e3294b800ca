"""BPJS Kesehatan: VClaim (``metaData``, code as text) and Antrean (``metadata``, code as a number), signed and locked.

Every answer is HTTP 200. References and lists come locked, the dashboard in clear.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.systems.bpjs_lock import locked
from simulator.systems.common import ONE_ANSWER, System, answer, fault_of, known, part, told

_CLOCKS_APART_S = 300
Asked = Mapping[str, Any]


@dataclass(frozen=True)
class Service:
    """One service below its path: what it finds for the values in the path.

    ``shape`` is `list` for rows in ``response.list``; `bare` for rows that are the whole response, under the code 1 of
    references; `one` for a single object, None where there is none. ``text_codes``: the envelope of VClaim.
    ``clear``: not locked.
    """

    find: Callable[[Asked], Any]
    shape: Literal["list", "bare", "one"] = "list"
    text_codes: bool = False
    clear: bool = False


class Bpjs(System):
    """``services`` by their paths, for one consumer."""

    unplayable = ONE_ANSWER

    def __init__(self, name: str, services: Mapping[str, Service], *, cons_id: str, secret: str, user_key: str) -> None:
        super().__init__(name, login=cons_id, password=secret, user_key=user_key)
        self._services = services

    def _serve(self, request: Request, path: str, service: Service) -> Response:
        meta = "metaData" if service.text_codes else "metadata"
        refusal = self._refusal(request)
        code, data = (201, None) if refusal else self._found(request, path, service)
        message = refusal or ("Data tidak ditemukan" if data is None else "OK")
        head = {"code": str(code) if service.text_codes else code, "message": message}
        if data is not None and not service.clear:
            words = told(data, fault_of(request))
            data = locked(words, self.login, self.password, request.headers["x-timestamp"])
        return answer(request, {meta: head, "response": data})

    def _found(self, request: Request, path: str, service: Service) -> tuple[int, object]:
        asked = self.asked(request, path, dict(request.path_params))
        found = service.find(asked)
        if service.shape == "one":
            return (201 if found is None else 200), found
        rows = part(request, found).rows
        if service.shape == "bare":
            return 1, rows
        return (200, {"list": rows}) if rows else (201, None)

    def _refusal(self, request: Request) -> str | None:
        """What BPJS says against the request's four headers, None for a request that is signed well and now."""
        moment = request.headers.get("x-timestamp", "")
        who = request.headers.get("x-cons-id"), request.headers.get("user_key")
        if who != (self.login, self.extra["user_key"]):
            return "Unauthorized: cons id atau user key tidak terdaftar"
        if not moment.isdigit() or abs(int(moment) - time.time()) > _CLOCKS_APART_S:
            return "Timestamp kedaluwarsa"
        if not known(request, request.headers.get("x-signature", ""), signature(self.login, self.password, moment)):
            return "Signature tidak sesuai"
        return None

    def routes(self) -> list[Route]:
        """The services."""
        return [self.route(path, self._endpoint(path, service)) for path, service in self._services.items()]

    def _endpoint(self, path: str, service: Service) -> Callable[[Request], Response]:
        return lambda request: self._serve(request, path, service)


def signature(cons_id: str, secret: str, moment: str) -> str:
    """The signature of a request that is sent at this moment (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{cons_id}&{moment}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
