"""Agencies' tables in PostgreSQL."""

from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from simulator import database
from simulator.errors import SimulatorError
from simulator.faults import Fault
from simulator.server import Simulator


def count(url: str, where: LiteralString = "true") -> int:
    with psycopg.connect(url) as connection:
        query = sql.SQL("select count(*) from public.survei_rumah_tangga where {}").format(sql.SQL(where))
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_the_survey_is_loaded_and_may_be_loaded_again(survey_url: str) -> None:
    assert database.load(survey_url) == 30_004
    assert database.load(survey_url) == 30_004
    assert count(survey_url) == 30_004
    assert count(survey_url, "akses_sanitasi = 'cemplung?'") == 4
    assert count(survey_url, "kode_daerah = '64.02' and air_minum = 'layak' and akses_sanitasi <> 'cemplung?'") == 7680
    assert (
        count(survey_url, "length(nik_kepala) = 16 and nik_kepala like '99%' and nama_kepala_keluarga <> ''") == 30_004
    )
    database.load(survey_url, Fault("drop_ratio", value=0.9))
    assert count(survey_url) == 3000


def test_an_unreachable_database_is_one_clear_line() -> None:
    with pytest.raises(SimulatorError, match="perkim_db cannot be loaded") as caught:
        database.load("postgresql:///nobody?host=/nonexistent&connect_timeout=2")
    assert "\n" not in str(caught.value)


@pytest.mark.integration
def test_faults_reach_the_table_and_leave_it(survey_url: str) -> None:
    with Simulator(postgres_url=survey_url) as simulator:
        assert simulator.connections()["perkim_db"]["url"] == survey_url
        simulator.faults.set("perkim_db", "empty")
        assert count(survey_url) == 0
        simulator.faults.set("perkim_db", "unknown_column")
        assert count(survey_url, "kolom_baru = 'baru'") == 30_004
        simulator.faults.clear("perkim_db")
        assert count(survey_url) == 30_004
        with pytest.raises(psycopg.errors.UndefinedColumn):
            count(survey_url, "kolom_baru = 'baru'")
