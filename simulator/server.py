"""All simulated systems in one process: HTTP systems on one port, SFTP on another, the survey in a database."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Any, Self, TypedDict

import asyncssh
import uvicorn

from simulator import database, sftp
from simulator.control import Control
from simulator.credentials import credential, json_web_token
from simulator.errors import SimulatorError
from simulator.faults import Faults
from simulator.systems import bpjs, bps, dapodik, diskominfo, oss, satusehat, sicantik, sipd, sipsn
from simulator.wire import Wire
from simulator.workbooks import Workbooks

HOST = "127.0.0.1"
_START_S = 20.0


class ConnectionInfo(TypedDict):
    """How one simulated system is reached."""

    url: str
    login: str
    password: str
    extra: dict[str, Any]


class Simulator:
    """The agencies' systems. ``start`` and ``stop`` them, or use it as a context; ``faults`` makes them misbehave.

    Port 0 takes a free port. Without ``postgres_url`` there is no ``perkim_db``. ``token_lifetime_s`` is how long a
    SATUSEHAT token is good for.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        sftp_port: int = 0,
        postgres_url: str | None = None,
        token_lifetime_s: float = satusehat.LIFETIME_S,
    ) -> None:
        self.faults = Faults()
        self._revision = 0
        self._ports = (port, sftp_port)
        self._postgres_url = postgres_url
        self._token_lifetime_s = token_lifetime_s
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
                database.load(self._postgres_url)
                self.faults.watch("perkim_db", lambda fault: database.load(str(self._postgres_url), fault))
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
        base = self.base_url
        found = {
            "sipd": _connection(f"{base}/sipd", password=json_web_token()),
            "dapodik": _connection(f"{base}/dapodik", password=credential("dapodik")),
            "satusehat": _connection(f"{base}/satusehat", satusehat.client_id(), credential("satusehat")),
            "sipsn": _connection(f"{base}/sipsn/public", password=credential("sipsn session")),
            "oss": _connection(f"{base}/oss/v1/kl/rba", password=credential("oss")),
            "bps": _connection(f"{base}/bps/v1/api", password=credential("bps")),
            "diskominfo": _connection(f"{base}/diskominfo", password=credential("diskominfo")),
            "bpjs": _connection(f"{base}/bpjs", bpjs.CONS_ID, bpjs.secret(), user_key=bpjs.user_key()),
            "sicantik": _connection(f"{base}/sicantik/backoffice/api"),
            "eppgbm_sftp": _connection(
                f"sftp://{HOST}:{self._port(1)}",
                sftp.LOGIN,
                credential(sftp.NAME),
                host_key=sftp.public_line(self._key),
            ),
        }
        if self._postgres_url is not None:
            found["perkim_db"] = _connection(self._postgres_url)
        return found

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
        if self._sockets is None or self._workbooks is None or self._key is None:
            raise SimulatorError("the simulator is not running")
        systems = {
            "sipd": sipd.app(),
            "dapodik": dapodik.app(),
            "satusehat": satusehat.app(self._token_lifetime_s),
            "sipsn": sipsn.app(),
            "oss": oss.app(),
            "bps": bps.app(),
            "diskominfo": diskominfo.app(lambda: self._revision),
            "bpjs": bpjs.app(),
            "sicantik": sicantik.app(),
        }
        wire = Wire(systems, Control(self.faults, self.arrive).app(), self.faults)
        acceptor = await sftp.listen(self._sockets[1], self._key, self._workbooks, self.faults)
        self._server = uvicorn.Server(_config(wire))
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
