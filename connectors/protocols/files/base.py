"""What every file format shares: choosing files, taking values from their names, one page a file."""

import hashlib
import json
import re
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import structlog
from pydantic import Field, field_validator, model_validator

from connectors.http.redact import quote
from connectors.http.urls import fill
from connectors.protocols.base import Noticed, Page, ProtocolArgs, ProtocolBase
from connectors.protocols.files.newest import Newest
from connectors.protocols.files.transport import Found, Transport, open_transport, unsafe_name
from connectors.protocols.records import NOTHING, dump_records
from ledger.errors import ConfigError, FailedAnswer, SourceError

log = structlog.get_logger()

MANIFEST = ".sha256"
_MOST_OF_A_MANIFEST = 10_000


class FileArgs(ProtocolArgs):
    """Arguments of every file format.

    ``pattern`` matches whole file names; its named groups become the context: ``eppgbm_(?P<kode_daerah>..)\\.xlsx``.
    ``names`` says which files to look for over HTTP where a folder has no index page: ``realisasi_{tahun}.csv``, once
    for each ``for_each`` entry; one that is not there is no error as long as another is. ``query`` are parameters of
    their addresses, for what a service makes on demand: ``pub?output=csv``. ``changed_as`` is the context's key for the
    day (UTC) on which a file was last changed; its value is empty where the folder does not tell.
    """

    folder: str = "."
    pattern: str
    names: list[str] = Field(default_factory=list)
    query: dict[str, str] = Field(default_factory=dict)
    newest: Newest | None = None
    changed_as: str | None = None
    max_files: int = Field(default=500, ge=1, le=10_000)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"pattern is not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _asked_by_name(self) -> Self:
        if self.query and not self.names:
            raise ValueError("a query goes with `names`: it is part of a declared file's address")
        return self

    def problems(self) -> Sequence[tuple[str, str]]:
        """Whether the newest files may be others than those whose names sort last. Raises ConfigError."""
        return self.newest.doubts(self.pattern) if self.newest is not None else ()


@dataclass(frozen=True)
class Content:
    """What a file holds: its records, and what is worth a word beside them."""

    rows: Sequence[Mapping[str, Any]]
    noticed: tuple[Noticed, ...] = ()


@dataclass(frozen=True)
class Drop:
    """What lies in a folder: digests of its files as they are listed (names, sizes, times), and of what is in them.

    ``content`` is empty where nobody looked into them. ``declared``: a manifest beside each of them says that it is
    whole.
    """

    listing: str
    content: str = ""
    declared: bool = False


FileArgsT = TypeVar("FileArgsT", bound=FileArgs)


