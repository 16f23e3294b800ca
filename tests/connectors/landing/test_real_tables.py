"""Public tables with real damage, where the truth is known from an intact copy or from arithmetic."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.landing.conftest import land_pages, page_of, source_of

pytestmark = pytest.mark.real

COLUMNS = ("Harapan_Lama_Sekolah", "Rerata_Lama_Sekolah", "Usia_Harapan_Hidup")
# Bounds of the human development index's components (BPS): years of schooling to 18 and 15, life expectancy 20 to 85.
CONTRACT: dict[str, Any] = {
    "id": {},
    "hls": {"from": COLUMNS[0], "type": "decimal(4,2)", "min": 0, "max": 18},
    "rls": {"from": COLUMNS[1], "type": "decimal(4,2)", "min": 0, "max": 15},
    "uhh": {"from": COLUMNS[2], "type": "decimal(5,2)", "min": 20, "max": 85},
}


def table(path: Path, delimiter: str = ",") -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{"id": str(at), **row} for at, row in enumerate(csv.DictReader(file, delimiter=delimiter))]


@pytest.mark.parametrize(("name", "delimiter"), [("IPM__slthni.csv", ","), ("IPM__aenq.csv", ";")])
def test_a_mangled_copy_lands_true_cells_or_none(real_data: Path, tmp_path: Path, name: str, delimiter: str) -> None:
    """13.9 became 13:09 in one copy and 139 in another: 2,196 rows, each compared with the intact copy."""
    truth = table(real_data / "ipm_mangled" / "IPM__mdhkrmd.csv")
    mangled = [
        {key: row[key] for key in ("id", *COLUMNS)} for row in table(real_data / "ipm_mangled" / name, delimiter)
    ]
    result = land_pages(source_of(CONTRACT, ["id"]), [page_of(mangled)], tmp_path)
    assert result.counts.received == len(truth) == 2196
    assert result.counts.landed + result.counts.quarantined == 2196
    assert result.counts.quarantined > 2000
    for row in result.rows:
        true = truth[int(row["id"])]
        assert [row["hls"], row["rls"], row["uhh"]] == [Decimal(true[column]) for column in COLUMNS]


def test_the_intact_copy_lands_whole(real_data: Path, tmp_path: Path) -> None:
    truth = [
        {key: row[key] for key in ("id", *COLUMNS)} for row in table(real_data / "ipm_mangled" / "IPM__mdhkrmd.csv")
    ]
    result = land_pages(source_of(CONTRACT, ["id"]), [page_of(truth)], tmp_path)
    assert result.counts.landed == 2196
    assert sum(row["uhh"] for row in result.rows) == sum(Decimal(row[COLUMNS[2]]) for row in truth)


APBD: dict[str, Any] = {
    "id": {},
    "akun": {"trim": True},
    "anggaran": {"type": "decimal(12,2)", "locale": "id", "suffix": "M"},
    "realisasi": {"type": "decimal(12,2)", "locale": "id", "suffix": "M"},
    "persentase": {"type": "decimal(9,2)", "locale": "en"},
}


def budget(real_data: Path, year: str, name: str) -> Sequence[dict[str, Any]]:
    return table(real_data / "apbd_jatim" / year / f"{name}.csv")


def test_two_locales_in_one_row(real_data: Path, tmp_path: Path) -> None:
    """'2.989,97 M' beside '2,367.58' in one row of the budget of Banyuwangi."""
    source = source_of(APBD, ["id"])
    result = land_pages(source, [page_of(budget(real_data, "2022", "Banyuwangi"))], tmp_path)
    assert result.counts.quarantined == 0
    first = result.rows[0]
    assert (first["anggaran"], first["realisasi"], first["persentase"]) == (
        Decimal("2989.97"),
        Decimal("3236.15"),
        Decimal("108.23"),
    )
    by_name = {row["akun"]: row for row in result.rows}
    assert by_name["Pembiayaan Daerah"]["persentase"] == Decimal("2367.58")


def test_a_year_in_another_form_is_held_back_and_not_misread(real_data: Path, tmp_path: Path) -> None:
    """2021 has 3036.32 where later years have 2.989,97 M: under the later contract that is 3,036,32 or nothing."""
    source = source_of(APBD, ["id"])
    records = budget(real_data, "2021", "Banyuwangi")
    result = land_pages(source, [page_of(records)], tmp_path)
    written = {(record["akun"].strip(), record["anggaran"]) for record in records}
    for row in result.rows:
        assert any(
            akun == row["akun"] and (not given or Decimal(given) == row["anggaran"]) for akun, given in written
        ), row


def test_one_file_under_two_names_is_noticed(real_data: Path, tmp_path: Path) -> None:
    """The budgets of Banyuwangi and Blitar of 2022 are the same bytes: one of the two is wrong."""
    columns = APBD | {"daerah": {"context": "daerah"}}
    source = source_of(columns, ["daerah", "id"])
    pages = [
        page_of(budget(real_data, "2022", name), seq, context={"daerah": name})
        for seq, name in enumerate(["Bangkalan", "Banyuwangi", "Blitar", "Malang"])
    ]
    assert land_pages(source, pages, tmp_path).counts.doubled == (2,)
