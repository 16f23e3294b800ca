"""The interface as a server of its own: uvicorn on uvloop and httptools, with an end to its patience."""

import uvicorn
from starlette.types import ASGIApp

from api.answers import Quick
from api.connections import patient
from ledger.patience import Patience

# A file that is checked is larger than an event: it may take longer to come.
PATIENCE = Patience(request_seconds=60.0, per_address=100, at_once=400)


def serve(app: ASGIApp, quick: Quick, host: str, port: int, *, proxy: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C. ``quick`` is what needs no application.

    ``proxy`` is the address of a proxy before it: what that one says of a client's address is believed, and nobody
    else's word.
    """
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=patient(PATIENCE, quick),
        access_log=False,
        # A line for each request that is none would let anybody fill the disk.
        log_level="error",
        server_header=False,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
        timeout_graceful_shutdown=5,
    )
