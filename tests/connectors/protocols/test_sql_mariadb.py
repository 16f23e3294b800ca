"""An agency's MariaDB: the same promises as for PostgreSQL, on a real server."""

import json
import socket
import ssl
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymysql
import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols.base import Page
from connectors.protocols.sql import Sql, SqlArgs
from connectors.protocols.sql_errors import kind_of_mariadb
from ledger.errors import ConfigError, PilarError, SourceError
from ledger.settings import Connection
from tests.connectors.landing.conftest import land_pages, source_of
from tests.connectors.protocols import mariadb

PASSWORD = "sandi-basis-däta-5d"
TABLE = """
create table survei (
  id int primary key, kode_daerah varchar(8), nilai decimal(22,2), teks text character set utf8mb4, tanggal date,
  saat datetime(6), stempel timestamp null, lama time, ya tinyint(1), bit3 bit(3), berkas blob, pecahan double,
  nol int(6) zerofill, besar bigint unsigned, tahun year, pilihan enum('a','b'), kosong int)
"""
ROWS = """
insert into survei select seq, if(seq % 2 = 0, '64.02', '62.02'), 12345678901234567890.12 + seq,
  concat('baris\\nbaru "', seq, '" ünïcode 🏥'), '2024-08-01', '2024-08-01 08:00:00.120000', '2024-08-01 01:00:00',
  '-30:10:05', seq % 3, b'101', x'00ff68', 0.1 + 0.2e0, 42, 18446744073709551615, 2024, 'b', null from seq_1_to_10
"""
Read = Callable[..., list[Page]]


@pytest.fixture(scope="session")
def server() -> Iterator[mariadb.Server]:
    if any(mariadb.binary(name) is None for name in mariadb.BINARIES):
        pytest.skip("no MariaDB here: install mariadb-server-core and mariadb-client-core")
    with tempfile.TemporaryDirectory(prefix="pilar-maria-") as folder, mariadb.running(Path(folder)) as made:
        made.run(
            "create user 'dinas'@'127.0.0.1' identified by '" + PASSWORD + "'",
            "create user 'tanpa'@'127.0.0.1' identified by '" + PASSWORD + "'",
        )
        yield made


@pytest.fixture
def database(server: mariadb.Server) -> Iterator[str]:
    name = f"opd_{uuid.uuid4().hex}"
    server.run(
        f"create database {name}",
        f"use {name}",
        "set time_zone = '+00:00'",
        "set sql_mode = ''",
        TABLE,
        ROWS,
        f"grant all on {name}.* to 'dinas'@'127.0.0.1'",
    )
    yield name
    server.run(f"drop database {name}")


@pytest.fixture
def read(server: mariadb.Server, database: str) -> Read:
    def make(
        query: str, contexts: Any = (), *, url: str = "", login: str = "dinas", password: str = PASSWORD,
        extra: Any = None, limits: Any = None, **args: Any,
    ) -> list[Page]:  # fmt: skip
        known = {"private": True, "ca_bundle": server.ca} | (extra or {})
        place = url or f"mariadb://127.0.0.1:{server.port}/{database}"
        connection = Connection(url=place, login=login, password=password, extra=known)
        checked = SqlArgs.model_validate({"query": query, **args})
        bounds = Limits(attempts=2, backoff_s=0.01, connect_s=2, read_s=3).model_copy(update=limits or {})
        with HttpClient(connection, bounds) as http:
            return list(Sql(checked, connection, contexts, http).pages())

    return make


def refused(read: Read, query: str = "select 1 as satu", **args: Any) -> PilarError:
    with pytest.raises(PilarError) as caught:
        read(query, **args)
    assert PASSWORD not in str(caught.value)
    return caught.value


def kind(read: Read, query: str = "select 1 as satu", **args: Any) -> str:
    error = refused(read, query, **args)
    assert isinstance(error, SourceError)
    return error.kind


def rows(pages: list[Page]) -> list[Any]:
    return [row for page in pages for row in json.loads(page.records, parse_float=Decimal)]


