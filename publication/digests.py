"""What stands for the content of a publication: whether two of them say the same, told without reading either.

DuckDB adds up two hashes of 64 bits over the rows of a region in each table. Chance does not make two contents alike.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import duckdb

from ledger.sql import identifier, literal
from publication.meta import PublicationMeta, SourceBatch

# A pillar is promoted anew when one region of it has changed. What the others' figures say stays the same.
OF_PROMOTION = ("evaluation_id", "promoted_at")
# Not made of rows of the evaluation.
NOT_CONTENT = "meta"
_PACKAGES = ("publication", "ledger", "definitions")
_HASHES = "count(*)::varchar, sum(hash(r))::varchar, sum(hash(r, 'again'))::varchar"


class Digests:
    """The digests of the publication attached as ``publication``, with its evaluation's as ``warehouse``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, meta: PublicationMeta) -> None:
        found = _of_tables(connection)
        of_batch = {batch.batch_id: _of_batch(batch) for batch in meta.sources}
        named = _batches(connection)
        things = [
            sorted(rows for region, rows in found if region is None),
            [gate.model_dump(exclude={"carried_from", "checks"}) for gate in meta.gates],
            [pillar.model_dump(mode="json", exclude=set(OF_PROMOTION)) for pillar in meta.pillars],
            {source: [one.model_dump() for one in said] for source, said in meta.caveats.items()},
            meta.data_licence,
            code_digest(),
        ]
        self._shared = digest_of(things)
        by_region = defaultdict[str, list[str]](list)
        for region, rows in found:
            if region is not None:
                by_region[region].append(rows)
        self._by_region = {
            region: digest_of(
                sorted(rows), sorted(of_batch.get(one, one) for one in named.get(region, ())), self._shared
            )
            for region, rows in by_region.items()
        }

    def of(self, region_code: str | None) -> str:
        """Of all that is said of one region; None: of what all share."""
        return self._shared if region_code is None else self._by_region.get(region_code, self._shared)


def digest_of(*things: object) -> str:
    """A sha256 over values that JSON can say."""
    return hashlib.sha256(json.dumps(things, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def table_digest(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """What stands for all rows of a relation, in whatever order they come."""
    names = ", ".join(f"{name} {kind}" for name, kind, *_ in connection.execute(f"DESCRIBE FROM {relation}").fetchall())
    row = connection.execute(f"SELECT {_HASHES} FROM (FROM {relation}) AS r").fetchone()
    return digest_of(names, row, duckdb.__version__)


def grouped_digests(connection: duckdb.DuckDBPyConnection, relation: str, name: str) -> Mapping[str, str]:
    """What stands for the rows of each value of a column, apart from which evaluation promoted them and when."""
    names = [row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()]
    left_out = ", ".join(column for column in OF_PROMOTION if column in names)
    read = f"SELECT * {f'EXCLUDE ({left_out})' if left_out else ''} FROM {relation}"
    query = f"SELECT {identifier(name)}, {_HASHES} FROM ({read}) AS r GROUP BY 1 ORDER BY 1"
    return {str(row[0]): digest_of(relation, row[1:]) for row in connection.execute(query).fetchall()}


@cache
def code_digest() -> str:
    """What stands for the code and the templates that pages and documents are made by."""
    house = Path(__file__).parents[1]
    found = [duckdb.__version__]
    for path in sorted(path for package in _PACKAGES for path in (house / package).rglob("*") if path.is_file()):
        if path.suffix != ".pyc":
            found += [path.relative_to(house).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()]
    return digest_of(found)


def _of_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str | None, str]]:
    columns = defaultdict[str, list[str]](list)
    for schema, table, column in connection.execute(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
        f"WHERE database_name = 'publication' AND schema_name <> {literal(NOT_CONTENT)} ORDER BY ALL"
    ).fetchall():
        # What is made of other tables says nothing else.
        if table != "all_indicators":
            columns[f"publication.{identifier(schema)}.{identifier(table)}"].append(column)
    columns["warehouse.scores.explanations"] = ["region_code"]
    found = []
    for relation, names in columns.items():
        left_out = ", ".join(name for name in OF_PROMOTION if name in names)
        read = f"SELECT * {f'EXCLUDE ({left_out})' if left_out else ''} FROM {relation}"
        region = "region_code" if "region_code" in names else "NULL"
        query = f"SELECT {region} AS region, {_HASHES} FROM ({read}) AS r GROUP BY 1 ORDER BY 1"
        found += [(row[0], digest_of(relation, row[1:])) for row in connection.execute(query).fetchall()]
    return found


def _batches(connection: duckdb.DuckDBPyConnection) -> Mapping[str, list[str]]:
    """The batches that the rows of each region name."""
    named = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_columns() WHERE database_name = 'publication' "
        f"AND column_name = 'batch_ids' AND schema_name <> {literal(NOT_CONTENT)}"
    ).fetchall()
    # Lists are few where rows are many: each list is taken apart once.
    union = " UNION ".join(
        f"SELECT region_code, batch_ids FROM publication.{identifier(schema)}.{identifier(table)}"
        for schema, table in named
    )
    each = f"SELECT region_code, unnest(batch_ids) AS one FROM ({union})"
    query = f"SELECT region_code, list(DISTINCT one) FROM ({each}) GROUP BY 1"
    return dict(connection.execute(query).fetchall()) if named else {}


def _of_batch(batch: SourceBatch) -> str:
    return digest_of(batch.model_dump(mode="json"))
