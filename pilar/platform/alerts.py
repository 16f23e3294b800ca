"""The lookout as a process: ``python -m pilar.platform.alerts PORT``.

It stands outside Airflow, looks every minute, tells whom it concerns, and serves the operator's page: ``/`` for people,
``/status.json`` for programs (503 while anything needs a person), ``/metrics`` for Prometheus. Whoever reaches it reads
it: it listens on loopback, unless ``--host`` says otherwise.
"""

import os
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import uvicorn

from ledger.errors import ConfigError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.alerts.addresses import addresses, quiet_hours
from pilar.alerts.course import EVERY_SECONDS, Blindness, Looked, tell_once, watch
from pilar.platform import part

if TYPE_CHECKING:
    from starlette.applications import Starlette

EVERY = "PILAR_ALERT_EVERY_SECONDS"
MOST_SECONDS = 600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Look and serve until SIGTERM or Ctrl-C; one line on standard error when it cannot begin."""
    parser = part.words("alerts", "Pilar's lookout")
    return part.run(parser, lambda told: serve(Settings.from_env(), told.host, told.port), arguments)


def serve(settings: Settings, host: str, port: int) -> None:
    """Look and serve until told to stop. Raises ConfigError for what is wrong in the environment."""
    lookout = Lookout(settings, _every_seconds(os.environ.get(EVERY, "")))
    lookout.start()
    try:
        uvicorn.run(lookout.app(), host=host, port=port, access_log=False, log_level="error")
    finally:
        lookout.stop()


def _every_seconds(said: str) -> float:
    try:
        seconds = float(said or EVERY_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MOST_SECONDS:
        raise ConfigError("how often is looked is no number of seconds", where=EVERY, do="Take it out: 60 is right")
    return seconds


class Lookout:
    """Looks in a thread of its own, so that a page is there whatever a look waits for."""

    def __init__(self, settings: Settings, every_seconds: float) -> None:
        self._settings = settings
        self._every_seconds = every_seconds
        self._ledger = Ledger(settings.ledger_url)
        self._to, self._quiet = addresses(), quiet_hours()
        self._blindness = Blindness.remembered(settings)
        self._last: Looked | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lookout", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; a look that is under way is not waited for long."""
        self._over.set()
        self._thread.join(timeout=5)

    def _watch(self) -> None:
        watch(self._look, every_seconds=self._every_seconds, go_on=lambda: not self._over.is_set())

    def _look(self) -> None:
        self._last = tell_once(self._ledger, self._settings, self._to, self._quiet, self._blindness)

    def _lately(self) -> Looked | None:
        """The last look; None where it is so old that it says nothing of now."""
        patience = timedelta(seconds=max(300.0, 5 * self._every_seconds))
        looked = self._last
        return looked if looked is not None and datetime.now(UTC) - looked.at < patience else None

    def app(self) -> "Starlette":
        """The operator's page."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import make_asgi_app
        from starlette.applications import Starlette
        from starlette.requests import Request
        from starlette.responses import HTMLResponse, JSONResponse, Response
        from starlette.routing import Mount, Route

        from pilar.alerts import page
        from pilar.alerts.gauges import Gauges

        async def people(_request: Request) -> Response:
            return HTMLResponse(page.html(self._lately()), headers={"cache-control": "no-store"})

        async def programs(_request: Request) -> Response:
            told = page.data(self._lately())
            return JSONResponse(told, 200 if told["well"] else 503, headers={"cache-control": "no-store"})

        async def health(_request: Request) -> Response:
            return JSONResponse({"status": "ok"})

        registry = CollectorRegistry()
        registry.register(Gauges(lambda: self._last))
        return Starlette(
            routes=[
                Route("/", people),
                Route("/status.json", programs),
                Route("/health", health),
                Mount("/metrics", make_asgi_app(registry)),
            ]
        )


if __name__ == "__main__":
    sys.exit(main())
