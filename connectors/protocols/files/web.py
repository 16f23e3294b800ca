"""Files on a web server: those that are declared, or those that the folder's own index page links to.

Apache's and nginx's autoindex, Python's http.server and their like write an HTML page of links; no standard says how.
So only links count that lead to a file of this very folder, and a page that does not end is damage.
"""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from urllib.parse import quote as percent_encode
from urllib.parse import unquote, urljoin, urlsplit

from connectors.http.client import Answer, HttpClient, Request
from connectors.http.verdict import Verdict, by_status, html_verdict, media_type
from connectors.protocols.files.transport import MAX_ENTRIES, Found, unsafe_name, whole_file
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

_WORKBOOK = ("excel", "spreadsheet")
_MISSING = {404, 410}
_NO_HEAD = {405, 501}
_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE)
_PASSWORD = re.compile(rb"<input\b[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_END = re.compile(rb"</html>\s*\Z", re.IGNORECASE)


class WebFolder:
    """Files below the connection's URL, declared or listed, through the project's HTTP client and its rules.

    ``login`` and ``password``, where the connection has them, are sent as Basic authentication. ``query`` belongs to
    the address of every declared file.
    """

    def __init__(
        self, connection: Connection, folder: str, http: HttpClient, names: Sequence[str], query: Mapping[str, str]
    ) -> None:
        if unsafe := next(filter(unsafe_name, names), None):
            raise ConfigError(f"{unsafe[:60]!r} is no name of a file in the folder", where="args.names")
        self._http, self._names, self._query = http, names, query
        self._base = http.url("" if folder in {"", "."} else percent_encode(folder)).rstrip("/")
        self._credentials = _basic(connection)
        self.address = http.redactor.url(self._base)

    def __enter__(self) -> "WebFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The client is closed by whoever made it."""

    def files(self) -> Sequence[Found]:
        """The declared files that are there; without any, those that the index page lists. Raises SourceError."""
        if not self._names:
            return self._listed()
        answers = [(name, self._ask("HEAD", name)) for name in self._names]
        return [_found(name, answer) for name, answer in answers if answer.status not in _MISSING]

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file; it is asked for once more afterwards whether it is still the same. Raises SourceError."""
        where = f"{self.address}/{found.name}"
        answer = self._ask("GET", found.name)
        if answer.status in _MISSING:
            raise SourceError("retryable", "the file is gone since it was listed", where=where)
        before = replace(_found(found.name, answer), size=len(answer.body))
        told = _found(found.name, self._ask("HEAD", found.name))
        # What the server does not tell about the file now cannot be compared; the answer's own length was checked.
        after = Found(found.name, before.size if told.size is None else told.size, tag=told.tag or before.tag)
        return whole_file(answer.body, before, after, limit, where)

    def _listed(self) -> list[Found]:
        request = Request(f"{self._base}/", credentials=self._credentials)
        answer = self._http.fetch(request, classify_index)
        names = index_names(answer.body.decode("utf-8", "replace"), f"{self._base}/")
        if len(names) > MAX_ENTRIES:
            raise SourceError("damaged", f"the folder holds more than {MAX_ENTRIES} files", where=self.address)
        return [Found(name, None) for name in names]

    def _ask(self, method: str, name: str) -> Answer:
        request = Request(
            f"{self._base}/{percent_encode(name, safe='')}",
            method="HEAD" if method == "HEAD" else "GET",
            params=self._query,
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
    """A file as it is (ok), none (empty), or a page about it instead, which is damage or a login.

    What is sent as a workbook may be a table in HTML, as portals export it: who reads the file looks at it.
    """
    if status in _MISSING:
        return Verdict("empty", f"HTTP {status}")
    as_workbook = any(word in media_type(headers) for word in _WORKBOOK)
    page = None if as_workbook else html_verdict(headers, body)
    return by_status(status, body) or page or Verdict("ok")


def classify_index(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """A whole page of HTML (ok); a login page is no index, and neither is anything that is no page or does not end."""
    failed = by_status(status, body)
    if failed is not None:
        return failed
    if html_verdict(headers, body) is None:
        return Verdict("damaged", "something else came instead of the folder's index page; declare the files' `names`")
    if _PASSWORD.search(body):  # words will not do: a folder may be called login, or masuk
        return Verdict("auth", "a login page came instead of the folder's index page")
    if not _END.search(body[-1000:]):
        return Verdict("damaged", "the folder's index page does not end")
    return Verdict("ok")


def index_names(page: str, address: str) -> list[str]:
    """Names of the files of the folder at ``address`` that its index page links to, each once, in the page's order.

    Links to other hosts and folders, to folders below, and those that sort the page are none.
    """
    here = urlsplit(address)
    links = (urlsplit(_resolved(address, html.unescape(first or second))) for first, second in _LINK.findall(page))
    names = (
        unquote(link.path.removeprefix(here.path))
        for link in links
        if (link.scheme, link.netloc, link.query) == (here.scheme, here.netloc, "")
        and link.path.startswith(here.path)
        and not link.path.endswith("/")
    )
    return [name for name in dict.fromkeys(names) if not unsafe_name(name)]


def _resolved(address: str, link: str) -> str:
    try:
        return urljoin(address, link.strip())
    except ValueError:  # http://[
        return ""


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
