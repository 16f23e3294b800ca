"""Files in a bucket of an S3-compatible store (MinIO, Ceph, cloud stores), through the project's HTTP client.

Path-style addresses, ListObjectsV2 and GetObject as the Amazon S3 API reference has them: every store knows these.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from urllib.parse import quote as percent_encode
from urllib.parse import unquote, urlencode, urlsplit
from xml.etree import ElementTree

from connectors.http.client import Answer, Classify, HttpClient, Request
from connectors.http.redact import quote
from connectors.http.sigv4 import signed
from connectors.http.verdict import Verdict, by_status, html_verdict
from connectors.protocols.files.transport import MAX_ENTRIES, Found, whole_file
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

_AUTH = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AccountProblem"}
_LATER = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted"}
_CLOCK = {"RequestTimeTooSkewed"}


class S3Folder:
    """Objects of a bucket under one prefix: the connection's URL is ``s3://bucket/prefix``.

    The extra holds ``endpoint`` (the store's URL) and ``region`` [us-east-1]; ``login`` and ``password`` are the access
    key and its secret. The rules for the endpoint are those of every HTTP source.
    """

    def __init__(self, connection: Connection, folder: str, http: HttpClient) -> None:
        parts, endpoint = urlsplit(connection.url), str(connection.extra.get("endpoint") or "")
        if not parts.netloc or urlsplit(endpoint).scheme not in {"http", "https"}:
            raise ConfigError(
                "the connection does not say which bucket of which store",
                where="the connection's URL and extra.endpoint",
                do='The URL is s3://bucket/prefix, the endpoint like "https://s3.example.go.id"',
            )
        below = "/".join(part.strip("/") for part in (unquote(parts.path), "" if folder == "." else folder))
        self._prefix = f"{below.strip('/')}/" if below.strip("/") else ""
        self._bucket = f"{endpoint.rstrip('/')}/{percent_encode(parts.netloc, safe='')}"
        self._region = str(connection.extra.get("region") or "us-east-1")
        self._connection = connection
        self._http = HttpClient(connection.model_copy(update={"url": endpoint}), http.limits, dialer=http.dialer)
        self.address = f"s3://{parts.netloc}/{self._prefix}".rstrip("/")

    def __enter__(self) -> "S3Folder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def files(self) -> Sequence[Found]:
        """Objects directly under the prefix. Raises SourceError."""
        found: list[Found] = []
        following, seen = "", set[str]()
        while True:
            query = {"delimiter": "/", "list-type": "2", "max-keys": "1000", "prefix": self._prefix}
            if following:
                query["continuation-token"] = following
            answer = self._ask(f"{self._bucket}?{urlencode(sorted(query.items()), quote_via=percent_encode)}", classify)
            page = _parsed(answer.body, answer.request)
            found += self._objects(page, answer.request)
            following = _text(page, "NextContinuationToken")
            if _text(page, "IsTruncated") != "true":
                return found
            if not following or following in seen or len(found) > MAX_ENTRIES:
                raise SourceError("damaged", "the store's listing has no end", where=answer.request)
            seen.add(following)

    def read(self, found: Found, limit: int) -> bytes:
        """The whole object, of the version that was listed. Raises SourceError."""
        where = f"{self.address}/{found.name}"
        answer = self._ask(f"{self._bucket}/{percent_encode(self._prefix + found.name, safe='/')}", classify_object)
        after = Found(found.name, len(answer.body), found.changed, answer.headers.get("ETag", ""))
        return whole_file(answer.body, found, after, limit, where)

    def _objects(self, page: ElementTree.Element, request: str) -> list[Found]:
        listed = []
        for entry in page.iterfind("{*}Contents"):
            name = _text(entry, "Key").removeprefix(self._prefix)
            if not name or "/" in name:  # the prefix itself, which some tools make an object
                continue
            try:
                changed = datetime.fromisoformat(_text(entry, "LastModified")).timestamp()
                listed.append(Found(name, int(_text(entry, "Size")), changed, _text(entry, "ETag")))
            except ValueError:
                raise SourceError("damaged", "the store's listing has no size or time", where=request) from None
        return listed

    def _ask(self, url: str, how: Classify) -> Answer:
        proof = signed(url, self._connection, self._region)
        headers = {"Accept-Encoding": "identity"}
        return self._http.fetch(Request(url, headers=headers, credentials=proof), how)


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """A listing, or the store's own error code, which says more than the status."""
    code = _error_code(body) if status >= 300 else ""
    if code in _AUTH:
        return Verdict("auth", f"HTTP {status}: {code}")
    if code in _CLOCK:
        return Verdict("permanent", f"HTTP {status}: {code}: this machine's clock or the store's is wrong")
    if code in _LATER:
        return Verdict("retryable", f"HTTP {status}: {code}")
    return by_status(status, code.encode() or body) or html_verdict(headers, body) or Verdict("ok")


def classify_object(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """An object; one that is gone since it was listed may be there again with the next listing."""
    return (
        Verdict("retryable", "HTTP 404: gone since it was listed") if status == 404 else classify(status, headers, body)
    )


def _error_code(body: bytes) -> str:
    try:
        return quote(_text(_parsed(body[:65536], ""), "Code"), 60)
    except SourceError:
        return ""


def _parsed(body: bytes, where: str) -> ElementTree.Element:
    if b"<!" in body:  # no document type, and so no entities
        raise SourceError("damaged", "the store's answer has a document type", where=where)
    try:
        return ElementTree.fromstring(body)  # noqa: S314 (without a document type nothing expands)
    except ElementTree.ParseError:
        raise SourceError("damaged", "the store's answer is not XML", where=where) from None


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or element.findtext(name) or ""
