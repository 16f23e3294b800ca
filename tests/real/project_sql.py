"""The project's own SQL without its build: a macro rendered as dbt renders it, over a test's own tables."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# How relations are named and made is the only part that is the build's own.
_BUILD = {"naming.sql"}


def macro(call: str) -> str:
    """The SQL of a macro call such as ``ratio_half_up('sum(a)', 'sum(b)', 2)``."""
    environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL, not HTML
    return environment.from_string(f"{_macros()}{{{{ {call} }}}}").render()


@cache
def _macros() -> str:
    files = sorted((PROJECT / "macros").glob("*.sql"))
    return "".join(path.read_text(encoding="utf-8") for path in files if path.name not in _BUILD)
