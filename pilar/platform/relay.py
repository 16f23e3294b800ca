"""The relay as a process: ``python -m pilar.platform.relay``.

Reads Pilar's settings from the environment, and from PILAR_RELAY the names of the connections (PILAR_CONN_<NAME>) whose
queues it listens to. It also looks at the files of sources that these announce (``events.drop``). With
``--with-parent`` it ends when its standard input does, as a supervised process should.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence

import structlog

from events.queues.base import Inbox, read_inbox
from events.relay import listener, relay
from ledger.errors import ConfigError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform import part
from pilar.platform.senders import senders
from pilar.sources.catalogue import readable_sources
from pilar.sources.drops import Drops

log = structlog.get_logger()

QUEUES = "PILAR_RELAY"
# Between two looks at a folder: a file that did not change for so long is whole.
LOOK_SECONDS = 60.0
CLIENTS = ("aio_pika", "aiormq", "nats", "redis")


def main(arguments: Sequence[str] | None = None) -> int:
    """Listen until SIGTERM or Ctrl-C; one line on standard error when it cannot begin."""

    def listen(_told: argparse.Namespace) -> None:
        settings = Settings.from_env()
        serve(settings, inboxes(settings))

    return part.run(part.words("relay", "Events from queues", server=False), listen, arguments)


def inboxes(settings: Settings) -> Sequence[Inbox]:
    """The queues that the environment names.

    Raises ConfigError when one is not described, or when there is none and no source is announced by its files either.
    """
    names = queue_names()
    if not names and not has_drops(settings):
        raise ConfigError("there is nothing to listen to", where=QUEUES, do="Set it to names of connections")
    found = [read_inbox(name, settings.connection(name)) for name in names]
    for one in found:
        listener(one.scheme)
    return found


def queue_names() -> Sequence[str]:
    """The names of connections in PILAR_RELAY."""
    said = os.environ.get(QUEUES, "")
    return () if said.strip() == "none" else tuple(said.replace(",", " ").split())


def has_drops(settings: Settings) -> bool:
    """Whether any source is announced by its files."""
    return any(source.events.drop for source in readable_sources(settings.sources_dir).values())


def serve(settings: Settings, listened_to: Sequence[Inbox]) -> None:
    """Listen and look until told to stop. What was not acknowledged comes again."""
    for client in CLIENTS:
        # They tell of a lost connection with all their inner life; the relay says it in one line.
        logging.getLogger(client).setLevel(logging.CRITICAL + 1)
    asyncio.run(_until_told(settings, listened_to))


async def _until_told(settings: Settings, listened_to: Sequence[Inbox]) -> None:
    ledger = Ledger(settings.ledger_url)
    opd_of = senders(settings.sources_dir).opd_of
    work = asyncio.gather(relay(listened_to, ledger, opd_of), _look(Drops(ledger, settings), settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        return


async def _look(drops: Drops, settings: Settings) -> None:
    while True:
        try:
            await asyncio.to_thread(lambda: drops.look(readable_sources(settings.sources_dir).values()))
        except Exception:
            # Queues must outlive what a look at files did not foresee.
            log.exception("a look at files stumbled")
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
