"""The project's own SQL without its build: a model or macro rendered as dbt renders it, over a test's own tables."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb
from jinja2 import Environment, StrictUndefined

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# How relations are named and made is the only part that is the build's own.
_BUILD = {"naming.sql"}


def macro(call: str) -> str:
    """The SQL of a macro call such as ``ratio_half_up('sum(a)', 'sum(b)', 2)``."""
    return _render(f"{{{{ {call} }}}}")


def model(name: str) -> str:
    """The SQL of a model, over tables that bear the names of what it refers to."""
    [path] = (PROJECT / "models").rglob(f"{name}.sql")
    return _render(path.read_text(encoding="utf-8"))


def load_seed(connection: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]) -> None:
    """A seed as a table; ``types`` of the columns that are not obvious."""
    kinds = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
    path = PROJECT / "seeds" / f"{name}.csv"
    connection.execute(f"CREATE TABLE {name} AS FROM read_csv('{path}', header = true, types = {{{kinds}}})")


def _render(text: str) -> str:
    environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
    template = environment.from_string(_macros() + text)
    return template.render(ref=lambda name: name, config=lambda **_: "")


@cache
def _macros() -> str:
    files = sorted((PROJECT / "macros").glob("*.sql"))
    return "".join(path.read_text(encoding="utf-8") for path in files if path.name not in _BUILD)
