"""A public copy of Dapodik, served as a portal does: the source reads it, and the two bases of capacity disagree."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.pull.course import pull
from connectors.source.source_files import load_source
from definitions.indicators import load_indicators
from ledger.regions import known
from ledger.settings import Connection, Settings, sources_dir
from ledger.store import Ledger
from pilar.evaluation.figures import figures_sql, period_sql
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import landing_views, regions_view, show_views
from pilar.sources.catalogue import landed_columns
from simulator.agencies import SCHOOLS
from simulator.server import Simulator
from simulator.systems.ckan import Ckan

pytestmark = pytest.mark.integration
BALIKPAPAN = "64.71"


def test_places_by_rooms_and_by_study_groups_answer_differently(
    real_data: Path, ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (real_data / "schools_dapodik" / "sekolah_balikpapan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    source = load_source(sources_dir() / "dinas_pendidikan" / "disdik_rekap_sekolah.yaml")
    with Simulator(systems=[Ckan("satudata", {SCHOOLS: rows})]) as simulator:
        link = Connection.model_validate(simulator.connections()["satudata"])
        monkeypatch.setenv("PILAR_CONN_SATUDATA", link.model_dump_json())
        [batch] = pull(source, ledger, settings).batches
    assert (batch.status, batch.landed, batch.quarantined) == ("accepted", 341, 0)

    batches, regions = ledger.in_force(), known([BALIKPAPAN])
    landing = {**landing_views(settings.home, landed_columns(sources_dir()), batches), **regions_view(regions)}
    with duckdb.connect(tmp_path / "warehouse.duckdb") as connection:
        show_views(connection, {**landing, **record_views({source.id: source}, landing, regions)})
        sql = figures_sql(load_indicators()["society"], period_sql())
        found = {
            row[0]: row[1:]
            for row in connection.execute(
                f"select indicator_id, numerator, denominator from ({sql}) where region_code = '{BALIKPAPAN}'"
            ).fetchall()
        }
    # 109.87 % of the places by classrooms are taken, and 96.67 % of those by study groups.
    assert found["soc_occupancy_rooms"] == (Decimal(99021), Decimal(90128))
    assert found["soc_occupancy_groups"] == (Decimal(99021), Decimal(102436))
    assert found["soc_pupils_per_teacher_sd"] == (Decimal(68822), Decimal(3186))
    assert found["soc_pupils_per_teacher_smp"] == (Decimal(30199), Decimal(1537))
