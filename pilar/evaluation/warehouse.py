"""The DuckDB file of one evaluation: what dbt finds in it, and what is taken out of it.

Every evaluation builds a new file from the batches in force and the marts in force, so that a run that dies leaves
nothing that a later run could trip over.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import duckdb
import structlog

from connectors.landing.merging import merged
from ledger.disk import make_folder, put
from ledger.errors import PublicationError
from ledger.project import columns, mart_of
from ledger.records import Batch, Maturity, Promotion, Revision
from ledger.regions import COLUMNS, Region
from ledger.sql import identifier, literal
from ledger.wording import held_for_readers

log = structlog.get_logger()

LANDED_OWN = {"_page": "INTEGER", "_row": "BIGINT", "_coverage": "VARCHAR", "_flags": "VARCHAR[]"}
LANDED_EXTRAS = {
    **LANDED_OWN,
    "_batch": "VARCHAR",
    "_synthetic": "BOOLEAN",
    "_maturity": "VARCHAR",
}
# A line for each unit and column whose figure was restated; ``unit`` is the key as JSON, values are text.
REVISION_COLUMNS = {
    "source_id": "VARCHAR",
    "coverage": "VARCHAR",
    "unit": "VARCHAR",
    "kind": "VARCHAR",
    "column_name": "VARCHAR",
    "old_value": "VARCHAR",
    "new_value": "VARCHAR",
    "batch_id": "VARCHAR",
    "previous_batch_id": "VARCHAR",
}

# What the platform adds to a mart in force is described with dbt's source of that name.
PROMOTED = "promoted.marts"


@contextmanager
def opened(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, open for writing. Closed before dbt or Great Expectations open it: one writer at a time.

    What was written is in the file then. Closing alone does the same, and says nothing when the disk is full.
    Who opens what the same thread holds open gets a connection beside the other's. Opening a file reads all its views,
    and what was written is in the file when the outer one ends.
    """
    held = _held.files.get(warehouse)
    if held is not None:
        with held.cursor() as beside:
            beside.execute("set timezone = 'UTC'")
            yield beside
        return
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(warehouse))
    _held.files[warehouse] = connection
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
        connection.execute("checkpoint")
    finally:
        del _held.files[warehouse]
        connection.close()


class _Held(threading.local):
    """The files that a thread holds open."""

    def __init__(self) -> None:
        self.files: dict[Path, duckdb.DuckDBPyConnection] = {}


_held = _Held()


