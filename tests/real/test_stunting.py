"""Stunting in Kabupaten Malang (Satu Data Kabupaten Malang, 39 puskesmas, February and August 2020 to 2024)."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.pull.page_store import read_page
from ledger.keys import Keys
from pilar.evaluation.warehouse import landing_views, write_views
from pilar.sources.catalogue import landed_columns
from tests.real.house import SOURCES, House, flags
from tests.real.project_sql import macro

pytestmark = pytest.mark.real

SOURCE = "satudata_stunting"
RATE_OF_SUMS = macro("ratio_half_up('sum(stunting)', 'sum(diukur)', 2, factor=100)")
MEAN_OF_RATES = macro("half_up_mean('prevalensi', 2)")
WRONG = {"2020-02": 38, "2020-08": 38, "2021-08": 1, "2024-08": 2}


@pytest.mark.parametrize(
    ("month", "stunted", "measured", "rate", "mean"),
    [("2020-02", 18938, 158677, "11.93", "14.95"), ("2024-08", 9522, 154791, "6.15", "6.37")],
)
def test_the_rate_of_the_regency_is_the_rate_of_sums(
    house: House, month: str, stunted: int, measured: int, rate: str, mean: str
) -> None:
    """The project's own ratio over the counts. The mean of the published rates is another number."""
    query = (
        f"SELECT sum(stunting), sum(diukur), {RATE_OF_SUMS}, {MEAN_OF_RATES} FROM landed WHERE _coverage = '{month}'"
    )
    assert house.rows(SOURCE, query) == [(stunted, measured, Decimal(rate), Decimal(mean))]


def test_p1_all_390_rows_are_accounted_for(house: House) -> None:
    batches = house.pulled(SOURCE).batches
    assert [batch.received for batch in batches] == [39] * 10
    assert sum(batch.landed + batch.quarantined for batch in batches) == 390


def test_79_rates_that_do_not_follow_from_their_counts_are_findings_and_land(house: House) -> None:
    outcome = house.pulled(SOURCE)
    assert flags(outcome) == {"prevalensi": WRONG}
    assert sum(WRONG.values()) == 79
    assert sum(batch.quarantined for batch in outcome.batches) == 0
    query = "SELECT _coverage, count(*) FROM landed WHERE list_contains(_flags, 'prevalensi') GROUP BY ALL ORDER BY 1"
    assert house.rows(SOURCE, query) == list(WRONG.items())


def test_p7_a_finding_leads_to_the_row_as_it_came(house: House, tmp_path: Path) -> None:
    """From the view that dbt reads, by rule: batch, page and row; from there to the bytes that the portal sent."""
    house.pulled(SOURCE)
    warehouse = tmp_path / "warehouse.duckdb"
    write_views(warehouse, landing_views(house.settings.home, landed_columns(SOURCES), house.ledger.in_force(SOURCE)))
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute(
            f"SELECT _batch, _page, _row, puskesmas FROM landing.{SOURCE} "
            "WHERE list_contains(_flags, 'prevalensi') AND _coverage = '2021-08'"
        ).fetchall()
    [(batch, page, row, puskesmas)] = found
    pages = house.ledger.pages(batch)
    key = Keys.load(house.settings.key_dir).page_key
    kept_pages = [read_page(house.settings.home / (kept.path or ""), key) for kept in pages]
    records = [record for content in kept_pages for record in json.loads(content)["rows"]]
    assert records[row]["Unit Kerja (Puskesmas)"] == puskesmas == "Donomulyo"
    assert (records[row]["Stunting"], records[row]["Jumlah Yang Diukur"]) == ("166", "2352")
    assert records[row]["Prevalensi Stunting"] == "9.3 %"  # 7.06 %
    assert page in {kept.seq for kept in pages}


def test_p5_the_period_comes_from_the_month_measured(house: House) -> None:
    """``Tanggal`` is the first of January in all 390 rows; a period read from it would mix February and August."""
    query = "SELECT DISTINCT strftime(tanggal, '%m-%d'), right(_coverage, 2) FROM landed ORDER BY ALL"
    assert house.rows(SOURCE, query) == [("01-01", "02"), ("01-01", "08")]
    months = "SELECT count(DISTINCT _coverage), count(DISTINCT year(tanggal)) FROM landed WHERE tahun = year(tanggal)"
    assert house.rows(SOURCE, months) == [(10, 5)]
    mixed = f"SELECT {RATE_OF_SUMS} FROM landed WHERE year(tanggal) = 2020"
    assert house.rows(SOURCE, mixed) != [(Decimal("11.93"),)]


@pytest.mark.parametrize(
    ("month", "puskesmas", "rate"),
    [("2021-08", "Donomulyo", "9.3"), ("2023-02", "Gondanglegi", "7"), ("2024-08", "Ngantang", "9.84")],
)
def test_a_percentage_written_three_ways_is_one_number(house: House, month: str, puskesmas: str, rate: str) -> None:
    """'9.3 %', '7%' and, all through 2024, '9.84% %'."""
    query = f"SELECT prevalensi FROM landed WHERE bulan_ukur = '{month}' AND puskesmas = '{puskesmas}'"
    assert house.rows(SOURCE, query) == [(Decimal(rate),)]


def test_39_puskesmas_serve_33_kecamatan(house: House) -> None:
    query = "SELECT count(DISTINCT puskesmas), count(DISTINCT kecamatan) FROM landed"
    assert house.rows(SOURCE, query) == [(39, 33)]
