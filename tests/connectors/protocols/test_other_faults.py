"""The faults that exist for what is not spoken over HTTP: databases, folders and their files."""

import contextlib
import io
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols import registry
from connectors.protocols.base import Page
from ledger.errors import SourceError
from ledger.settings import Connection
from tests.connectors.protocols.systems import PASSWORD
from tests.connectors.protocols.test_every_fault import OTHERS, closed_port

pytestmark = pytest.mark.integration

QUICK = Limits(connect_s=2, read_s=1, attempts=2, backoff_s=0.01, max_received=20_000, max_pull=20_000)


def take(name: str, args: dict[str, Any], url: str, *, private: bool = True, **extra: Any) -> list[Page]:
    link = Connection(url=url, password=PASSWORD, login="dinas", extra={"private": private, **extra})
    protocol = registry.get(name)
    with HttpClient(link, QUICK) as http:
        return list(protocol(protocol.Args.model_validate(args), link, (), http).pages())


def failure(name: str, args: dict[str, Any], url: str, **more: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        take(name, args, url, **more)
    assert PASSWORD not in str(caught.value)
    assert "Siti" not in str(caught.value)
    return caught.value


@contextlib.contextmanager
def something_else() -> Iterator[int]:
    """A web server where a database or a drop was due: it talks at once, and hangs up."""

    def talk() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with sock:
                    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(2)


# -- databases ----------------------------------------------------------------------------------------------------

DATABASE = [
    ("no such table", "select * from tidak_ada", "permanent"),
    ("no such column", "select tidak_ada from pg_class", "permanent"),
    ("killed in the middle", "select pg_terminate_backend(pg_backend_pid())::text as x", "retryable"),
    ("too slow", "select pg_sleep(9)::text as x", "retryable"),
    ("too large", "select repeat('Si' || 'ti', 9000) as nama", "damaged"),
    ("not allowed", "select pg_read_file('/etc/hostname') as x", "auth"),
    ("a value that does not fit", "select ('Si' || 'ti')::int as x", "permanent"),
]


@pytest.fixture(scope="module")
def reader(postgres_url: str) -> str:
    """A login that may do little."""
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"do $$ begin create role dinas login password '{PASSWORD}'; exception when others then end $$")
    return postgres_url


@pytest.mark.parametrize(("query", "kind"), [case[1:] for case in DATABASE], ids=[case[0] for case in DATABASE])
def test_a_database(query: str, kind: str, reader: str) -> None:
    assert failure("sql", {"query": query, "statement_timeout_s": 1}, reader).kind == kind


def test_p8_a_database_without_rows_is_an_answer(reader: str) -> None:
    [page] = take("sql", {"query": "select 1 as x where false"}, reader)
    assert page.records == b"[]"


def test_a_database_that_is_down_private_or_something_else() -> None:
    query = {"query": "select 1 as x"}
    assert failure("sql", query, f"postgresql://127.0.0.1:{closed_port()}/x").kind == "retryable"
    assert failure("sql", query, "postgresql://127.0.0.1:1/x", private=False).kind == "permanent"
    with something_else() as port:
        assert failure("sql", query, f"postgresql://127.0.0.1:{port}/x").kind == "permanent"


# -- files --------------------------------------------------------------------------------------------------------


def workbook(*rows: list[Any]) -> bytes:
    made, book = io.BytesIO(), openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


def bomb() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 10_000_000)
    return made.getvalue()


GOOD = {"files.csv": b"nik,nama\n1,Siti\n", "files.xlsx": workbook(["nik", "nama"], ["1", "Siti"])}
LOGIN_PAGE = b"<html><form><input type='password'></form></html>"
FILES = [
    ("empty", lambda good: b"", "damaged", "damaged"),
    ("too large", lambda good: good + b" " * 30_000, "damaged", "damaged"),
    ("cut", lambda good: good[:-6], "lands", "damaged"),  # a torn row of a CSV is quarantined, as one with a NUL is
    ("html", lambda good: LOGIN_PAGE, "damaged", "damaged"),
    ("nul", lambda good: good.replace(b"Siti", b"Si\0i") if good[:2] != b"PK" else b"PK\0\0", "lands", "damaged"),
    ("bomb", lambda good: bomb() if good[:2] == b"PK" else b'nik,nama\n1,"' + b"x" * 19_000, "damaged", "damaged"),
    ("another format", lambda good: b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", "damaged", "damaged"),
    ("header alone", lambda good: good[:9] if good[:2] != b"PK" else workbook(["nik", "nama"]), "lands", "lands"),
]
CASES = [
    (name, spoil, outcome)
    for case, spoil, *outcomes in FILES
    for name, outcome in zip(sorted(GOOD), outcomes, strict=True)
]


@pytest.mark.parametrize(
    ("name", "spoil", "outcome"), CASES, ids=[f"{name}-{case[0]}" for case in FILES for name in sorted(GOOD)]
)
def test_a_file(name: str, spoil: Callable[[bytes], bytes], outcome: str, tmp_path: Path) -> None:
    args, url = {"pattern": r"data\..*"}, f"file://{tmp_path}"
    (tmp_path / "data.x").write_bytes(GOOD[name])
    assert b"Siti" in take(name, args, url)[0].records
    (tmp_path / "data.x").write_bytes(spoil(GOOD[name]))
    if outcome == "lands":
        assert b"Siti" not in take(name, args, url)[0].records
    else:
        assert failure(name, args, url).kind == outcome


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_folder(name: str, tmp_path: Path) -> None:
    args = {"pattern": "data"}
    assert failure(name, args, f"file://{tmp_path}").kind == "empty"
    assert failure(name, args, f"file://{tmp_path}/hilang").kind == "retryable"
    (tmp_path / "data").symlink_to("/etc/hostname")
    assert failure(name, args, f"file://{tmp_path}").kind == "empty"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_drop_that_is_down_private_or_something_else(name: str) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJo7Rr6uF0dyb0RkT3Rhbmdhbi1QaWxhci0wMTIzNDU2"
    args = {"pattern": "data"}
    assert failure(name, args, f"sftp://127.0.0.1:{closed_port()}/a", host_key=key).kind == "retryable"
    assert failure(name, args, "sftp://127.0.0.1:1/a", host_key=key, private=False).kind == "permanent"
    with something_else() as port:
        assert failure(name, args, f"sftp://127.0.0.1:{port}/a", host_key=key).kind in {"retryable", "damaged"}


def test_no_protocol_is_left_out() -> None:
    # Whatever a file of evidence holds, it is inventoried: the faults of its folder stand in test_evidence.py.
    assert {"sql", "files.evidence", *GOOD} == OTHERS
