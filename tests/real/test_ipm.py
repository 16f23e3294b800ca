"""The human development index of East Java's 38 regencies and cities, 2019 to 2021 (BPS): 114 published values."""

from decimal import Decimal

import duckdb
import pytest

from tests.real.house import House
from tests.real.project_sql import load_seed, model

pytestmark = pytest.mark.real

SOURCE = "bps_ipm_jatim"
# The columns of the source, and the parts of the index they are.
PARTS = {"uhh": "uhh", "hls": "hls", "rls": "rls", "pengeluaran_ribu": "expenditure"}


@pytest.fixture(scope="module")
def published(house: House) -> list[tuple[object, ...]]:
    """Region, year, the index as the project's model computes it, and as BPS published it."""
    columns = "kode_bps, tahun, uhh, hls, rls, pengeluaran_ribu, ipm_terbit, _batch"
    rows = house.rows(SOURCE, f"SELECT {columns} FROM landed")
    with duckdb.connect() as connection:
        load_seed(connection, "indicator_codes", {"code": "VARCHAR"})
        load_seed(connection, "indicator_parameters", {"value": "DECIMAL(24,4)"})
        connection.execute(
            "CREATE TABLE landed (kode_bps VARCHAR, tahun INTEGER, uhh DECIMAL(5,2), hls DECIMAL(4,2), "
            "rls DECIMAL(4,2), pengeluaran_ribu INTEGER, ipm_terbit DECIMAL(5,2), batch VARCHAR)"
        )
        connection.executemany("INSERT INTO landed VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        parts = " UNION ALL ".join(
            f"SELECT kode_bps, tahun, '{part}' AS part, {column}::DECIMAL(24,4) AS value, batch FROM landed"
            for column, part in PARTS.items()
        )
        connection.execute(
            "CREATE TABLE stg_bps_indikator AS SELECT given.kode_bps AS region_code, given.tahun AS year, "
            "codes.code::INTEGER AS variable, given.value, given.batch AS batch_id, false AS is_synthetic "
            f"FROM ({parts}) AS given JOIN indicator_codes AS codes USING (part) WHERE codes.indicator_id = 'eco_ipm'"
        )
        return connection.execute(
            f"SELECT landed.kode_bps, landed.tahun, computed.value, landed.ipm_terbit FROM ({model('ind_ipm')}) "
            "AS computed JOIN landed ON computed.region_code = landed.kode_bps AND computed.period = "
            "landed.tahun::VARCHAR ORDER BY ALL"
        ).fetchall()


def test_114_of_114_indices_follow_from_their_components(published: list[tuple[object, ...]]) -> None:
    """By the model itself, not by a copy of its formula; equal to the last published digit."""
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
