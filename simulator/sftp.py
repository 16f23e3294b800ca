"""A drop: an SFTP server with a password or a key, read only, shut into one folder."""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import asyncssh

from simulator.faults import SFTP, SFTP_LINE, Fault, Faults

_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC
_DRIP_BYTES = 64


@dataclass(frozen=True)
class Drop:
    """Who may log in, and which folder is shown to him while a fault is on.

    ``public_key`` (one line as in authorized_keys) opens the drop too. ``spoils``: the folder differs with the fault.
    """

    name: str
    login: str
    password: str
    folder: Callable[[Fault | None], Path]
    public_key: str = ""
    spoils: bool = False

    @property
    def playable(self) -> frozenset[str]:
        """The faults this drop can play."""
        return SFTP if self.spoils else SFTP_LINE


def host_key() -> asyncssh.SSHKey:
    """A host key for one run of the server."""
    return asyncssh.generate_private_key("ssh-ed25519")


def public_line(key: asyncssh.SSHKey) -> str:
    """The public half in the form of a known_hosts entry without its host: 'ssh-ed25519 AAAA...'."""
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


async def listen(sock: socket.socket, key: asyncssh.SSHKey, drop: Drop, faults: Faults) -> asyncssh.SSHAcceptor:
    """Serve on a bound socket until the acceptor is closed."""
    return await asyncssh.listen(
        sock=sock,
        server_host_keys=[key],
        server_factory=lambda: _Login(drop, faults),
        sftp_factory=lambda channel: _Served(channel, drop, faults),
        authorized_client_keys=asyncssh.import_authorized_keys(drop.public_key) if drop.public_key else None,
        allow_scp=False,
        # Shells and commands are not offered: without a process factory they are refused.
        encoding=None,
    )


class _Login(asyncssh.SSHServer):
    def __init__(self, drop: Drop, faults: Faults) -> None:
        self._drop = drop
        self._faults = faults

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if _kind(self._faults.active(self._drop.name)) == "down":
            conn.abort()

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        expected = f"{self._drop.login}\n{self._drop.password}"
        right = hmac.compare_digest(f"{username}\n{password}".encode(), expected.encode())
        return right and _kind(self._faults.active(self._drop.name)) != "wrong_token"


class _Served(asyncssh.SFTPServer):
    """Reading is all that is allowed."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], drop: Drop, faults: Faults) -> None:
        super().__init__(channel, chroot=str(drop.folder(faults.active(drop.name))).encode())
        self._channel = channel
        self._name = drop.name
        self._faults = faults

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & _WRITING:
            self._deny()
        return super().open(path, pflags, attrs)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        fault = self._faults.active(self._name)
        if _kind(fault) == "reset":
            self._channel.get_connection().abort()
            return b""
        if fault is not None and fault.kind == "slow_drip":
            await asyncio.sleep(fault.amount)
            size = min(size, _DRIP_BYTES)
        return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]  # asyncssh's stub names a narrower handle

    def _deny(self, *_arguments: Any, **_named: Any) -> NoReturn:
        raise asyncssh.SFTPPermissionDenied("the drop is read only")

    write = remove = rename = posix_rename = mkdir = rmdir = symlink = link = setstat = fsetstat = _deny


def _kind(fault: Fault | None) -> str:
    return "" if fault is None else fault.kind


async def close(acceptor: asyncssh.SSHAcceptor) -> None:
    """Stop listening and drop who is still there."""
    acceptor.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(acceptor.wait_closed(), timeout=1)
