"""Connections that are kept in Airflow, in the words of Pilar's settings."""

import json
from collections.abc import Callable
from typing import Protocol

from ledger.errors import ConfigError
from ledger.settings import Connection, ConnectionLookup


class AirflowConnection(Protocol):
    """The fields of an Airflow connection that are used."""

    conn_type: str | None
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


def airflow_lookup(find: Callable[[str], AirflowConnection | None]) -> ConnectionLookup:
    """A lookup for ``Settings`` that asks Airflow; ``find`` returns None where Airflow has no such connection."""

    def lookup(name: str) -> Connection | None:
        found = find(name)
        return None if found is None else read_connection(name, found)

    return lookup


def read_connection(name: str, found: AirflowConnection) -> Connection:
    """Translate: the address is the host when that is a whole URL, else it is put together from the parts.

    Raises ConfigError when the extra field is not a JSON object; the message never quotes it.
    """
    try:
        extra = json.loads(found.extra) if found.extra else {}
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigError(
            "the connection's extra field is not a JSON object",
            where=f"Airflow connection {name}",
            do='Write it like {"private": true}, or leave it empty',
        )
    host = found.host or ""
    if "://" not in host:
        port = f":{found.port}" if found.port else ""
        path = f"/{found.schema}" if found.schema else ""
        host = f"{found.conn_type or 'https'}://{host}{port}{path}"
    return Connection(url=host, login=found.login or "", password=found.password or "", extra=extra)