@dataclass(frozen=True, slots=True)
class View:
    """A view that an evaluation begins with: its SQL, the files it reads, and its columns with their DuckDB types.

    ``below`` are the views that its SQL names; their files are among its own. Of a view that cannot be made ``columns``
    stay, so that views above it can still be made. One that is ``stored`` is a table in the file: its SQL is long, and
    would be planned again wherever it is named.
    """

    sql: str
    files: tuple[Path, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    below: tuple["View", ...] = ()
    stored: bool = False

    def signature(self) -> str:
        """Tells what it shows: other SQL, here or below, or another file is another signature.

        A landed file is written once and named in the SQL; its size and time would tell of damage.
        """
        digest = hashlib.sha256("\n".join(self._queries()).encode())
        for path in self.files:
            found = path.stat() if path.exists() else None
            digest.update(f"\n{found.st_size} {found.st_mtime_ns}".encode() if found is not None else b"\ngone")
        return digest.hexdigest()

    def _queries(self) -> Iterator[str]:
        yield self.sql
        for view in self.below:
            yield from view._queries()


def landing_views(
    home: Path,
    columns: Mapping[str, Mapping[str, str]],
    batches: Sequence[Batch],
    maturity: Mapping[str, Maturity] = MappingProxyType({}),
) -> Mapping[str, View]:
    """``landing.<source>`` over its batches in force; a source without any gets an empty view of the same columns.

    - ``batches`` are in the order of their pulls. Those of an incremental source are joined by its key.
    - ``columns`` maps source ids to their landed columns and DuckDB types. A source whose file cannot be read now is
      not among them. Its batches in force stay, with the columns they were landed with (promise P3).
    - ``maturity`` is that of batches, by id.
    """
    known = {**dict.fromkeys(sorted({batch.source_id for batch in batches})), **columns}
    views = {}
    for source_id, contract in known.items():
        own = [batch for batch in batches if batch.source_id == source_id]
        merge = next((batch.merge for batch in reversed(own) if batch.merge is not None), None)
        # What a simulator gave and what the real system gave stand side by side: no row of one hides the other's.
        kinds = [[batch for batch in own if batch.synthetic == kind] for kind in sorted({one.synthetic for one in own})]
        joined = [
            merged([_landed(home, contract, batch, maturity.get(batch.batch_id)) for batch in kind], merge)
            for kind in kinds
        ]
        shown = {**contract, **LANDED_EXTRAS} if contract is not None else {}
        body = merged(joined or [empty(shown)], None)
        views[f"landing.{source_id}"] = View(body, tuple(home / (batch.landed_path or "") for batch in own), shown)
    return views


def revisions_view(home: Path, revisions: Sequence[Revision]) -> Mapping[str, View]:
    """The view ``landing._revisions``: every figure that was in force and was restated, by unit and column.

    No source can have this name: theirs begin with a letter.
    """
    paths = tuple(home / revision.path for revision in revisions)
    files = ", ".join(literal(str(path)) for path in paths)
    names = ", ".join(REVISION_COLUMNS)
    body = (
        f"select {names} from read_parquet([{files}], hive_partitioning = false)" if files else empty(REVISION_COLUMNS)
    )
    return {"landing._revisions": View(body, paths, REVISION_COLUMNS)}


def regions_view(regions: Sequence[Region]) -> Mapping[str, View]:
    """The table ``landing._regions``: the installation's regions, with their codes and names in other systems."""
    names = ", ".join(COLUMNS)
    rows = ", ".join(f"({', '.join(_value(text or None) for text in region.row())})" for region in regions)
    columns = dict.fromkeys(COLUMNS, "VARCHAR")
    # In one table with the empty one, a column of nothing but nulls is text, too.
    listed = f"{empty(columns)} union all select {names} from (values {rows}) as listed({names})"
    return {"landing._regions": View(listed if rows else empty(columns), columns=columns, stored=True)}


def write_views(warehouse: Path, views: Mapping[str, View]) -> None:
    """Write views into a file. They are named with their schema, ``landing.<source>``, and stand behind those below."""
    with opened(warehouse) as connection:
        show_views(connection, views)


def show_views(connection: duckdb.DuckDBPyConnection, views: Mapping[str, View]) -> None:
    """As ``write_views``, on an open file."""
    for name, view in views.items():
        schema, _, own = name.partition(".")
        connection.execute(f"create schema if not exists {identifier(schema)}")
        kind = "table" if view.stored else "view"
        shown = f"create or replace {kind} {identifier(schema)}.{identifier(own)} as\n"
        try:
            connection.execute(shown + view.sql)
        except duckdb.Error as error:
            # The pillars that read it keep their last good version; all others go on (promise P3).
            log.warning("view_unreadable", view=name, error=type(error).__name__)
            connection.execute(shown + refusal(view.columns, f"{name} cannot be read: see pilar verify"))


def empty(columns: Mapping[str, str]) -> str:
    """A query of these columns (with their DuckDB types) without any row."""
    fields = ", ".join(f"null::{kind} as {identifier(name)}" for name, kind in columns.items())
    return f"select {fields} where false"


def refusal(columns: Mapping[str, str], said: str) -> str:
    """A query of these columns that fails with these words as soon as a row of it is wanted.

    Not one of its columns is a constant: a condition on a constant would be answered without reading a row.
    """
    fails = f"error({literal(said)})"
    fields = ", ".join(f"{fails}::{kind} as {identifier(name)}" for name, kind in columns.items())
    return f"select {fields or fails} where {fails} is null"


def write_promoted(
    warehouse: Path,
    home: Path,
    pillars: Sequence[str],
    in_force: Mapping[str, Promotion],
    held: Mapping[str, Promotion],
) -> None:
    """One view per pillar over its mart in force, and one over all of them, ``promoted.marts``, for dbt.

    A pillar that never passed its gate gets an empty view. One whose mart cannot be read any more has a view that fails
    when it is read.
    """
    with opened(warehouse) as connection:
        connection.execute("create schema if not exists promoted")
        for pillar in pillars:
            shown = f"create or replace view promoted.{identifier(mart_of(pillar))} as\n"
            try:
                connection.execute(shown + _promoted(home, pillar, in_force.get(pillar), held.get(pillar)))
            except duckdb.Error as error:
                log.warning("promoted_unreadable", pillar=pillar, error=type(error).__name__)
                kept = {column.name: column.type for name in (mart_of(pillar), PROMOTED) for column in columns(name)}
                said = f"the mart of {pillar} in force cannot be read: see pilar verify"
                connection.execute(shown + refusal(kept, said))
        union = " union all by name ".join(f"from promoted.{identifier(mart_of(pillar))}" for pillar in pillars)
        connection.execute(f"create or replace view {PROMOTED} as\n{union}")


@dataclass(frozen=True, slots=True)
class MartFile:
    """A candidate mart as Parquet, in fixed order: beside its place until it is kept. Its sha256 tells its rows."""

    draft: Path
    target: Path
    sha256: str

    def keep(self) -> None:
        """Put it in its place, whole or not at all."""
        put(self.draft, self.target)

    def drop(self) -> None:
        """Remove it."""
        self.draft.unlink(missing_ok=True)


def export_marts(warehouse: Path, targets: Mapping[str, Path]) -> Mapping[str, MartFile]:
    """Write those candidate marts that were built to Parquet, each beside its target. ``targets`` are by pillar.

    All or none: whatever goes wrong, nothing that was begun stays.
    """
    drafts = {target: target.with_name(f".{target.name}.{os.getpid()}") for target in targets.values()}
    try:
        return _exported(warehouse, targets, drafts)
    except BaseException:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise


def _exported(warehouse: Path, targets: Mapping[str, Path], drafts: Mapping[Path, Path]) -> Mapping[str, MartFile]:
    found = {}
    with opened(warehouse) as connection:
        # No parameters here or elsewhere: binding one makes DuckDB import pandas first, which takes seconds.
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'candidate'").fetchall()
        for pillar, target in targets.items():
            if (mart_of(pillar),) not in tables:
                continue
            make_folder(target.parent)
            draft = drafts[target]
            names = ", ".join(identifier(column.name) for column in columns(mart_of(pillar)))
            connection.execute(
                f"copy (select {names} from candidate.{identifier(mart_of(pillar))} "
                f"order by region_code, indicator_id, period) to {literal(str(draft))} (format parquet)"
            )
            found[pillar] = MartFile(draft, target, hashlib.sha256(draft.read_bytes()).hexdigest())
    return found


def named_batches(warehouse: Path) -> Sequence[str]:
    """Ids of the batches that the marts in force name: those of a held pillar may be older than the evaluation's."""
    query = f"select distinct unnest(batch_ids) as id from {PROMOTED} order by id"
    with opened(warehouse) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]


