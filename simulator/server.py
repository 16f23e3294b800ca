"""All simulated systems in one process: HTTP systems on one port, SFTP on another, tables in a database."""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict

import asyncssh
import uvicorn

from simulator import database, sftp
from simulator.agencies import agencies
from simulator.control import Control
from simulator.credentials import credential
from simulator.errors import SimulatorError
from simulator.faults import DATABASE, ELSEWHERE, Fault, Faults
from simulator.systems.common import System
from simulator.systems.satusehat import LIFETIME_S
from simulator.wire import Wire
from simulator.workbooks import Workbooks

HOST = "127.0.0.1"
WORKBOOKS = "eppgbm_sftp"
_START_S = 20.0


class ConnectionInfo(TypedDict):
    """How one simulated system is reached."""

    url: str
    login: str
    password: str
    extra: dict[str, Any]


class Simulator:
    """Systems that speak their real protocols. ``start`` and ``stop`` them, or use it as a context.

    The HTTP systems are ``systems``, the demo's agencies where none are given; the SFTP drop is ``drop``, e-PPGBM's
    where none is given. ``faults`` makes them misbehave; those that lead to another host lead to ``elsewhere``.
    Port 0 takes a free port. Without ``postgres_url`` there are no databases (``simulator.database``).
    ``token_lifetime_s`` is how long a SATUSEHAT token is good for.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        sftp_port: int = 0,
        postgres_url: str | None = None,
        token_lifetime_s: float = LIFETIME_S,
        systems: Sequence[System] | None = None,
        drop: sftp.Drop | None = None,
        elsewhere: str = ELSEWHERE,
    ) -> None:
        self._revision = 0
        if systems is None:
            systems = agencies(token_lifetime_s=token_lifetime_s, revision=lambda: self._revision)
        self._systems = list(systems)
        self._drop = drop or sftp.Drop(WORKBOOKS, "eppgbm", credential(WORKBOOKS), self._folder, spoils=True)
        self.faults = Faults(self._playable(postgres_url))
        self._wire = Wire(self._systems, Control(self.faults, self.arrive).app(), self.faults, elsewhere)
        self._ports = (port, sftp_port)
        self._postgres_url = postgres_url
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self._workbooks: Workbooks | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._key: asyncssh.SSHKey | None = None

    def start(self) -> None:
        """Start everything and return when it answers; raises SimulatorError on a taken port or a failing database."""
        if self._thread is not None:
            raise SimulatorError("the simulator is running already")
        self._sockets = _bind(self._ports[0], "--port"), _bind(self._ports[1], "--sftp-port")
        try:
            if self._postgres_url is not None:
                for owner in database.TABLES:
                    database.load(self._postgres_url, owner=owner)
                    self.faults.watch(owner, partial(database.load, self._postgres_url, owner=owner))
            self._workbooks = Workbooks()
            self._key = sftp.host_key()
            self._ready.clear()
            self._failure = None
            self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
            self._thread.start()
            if not self._ready.wait(_START_S) or self._failure is not None:
                raise SimulatorError(f"the simulator did not start: {self._failure or 'no answer'}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything; a second call does nothing."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_START_S)
        for sock in self._sockets or ():
            sock.close()
        if self._workbooks is not None:
            self._workbooks.close()
        self.faults.unwatch()
        self._server = self._thread = self._sockets = self._workbooks = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The address of the HTTP systems and of the control path."""
        return f"http://{HOST}:{self._port(0)}"

    def arrive(self, month: str) -> list[str]:
        """Let the e-PPGBM workbooks of one more month arrive ('2024-09'); gives their names."""
        if self._workbooks is None:
            raise SimulatorError("the simulator is not running")
        return self._workbooks.arrive(month)

    def revise(self) -> None:
        """Let Diskominfo correct one made-up index of its SPBE list: the next pull of diskominfo_spbe has news."""
        self._revision += 1

    def connections(self) -> dict[str, ConnectionInfo]:
        """Connection name -> how to reach it, in the form of the platform's own connections."""
        if self._key is None:
            raise SimulatorError("the simulator is not running")
        found = {
            system.name: _connection(
                f"{self.base_url}/{system.name}{system.base}", system.login, system.password, **system.extra
            )
            for system in self._systems
        }
        found[self._drop.name] = _connection(
            f"sftp://{HOST}:{self._port(1)}",
            self._drop.login,
            self._drop.password,
            host_key=sftp.public_line(self._key),
        )
        if self._postgres_url is not None:
            found |= {owner: _connection(self._postgres_url) for owner in database.TABLES}
        return found

    @property
    def asked(self) -> deque[str]:
        """The last requests that the HTTP systems got, as "METHOD /path?query"."""
        return self._wire.asked

    def _playable(self, postgres_url: str | None) -> Mapping[str, Collection[str]]:
        found = {system.name: system.playable for system in self._systems} | {self._drop.name: self._drop.playable}
        return found if postgres_url is None else found | dict.fromkeys(database.TABLES, DATABASE)

    def _folder(self, fault: Fault | None) -> Path:
        if self._workbooks is None:
            raise SimulatorError("the simulator is not running")
        return self._workbooks.folder(fault)

    def _port(self, which: int) -> int:
        if self._sockets is None:
            raise SimulatorError("the simulator is not running")
        return int(self._sockets[which].getsockname()[1])

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to the thread that called start()
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        if self._sockets is None or self._key is None:
            raise SimulatorError("the simulator is not running")
        acceptor = await sftp.listen(self._sockets[1], self._key, self._drop, self.faults)
        self._server = uvicorn.Server(_config(self._wire))
        serving = asyncio.create_task(self._server.serve(sockets=[self._sockets[0]]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.01)
        self._ready.set()
        await serving
        await sftp.close(acceptor)


def _config(wire: Wire) -> uvicorn.Config:
    return uvicorn.Config(
        wire,
        # h11 notices a body that is shorter than promised, and its requests know their socket: faults need both.
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )


def _connection(url: str, login: str = "", password: str = "", **extra: str) -> ConnectionInfo:
    return {"url": url, "login": login, "password": password, "extra": {"synthetic": True, "private": True, **extra}}


def _bind(port: int, option: str) -> socket.socket:
    # The protocol is named so that asyncio turns TCP_NODELAY on: without it kept-alive answers wait 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = "is taken" if isinstance(error, OSError) and error.errno == 98 else "cannot be used"
        raise SimulatorError(f"port {port} {reason} [{option}]. Choose another, or 0 for any free one") from None
    return sock
