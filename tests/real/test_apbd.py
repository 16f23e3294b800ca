"""Budgets and their realisation of 38 governments of East Java (SIKD, Ministry of Finance), 2021 to 2023."""

from decimal import Decimal

import pytest

from tests.real.house import House, flags
from tests.real.project_sql import macro

pytestmark = pytest.mark.real

RATE = macro("ratio_half_up('realisasi', 'anggaran', 2, factor=100)")


def test_23_percentages_without_their_decimal_point_all_of_one_government(house: House) -> None:
    assert flags(house.pulled("sikd_apbd_2021")) == {"persentase": {"2021": 23}}
    query = "SELECT pemda, count(*) FROM landed WHERE list_contains(_flags, 'persentase') GROUP BY pemda"
    assert house.rows("sikd_apbd_2021", query) == [("Kota_Kediri", 23)]
    # 94.10 became 941 and 123.11 became 12311: nobody can tell from the figure alone by how much it is wrong.
    lost = f"SELECT min(round(persentase / {RATE})), max(round(persentase / {RATE})) FROM landed WHERE len(_flags) > 0"
    assert house.rows("sikd_apbd_2021", lost) == [(10, 100)]


@pytest.mark.parametrize(("year", "rows"), [("2022", 1175), ("2023", 1196)])
def test_no_percentage_of_later_years_is_doubted(house: House, year: str, rows: int) -> None:
    assert house.batch("sikd_apbd", year).landed == rows
    query = f"SELECT count(*) FROM landed WHERE tahun = {year} AND len(_flags) > 0"
    assert house.rows("sikd_apbd", query) == [(0,)]


def test_a_fixed_tolerance_would_doubt_hundreds_of_rows_that_are_right(house: House) -> None:
    """Budgets are rounded to 0.01 billion: 0.07 of 0.12 billion may be anything from 52 % to 65 %."""
    doubted = (
        "SELECT count(*) FROM landed WHERE anggaran <> 0 AND len(_flags) = 0 "
        "AND abs(100 * realisasi / anggaran - persentase) > 0.02"
    )
    both = [house.rows(source, doubted)[0][0] for source in ("sikd_apbd_2021", "sikd_apbd")]
    assert sum(both) > 300


def test_negative_budgets_are_judged_too(house: House) -> None:
    """A deficit has a rate like any other figure; only those of the broken file are wrong."""
    query = (
        "SELECT count(*) FILTER (NOT kediri), count(*) FILTER (NOT kediri AND flagged), "
        "count(*) FILTER (kediri AND flagged) FROM (SELECT pemda = 'Kota_Kediri' AS kediri, len(_flags) > 0 AS flagged "
        "FROM landed WHERE anggaran < 0)"
    )
    [(others, doubted, broken)] = house.rows("sikd_apbd_2021", query)
    assert others > 30
    assert (doubted, broken) == (0, 1)


def test_p8_a_blank_or_zero_budget_has_no_rate(house: House) -> None:
    """480 of 1,520 lines of 2021: not 0 %, not an error, and not a finding."""
    query = (
        f"SELECT count(*), count({RATE}), count(*) FILTER (anggaran IS NULL), count(*) FILTER (len(_flags) > 0) "
        "FROM landed WHERE coalesce(anggaran, 0) = 0"
    )
    assert house.rows("sikd_apbd_2021", query) == [(480, 0, 218, 0)]
    assert house.rows("sikd_apbd_2021", f"SELECT count({RATE}) FROM landed") == [(1040,)]


def test_two_locales_stand_in_one_row(house: House) -> None:
    """'16,00 M' and '378,81 M' beside '2,367.58'."""
    query = (
        "SELECT anggaran, realisasi, persentase FROM landed WHERE tahun = 2022 AND pemda = 'Banyuwangi' "
        "AND trim(akun) = 'Pembiayaan Daerah'"
    )
    assert house.rows("sikd_apbd", query) == [(Decimal("16.00"), Decimal("378.81"), Decimal("2367.58"))]


def test_one_table_under_two_governments_holds_the_year(house: House) -> None:
    """Banyuwangi and Blitar have the same table of 2022 to the byte: one of the two is wrong, and a person decides."""
    held = house.batch("sikd_apbd", "2022")
    assert held.status == "held"
    [reason] = held.reasons
    assert reason["code"] == "copy_within"
    pages = {page.seq: page for page in house.ledger.pages(held.batch_id)}
    twice = pages[int(reason["observed"].removeprefix("pages "))]
    assert "pemda=Blitar" in twice.request
    assert [
        p.request.rpartition("pemda=")[2].partition(",")[0] for p in pages.values() if p.sha256 == twice.sha256
    ] == [
        "Banyuwangi",
        "Blitar",
    ]
    assert house.batch("sikd_apbd", "2023").status == "accepted"
    assert [batch.coverage for batch in house.ledger.in_force("sikd_apbd")] == ["2023"]


@pytest.mark.parametrize(
    ("account", "budget", "realised", "rate"),
    [("Pendapatan Daerah", "4372.86", "3190.96", "72.97"), ("PAD", "1025.59", "620.80", "60.53")],
)
def test_kabupaten_malang_2023(house: House, account: str, budget: str, realised: str, rate: str) -> None:
    """The published percentage, and the one that the project computes."""
    query = (
        f"SELECT anggaran, realisasi, persentase, {RATE} FROM landed "
        f"WHERE tahun = 2023 AND pemda = 'Malang' AND trim(akun) = '{account}'"
    )
    assert house.rows("sikd_apbd", query) == [(Decimal(budget), Decimal(realised), Decimal(rate), Decimal(rate))]


def test_the_hierarchy_is_not_trimmed_away(house: House) -> None:
    """Leading blanks are the only sign of which account belongs to which."""
    query = (
        "SELECT count(DISTINCT length(akun) - length(ltrim(akun))), bool_or(akun <> trim(akun)) FROM landed "
        "WHERE pemda = 'Malang'"
    )
    assert house.rows("sikd_apbd_2021", query) == [(3, True)]
