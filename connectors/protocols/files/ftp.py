"""A folder on an agency's FTP server: with explicit TLS (ftps:), or in clear where the connection says so (ftp:)."""

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from connectors.http.client import HttpClient
from connectors.http.deadline import Deadline, watch
from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.protocols.files.transport import MAX_ENTRIES, Found, whole_file
from connectors.protocols.patience import patiently
from ledger.errors import ConfigError, SourceError, SourceErrorKind
from ledger.settings import Connection

T = TypeVar("T")
_CHUNK = 256 * 1024


class _Client(ftplib.FTP):
    """A client that dials checked addresses only and stands under the current deadline.

    Data connections go to the address the session has, whatever a server's PASV answer says (the library's own rule).
    """

    http: HttpClient

    def connect(self, host: str = "", port: int = 0, *_args: Any, **_kwargs: Any) -> str:
        """Dial the first allowed address."""
        self.host, self.port = host, port
        self.timeout = self.http.limits.read_s
        self.sock = self.http.dialer.dial(host, port, self.http.limits.connect_s)
        self.sock.settimeout(self.timeout)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection."""
        data, size = super().ntransfercmd(cmd, rest)
        watch(data)
        return data, size


class _SecureClient(ftplib.FTP_TLS, _Client):
    """The same with TLS on both connections, and the same server proved on both."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection in the TLS session of the control connection.

        Many servers refuse any other: without it, whoever is quicker could take the data connection. The library starts
        a new session each time.
        """
        data, size = _Client.ntransfercmd(self, cmd, rest)
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        try:
            return self.context.wrap_socket(data, server_hostname=self.host, session=session), size
        except BaseException:
            data.close()
            raise


class FtpFolder:
    """One FTP session on one folder, passive mode, each step within the client's limits.

    ``ftps://`` is FTP with explicit TLS, whose certificate is verified (``extra.ca_bundle``); ``ftp://`` sends password
    and files in clear and needs ``extra.plain`` set to true.
    """

    def __init__(self, connection: Connection, folder: str, http: HttpClient) -> None:
        parts = urlsplit(connection.url)
        if not parts.hostname:
            raise ConfigError("an ftp: URL names a host", where="the connection's URL")
        self._secure = parts.scheme == "ftps"
        if not self._secure and connection.extra.get("plain") is not True:
            raise ConfigError(
                "plain FTP shows password and files to everybody on the way",
                where="the connection's URL",
                do='Use ftps:// (explicit TLS), or declare "plain": true in the connection\'s extra',
            )
        self._connection, self._http = connection, http
        self._host, self._port = parts.hostname, parts.port or 21
        base = unquote(parts.path) or "/"
        self._folder = base if folder in {"", "."} else f"{base.rstrip('/')}/{folder}"
        if any(sign in self._folder for sign in "\r\n\0"):
            raise ConfigError("the folder's name holds control characters", where="the connection's URL")
        self.address = f"{parts.scheme}://{self._host}:{self._port}{self._folder.rstrip('/')}"

    def __enter__(self) -> "FtpFolder":
        self._ftp = patiently(self._http.limits, lambda: self._bounded(self._open, self.address))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ftp.close()

    def files(self) -> Sequence[Found]:
        """Regular files in the folder (MLSD, RFC 3659). Raises SourceError."""
        return self._bounded(self._files, self.address)

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file. Raises SourceError."""
        where = f"{self.address}/{found.name}"
        body, after = self._bounded(lambda: self._read(found.name, limit), where)
        return whole_file(body, found, after, limit, where)

    def _open(self) -> ftplib.FTP:
        client = _SecureClient(context=self._context()) if self._secure else _Client()
        client.http = self._http
        try:
            client.connect(self._host, self._port)
            client.login(self._connection.login or "anonymous", self._connection.password)
            if isinstance(client, ftplib.FTP_TLS):
                client.prot_p()
            client.cwd(self._folder)
        except BaseException:
            client.close()
            raise
        return client

    def _files(self) -> list[Found]:
        found: list[Found] = []
        for name, facts in self._ftp.mlsd(facts=["type", "size", "modify"]):
            if facts.get("type", "").lower() == "file":
                found.append(_found(name, facts))
            if len(found) > MAX_ENTRIES:
                raise SourceError("damaged", f"the folder holds more than {MAX_ENTRIES} files", where=self.address)
        return found

    def _read(self, name: str, limit: int) -> tuple[bytes, Found]:
        pieces: list[bytes] = []
        size = 0
        self._ftp.voidcmd("TYPE I")  # a listing leaves the session in text mode, which rewrites line ends
        with self._ftp.transfercmd(f"RETR {name}") as data:
            while size <= limit and (piece := data.recv(_CHUNK)):
                pieces.append(piece)
                size += len(piece)
            whole = size <= limit
            if whole and isinstance(data, ssl.SSLSocket):
                with contextlib.suppress(OSError):  # the end was read; who closes first does not matter
                    data.unwrap()
        if not whole:
            raise SourceError("damaged", f"the file is larger than {limit} bytes", where=f"{self.address}/{name}")
        self._ftp.voidresp()
        facts = self._ftp.sendcmd(f"MLST {name}").splitlines()[1].strip().partition(" ")[0]
        return b"".join(pieces), _found(name, dict(_fact(fact) for fact in facts.rstrip(";").split(";")))

    def _context(self) -> ssl.SSLContext:
        bundle = self._connection.extra.get("ca_bundle")
        try:
            return ssl.create_default_context(cafile=str(bundle) if bundle else None)
        except OSError as error:
            raise ConfigError(
                f"the certificates cannot be read ({error.strerror or 'no PEM'})", where="connection extra.ca_bundle"
            ) from None

    def _bounded(self, step: Callable[[], T], where: str) -> T:
        seconds = self._http.limits.total_s
        with Deadline(seconds) as deadline:
            client = getattr(self, "_ftp", None)
            if client is not None and client.sock is not None:
                deadline.add(client.sock)
            try:
                return step()
            except (ftplib.Error, OSError, EOFError, ValueError, LookupError) as error:
                kind, words = classify_ftp(error)
                if deadline.expired:
                    kind, words = "retryable", f"nothing complete within {seconds:g} s"
                raise SourceError(
                    kind, self._http.redactor.known(self._http.redactor.text(words)), where=where, do=DO[kind]
                ) from None


def classify_ftp(error: Exception) -> tuple[SourceErrorKind, str]:
    """The kind of an FTP failure by its reply code (RFC 959, 4.2; RFC 2228), and words for it."""
    words = quote(str(error))
    if isinstance(error, ssl.SSLCertVerificationError):
        return "permanent", f"the server's identity could not be proved ({quote(error.verify_message, 100)})"
    if isinstance(error, ftplib.error_perm):
        if words.startswith(("530", "532", "534")):
            return "auth", f"login refused: {words}"
        return "permanent", f"the server refuses: {words}"
    if isinstance(error, ftplib.error_proto | ValueError | LookupError):
        return "damaged", "the server does not speak FTP as it should"
    return "retryable", f"the connection failed: {words or type(error).__name__}"


def _fact(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value


def _found(name: str, facts: dict[str, str]) -> Found:
    stamp = datetime.strptime(facts["modify"][:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return Found(name, int(facts["size"]), stamp.timestamp())
