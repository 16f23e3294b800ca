"""A look at a source's files, without landing any."""

from connectors.protocols.files.base import Drop, FileProtocol
from connectors.source.protocol import protocol_of
from connectors.source.source import Source
from ledger.errors import ConfigError
from ledger.settings import Settings


def look(source: Source, settings: Settings, known: str) -> Drop:
    """What lies in the folder of a source of files; see ``FileProtocol.drop``. Raises SourceError and ConfigError."""
    from connectors.http.client import HttpClient

    link = settings.connection(source.connection)
    with HttpClient(link) as http:
        protocol = protocol_of(source, link, source.for_each, http)
        if not isinstance(protocol, FileProtocol):
            raise ConfigError("the source has no files to look at", where=f"source {source.id}", do="Take `drop` out")
        return protocol.drop(known)
