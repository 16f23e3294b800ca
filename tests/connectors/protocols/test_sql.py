"""An agency's database: one SELECT, read only, exact, and bounded."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols.base import Page
from connectors.protocols.sql import Sql, SqlArgs
from connectors.protocols.sql_errors import kind_of_sqlstate
from connectors.protocols.sql_postgres import PostgresDatabase
from ledger.errors import ConfigError, PilarError, SourceError
from ledger.settings import Connection

PASSWORD = "sandi-basis-data-5d"
TABLE = """
create table survei (id int primary key, kode_daerah text, nilai numeric, teks text, waktu timestamptz, kosong int);
insert into survei select g, case when g % 2 = 0 then '64.02' else '62.02' end, 12345678901234567890.12 + g,
  E'baris\\nbaru "' || g || '" ünïcode', '2024-08-01 08:00+07', null from generate_series(1, 10) g;
"""
Read = Callable[..., list[Page]]


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    name = f"opd_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'create database "{name}"')
    url = conninfo.make_conninfo(postgres_url, dbname=name)
    with psycopg.connect(url) as made:
        made.execute(TABLE)
    yield url
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def read(database: str) -> Read:
    def make(
        query: str, contexts: Any = (), *, url: str = "", extra: Any = None, limits: Any = None, **args: Any
    ) -> list[Page]:
        connection = Connection(url=url or database, extra={"private": True} | (extra or {}))
        checked = SqlArgs.model_validate({"query": query, **args})
        bounds = Limits(attempts=2, backoff_s=0.01, connect_s=2).model_copy(update=limits or {})
        with HttpClient(connection, bounds) as http:
            return list(Sql(checked, connection, contexts, http).pages())

    return make


def refused(read: Read, query: str = "select 1 as satu", **args: Any) -> PilarError:
    with pytest.raises(PilarError) as caught:
        read(query, **args)
    assert PASSWORD not in str(caught.value)
    return caught.value


def rows(pages: list[Page]) -> list[Any]:
    return [row for page in pages for row in json.loads(page.records, parse_float=Decimal)]


def test_rows_come_in_pages_of_exact_json_lines(read: Read) -> None:
    pages = read("select * from survei order by id", page_rows=4)
    assert [(page.seq, page.records_path, page.records.count(b"\n") + 1) for page in pages] == [
        (0, "$", 4), (1, "$", 4), (2, "$", 2),
    ]  # fmt: skip
    found = rows(pages)
    assert found[0] == {
        "id": 1,
        "kode_daerah": "62.02",
        "nilai": Decimal("12345678901234567891.12"),
        "teks": 'baris\nbaru "1" ünïcode',
        "waktu": "2024-08-01T01:00:00+00:00",
        "kosong": None,
    }
    assert pages[0].body == pages[0].records


def test_p1_a_column_of_json_keeps_its_own_line_ends_out_of_the_lines(read: Read) -> None:
    """PostgreSQL keeps a json value as it was written, and a line end in it would be the end of the row."""
    [page] = read("""select 1 as id, e'{"a":\n 1.50,\n"b": "x\\\\ny"}'::json as rinci, e'p\nq' as teks""")
    assert page.records.count(b"\n") == 0
    assert rows([page]) == [{"id": 1, "rinci": {"a": Decimal("1.50"), "b": "x\ny"}, "teks": "p\nq"}]


def test_values_of_the_context_are_bound_never_pasted(read: Read) -> None:
    query = "select id from survei where kode_daerah = %(kode)s and teks like '%%baris%%'"
    contexts = [{"kode": "64.02", "other": "x"}, {"kode": "' or 1=1 --"}]
    first, second = read(query, contexts)
    assert len(rows([first])) == 5
    assert first.context == contexts[0]
    assert first.request.endswith("with kode=64.02")
    assert (second.seq, second.records, second.records_path) == (1, b"[]", "$")


def test_a_query_may_end_in_a_comment_and_hold_braces(read: Read) -> None:
    assert rows(read("with a as (select '{}'::text as x) select x from a -- the end")) == [{"x": "{}"}]


@pytest.mark.parametrize(
    "query",
    [
        "delete from survei",
        "select 1; delete from survei",
        "",
        "update survei set id = 1",
        "select '%' as x",
        "select %s as x",
        "call x()",
    ],
)
def test_p10_only_one_select_is_taken(query: str) -> None:
    with pytest.raises(ValueError, match=r"query must|percent"):
        SqlArgs.model_validate({"query": query})


def test_the_transaction_only_reads(read: Read, database: str) -> None:
    with psycopg.connect(database) as made:
        made.execute("create function tulis() returns int language sql as 'delete from survei returning id'")
    error = refused(read, "select tulis() as id")
    assert isinstance(error, SourceError)
    assert "read-only" in error.what
    assert len(rows(read("select id from survei"))) == 10


def test_all_pages_are_of_one_moment(read: Read, database: str) -> None:
    connection = Connection(url=database, extra={"private": True})
    args = SqlArgs.model_validate({"query": "select id from survei order by id", "page_rows": 3})
    with HttpClient(connection) as http:
        pages = Sql(args, connection, [{"a": "1"}, {"a": "2"}], http).pages()
        seen = [next(pages)]
        with psycopg.connect(database) as made:
            made.execute("delete from survei where id > 3")
        seen += list(pages)
    assert len(rows(seen)) == 20


def test_a_statement_that_takes_too_long_ends(read: Read) -> None:
    error = refused(read, "select pg_sleep(20)::text as x", statement_timeout_s=1)
    assert isinstance(error, SourceError)
    assert error.kind == "retryable"
    assert "statement timeout" in error.what


def test_p1_two_columns_of_one_name_are_refused(read: Read) -> None:
    assert "'a' twice" in str(refused(read, "select 1 as a, 2 as a"))


def test_p6_data_quoted_by_the_database_is_not_repeated(read: Read) -> None:
    error = refused(read, "select teks::int as x from survei")
    assert "baris" not in str(error)
    assert "invalid input syntax" in str(error)


def test_p10_what_is_missing_is_named(read: Read) -> None:
    assert "survey" in str(refused(read, "select * from survey"))
    assert "%(tahun)s" in str(refused(read, "select %(tahun)s as x"))
    assert isinstance(refused(read, url="host=/nowhere dbname=x"), SourceError)
    assert isinstance(refused(read, url="postgresql://h:notaport/x"), PilarError)


def test_more_bytes_than_a_pull_may_have_are_refused(read: Read) -> None:
    assert "more than 1000 bytes" in str(refused(read, "select repeat('x', 2000) as x", limits={"max_pull": 1000}))


def test_servers_are_checked_and_proved(read: Read) -> None:
    url = f"postgresql://dinas:{PASSWORD}@127.0.0.1:5432/x"
    assert "private or local" in str(refused(read, url=url, extra={"private": False}))
    open_to_all = {"private": False, "sslmode": "disable"}
    assert "sslmode 'disable'" in str(refused(read, url="postgresql://8.8.8.8/x", extra=open_to_all))
    assert isinstance(refused(read, url="postgresql:///x", extra={"private": False}), ConfigError)
    both = {"private": False}
    assert isinstance(refused(read, url="postgresql://8.8.8.8/x?hostaddr=127.0.0.1", extra=both), ConfigError)


def parameters(**extra: Any) -> dict[str, Any]:
    connection = Connection(url=f"postgresql://dinas:{PASSWORD}@8.8.8.8:6543/opd", password="baru", extra=extra)
    with HttpClient(connection) as http:
        return PostgresDatabase(connection, http, 120).parameters()


def test_the_checked_address_is_dialled_and_the_name_is_proved() -> None:
    found = parameters()
    assert (found["host"], found["hostaddr"], found["port"]) == ("8.8.8.8", "8.8.8.8", "6543")
    assert (found["sslmode"], found["sslrootcert"], found["password"]) == ("verify-full", "system", "baru")
    assert parameters(ca_bundle="/etc/opd.pem")["sslrootcert"] == "/etc/opd.pem"
    assert parameters(private=True)["sslmode"] == "prefer"


def test_nothing_secret_is_logged(read: Read, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refused(read, url=f"postgresql://dinas:{PASSWORD}@/x?host=/nowhere")
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("state", "words", "kind"),
    [
        ("28P01", "", "auth"),
        ("28000", "", "auth"),
        ("42501", "", "auth"),
        ("42P01", "", "permanent"),
        ("42703", "", "permanent"),
        ("22P02", "", "permanent"),
        ("25006", "", "permanent"),
        ("3D000", "", "permanent"),
        ("57014", "", "retryable"),
        ("57P03", "", "retryable"),
        ("53300", "", "retryable"),
        ("40001", "", "retryable"),
        ("08006", "", "retryable"),
        ("XX001", "", "damaged"),
        (None, "connection refused", "retryable"),
        (None, "could not translate host name", "retryable"),
        (None, 'FATAL:  password authentication failed for user "x"', "auth"),
        (None, 'FATAL:  no pg_hba.conf entry for host "1.2.3.4"', "auth"),
        (None, 'FATAL:  database "x" does not exist', "permanent"),
        (None, "server does not support SSL, but SSL was required", "permanent"),
        (None, "SSL error: certificate verify failed", "permanent"),
    ],
)
def test_table(state: str | None, words: str, kind: str) -> None:
    assert kind_of_sqlstate(state, words) == kind
