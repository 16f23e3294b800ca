"""Is every column that readers get described, and does every described one reach them? Asked without any data.

What the project says is read first. Then a warehouse without rows is made from it, put in force and published by the
very steps that an evaluation takes; a publication is refused where a column is lost or unknown.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger import project
from ledger.errors import ConfigError, PilarError
from ledger.project import mart_of, pillar_ids, table, tables
from ledger.records import Promotion
from ledger.sql import identifier
from pilar.evaluation.warehouse import export_marts, opened, write_promoted
from publication.build import publish
from publication.meta import PublicationMeta
from publication.provenance import TABLES
from publication.tables import (
    ALL_INDICATORS,
    EXPLANATIONS,
    FOUND,
    IN_FORCE,
    NEEDED,
    REGION_ID,
    SCORES,
    WELCOME,
)

MARTS = "models/pillars"
BEGAN = datetime(2000, 1, 1, tzinfo=UTC)


def problems() -> Iterator[PilarError]:
    """What is said and not given, or given and not said, one by one."""
    found = [*_pillars(), *_columns()]
    yield from found or _publication()


def _pillars() -> Iterator[PilarError]:
    """Every pillar has a mart, and every mart a pillar."""
    models = {path.stem for path in (project.PROJECT / MARTS).glob("*.sql")}
    marts = {mart_of(pillar) for pillar in pillar_ids()}
    for name in sorted(marts - models):
        yield ConfigError(
            f"the pillar of {name} has no model", where=f"{MARTS}/{name}.sql", do="Write the model: one line, as others"
        )
    for name in sorted(marts - set(tables())):
        yield ConfigError(
            f"the pillar of {name} has no contract", where=MARTS, do="Add it to the YAML there, as others stand there"
        )
    for name in sorted(models - marts):
        yield ConfigError(f"{name} is the mart of no pillar", where="seeds/pillars.csv", do="Add the pillar there")


def _columns() -> Iterator[PilarError]:
    said = set()
    for described in _published():
        said |= {described.title, described.description, *(column.description for column in described.columns)}
        for column in described.columns:
            said.add(column.unit)
            for what in ("description", "type", *(("unit",) if column.is_number else ())):
                if not getattr(column, what):
                    yield ConfigError(
                        f"{described.name}.{column.name} is published and has no {what}",
                        where=described.where,
                        do="Write it there: readers get it with the column",
                    )
    known = project.indonesian()
    for english in sorted(said - known.keys() - {""}):
        yield ConfigError(f"{english!r} is not said in Indonesian", where=project.INDONESIAN, do="Add it there")
    for english in sorted(known.keys() - said):
        yield ConfigError(f"{english!r} is said of no published table", where=project.INDONESIAN, do="Take it out")


def _published() -> Iterator[project.Table]:
    made = (REGION_ID, f"published.{ALL_INDICATORS}", *(f"meta.{name}" for name in TABLES))
    for name in (*map(mart_of, pillar_ids()), *SCORES, *NEEDED, *WELCOME, FOUND, IN_FORCE, *made):
        if name in tables():
            yield table(name)


def _publication() -> Iterator[PilarError]:
    with TemporaryDirectory(prefix="pilar-described-") as folder:
        try:
            warehouse = empty_warehouse(Path(folder))
            meta = PublicationMeta(evaluation_id="none", created_at=BEGAN, gates=(), sources=(), pillars=())
            publish(warehouse, meta, Path(folder) / "published")
        except PilarError as error:
            yield error


def empty_warehouse(home: Path) -> Path:
    """The file of an evaluation that found nothing: empty tables as they are described, all pillars in force."""
    warehouse = home / "none.duckdb"
    schemas = {
        "candidate": tuple(map(mart_of, pillar_ids())),
        "scores": (*SCORES, FOUND, EXPLANATIONS.partition(".")[2]),
        "seeds": (*NEEDED, *WELCOME),
    }
    with opened(warehouse) as connection:
        for schema, names in schemas.items():
            connection.execute(f"create schema {schema}")
            for name in names:
                fields = ", ".join(f"{identifier(column.name)} {column.type}" for column in table(name).columns)
                connection.execute(f"create table {schema}.{identifier(name)} ({fields})")
    marts = export_marts(warehouse, {pillar: home / f"{pillar}.parquet" for pillar in pillar_ids()})
    promotions = {}
    for pillar, mart in marts.items():
        mart.keep()
        promotions[pillar] = Promotion("none", pillar, True, mart.target.name, mart.sha256, None, BEGAN)
    write_promoted(warehouse, home, pillar_ids(), promotions, {})
    return warehouse
