"""The human development index of East Java's 38 regencies and cities, 2019 to 2021 (BPS): 114 published values."""

from decimal import Decimal

import duckdb
import pytest

from definitions.indicators import all_indicators
from definitions.records import FIGURES, load_records
from pilar.evaluation.figures import figures_sql, period_sql
from tests.real.house import House
from tests.real.project_sql import macro

pytestmark = pytest.mark.real

SOURCE = "bps_ipm_jatim"
# The columns of the source, and the published figures that are parts of the index.
PARTS = {"uhh": "ipm_uhh", "hls": "ipm_hls", "rls": "ipm_rls", "pengeluaran_ribu": "ipm_expenditure"}


@pytest.fixture(scope="module")
def published(house: House) -> list[tuple[object, ...]]:
    """Region, year, the index as the project's own file defines it, and as BPS published it."""
    rows = house.rows(SOURCE, f"SELECT kode_bps, tahun, ipm_terbit, _batch, {', '.join(PARTS)} FROM landed")
    [ipm] = [indicator for _, indicator in all_indicators() if indicator.id == "eco_ipm"]
    columns = ", ".join(f"{name} {kind}" for name, kind in load_records()[FIGURES].sql_types.items())
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA records")
        connection.execute(
            f"CREATE TABLE records.{FIGURES} ({columns}, _batch VARCHAR, _source VARCHAR, _synthetic BOOLEAN)"
        )
        connection.executemany(
            f"INSERT INTO records.{FIGURES} (region_code, period, indicator, publisher, value, _batch, _source, "
            "_synthetic) VALUES (?, ?, ?, 'BPS', ?, ?, 'bps', false)",
            [
                (region, str(year), indicator, value, batch)
                for region, year, _, batch, *values in rows
                for indicator, value in zip(PARTS.values(), values, strict=True)
            ],
        )
        connection.execute("CREATE TABLE landed (region VARCHAR, year VARCHAR, ipm DECIMAL(5,2))")
        connection.executemany("INSERT INTO landed VALUES (?, ?, ?)", [(row[0], str(row[1]), row[2]) for row in rows])
        value = macro('figure_value("given", "defined")')
        return connection.execute(
            f"WITH given AS ({figures_sql((ipm,), period_sql())}), "
            f"defined AS (SELECT 'expression' AS formula, 1 AS factor, {ipm.decimals} AS dp) "
            f"SELECT region, year::INTEGER, {value}, ipm FROM landed JOIN given "
            "ON region_code = region AND period = year CROSS JOIN defined ORDER BY ALL"
        ).fetchall()


def test_114_of_114_indices_follow_from_their_components(published: list[tuple[object, ...]]) -> None:
    """By the indicator itself, not by a copy of its formula; equal to the last published digit."""
    assert len(published) == 114
    assert [row for row in published if row[2] != row[3]] == []


@pytest.mark.parametrize(("year", "ipm"), [(2019, "70.35"), (2020, "70.36"), (2021, "70.60")])
def test_kabupaten_malang(published: list[tuple[object, ...]], year: int, ipm: str) -> None:
    assert ("3507", year, Decimal(ipm), Decimal(ipm)) in published


def test_a_component_that_moved_would_be_seen(house: House) -> None:
    """The published category is a check of its own: 60, 70 and 80 are its bounds."""
    query = (
        "SELECT count(*) FROM landed WHERE kategori = CASE WHEN ipm_terbit < 60 THEN 'Low' WHEN ipm_terbit < 70 "
        "THEN 'Normal' WHEN ipm_terbit < 80 THEN 'High' ELSE 'Very-High' END"
    )
    assert house.rows(SOURCE, query) == [(114,)]
