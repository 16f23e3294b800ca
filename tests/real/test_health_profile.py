"""The health profile of East Java 2022 and 2023 (Dinas Kesehatan Provinsi Jawa Timur): 16 tables of 38 and a total."""

from decimal import Decimal
from pathlib import Path

import pytest

from connectors.source.source import Source
from connectors.source.source_files import load_sources
from tests.real.house import SOURCES, House, flags
from tests.real.servers import read_csv

pytestmark = pytest.mark.real

TABLES = sorted(name for name in load_sources(SOURCES) if name.startswith("profil_"))

# Printed totals that are not the sum of the 38 above them.
DIFFERENT = {
    "profil_catin_2022": {"total_dilayani"},
    "profil_sanitasi_kk_2022": {"kk_akses_sanitasi_layak", "kk_sbs"},
    "profil_stbm_2022": {
        "desa_5_pilar_stbm",
        "kk_akses_rumah_sehat",
        "kk_ctps",
        "kk_pammrt",
        "kk_pkurt",
        "kk_plcrt",
        "kk_psrt",
    },
}

# Published percentages that do not follow from their counts.
WRONG = {
    "profil_sanitasi_kk_2022": {"persen_sbs": 1},
    "profil_stbm_2022": {
        "persen_desa_5_pilar_stbm": 1,
        "persen_kk_akses_rumah_sehat": 3,
        "persen_kk_ctps": 2,
        "persen_kk_pammrt": 3,
        "persen_kk_plcrt": 1,
        "persen_kk_psrt": 2,
    },
}


def counts(source: Source) -> list[str]:
    """The columns of a table that are counts."""
    columns = source.contract.landed.items()
    return [name for name, column in columns if column.sql_type.kind == "integer" and column.context is None]


@pytest.mark.parametrize("source_id", TABLES)
def test_the_province_row_is_the_sum_of_38_where_it_is(house: House, source_id: str) -> None:
    """A control total for every count of every table; those that differ are known by name."""
    names = counts(house.sources[source_id])
    sums = ", ".join(f"sum({name}) FILTER (NOT province) = sum({name}) FILTER (province)" for name in names)
    rows = "SELECT *, kabupaten_kota LIKE '%Provinsi%' AS province FROM landed"
    shape = "count(*) FILTER (province), count(*) FILTER (NOT province)"
    [(total, regions, *equal)] = house.rows(source_id, f"SELECT {shape}, {sums} FROM ({rows})")
    assert (total, regions) == (1, 38)
    different = {name for name, same in zip(names, equal, strict=True) if not same}
    assert different == DIFFERENT.get(source_id, set())


@pytest.mark.parametrize("source_id", TABLES)
def test_percentages_follow_from_their_counts(house: House, source_id: str) -> None:
    found = {rule: sum(rows.values()) for rule, rows in flags(house.pulled(source_id)).items()}
    assert found == WRONG.get(source_id, {})


@pytest.mark.parametrize(("year", "cells"), [("2022", 1677), ("2023", 1638)])
def test_every_published_percentage_is_judged(house: House, year: str, cells: int) -> None:
    """43 columns of percentages in 2022, 42 in 2023, 39 rows each; none is blank, and none has a blank denominator."""
    judged = 0
    for source_id in (name for name in TABLES if name.endswith(year)):
        for ratio in house.sources[source_id].contract.ratios:
            given = f"{ratio.value} IS NOT NULL AND {ratio.numerator} IS NOT NULL AND {ratio.denominator} > 0"
            judged += house.rows(source_id, f"SELECT count(*) FILTER ({given}) FROM landed")[0][0]
    assert judged == cells


def test_points_mark_thousands_and_commas_decimals(house: House, real_data: Path) -> None:
    """'3.149' babies, '91,4' percent of them weighed."""
    header, first, *_ = read_csv(real_data / "health_profile_jatim" / "2022_bblr.csv")
    written = dict(zip(header, first, strict=True))
    assert (written["Lahir Hidup L"], first[header.index("Ditimbang L") + 1]) == ("3.149", "91,4")
    query = "SELECT lahir_hidup_l, persen_ditimbang_l FROM landed WHERE kabupaten_kota = 'Kab. Pacitan'"
    assert house.rows("profil_bblr_2022", query) == [(3149, Decimal("91.4"))]


def test_a_name_that_stands_over_nine_columns_is_told_apart(house: House) -> None:
    """'%' stands nine times in the header of 2023; each belongs to the count on its left."""
    query = (
        "SELECT persen_ditimbang_l, persen_bblr_l, persen_prematur_lp FROM landed WHERE kabupaten_kota = 'Kota Batu'"
    )
    assert house.rows("profil_bblr_2023", query) == [(Decimal("91.4"), Decimal("7.6"), Decimal("2.7"))]
