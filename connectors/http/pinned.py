"""urllib3 connections that dial checked addresses and stand under the current deadline."""

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connectors.http.addresses import Dialer
from connectors.http.deadline import watch

_NO_TIMEOUT_S = 60.0


class PinnedAdapter(HTTPAdapter):
    """Transport of a requests session in which no socket is opened except by the dialer."""

    def __init__(self, dialer: Dialer, pool_size: int) -> None:
        self._dialer = dialer
        super().__init__(pool_connections=4, pool_maxsize=pool_size, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Build the pools with our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._dialer)

    def proxy_manager_for(self, *_args: Any, **_kwargs: Any) -> Any:
        """Proxies would dial for us, unchecked."""
        raise ValueError("proxies are not used")


def _pool_classes(dialer: Dialer) -> dict[str, type[HTTPConnectionPool]]:
    class PinnedHTTPConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(dialer, self)

        def request(self, *args: Any, **kwargs: Any) -> None:
            _watch_reused(self)
            super().request(*args, **kwargs)

    class PinnedHTTPSConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(dialer, self)

        def request(self, *args: Any, **kwargs: Any) -> None:
            _watch_reused(self)
            super().request(*args, **kwargs)

    class PinnedHTTPPool(HTTPConnectionPool):
        ConnectionCls = PinnedHTTPConnection

    class PinnedHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = PinnedHTTPSConnection

    return {"http": PinnedHTTPPool, "https": PinnedHTTPSPool}


def _dial(dialer: Dialer, connection: HTTPConnection) -> socket.socket:
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else _NO_TIMEOUT_S
    try:
        return dialer.dial(connection.host, connection.port or 80, timeout, connection.socket_options)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection within {timeout:g} s") from error
    except OSError as error:
        raise NewConnectionError(connection, f"no connection: {error.strerror or error}") from error


def _watch_reused(connection: HTTPConnection) -> None:
    if connection.sock is not None:  # a kept-alive connection was dialled under an earlier deadline
        watch(connection.sock)
