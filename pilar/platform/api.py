"""The interface for machines as a process: ``python -m pilar.platform.api PORT``.

Reads Pilar's settings from the environment. PILAR_API_PROXY is the address of the proxy before it, PILAR_API_RATE how
many requests an address without a key has in a minute, and PILAR_OIDC_* name an identity provider for people.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.answers import Quick

from ledger.errors import ConfigError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform import part
from pilar.platform.metrics import measured

RATE = 600


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; one line on standard error when it cannot begin."""
    parser = part.words("api", "Pilar's interface for machines")
    return part.run(parser, lambda told: serve(Settings.from_env(), told.host, told.port), arguments)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop. Raises ConfigError for what is wrong in the environment or the sources."""
    from api import server

    app, quick = made(settings, os.environ)
    server.serve(measured(app, "api", os.environ), quick, host, port, proxy=os.environ.get("PILAR_API_PROXY", ""))


def made(settings: Settings, env: Mapping[str, str]) -> "tuple[FastAPI, Quick]":
    """The application of an installation, and what needs none. Raises ConfigError."""
    from api.answers import AnswerCache
    from api.app import create_app
    from api.audit import Audit
    from api.front import Desk
    from api.identity import Bearers
    from api.keys import Keyring
    from api.library import Library
    from api.people import people_from
    from api.rates import Rates
    from pilar.platform.file_check import checker

    ledger = Ledger(settings.ledger_url)
    desk = Desk(
        library=Library(settings.published_dir),
        identity=Bearers(Keyring(ledger.api_key), people_from(env)),
        rates=Rates(),
        audit=Audit(ledger.record_api_use),
        cache=AnswerCache(),
        public_per_minute=_rate(env.get("PILAR_API_RATE", "")),
    )
    return create_app(desk, checker(settings)), desk.quick


def _rate(text: str) -> int:
    if not text:
        return RATE
    if not text.isdecimal() or not int(text):
        raise ConfigError("the rate is no number above 0", where="PILAR_API_RATE", do="Set it to requests a minute")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
