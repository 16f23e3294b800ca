"""Drops: folders (SFTP, S3 prefixes, ...) whose new files announce their source, once a content.

A file may still be on its way. What lies there is complete when two looks find the same names, sizes, times and bytes,
or when a manifest beside each file says so. What a look found is remembered until the process ends. That costs two more
looks at the next start: the ledger knows the event by its content.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from connectors.pull.drop import look
from connectors.source.for_each import for_regions
from connectors.source.source import Source
from ledger.errors import ConfigError, LedgerError, SourceError
from ledger.records import EventIn
from ledger.settings import Settings
from ledger.store import Ledger

log = structlog.get_logger()

EVENT_TYPE = "id.go.pilar.files.complete"


@dataclass(frozen=True)
class Seen:
    """What the last look at a source found, and of which listing the ledger was told."""

    listing: str = ""
    content: str = ""
    told: str = ""


class Drops:
    """Looks at the files of sources, as often as it is asked to."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._seen: dict[str, Seen] = {}

    def look(self, sources: Iterable[Source]) -> None:
        """Look once at every source that its files announce. One that cannot be looked at stops no other."""
        for source in sources:
            if source.events.drop:
                try:
                    self.look_at(for_regions(source, self._settings))
                except (SourceError, ConfigError, LedgerError) as error:
                    if not isinstance(error, SourceError) or error.kind != "empty":
                        log.warning("drop not looked at", source=source.id, error=str(error))

    def look_at(self, source: Source) -> bool:
        """Look once at one source. Returns whether the ledger has a new event by it.

        Raises SourceError, ConfigError and LedgerError.
        """
        before = self._seen.get(source.id, Seen())
        found = look(source, self._settings, before.told)
        if found.listing == before.told:
            return False
        complete = found.declared or (found.listing, found.content) == (before.listing, before.content)
        new = False
        if complete:
            event = EventIn(f"drop:{source.id}", found.content, EVENT_TYPE, source.id, by_content=True)
            event_id, new = self._ledger.record_event(event)
            log.info("files complete", source=source.id, event_id=event_id, new=new)
        self._seen[source.id] = Seen(found.listing, found.content, found.listing if complete else before.told)
        return new
