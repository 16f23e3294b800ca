"""The drop of e-PPGBM: an SFTP server with a password, read only, shut into one folder."""

import asyncio
import contextlib
import hmac
import socket
from pathlib import Path
from typing import Any, NoReturn

import asyncssh

from simulator.credentials import credential
from simulator.faults import Fault, Faults
from simulator.workbooks import Workbooks

NAME = "eppgbm_sftp"
LOGIN = "eppgbm"
_WRITING = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC
_DRIP_BYTES = 64


def host_key() -> asyncssh.SSHKey:
    """A host key for one run of the server."""
    return asyncssh.generate_private_key("ssh-ed25519")


def public_line(key: asyncssh.SSHKey) -> str:
    """The public half in the form of a known_hosts entry without its host: 'ssh-ed25519 AAAA...'."""
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


async def listen(
    sock: socket.socket, key: asyncssh.SSHKey, workbooks: Workbooks, faults: Faults
) -> asyncssh.SSHAcceptor:
    """Serve on a bound socket until the acceptor is closed."""
    return await asyncssh.listen(
        sock=sock,
        server_host_keys=[key],
        server_factory=lambda: _Login(faults),
        sftp_factory=lambda channel: _Drop(channel, workbooks.folder(faults.active(NAME)), faults),
        allow_scp=False,
        # Shells and commands are not offered: without a process factory they are refused.
        encoding=None,
    )


class _Login(asyncssh.SSHServer):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if _kind(self._faults.active(NAME)) == "down":
            conn.abort()

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        right = hmac.compare_digest(f"{username}\n{password}".encode(), f"{LOGIN}\n{credential(NAME)}".encode())
        return right and _kind(self._faults.active(NAME)) != "wrong_token"


class _Drop(asyncssh.SFTPServer):
    """Reading is all that is allowed."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], folder: Path, faults: Faults) -> None:
        super().__init__(channel, chroot=str(folder).encode())
        self._channel = channel
        self._faults = faults

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & _WRITING:
            self._deny()
        return super().open(path, pflags, attrs)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        fault = self._faults.active(NAME)
        if _kind(fault) == "reset":
            self._channel.get_connection().abort()
            return b""
        if fault is not None and fault.kind == "slow_drip":
            await asyncio.sleep(fault.amount)
            size = min(size, _DRIP_BYTES)
        return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]

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