@pytest.mark.integration
class TestMariaDb:
    def test_rows_come_in_pages_of_exact_json_lines(self, read: Read) -> None:
        pages = read("select * from survei order by id", page_rows=4)
        assert [(page.seq, page.records_path, page.records.count(b"\n") + 1) for page in pages] == [
            (0, "$", 4), (1, "$", 4), (2, "$", 2),
        ]  # fmt: skip
        assert pages[0].body == pages[0].records
        assert rows(pages)[1] == {
            "id": 2,
            "kode_daerah": "64.02",
            "nilai": Decimal("12345678901234567892.12"),
            "teks": 'baris\nbaru "2" ünïcode 🏥',
            "tanggal": "2024-08-01",
            "saat": "2024-08-01 08:00:00.120000",
            "stempel": "2024-08-01 01:00:00+00:00",
            "lama": "-30:10:05",
            "ya": 2,  # TINYINT(1) is no boolean, whatever its name says
            "bit3": 5,
            "berkas": "\\x00ff68",
            "pecahan": Decimal("0.30000000000000004"),
            "nol": "000042",
            "besar": 18446744073709551615,
            "tahun": 2024,
            "pilihan": "b",
            "kosong": None,
        }

    def test_p1_a_date_that_no_calendar_has_is_quarantined(
        self, read: Read, server: mariadb.Server, database: str, tmp_path: Path
    ) -> None:
        server.run("set sql_mode = ''", f"update {database}.survei set tanggal = '0000-00-00' where id = 3")
        pages = read("select id, tanggal from survei order by id")
        source = source_of({"id": {"type": "integer"}, "tanggal": {"type": "date"}}, ["id"])
        landed = land_pages(source, pages, tmp_path)
        assert (landed.counts.received, landed.counts.landed) == (10, 9)
        [reason] = landed.quarantine[0]["reasons"]
        assert (reason["rule"], reason["field"], reason["value"]) == ("type", "tanggal", "0000-00-00")

    def test_p10_a_column_the_server_tells_with_loss_is_refused(
        self, read: Read, server: mariadb.Server, database: str
    ) -> None:
        server.run(f"alter table {database}.survei add lossy float default 16777217")
        assert "FLOAT" in str(refused(read, "select id, lossy from survei"))
        assert rows(read("select cast(lossy as double) as x from survei limit 1")) == [{"x": 16777216}]

    def test_values_of_the_context_are_bound_never_pasted(self, read: Read) -> None:
        query = "select id from survei where kode_daerah = %(kode)s and teks like '%%baris%%'"
        contexts = [{"kode": "64.02", "other": "x"}, {"kode": "' or 1=1 -- "}, {"kode": "\\' or 1=1 -- "}]
        first, second, third = read(query, contexts)
        assert len(rows([first])) == 5
        assert first.request.endswith("with kode=64.02")
        assert (second.seq, second.records, second.records_path) == (1, b"[]", "$")
        assert third.records == b"[]"

    @pytest.mark.parametrize(
        "query",
        ["select 1 as a into outfile '/tmp/x'", "select id from survei for update", "select 1 as a into @a"],
        ids=["outfile", "update", "variable"],
    )
    def test_p10_a_query_that_writes_or_locks_is_refused(self, read: Read, query: str) -> None:
        assert isinstance(refused(read, query), ConfigError)

    def test_the_transaction_only_reads(self, read: Read, server: mariadb.Server, database: str) -> None:
        server.run(
            "set global log_bin_trust_function_creators = 1",
            f"create function {database}.tulis() returns int begin delete from survei; return 1; end",
        )
        error = refused(read, "select tulis() as id")
        assert isinstance(error, SourceError)
        assert (error.kind, "READ ONLY" in error.what) == ("permanent", True)
        assert len(rows(read("select id from survei"))) == 10

    def test_all_pages_are_of_one_moment(self, server: mariadb.Server, database: str) -> None:
        url = f"mysql://127.0.0.1:{server.port}/{database}"
        extra = {"private": True, "ca_bundle": server.ca}
        connection = Connection(url=url, login="dinas", password=PASSWORD, extra=extra)
        args = SqlArgs.model_validate({"query": "select id from survei order by id", "page_rows": 3})
        with HttpClient(connection) as http:
            pages = Sql(args, connection, [{"a": "1"}, {"a": "2"}], http).pages()
            seen = [next(pages)]
            server.run(f"delete from {database}.survei where id > 3")
            seen += list(pages)
        assert len(rows(seen)) == 20

    def test_memory_stays_flat_and_a_pull_may_be_given_up(self, server: mariadb.Server, database: str) -> None:
        """Fifty million rows: whoever held them all, or read on after hanging up, would be here for minutes."""
        url = f"mariadb://127.0.0.1:{server.port}/{database}"
        extra = {"private": True, "ca_bundle": server.ca}
        connection = Connection(url=url, login="dinas", password=PASSWORD, extra=extra)
        args = SqlArgs.model_validate({"query": "select seq from seq_1_to_50000000", "page_rows": 1000})
        started = time.monotonic()
        with HttpClient(connection) as http:
            pages = Sql(args, connection, [], http).pages()
            assert len(rows([next(pages), next(pages)])) == 2000
            pages.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 5

    def test_a_statement_that_takes_too_long_ends(self, read: Read) -> None:
        error = refused(read, "select sleep(20) as x", statement_timeout_s=1)
        assert isinstance(error, SourceError)
        assert (error.kind, "max_statement_time" in error.what) == ("retryable", True)

    def test_p1_two_columns_of_one_name_are_refused(self, read: Read) -> None:
        assert "'a' twice" in str(refused(read, "select 1 as a, 2 as a"))

    def test_p1_a_long_list_is_not_cut(self, read: Read) -> None:
        [row] = rows(read("select group_concat(repeat('x', 1000)) as x from seq_1_to_2000"))
        assert len(row["x"]) == 2000 * 1001 - 1

    def test_p6_data_quoted_by_the_database_is_not_repeated(
        self, read: Read, server: mariadb.Server, database: str
    ) -> None:
        words = "Duplicate entry 'Siti Contohwan' for key"
        server.run(
            f"create function {database}.salah() returns int "
            f'begin signal sqlstate "23000" set message_text = "{words}"; return 1; end'
        )
        error = refused(read, "select salah() as x")
        assert "Duplicate entry '…'" in error.what

    def test_errors_are_told_apart(self, read: Read, server: mariadb.Server) -> None:
        assert kind(read, "select * from survey") == "permanent"
        assert kind(read, "select from where") == "permanent"
        assert kind(read, password="salah-sekali") == "auth"
        assert kind(read, login="tanpa") == "auth"
        assert kind(read, url=f"mariadb://127.0.0.1:{server.port}/tidak_ada") in {"auth", "permanent"}
        assert kind(read, url="mariadb://127.0.0.1:9/x") == "retryable"

    def test_more_bytes_than_a_pull_may_have_are_refused(self, read: Read) -> None:
        assert "more than 1000 bytes" in str(refused(read, "select repeat('x', 2000) as x", limits={"max_pull": 1000}))

    def test_tls_is_verified_unless_the_connection_says_otherwise(
        self, read: Read, server: mariadb.Server, database: str
    ) -> None:
        cipher = "select variable_value as c from information_schema.session_status where variable_name = 'Ssl_cipher'"
        assert rows(read(cipher))[0]["c"]
        strangers = refused(read, extra={"ca_bundle": None})
        assert isinstance(strangers, SourceError)
        assert (strangers.kind, "identity could not be proved" in strangers.what) == ("permanent", True)
        elsewhere = refused(read, url=f"mariadb://localhost:{server.port}/{database}")
        assert "identity could not be proved" in str(elsewhere)
        assert rows(read(cipher, extra={"sslmode": "disable"})) == [{"c": ""}]
        assert rows(read(cipher, extra={"sslmode": "require", "ca_bundle": None}))[0]["c"]

    def test_p6_a_server_without_tls_gets_no_password(self) -> None:
        """A man in the middle takes the server's word for TLS away: nothing may follow in clear."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            heard: list[bytes] = []

            def greet() -> None:
                with listener.accept()[0] as side:
                    old = b"\n5.5.5-10.11.0-MariaDB\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xf7\x21\2\0\x0f\0\x15"
                    hello = old + b"\0" * 10 + b"123456789012\0mysql_clear_password\0"
                    side.sendall(len(hello).to_bytes(3, "little") + b"\0" + hello)
                    side.settimeout(2)
                    heard.append(side.recv(1000))

            thread = threading.Thread(target=greet, daemon=True)
            thread.start()
            url = f"mariadb://127.0.0.1:{listener.getsockname()[1]}/x"
            connection = Connection(url=url, login="dinas", password=PASSWORD, extra={"private": True})
            with (
                HttpClient(connection, Limits(attempts=1)) as http,
                pytest.raises(SourceError, match="SSL is required"),
            ):
                list(Sql(SqlArgs(query="select 1 as a"), connection, [], http).pages())
            thread.join(5)
        assert heard == [b""]

    @pytest.mark.parametrize("greeting", [b"", b"\0" * 3, b"SSH-2.0-OpenSSH\r\n" * 20, b"\x05\0\0\0\n\0\0\0\0"])
    def test_what_is_no_mariadb_is_an_error_with_words(self, greeting: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def answer() -> None:
                with listener.accept()[0] as side:
                    side.sendall(greeting)

            threading.Thread(target=answer, daemon=True).start()
            url = f"mysql://127.0.0.1:{listener.getsockname()[1]}/x"
            connection = Connection(url=url, password=PASSWORD, extra={"private": True})
            with HttpClient(connection, Limits(attempts=1, read_s=2)) as http, pytest.raises(SourceError):
                list(Sql(SqlArgs(query="select 1 as a", statement_timeout_s=1), connection, [], http).pages())


@pytest.mark.parametrize(
    ("url", "extra", "what"),
    [
        ("mariadb://127.0.0.1/x", {}, "private or local"),
        ("mariadb://8.8.8.8/x", {"sslmode": "disable"}, "sslmode 'disable'"),
        ("mariadb://8.8.8.8/x", {"sslmode": "require"}, "sslmode 'require'"),
        ("mariadb://8.8.8.8/x", {"sslmode": "prefer", "private": True}, "sslmode 'prefer'"),
        ("mariadb://8.8.8.8/x", {"ca_bundle": "/nowhere.pem"}, "cannot be read"),
        ("mariadb://8.8.8.8/", {}, "one host and one database"),
        ("mariadb:///x", {}, "one host and one database"),
        ("mariadb://8.8.8.8/x?ssl=0", {}, "one host and one database"),
        ("mariadb://8.8.8.8:port/x", {}, "no readable port"),
    ],
)
def test_p10_servers_are_checked_before_anything_is_said(url: str, extra: dict[str, Any], what: str) -> None:
    connection = Connection(url=url, login="dinas", password=PASSWORD, extra=extra)
    with HttpClient(connection) as http, pytest.raises(PilarError, match=what) as caught:
        list(Sql(SqlArgs(query="select 1 as a"), connection, [], http).pages())
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (1045, "auth"), (1044, "auth"), (1142, "auth"), (1130, "auth"), (1226, "quota"), (1969, "retryable"),
        (3024, "retryable"), (1040, "retryable"), (1213, "retryable"), (2013, "retryable"), (2003, "retryable"),
        (1064, "permanent"), (1146, "permanent"), (1054, "permanent"), (1792, "permanent"), (2026, "permanent"),
        (1194, "damaged"), (1034, "damaged"), (0, "permanent"),
    ],
)  # fmt: skip
def test_table(number: int, wanted: str) -> None:
    assert kind_of_mariadb(number) == wanted


def test_a_driver_that_changed_its_insides_is_noticed() -> None:
    """Two members of the driver's that are used have no public name."""
    session = pymysql.Connection(defer_connect=True, ssl=ssl.create_default_context())  # type: ignore[arg-type]
    assert (session._result, session._sock) == (None, None)
    assert hasattr(pymysql.connections.MySQLResult(session), "unbuffered_active")