def regions_by_batch(warehouse: Path) -> Mapping[str, frozenset[str]]:
    """Of which regions each batch speaks: those of its rows in the records, and of the figures in force that name it.

    Raises PublicationError when what it landed can no longer be read.
    """
    with opened(warehouse) as connection:
        records = connection.execute(
            "select table_name from information_schema.columns where table_schema = 'records' "
            "and column_name in ('region_code', '_batch') group by table_name having count(*) = 2 order by all"
        ).fetchall()
        parts = [f"select distinct region_code, _batch as id from records.{identifier(name)}" for (name,) in records]
        parts += [f"select distinct region_code, unnest(batch_ids) as id from {PROMOTED}"]
        query = (
            f"select id, list(distinct region_code) from ({' union all '.join(parts)}) where region_code is not null"
        )
        try:
            found = connection.execute(f"{query} and id is not null group by id").fetchall()
        except duckdb.Error as error:
            raise PublicationError(
                "what batches landed cannot be read, so it is not known of which regions they speak",
                where=warehouse.name,
                do="Run `pilar evaluate --force`",
            ) from error
    return {str(batch): frozenset(map(str, regions)) for batch, regions in found}


def _landed(home: Path, contract: Mapping[str, str] | None, batch: Batch, maturity: Maturity | None) -> str:
    assert batch.landed_path is not None, batch.batch_id
    landed = _parquet(home / batch.landed_path)
    names = "*"
    if contract is not None:
        # A column that the contract has gained since is empty in what was landed before it.
        names = ", ".join(map(identifier, [*contract, *LANDED_OWN]))
        landed = f"({empty({**contract, **LANDED_OWN})} union all by name select * from {landed})"
    return (
        f"select {names}, {literal(batch.batch_id)} as _batch, {batch.synthetic} as _synthetic, "
        f"{literal(maturity) if maturity is not None else 'null'}::varchar as _maturity "
        f"from {landed}"
    )


def _parquet(path: Path) -> str:
    """One file as it stands: DuckDB would take a folder called ``x=7`` above it for the column ``x``."""
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def _promoted(home: Path, pillar: str, in_force: Promotion | None, held: Promotion | None) -> str:
    contract = {column.name: column.type for column in columns(mart_of(pillar))}
    said = {
        "evaluation_id": in_force.evaluation_id if in_force is not None else None,
        "promoted_at": in_force.decided_at.isoformat() if in_force is not None else None,
        "held_since": held.decided_at.isoformat() if held is not None else None,
        "held_reason": held_for_readers(held.reason) if held is not None else None,
    }
    added = ", ".join(f"{_value(said[column.name])}::{column.type} as {column.name}" for column in columns(PROMOTED))
    mart = empty(contract)
    if in_force is not None:
        assert in_force.path is not None
        # A column that the contract has gained since is empty in what was promoted before it.
        mart = f"{mart} union all by name select * from {_parquet(home / in_force.path)}"
    return f"select {', '.join(map(identifier, contract))}, {added} from ({mart})"


def _value(text: str | None) -> str:
    return "null" if text is None else literal(text)
