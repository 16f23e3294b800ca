"""What servers count of their requests: by route, on an address of its own, and in nobody else's words."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from starlette.responses import PlainTextResponse

from ledger.errors import ConfigError
from pilar.platform.metrics import Measured, measured
from tests.ports import free_port

pytestmark = pytest.mark.integration


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/published/{path:path}")
    def published(path: str) -> PlainTextResponse:
        if path == "broken":
            raise RuntimeError("broken")
        return PlainTextResponse(path)

    return app


def ask(app: Any, *requests: tuple[str, str]) -> None:
    async def all_of_them() -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            for method, path in requests:
                await client.request(method, path)

    asyncio.run(all_of_them())


def test_requests_are_counted_by_route_and_status() -> None:
    registry = CollectorRegistry()
    ask(
        Measured(application(), "door", registry),
        *(("GET", f"/published/{number}") for number in range(50)),
        *(("NAUGHTY", f"/{number}") for number in range(50)),
        ("GET", "/published/broken"),
    )
    said = generate_latest(registry).decode()
    counts = [line for line in said.splitlines() if line.startswith("pilar_door_requests_total")]
    assert sorted(counts) == [
        'pilar_door_requests_total{method="GET",route="/published/{path:path}",status="200"} 50.0',
        'pilar_door_requests_total{method="GET",route="/published/{path:path}",status="500"} 1.0',
        'pilar_door_requests_total{method="other",route="other",status="404"} 50.0',
    ]
    assert 'pilar_door_request_duration_seconds_count{route="other"} 50.0' in said


def test_metrics_are_served_where_the_setting_says_and_nowhere_else() -> None:
    app = application()
    assert measured(app, "door", {}) is app
    port = free_port()
    counted = measured(app, "door", {"PILAR_DOOR_METRICS": f"127.0.0.1:{port}"})
    ask(counted, ("GET", "/published/x"), ("GET", "/metrics"))
    said = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'route="/published/{path:path}",status="200"} 1.0' in said
    assert 'route="other",status="404"} 1.0' in said  # the server itself has no such page
    with pytest.raises(ConfigError, match="cannot be served there"):
        measured(app, "door", {"PILAR_DOOR_METRICS": f"127.0.0.1:{port}"})
    for wrong in ("everywhere", "127.0.0.1:99999"):
        with pytest.raises(ConfigError, match="no address for metrics"):
            measured(app, "door", {"PILAR_DOOR_METRICS": wrong})


def test_an_applications_own_start_is_no_request() -> None:
    heard: list[str] = []

    async def app(scope: MutableMapping[str, Any], _receive: Any, _send: Any) -> None:
        heard.append(scope["type"])

    registry = CollectorRegistry()
    asyncio.run(Measured(app, "door", registry)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert heard == ["lifespan"]
    assert "requests_total{" not in generate_latest(registry).decode()
