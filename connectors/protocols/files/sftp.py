"""A folder on an agency's SFTP server, whose host key is known beforehand."""

import asyncio
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import asyncssh

from connectors.http.client import HttpClient
from connectors.http.failures import DO
from connectors.http.redact import quote
from connectors.protocols.files.loop_thread import LoopThread
from connectors.protocols.files.transport import MAX_ENTRIES, Found, whole_file
from connectors.protocols.patience import patiently
from ledger.errors import ConfigError, SourceError, SourceErrorKind
from ledger.settings import Connection

T = TypeVar("T")
_CHUNK = 256 * 1024
_READABLE = {asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN}  # some servers do not tell


class SftpFolder:
    """One SFTP session on one folder.

    The connection's extra holds ``host_key`` (the server's public key, "ssh-ed25519 AAAA...": without it nobody could
    tell the server from another), and optionally ``private_key`` (OpenSSH or PEM text) with ``private_key_passphrase``
    in place of a password. Each step is bounded by the client's limits.
    """

    def __init__(self, connection: Connection, folder: str, http: HttpClient) -> None:
        parts = urlsplit(connection.url)
        if not parts.hostname:
            raise ConfigError("an sftp: URL names a host", where="the connection's URL")
        self._connection, self._http = connection, http
        self._host, self._port = parts.hostname, parts.port or 22
        base = unquote(parts.path) or "/"
        self._folder = base if folder in {"", "."} else f"{base.rstrip('/')}/{folder}"
        self.address = f"sftp://{self._host}:{self._port}{self._folder.rstrip('/')}"
        self._host_key = _host_key(connection)

    def __enter__(self) -> "SftpFolder":
        self._loop = LoopThread()
        try:
            self._ssh, self._sftp = patiently(self._http.limits, lambda: self._run(self._open(), self.address))
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call(self._ssh.abort)
        self._loop.close()

    def files(self) -> Sequence[Found]:
        """Regular files in the folder. Raises SourceError."""
        return self._run(self._files(), self.address)

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file. Raises SourceError."""
        where = f"{self.address}/{found.name}"
        body, after = self._run(self._read(found, limit), where)
        return whole_file(body, found, after, limit, where)

    async def _open(self) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        sock = await asyncio.to_thread(self._http.dialer.dial, self._host, self._port, self._http.limits.connect_s)
        sock.setblocking(False)
        try:
            ssh = await asyncssh.connect(
                sock=sock,
                host=self._host,
                config=None,
                known_hosts=([self._host_key], [], []),
                username=self._connection.login,
                password=self._connection.password or None,
                client_keys=_client_keys(self._connection),
                agent_path=None,
                gss_host=None,
                x509_trusted_certs=None,
                login_timeout=self._http.limits.read_s,
                keepalive_interval=self._http.limits.read_s / 2,
            )
        except BaseException:
            sock.close()
            raise
        return ssh, await ssh.start_sftp_client()

    async def _files(self) -> list[Found]:
        found: list[Found] = []
        async for entry in self._sftp.scandir(self._folder):
            if len(found) > MAX_ENTRIES:
                raise SourceError("damaged", f"the folder holds more than {MAX_ENTRIES} files", where=self.address)
            name = str(entry.filename)
            if entry.attrs.type in _READABLE and "/" not in name:
                found.append(_found(name, entry.attrs))
        return found

    async def _read(self, found: Found, limit: int) -> tuple[bytes, Found]:
        pieces: list[bytes] = []
        size = 0
        async with self._sftp.open(f"{self._folder.rstrip('/')}/{found.name}", "rb") as file:
            while size <= limit and (piece := await file.read(_CHUNK)):
                pieces.append(piece if isinstance(piece, bytes) else piece.encode())
                size += len(piece)
            after = await file.stat()
        return b"".join(pieces), _found(found.name, after)

    def _run(self, work: Coroutine[Any, Any, T], where: str) -> T:
        try:
            return self._loop.run(asyncio.wait_for(work, self._http.limits.total_s))
        except TimeoutError:
            raise _error("retryable", f"nothing complete within {self._http.limits.total_s:g} s", where) from None
        except asyncssh.KeyImportError:
            raise ConfigError("the private key cannot be read", where="connection extra.private_key") from None
        except (asyncssh.Error, OSError) as error:
            kind, words = classify_ssh(error)
            raise _error(kind, self._http.redactor.text(words), where) from None


def classify_ssh(error: Exception) -> tuple[SourceErrorKind, str]:
    """The kind of an SSH or SFTP failure, and words for it."""
    words = quote(getattr(error, "reason", "") or str(error))
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "auth", "the server's host key is not the known one"
    if isinstance(error, asyncssh.PermissionDenied):
        return "auth", f"login refused: {words}"
    if isinstance(error, asyncssh.SFTPPermissionDenied):
        return "auth", f"no permission: {words}"
    if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
        return "permanent", f"no such file or folder: {words}"
    return "retryable", f"the connection failed: {words or type(error).__name__}"


def _found(name: str, attributes: asyncssh.SFTPAttrs) -> Found:
    return Found(name, attributes.size or 0, float(attributes.mtime or 0))


def _error(kind: SourceErrorKind, what: str, where: str) -> SourceError:
    return SourceError(kind, what, where=where, do=DO[kind])


def _host_key(connection: Connection) -> asyncssh.SSHKey:
    line = connection.extra.get("host_key")
    if not isinstance(line, str) or not line.strip():
        raise ConfigError(
            "the connection does not say which host key the server has",
            where="connection extra.host_key",
            do='Ask the agency for it, or take it with ssh-keyscan and let the agency confirm: "ssh-ed25519 AAAA..."',
        )
    try:
        return asyncssh.import_public_key(line.strip())
    except asyncssh.KeyImportError:
        raise ConfigError("the host key cannot be read", where="connection extra.host_key") from None


def _client_keys(connection: Connection) -> list[asyncssh.SSHKey] | None:
    text = connection.extra.get("private_key")
    if not isinstance(text, str) or not text:
        return None
    passphrase = connection.extra.get("private_key_passphrase")
    return [asyncssh.import_private_key(text, passphrase if isinstance(passphrase, str) else None)]
