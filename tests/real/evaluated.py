"""The file of an evaluation over real rows, with the figures that the project's indicators make of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from connectors.source.source import Source
from definitions.indicators import load_indicators
from definitions.records import load_records
from ledger.regions import Region, find
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.figures import figures_sql, period_sql
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import landing_views, regions_view, show_views
from tests.pilar.evaluation.found import Row, file_of
from tests.real.project_sql import macro

GIVEN = (
    "indicator_id, region_code, period, given.numerator, given.denominator, basis, source_ids, batch_ids, "
    "published_value, published_by"
)


def evaluated(path: Path, pillar: str, records: Mapping[str, Sequence[Row]], regions: Sequence[str]) -> Path:
    """An evaluation's file with these rows of records."""
    file_of(path, records=records, regions=regions)
    with duckdb.connect(str(path)) as connection:
        _measure(connection, pillar)
    return path


def evaluated_from(
    ledger: Ledger,
    settings: Settings,
    sources: Mapping[str, Source],
    pillar: str,
    regions: Sequence[Region],
    path: Path,
) -> Path:
    """An evaluation's file with what these sources landed, read as the records that they provide."""
    batches = [batch for name in sources for batch in ledger.in_force(name)]
    columns = {
        name: {own: column.sql_type.sql for own, column in source.contract.landed.items()}
        for name, source in sources.items()
    }
    landing = landing_views(settings.home, columns, batches)
    views = record_views(sources, {**landing, **regions_view(regions)}, regions)
    file_of(path, regions=[region.code for region in regions])
    with duckdb.connect(str(path)) as connection:
        show_views(connection, landing)
        for record in load_records():
            rows = f"select * exclude (_flags, _maturity) from ({views[f'records.{record}'].sql})"
            connection.execute(f"insert into records.{record} by name {rows}")
        _measure(connection, pillar)
    return path


def _measure(connection: duckdb.DuckDBPyConnection, pillar: str) -> None:
    value = macro('figure_value("given", "defined")')
    connection.execute(
        f"insert into promoted.marts by name select {GIVEN}, cast({value} as decimal(24, 4)) as value, unit, "
        f"case when {value} is null then 'missing' else 'measured' end as state "
        f"from ({figures_sql(load_indicators()[pillar], period_sql())}) as given "
        "inner join definitions.indicators as defined on indicator_id = id"
    )


def code(name: str) -> str:
    """Kemendagri's code of the region that a table calls so."""
    [region] = find(name)
    return region.code


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    """The answer to a query on an evaluation's file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()