class FileProtocol(ProtocolBase[FileArgsT]):
    """Reads every file of a folder whose name fits, in the order of their names.

    With ``for_each``, only files are read whose name agrees with an entry in the values they share.
    """

    @abstractmethod
    def content(self, body: bytes, context: Mapping[str, str], where: str) -> Content:
        """The records of one file. Raises SourceError (damaged) when it cannot be read."""

    def records(self, body: bytes, context: Mapping[str, str], where: str) -> list[Mapping[str, Any]]:
        """The records of one file alone. Raises as ``content`` does."""
        return list(self.content(body, context, where).rows)

    def dump(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Records as JSON text."""
        return dump_records(rows)

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """The records of a kept file."""
        return self.dump(self.content(body, context, request).rows)

    def pages(self) -> Iterator[Page]:
        """One page a file. Raises SourceError (empty when no file fits) and ConfigError."""
        asked = self._names(), self.args.query
        with open_transport(self.connection, self.args.folder, self.http, *asked) as transport:
            chosen = self._chosen(transport)
            for seq, (found, context) in enumerate(chosen):
                yield self._page(seq, found, context, transport)

    def _page(self, seq: int, found: Found, context: Mapping[str, str], transport: Transport) -> Page:
        started = time.monotonic()
        # A file may be named after a person.
        where = f"{transport.address}/{self.http.redactor.known(found.name)}"
        try:
            body = transport.read(found, self.http.limits.max_received)
        except SourceError as error:
            raise SourceError(error.kind, error.what, where=where, do=error.do, retry_after=error.retry_after) from None
        ms = round((time.monotonic() - started) * 1000)
        try:
            content = self.content(body, context, where)
        except SourceError as error:
            error.answer = FailedAnswer(f"GET {where}", 0, body, ms)
            raise
        log.info("file_read", request=where, bytes=len(body), ms=ms, rows=len(content.rows))
        records = self.dump(content.rows) if content.rows else NOTHING
        return Page(seq, body, records, "$", context, f"GET {where}", 0, ms, noticed=content.noticed)

    def drop(self, known: str) -> Drop:
        """The files that a pull would read now. They are looked into where their listing is not the known one.

        A manifest is ``<name>.sha256``, as sha256sum writes it. Raises SourceError (empty when no file fits) and
        ConfigError.
        """
        asked = self._names(), self.args.query
        with open_transport(self.connection, self.args.folder, self.http, *asked) as transport:
            chosen = [found for found, _ in self._chosen(transport)]
            told = json.dumps([[one.name, one.size, one.changed, one.tag] for one in chosen])
            listing = hashlib.sha256(told.encode()).hexdigest()
            if listing == known:
                return Drop(listing)
            manifests = {one.name: one for one in transport.files() if one.name.endswith(MANIFEST)}
            whole, content = True, hashlib.sha256()
            for found in chosen:
                digest = hashlib.sha256(transport.read(found, self.http.limits.max_received)).hexdigest()
                content.update(f"{digest} {found.name}\n".encode())
                manifest = manifests.get(found.name + MANIFEST)
                said = transport.read(manifest, _MOST_OF_A_MANIFEST) if manifest is not None else b""
                whole = whole and said[:64].lower() == digest.encode()
        return Drop(listing, content.hexdigest(), declared=whole)

    def context_of(self, name: str) -> Mapping[str, str]:
        """What a file's name says: nothing where the name was masked, or is none of this source's."""
        match = re.fullmatch(self.args.pattern, name)
        return (self._context(match.groupdict(""), name) or {}) if match is not None else {}

    def _names(self) -> list[str]:
        return list(dict.fromkeys(fill(name, context) for name in self.args.names for context in self.contexts))

    def _chosen(self, transport: Transport) -> list[tuple[Found, Mapping[str, str]]]:
        pattern = re.compile(self.args.pattern)
        listed = sorted(transport.files(), key=lambda found: found.name)
        matched = [
            (found, match.groupdict(""))
            for found in listed
            if (match := pattern.fullmatch(found.name)) and self._plain(found.name, transport.address)
        ]
        chosen: list[tuple[Found, Mapping[str, str]]] = [
            (found, {**context, **self._changed(found)})
            for found, groups in self._newest(matched, transport.address)
            if (context := self._context(groups, found.name)) is not None
        ]
        log.info("folder_listed", address=transport.address, files=len(listed), chosen=len(chosen))
        if not chosen:
            raise SourceError(
                "empty",
                f"no file fits {self.args.pattern} (files there: {len(listed)})",
                where=transport.address,
                do="Ask the agency whether the file was put there, under which name",
            )
        if len(chosen) > self.args.max_files:
            raise SourceError(
                "damaged", f"{len(chosen)} files fit, {self.args.max_files} are the most", where=transport.address
            )
        return chosen

    def _changed(self, found: Found) -> Mapping[str, str]:
        if self.args.changed_as is None:
            return {}
        day = datetime.fromtimestamp(found.changed, UTC).date().isoformat() if found.changed else ""
        return {self.args.changed_as: day}

    def _plain(self, name: str, address: str) -> str:
        """The name, if it is one line of text that looks as it is: it goes to the ledger, to logs and to people."""
        if name.isprintable():  # no controls, no bytes that are no UTF-8, nothing invisible or turned round
            if unsafe_name(name):
                raise SourceError("damaged", "a file's name leads out of the folder", where=address)
            return name
        shown = "".join(sign if sign.isprintable() else "?" for sign in name)
        raise SourceError(
            "damaged",
            f"the file name {quote(shown, 60)!r} holds characters that cannot be seen",
            where=address,
            do="Ask the agency to give the file a plain name",
        )

    def _newest(
        self, matched: Sequence[tuple[Found, dict[str, str]]], address: str
    ) -> Sequence[tuple[Found, dict[str, str]]]:
        newest = self.args.newest
        if newest is None:
            return matched
        newest.check(self.args.pattern)
        try:
            kept = newest.chosen([groups[newest.by] for _, groups in matched])
        except ValueError:
            raise SourceError(
                "damaged",
                f"what the group {newest.by!r} matches in the files' names {newest.unreadable}",
                where=address,
                do="Correct `newest.format` or the pattern, or ask the agency to name the files alike",
            ) from None
        return [(found, groups) for found, groups in matched if groups[newest.by] in kept]

    def _context(self, groups: Mapping[str, str], name: str) -> Mapping[str, str] | None:
        agreeing = [
            context for context in self.contexts if all(context[key] == groups[key] for key in context.keys() & groups)
        ]
        if len(agreeing) > 1:
            raise ConfigError(
                "a file belongs to several for_each entries",
                where=self.http.redactor.known(name),
                do="Let the pattern tell the entries apart",
            )
        return {**agreeing[0], **groups} if agreeing else None
