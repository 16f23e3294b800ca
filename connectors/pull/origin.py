"""Where the pages of a run come from: an agency's system, or pages that are at hand already."""

from collections.abc import Generator
from functools import cached_property
from typing import Protocol

from connectors.protocols.base import Page
from connectors.pull.page_store import PageStore, note_of
from connectors.source.plan import SNAPSHOT, Plan, plan_of
from connectors.source.protocol import protocol_of
from connectors.source.source import Source
from ledger.settings import Connection, Settings
from ledger.store import Ledger


class Origin(Protocol):
    """What a run must know of where its pages come from. Everything else is the same for all of them."""

    @property
    def synthetic(self) -> bool:
        """Whether a simulator made the records."""

    @property
    def event_id(self) -> str | None:
        """The event that the run answers."""

    def plan(self, ledger: Ledger, contract_sha256: str) -> Plan:
        """What is asked for. Called once, before the first page."""

    def pages(self, plan: Plan) -> Generator[Page]:
        """The pages, one after the other. Raises SourceError and ConfigError."""

    def keep(self, store: PageStore, page: Page) -> None:
        """Put a page's file into a batch's folder."""

    def replaces(self, coverage: str | None) -> str | None:
        """The batch whose kept pages are landed again; None for pages that are new."""


class Fetched:
    """Pages that are fetched now, over a connection (default: the source's own).

    ``full``: an incremental source is asked for everything again.
    """

    def __init__(
        self, source: Source, settings: Settings, event_id: str | None, *, full: bool, connection: Connection | None
    ) -> None:
        self.event_id = event_id
        self._source = source
        self._settings = settings
        self._full = full
        self._given = connection

    @cached_property
    def _link(self) -> Connection:
        return self._given if self._given is not None else self._settings.connection(self._source.connection)

    @property
    def synthetic(self) -> bool:
        """Whether a simulator answers."""
        return self._link.synthetic

    def plan(self, ledger: Ledger, contract_sha256: str) -> Plan:
        """Everything the first time and with ``full``, else what is new."""
        if self._source.incremental is None:
            return SNAPSHOT
        mark = None if self._full else _mark(self._source, ledger, contract_sha256, self.synthetic)
        return plan_of(self._source, mark, ledger.now())

    def pages(self, plan: Plan) -> Generator[Page]:
        """The answers of the agency's system."""
        from connectors.http.client import HttpClient

        with HttpClient(self._link) as http:
            yield from protocol_of(self._source, self._link, plan.contexts(self._source.for_each), http).pages()

    def keep(self, store: PageStore, page: Page) -> None:
        """Write a page, encrypted."""
        store.write(page.seq, page.body, note_of(page))

    def replaces(self, coverage: str | None) -> None:
        """New pages replace no batch's."""


def _mark(source: Source, ledger: Ledger, contract_sha256: str, synthetic: bool) -> str | None:
    """The highest cursor that was read for good.

    What a simulator gave is no beginning for what the real system adds.
    """
    others = [batch.pull_id for batch in ledger.in_force(source.id) if batch.synthetic != synthetic]
    return ledger.read_up_to(source.id, contract_sha256, synthetic, after=max(others, default=""))
