"""Where files lie: one small interface, one module a transport."""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from connectors.http.client import HttpClient
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

MAX_ENTRIES = 100_000
"""Files a folder may list."""

_UNSAFE_NAME = re.compile(r"[/\\\x00-\x1f\x7f]|\A\.{0,2}\Z")
_CLASSES = {
    "file": "connectors.protocols.files.local:LocalFolder",
    "ftp": "connectors.protocols.files.ftp:FtpFolder",
    "ftps": "connectors.protocols.files.ftp:FtpFolder",
    "http": "connectors.protocols.files.web:WebFolder",
    "https": "connectors.protocols.files.web:WebFolder",
    "s3": "connectors.protocols.files.s3:S3Folder",
    "sftp": "connectors.protocols.files.sftp:SftpFolder",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file in the folder.

    ``size`` is None where nobody tells it. ``changed`` is its modification time in seconds since 1970, 0 where unknown;
    ``tag`` is what the server calls this version of it (ETag, Last-Modified), where it does.
    """

    name: str
    size: int | None
    changed: float = 0
    tag: str = ""


class Transport(Protocol):
    """An open way to one folder. ``address`` names it in messages, without secrets."""

    address: str

    def files(self) -> Sequence[Found]:
        """Regular files in the folder, not below it. Raises SourceError."""

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file. Raises SourceError: damaged beyond ``limit`` bytes, retryable when it changed meanwhile."""


Opener = Callable[..., AbstractContextManager[Transport]]
_UNLISTED = {"http", "https"}


def open_transport(
    connection: Connection,
    folder: str,
    http: HttpClient,
    names: Sequence[str] = (),
    query: Mapping[str, str] | None = None,
) -> AbstractContextManager[Transport]:
    """The way to a folder below the connection's URL, by its scheme.

    ``names`` are the files to look for where a folder cannot be listed, ``query`` the parameters of their addresses.
    Raises ConfigError for other schemes and for folders that climb.
    """
    if any(part == ".." for part in folder.split("/")) or folder.startswith("/"):
        raise ConfigError("a folder may not climb", where="args.folder", do="Name it below the connection's URL")
    scheme = urlsplit(connection.url).scheme
    target = _CLASSES.get(scheme)
    if target is None:
        raise ConfigError(
            f"files cannot be fetched over {scheme[:20]!r}",
            where="the connection's URL",
            do=f"It starts with one of: {', '.join(f'{known}:' for known in _CLASSES)}",
        )
    module, _, attribute = target.partition(":")
    opener: Opener = getattr(importlib.import_module(module), attribute)
    if scheme in _UNLISTED:
        return opener(connection, folder, http, names, query or {})
    if query:
        raise ConfigError("only files over HTTP have a query", where="args.query", do="Take it out")
    return opener(connection, folder, http)


def unsafe_name(name: str) -> bool:
    """Whether a name is none of a file in the folder: it leads elsewhere, or holds control characters."""
    return _UNSAFE_NAME.search(name) is not None


def whole_file(body: bytes, before: Found, after: Found, limit: int, where: str) -> bytes:
    """The bytes, proved to be those of a file at rest and within bounds.

    Raises SourceError: damaged beyond ``limit`` bytes, retryable when the file changed while it was read.
    """
    if len(body) > limit:
        raise SourceError("damaged", f"the file is larger than {limit} bytes", where=where)
    if before != after or after.size not in (None, len(body)):
        raise SourceError(
            "retryable", "the file changed while it was read", where=where, do="Pull again when its upload is complete"
        )
    return body
