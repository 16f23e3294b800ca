"""Files on a web server, whose names are declared: a folder over HTTP has no listing that could be relied on."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from urllib.parse import quote as percent_encode

from connectors.http.client import Answer, HttpClient, Request
from connectors.http.verdict import Verdict, by_status, html_verdict
from connectors.protocols.files.transport import Found, unsafe_name, whole_file
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

_MISSING = {404, 410}
_NO_HEAD = {405, 501}


class WebFolder:
    """Declared files below the connection's URL, through the project's HTTP client and its rules.

    ``login`` and ``password``, where the connection has them, are sent as Basic authentication.
    """

    def __init__(self, connection: Connection, folder: str, http: HttpClient, names: Sequence[str]) -> None:
        if not names:
            raise ConfigError(
                "over HTTP the files' names are declared", where="args.names", do="Name them: realisasi_{tahun}.csv"
            )
        if unsafe := next(filter(unsafe_name, names), None):
            raise ConfigError(f"{unsafe[:60]!r} is no name of a file in the folder", where="args.names")
        self._http, self._names = http, names
        self._base = http.url("" if folder in {"", "."} else percent_encode(folder)).rstrip("/")
        self._credentials = _basic(connection)
        self.place = http.redactor.url(self._base)

    def __enter__(self) -> "WebFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The client is closed by whoever made it."""

    def files(self) -> Sequence[Found]:
        """The declared files that are there. Raises SourceError."""
        answers = [(name, self._ask("HEAD", name)) for name in self._names]
        return [_found(name, answer) for name, answer in answers if answer.status not in _MISSING]

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file; it is asked for once more afterwards whether it is still the same. Raises SourceError."""
        where = f"{self.place}/{found.name}"
        answer = self._ask("GET", found.name)
        if answer.status in _MISSING:
            raise SourceError("retryable", "the file is gone since it was listed", where=where)
        before = replace(_found(found.name, answer), size=len(answer.body))
        told = _found(found.name, self._ask("HEAD", found.name))
        # What the server does not tell about the file now cannot be compared; the answer's own length was checked.
        after = Found(found.name, before.size if told.size is None else told.size, tag=told.tag or before.tag)
        return whole_file(answer.body, before, after, limit, where)

    def _ask(self, method: str, name: str) -> Answer:
        request = Request(
            f"{self._base}/{percent_encode(name, safe='')}",
            method="HEAD" if method == "HEAD" else "GET",
            headers={"Accept-Encoding": "identity"},  # so that lengths are those of the file
            credentials=self._credentials,
        )
        return self._http.fetch(request, classify_head if method == "HEAD" else classify_file)


def classify_head(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """Whether a file is there (ok) or not (empty); a server that knows no HEAD says neither, which is ok too."""
    if status in _MISSING:
        return Verdict("empty", f"HTTP {status}")
    if status in _NO_HEAD:
        return Verdict("ok")
    return by_status(status, body) or html_verdict(headers, body) or Verdict("ok")


def classify_file(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """A file as it is (ok), none (empty), or a page about it instead, which is damage or a login."""
    if status in _MISSING:
        return Verdict("empty", f"HTTP {status}")
    return by_status(status, body) or html_verdict(headers, body) or Verdict("ok")


def _found(name: str, answer: Answer) -> Found:
    if answer.status in _NO_HEAD:
        return Found(name, None)
    length = answer.headers.get("Content-Length", "")
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    size = int(length) if length.isascii() and length.isdigit() and not packed else None
    return Found(name, size, tag=answer.headers.get("ETag", "") + answer.headers.get("Last-Modified", ""))


def _basic(connection: Connection) -> Mapping[str, str]:
    if not connection.login and not connection.password:
        return {}
    pair = base64.b64encode(f"{connection.login}:{connection.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
