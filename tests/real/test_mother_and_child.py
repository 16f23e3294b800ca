"""Mother and child in the health profile of East Java 2025: every printed share follows from its own denominator."""

import csv
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from definitions.indicators import load_indicators
from definitions.records import load_records
from definitions.tables import definition_tables
from ledger.sql import identifier
from pilar.evaluation.figures import figures_sql, period_sql
from tests.real.project_sql import macro

pytestmark = pytest.mark.real

# The table, and the numbers of its columns: denominator, numerator, printed share.
PRINTED = {
    "liv_antenatal_k1": ("026", 2, 3, 4),
    "liv_antenatal_k6": ("026", 5, 6, 7),
    "liv_births_facility": ("026", 5, 8, 9),
    "liv_postnatal_kf1": ("026", 5, 10, 11),
    "liv_postnatal_complete": ("026", 5, 12, 13),
    "liv_immunisation_hb0": ("041", 4, 12, 13),
    "liv_immunisation_bcg": ("041", 4, 18, 19),
    "liv_immunisation_dpt3": ("043", 4, 9, 10),
    "liv_immunisation_polio4": ("043", 4, 15, 16),
    "liv_immunisation_mr": ("043", 4, 21, 22),
    "liv_immunisation_complete": ("043", 4, 27, 28),
}
LINEAGE = "_source varchar, _batch varchar, _page integer, _row bigint, _synthetic boolean"


def rows(real_data: Path, table: str) -> list[list[str]]:
    """The 38 regencies and cities of a table, without its header and the province."""
    path = real_data / "health_profile_jatim_2025" / f"tabel_{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row[0].startswith(("KAB.", "KOTA"))]


@pytest.fixture(scope="module")
def values(real_data: Path) -> Iterator[dict[tuple[str, str], Decimal]]:
    """Every indicator's value, by indicator and region. Its rows stand for regions: their order is the tables' own."""
    tables = {table: rows(real_data, table) for table, *_ in PRINTED.values()}
    assert {len(found) for found in tables.values()} == {38}
    with duckdb.connect() as connection:
        connection.execute("create schema records")
        for record in load_records().values():
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in record.sql_types.items())
            connection.execute(f"create table records.{identifier(record.id)} ({columns}, {LINEAGE})")
        connection.executemany(
            "insert into records.published_figure by name select ? as region_code, '2025' as period, ? as indicator, "
            "'Dinas Kesehatan' as publisher, ? as denominator, ? as numerator, 's' as _source, 'b' as _batch, "
            "0 as _page, 1 as _row, false as _synthetic",
            [
                (row[0], name, row[whole], row[part])
                for name, (table, whole, part, _) in PRINTED.items()
                for row in tables[table]
            ],
        )
        connection.execute("create table defined (id varchar, formula varchar, factor integer, dp integer)")
        connection.executemany(
            "insert into defined values (?, ?, ?, ?)",
            [(one["id"], one["formula"], one["factor"], one["dp"]) for one in definition_tables()["indicators"]],
        )
        living = figures_sql(load_indicators()["living"], period_sql())
        value = macro('figure_value("given", "defined")')
        yield {
            (name, region): computed
            for name, region, computed in connection.execute(
                f"with given as ({living}) select indicator_id, region_code, cast({value} as decimal(18, 2)) "
                "from given join defined on id = indicator_id"
            ).fetchall()
        }


def printed(real_data: Path, name: str) -> dict[str, Decimal]:
    table, _, _, share = PRINTED[name]
    return {row[0]: Decimal(row[share]).quantize(Decimal("0.01"), ROUND_HALF_UP) for row in rows(real_data, table)}


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_printed_share_is_that_of_the_indicators_own_denominator(
    name: str, real_data: Path, values: dict[tuple[str, str], Decimal]
) -> None:
    assert {region: values[name, region] for region in printed(real_data, name)} == printed(real_data, name)


def test_right_shares_are_impossible_all_the_same(real_data: Path, values: dict[tuple[str, str], Decimal]) -> None:
    """Complete immunisation is above one of its own doses nearly everywhere: no share of the table tells of it."""
    regions = printed(real_data, "liv_immunisation_complete")
    above = {
        dose: sum(
            values["liv_immunisation_complete", region] > values[f"liv_immunisation_{dose}", region]
            for region in regions
        )
        for dose in ("polio4", "dpt3", "mr")
    }
    assert above == {"polio4": 36, "dpt3": 35, "mr": 26}
