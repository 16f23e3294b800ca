"""The relay as a process: ``python -m pilar.platform.relay``.

Reads Pilar's settings from the environment, and from PILAR_RELAY the names of the connections (PILAR_CONN_<NAME>) whose
queues it listens to. With ``--with-parent`` it ends when its standard input does, as a supervised process should.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Sequence

from events.queues.base import Inbox, read_inbox
from events.relay import listener, relay
from ledger.errors import ConfigError, PilarError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform import logs
from pilar.platform.processes import end_with_input
from pilar.platform.senders import senders

QUEUES = "PILAR_RELAY"
CLIENTS = ("aio_pika", "aiormq", "nats", "redis")


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen until SIGTERM or Ctrl-C; one line on standard error when it cannot begin."""
    parser = argparse.ArgumentParser(prog="python -m pilar.platform.relay", description="Events from queues")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args(arguments)
    logs.configure("INFO")
    if chosen.with_parent:
        threading.Thread(target=end_with_input, daemon=True).start()
    try:
        settings = Settings.from_env()
        serve(settings, inboxes(settings))
    except PilarError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def inboxes(settings: Settings) -> Sequence[Inbox]:
    """The queues that the environment names. Raises ConfigError when there is none, or one is not described."""
    names = queue_names()
    if not names:
        raise ConfigError(
            "no queue is named", where=QUEUES, do="Set it to the names of connections, with commas between"
        )
    found = [read_inbox(name, settings.connection(name)) for name in names]
    for one in found:
        listener(one.scheme)
    return found


def queue_names() -> Sequence[str]:
    """The names of connections in PILAR_RELAY."""
    said = os.environ.get(QUEUES, "")
    return () if said.strip() == "none" else tuple(said.replace(",", " ").split())


def serve(settings: Settings, listened_to: Sequence[Inbox]) -> None:
    """Listen until told to stop. What was not acknowledged comes again."""
    for client in CLIENTS:
        # They tell of a lost connection with all their inner life; the relay says it in one line.
        logging.getLogger(client).setLevel(logging.CRITICAL + 1)
    allowed = senders(settings.sources_dir)
    asyncio.run(_until_told(relay(listened_to, Ledger(settings.ledger_url), allowed.opd_of)))


async def _until_told(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    sys.exit(main())
