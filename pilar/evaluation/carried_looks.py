"""What looks for findings saw in an earlier evaluation: it is taken over where all that they read shows the same.

It is kept in the file of the evaluation, which later ones begin with (``earlier_warehouse``).
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ledger.sql import literal
from pilar.evaluation.between import IN_FORCE
from pilar.evaluation.earlier_warehouse import built_by, built_from

_TABLE = "main.looked_before"
_SCHEMAS = frozenset(
    {"candidate", "definitions", "evidence", "figures", "landing", "promoted", "records", "reference", "scores"}
)
_NAMED = re.compile(rf'\b({"|".join(sorted(_SCHEMAS))})\."?(\w+)')
# Whatever else a query reads from.
_READ = re.compile(r'\b(?:from|join)\s+"?(\w+)"?\."?\w', re.IGNORECASE)
# Tables of the connection alone: what they hold cannot be told from the file.
_GATHERED = IN_FORCE


class CarriedLooks:
    """What looks saw, by their names, beside what stands for all that they follow from.

    That is their queries, the views that these name, what ``told`` says, and what built the file: project and code.
    A look that reads anything else is taken each time. So are all where the file does not say what its views show.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, told: object) -> None:
        self._connection = connection
        self._shown = built_from(connection)
        self._same = [built_by(connection), told]
        connection.execute(f"create table if not exists {_TABLE} (look varchar, follows_from varchar, seen varchar)")
        self._before = {row[0]: row[1:] for row in connection.execute(f"from {_TABLE}").fetchall()}
        self._now: dict[str, tuple[str, str]] = {}

    def seen(self, name: str, queries: Sequence[str]) -> list[dict[str, Any]] | None:
        """What a look saw, where it would see the same now. None where it must be taken."""
        before = self._before.get(name)
        if before is None or before[0] != self._follows_from(queries):
            return None
        found: list[dict[str, Any]] = json.loads(before[1])
        return found

    def keep(self, name: str, queries: Sequence[str], seen: Sequence[Mapping[str, Any]]) -> None:
        """Keep what a look saw, if what it follows from can be said."""
        follows_from = self._follows_from(queries)
        if follows_from is not None:
            self._now[name] = (follows_from, json.dumps(seen))

    def write(self) -> None:
        """Write what was kept, in place of what was kept before."""
        self._connection.execute(f"delete from {_TABLE}")
        rows = ", ".join(f"({', '.join(map(literal, (name, *kept)))})" for name, kept in self._now.items())
        if rows:
            self._connection.execute(f"insert into {_TABLE} values {rows}")

    def _follows_from(self, queries: Sequence[str]) -> str | None:
        asked = "\n".join(queries)
        named = {".".join(found) for found in _NAMED.findall(asked)}
        # The definitions are files of the project.
        views = sorted(name for name in named if not name.startswith("definitions."))
        unknown = set(_READ.findall(asked)) - _SCHEMAS
        if unknown or _GATHERED in asked or not self._shown or not self._shown.keys() >= set(views):
            return None
        things = [self._same, asked, [self._shown[name] for name in views]]
        return hashlib.sha256(json.dumps(things).encode()).hexdigest()
