"""Pulling one source: what the command line, the DAGs and the tests call.

A pull may bring several coverages (years, months); each becomes a batch of its own. Nothing counts before its receipt:
a pull that dies leaves batches that stay ``running``, which no reader looks at, and files that the sweep removes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from connectors.outcome import BatchOutcome, PullOutcome
from connectors.protocols.base import Page
from connectors.run import Run
from connectors.source_protocol import protocol_of
from connectors.spec import Source
from ledger.errors import PilarError, SourceError
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger

__all__ = ["BatchOutcome", "PullOutcome", "pull", "pull_pages"]


def pull(
    source: Source,
    ledger: Ledger,
    settings: Settings,
    *,
    event_id: str | None = None,
    connection: Connection | None = None,
    full: bool = False,
) -> PullOutcome:
    """Pull one source. Two pulls of one source never run at once: the second waits.

    ``full``: ask an incremental source for everything again; other sources always give everything.
    Raises SourceError or ConfigError after the ledger has recorded the failure.
    """
    with _run(source, ledger, settings, event_id) as run:
        from connectors.http.client import HttpClient

        link = connection if connection is not None else settings.connection(source.connection)
        asked = run.ask(full=full, synthetic=link.synthetic)
        with HttpClient(link) as http:
            protocol = protocol_of(source, link, asked.contexts(source.for_each), http)
            return run.take(protocol.pages())


def pull_pages(
    source: Source,
    pages: Iterable[Page],
    ledger: Ledger,
    settings: Settings,
    *,
    synthetic: bool = False,
    event_id: str | None = None,
    full: bool = False,
) -> PullOutcome:
    """As ``pull``, with pages that are at hand already."""
    with _run(source, ledger, settings, event_id) as run:
        run.ask(full=full, synthetic=synthetic)
        return run.take(pages)


@contextmanager
def _run(source: Source, ledger: Ledger, settings: Settings, event_id: str | None) -> Iterator[Run]:
    """A run under the source's lock; what goes wrong in it is in the ledger before it is raised."""
    with (
        ledger.deciding(source.id),
        recorded(Run(source, ledger, settings, Keys.load(settings.key_dir), event_id), source) as run,
    ):
        yield run


@contextmanager
def recorded(run: Run, source: Source) -> Iterator[Run]:
    """Start a run; whatever goes wrong in it is in the ledger before it is raised."""
    run.start()
    try:
        yield run
    except PilarError as error:
        if isinstance(error, SourceError):
            answer, error.answer = error.answer, None  # from here on it is on the disk alone, encrypted
            run.fail(error.kind, str(error), answer, error.retry_after)
        else:
            run.fail("permanent", str(error))
        raise
    except Exception as error:
        # The text of an error of our own making may hold a record; its type never does.
        run.fail("permanent", f"internal error {type(error).__name__} [{source.id}]. See the task's log")
        raise
