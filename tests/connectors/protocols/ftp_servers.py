"""Two real FTP servers on loopback over one folder: one in clear, one with explicit TLS."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.settings import Connection
from tests.connectors.certificates import certificate


@dataclass
class FtpServers:
    """Their connections; ``grow`` adds to a file while it is read, ``wait_s`` answers late.

    The secure one takes a data connection in the session of its control connection only, as vsftpd does by default;
    ``resumed`` says of each whether it was.
    """

    plain: Connection
    secure: Connection
    folder: Path
    resumed: list[bool] = field(default_factory=list)
    grow: bool = False
    wait_s: float = 0


@contextmanager
def serve(folder: Path, certificates: Path, login: str, password: str) -> Iterator[FtpServers]:
    """Both servers, for one who may list and read."""
    from OpenSSL import SSL
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_DTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import ThreadedFTPServer

    logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
    cert, key = certificate(certificates)
    authorizer = DummyAuthorizer()
    authorizer.add_user(login, password, str(folder), perm="elr")
    made = FtpServers(Connection(url="ftp://x"), Connection(url="ftps://x"), folder)

    def behave(base: type[FTPHandler]) -> type[FTPHandler]:
        class Handler(base):  # type: ignore[misc,valid-type]
            def ftp_RETR(self, file: str) -> Any:  # noqa: N802
                time.sleep(made.wait_s)
                answer = super().ftp_RETR(file)
                if made.grow:
                    with Path(file).open("ab") as more:
                        more.write(b"3,4\n")
                return answer

        Handler.authorizer, Handler.auth_failed_timeout = authorizer, 0
        return Handler

    class DemandingData(TLS_DTPHandler):  # type: ignore[misc]
        def handle_ssl_established(self) -> None:
            made.resumed.append(bool(SSL._lib.SSL_session_reused(self.socket._ssl)))
            if not made.resumed[-1]:
                self.cmd_channel.respond("522 SSL connection failed: session reuse required.")
                self.close()

    secure = behave(TLS_FTPHandler)
    secure.dtp_handler = DemandingData
    secure.certfile, secure.keyfile = str(cert), str(key)
    secure.tls_control_required = secure.tls_data_required = True

    class Server(ThreadedFTPServer):  # type: ignore[misc]
        """With a loop, a lock and an end of its own: the library shares them, and one's end cuts another's sessions."""

        def __init__(self, handler: type[FTPHandler]) -> None:
            self._lock, self._exit = threading.Lock(), threading.Event()
            super().__init__(("127.0.0.1", 0), handler, ioloop=IOLoop())

    servers = [Server(behave(FTPHandler)), Server(secure)]
    extra = {"private": True, "plain": True, "ca_bundle": str(cert)}
    made.plain, made.secure = (
        Connection(
            url=f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}", login=login, password=password, extra=extra
        )
        for scheme, server in zip(("ftp", "ftps"), servers, strict=True)
    )
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        for server in servers:
            server.close_all()
