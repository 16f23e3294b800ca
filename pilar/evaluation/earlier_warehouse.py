"""An evaluation's file that begins as a copy of an earlier one, so that dbt builds only what other data reach.

The earlier file is one whose candidates were all built and tested, by the very same project and versions. It says
itself what each view it began with showed; where a view shows the same, so does every table below it. In any doubt
there is no such file, and everything is built.
"""

import hashlib
import shutil
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import structlog

from ledger.disk import file_sha256
from ledger.sql import identifier, literal
from pilar.evaluation.parsed_project import fingerprint
from pilar.evaluation.warehouse import View, opened, show_views

log = structlog.get_logger()

COLUMNS = (
    "select schema_name, table_name, column_name, data_type from duckdb_columns() "
    "where schema_name in ({schemas}) order by all"
)


def signatures(views: Mapping[str, View]) -> Mapping[str, str]:
    """What tells what each view shows."""
    return {name: view.signature() for name, view in views.items()}


def note_built(warehouse: Path, shown: Mapping[str, str]) -> None:
    """Note in the file that all candidates were built, by what and from what: it can serve later evaluations.

    ``shown`` are the signatures of the views before the build.
    """
    rows = ", ".join(f"({literal(name)}, {literal(signature)})" for name, signature in shown.items())
    with opened(warehouse) as connection:
        connection.execute(f"create or replace table main.built_by as select {literal(_builder())} as builder")
        connection.execute("create or replace table main.built_from (name varchar, signature varchar)")
        if rows:
            connection.execute(f"insert into main.built_from values {rows}")


def built_from(connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
    """The signatures of the views that a file's candidates were built from; none where not all were built."""
    return dict(_noted(connection, "built_from", "name, signature"))


def built_by(connection: duckdb.DuckDBPyConnection) -> str | None:
    """What built a file's candidates; None where not all were built."""
    found = _noted(connection, "built_by", "builder")
    return str(found[0][0]) if found else None


def copy_earlier(warehouse: Path, views: Mapping[str, View]) -> frozenset[str] | None:
    """Begin a file with what the newest earlier one that can serve has built, and the landing as it is now.

    Returns the views that show something else since; None when no file can serve, and then nothing was written.
    """
    now = signatures(views)
    draft = warehouse.with_name(f"{warehouse.name}.draft")
    try:
        for earlier in sorted(warehouse.parent.glob("[0-9]*.duckdb"), reverse=True):
            then = _copy(earlier, draft) if earlier != warehouse else None
            if then is None:
                continue
            changed = frozenset(name for name in now if now[name] != then.get(name))
            # Another source, or other columns of one: views that stay would no longer fit.
            if set(then) != set(now) or not _renew(draft, views, changed):
                return None
            draft.replace(warehouse)
            log.info("begun from an earlier evaluation", earlier=earlier.stem, changed=sorted(changed))
            return changed
        return None
    finally:
        draft.unlink(missing_ok=True)


def drop_tables(warehouse: Path, names: Mapping[str, str]) -> None:
    """Drop tables (names and schemas) that are about to be built again: one that fails must not leave old rows."""
    with opened(warehouse) as connection:
        for name, schema in names.items():
            connection.execute(f"drop table if exists {identifier(schema)}.{identifier(name)}")


def _noted(connection: duckdb.DuckDBPyConnection, table: str, names: str) -> list[tuple[Any, ...]]:
    known = f"select 1 from duckdb_tables() where schema_name = 'main' and table_name = {literal(table)}"
    if connection.execute(known).fetchone() is None:
        return []
    return connection.execute(f"select {names} from main.{table}").fetchall()


def _builder() -> str:
    """What makes tables from the landing: the project with its reference tables, this package, and what runs them."""
    code = hashlib.sha256("".join(map(file_sha256, sorted(Path(__file__).parent.glob("*.py")))).encode()).hexdigest()
    return f"{fingerprint()} {code[:24]} duckdb {duckdb.__version__} dbt-duckdb {version('dbt-duckdb')}"


def _copy(earlier: Path, draft: Path) -> Mapping[str, str] | None:
    """Copy a file, and say what its views showed; None when it cannot serve, or somebody writes to it."""
    try:
        # Closing any descriptor of a file frees the process's locks on it, so this one is closed after DuckDB's.
        with earlier.open("rb") as content, duckdb.connect(str(earlier), read_only=True) as connection:
            if earlier.with_name(f"{earlier.name}.wal").exists():
                return None
            if connection.execute("select builder from main.built_by").fetchall() != [(_builder(),)]:
                return None
            then = dict(connection.execute("select name, signature from main.built_from").fetchall())
            with draft.open("wb") as copy:
                shutil.copyfileobj(content, copy)
            return then
    except (OSError, duckdb.Error):
        return None


def _renew(draft: Path, views: Mapping[str, View], changed: Collection[str]) -> bool:
    """Take out what only the earlier evaluation may say, and show the views of now. False when columns changed."""
    columns = COLUMNS.format(schemas=", ".join(sorted({literal(name.partition(".")[0]) for name in views})))
    with opened(draft) as connection:
        before = connection.execute(columns).fetchall()
        connection.execute("drop table main.built_by; drop table main.built_from")
        connection.execute("drop schema if exists scores cascade; drop schema if exists promoted cascade")
        # In their order: a view is read when one above it is made.
        show_views(connection, {name: view for name, view in views.items() if name in changed})
        return connection.execute(columns).fetchall() == before
