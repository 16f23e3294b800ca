"""What a server counts of its requests, in Prometheus' form, on an address of its own.

Readers and agencies never reach it: it has its own port, which nobody opens unless a setting names it.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import ConfigError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
LAST_PORT = 65_535
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measured:
    """An application whose requests are counted, by route, method and status.

    A route is the pattern of an address, never an address: nobody outside decides how many there are.
    """

    def __init__(self, app: ASGIApp, name: str, registry: CollectorRegistry) -> None:
        self._app = app
        labels = ["route", "method", "status"]
        self._requests = Counter(f"pilar_{name}_requests", "Requests", labels, registry=registry)
        self._seconds = Histogram(
            f"pilar_{name}_request_duration_seconds", "Time to the answer's end", ["route"], buckets=BUCKETS,
            registry=registry,
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's own start and end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", OTHER)
            method = scope["method"] if scope["method"] in METHODS else OTHER
            known = status if status in HTTPStatus._value2member_map_ else 0
            self._requests.labels(route, method, str(known)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)


def measured(app: ASGIApp, name: str, env: Mapping[str, str]) -> ASGIApp:
    """The application with its metrics on the address that PILAR_<NAME>_METRICS names; as it is where none is named.

    Raises ConfigError for what is no address, or one that is taken.
    """
    variable = f"PILAR_{name.upper()}_METRICS"
    said = env.get(variable, "").strip()
    if said in ("", "none"):
        return app
    registry = CollectorRegistry()
    _listen(said, variable, registry)
    return Measured(app, name, registry)


def _listen(said: str, variable: str, registry: CollectorRegistry) -> WSGIServer:
    host, _, port = said.rpartition(":")
    do = "Write it like 127.0.0.1:9101, or leave it empty"
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise ConfigError("this is no address for metrics", where=variable, do=do)
    try:
        return start_http_server(int(port), host, registry)[0]
    except OSError as error:
        raise ConfigError(f"metrics cannot be served there ({error.strerror})", where=variable, do=do) from None
