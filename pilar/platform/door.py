"""The door as a process: ``python -m pilar.platform.door PORT``.

Reads Pilar's settings from the environment, and Airflow's address and login from PILAR_AIRFLOW_URL, PILAR_AIRFLOW_USER
and PILAR_AIRFLOW_PASSWORD (no user: an Airflow on this machine that asks for none). With ``--with-parent`` it ends when
its standard input does, as a supervised process should.
"""

import os
import sys
from collections.abc import Sequence

import uvicorn

from events.airflow_client import AirflowClient
from events.connections import LARGEST_HEAD, patient
from events.dispatch import Dispatcher
from events.door import create_app
from ledger.errors import ConfigError
from ledger.patience import Patience
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform import part
from pilar.platform.metrics import measured
from pilar.platform.senders import senders


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; one line on standard error when it cannot begin."""
    parser = part.words("door", "Pilar's door for events")
    return part.run(parser, lambda told: serve(Settings.from_env(), told.host, told.port), arguments)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop. Raises ConfigError for what is missing in the environment or the sources."""
    airflow_url = os.environ.get("PILAR_AIRFLOW_URL")
    if not airflow_url:
        raise ConfigError("the door does not know where Airflow is", where="PILAR_AIRFLOW_URL", do="Set it to its URL")
    ledger = Ledger(settings.ledger_url)
    allowed = senders(settings.sources_dir)
    with AirflowClient(
        airflow_url,
        username=os.environ.get("PILAR_AIRFLOW_USER", ""),
        password=os.environ.get("PILAR_AIRFLOW_PASSWORD", ""),
    ) as airflow:
        app = create_app(settings, ledger, Dispatcher(ledger, airflow, allowed.opd_of), allowed)
        uvicorn.run(
            measured(app, "door", os.environ),
            host=host,
            port=port,
            access_log=False,
            # A line for each request that is none would let anybody fill the disk.
            log_level="error",
            http=patient(Patience()),
            h11_max_incomplete_event_size=LARGEST_HEAD,
            # Behind what connections may owe: as many requests are worked on at once.
            limit_concurrency=200,
            timeout_graceful_shutdown=5,
        )


if __name__ == "__main__":
    sys.exit(main())
