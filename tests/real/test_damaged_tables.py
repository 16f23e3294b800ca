"""Tables that were damaged on their way to the public, where the truth is known cell by cell: none lands wrong."""

import csv
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from connectors.source.source_files import load_source
from tests.connectors.landing.conftest import land_pages, page_of
from tests.real.house import SOURCES, House, flags
from tests.real.servers import read_csv

pytestmark = pytest.mark.real

COPIES = {"ipm_salinan_utuh": "mdhkrmd", "ipm_salinan_jam": "slthni", "ipm_salinan_tanpa_koma": "aenq"}
FIELDS = {
    "hls": "Harapan_Lama_Sekolah",
    "pengeluaran_ribu": "Pengeluaran_Perkapita",
    "rls": "Rerata_Lama_Sekolah",
    "uhh": "Usia_Harapan_Hidup",
    "kategori": "IPM",
}


def meant(text: str) -> Decimal | str:
    """What a cell says: a number, or a text that is none."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def copy_of(real_data: Path, name: str) -> list[dict[str, Decimal | str]]:
    path = real_data / "ipm_mangled" / f"IPM__{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        sign = ";" if ";" in file.readline() else ","
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=sign))
    return [{column: meant(row[field]) for column, field in FIELDS.items()} for row in rows]


@pytest.mark.parametrize(
    ("source_id", "landed", "destroyed"),
    [
        ("ipm_salinan_utuh", 2196, {}),
        ("ipm_salinan_jam", 0, {"hls": 2170, "rls": 2168, "uhh": 1419}),
        ("ipm_salinan_tanpa_koma", 0, {"hls": 2170, "rls": 2168, "uhh": 2178}),
    ],
)
def test_p1_every_cell_lands_with_its_true_value_or_is_named_in_quarantine(
    house: House, real_data: Path, source_id: str, landed: int, destroyed: dict[str, int]
) -> None:
    """Three copies of one table, 2,196 rows each, 10,980 cells a copy; no cell is silently wrong.

    Intact: all 2,196 rows land, all cells true. Numbers turned to times: 5,757 cells destroyed, in every row at least
    one, all 5,757 named by a reason (4,106 as no number, 1,615 with too many decimals, 36 as days' parts below any
    region's figure). Decimal marks lost: 6,516 cells destroyed, all 6,516 named (6,159 too long, 357 above the most).
    """
    truth, given = copy_of(real_data, COPIES["ipm_salinan_utuh"]), copy_of(real_data, COPIES[source_id])
    rows = house.rows(source_id, f"SELECT _row, {', '.join(FIELDS)} FROM landed")
    held = house.quarantine(source_id, "SELECT _row, list_transform(reasons, lambda r: r.field) FROM quarantine")
    assert sorted(row[0] for row in [*rows, *held]) == list(range(len(truth)))
    assert len(rows) == landed
    assert [row for row in rows if list(row[1:]) != list(truth[row[0]].values())] == []
    named: Counter[str] = Counter()
    unnamed = []
    for at, fields in held:
        for column in FIELDS:
            if given[at][column] != truth[at][column]:
                named[column] += column in fields
                unnamed += [] if column in fields else [(at, column, given[at][column])]
    assert unnamed == []
    assert dict(named) == destroyed


@pytest.mark.parametrize(
    ("source_id", "status", "code"),
    [
        ("ipm_salinan_jam", "rejected", "nothing_landed"),
        ("ipm_salinan_tanpa_koma", "rejected", "nothing_landed"),
        ("bps_kemiskinan_2021", "held", "quarantine"),
    ],
)
def test_p3_a_damaged_copy_does_not_come_into_force(house: House, source_id: str, status: str, code: str) -> None:
    [batch] = house.pulled(source_id).batches
    assert batch.status == status
    assert code in {reason["code"] for reason in batch.reasons}
    assert house.ledger.in_force(source_id) == []


def test_two_decimal_marks_in_one_row_are_resolved_by_declaration_or_held_back(house: House, real_data: Path) -> None:
    """'20,36;11.34' in one row of 514: 72 cells have a point where the contract says comma.

    444 rows land as they are meant; 70 rows are held back with exactly the cells that have the point as their reason.
    """
    source_id = "bps_kemiskinan_2021"
    source = house.sources[source_id]
    path = next((real_data / "poverty_514_kabkota_2021").glob("Klasifikasi*.csv"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file, delimiter=";"))
    numbers = [name for name, column in source.contract.landed.items() if column.sql_type.numeric]
    field = {name: str(source.contract.landed[name].from_) for name in numbers}
    pointed = {
        at: {name for name in numbers if "." in record[field[name]]}
        for at, record in enumerate(records)
        if any("." in record[field[name]] for name in numbers)
    }
    held = house.quarantine(source_id, "SELECT _row, list_transform(reasons, lambda r: r.field) FROM quarantine")
    assert {at: set(fields) for at, fields in held} == pointed
    assert (len(pointed), sum(map(len, pointed.values()))) == (70, 72)
    for at, *values in house.rows(source_id, f"SELECT _row, {', '.join(numbers)} FROM landed"):
        assert values == [Decimal(records[at][field[name]].replace(",", ".")) for name in numbers]


@pytest.mark.parametrize("shift", [1, -1])
def test_labels_shifted_against_their_values_land_no_row_unnoticed(real_data: Path, tmp_path: Path, shift: int) -> None:
    """A real table of 2023 under labels that all moved by one: no row passes its types and its own arithmetic."""
    source = load_source(SOURCES / "dinkes_jatim" / "profil_sanitasi_kk_2023.yaml")
    header, *rows = read_csv(real_data / "health_profile_jatim" / "2023_sanitasi_kk.csv")
    labels = [*header[:2], *header[2 + shift :], *header[2 : 2 + shift]]
    if shift < 0:
        labels = [*header[:2], *header[shift:], *header[2:shift]]
    records = [dict(zip(labels, row, strict=True)) for row in rows]
    result = land_pages(source, [page_of(records, context={"tahun": "2023"})], tmp_path, "2023")
    assert result.counts.received == len(rows) == 39
    assert [row for row in result.rows if not row["_flags"]] == []


def test_labels_in_another_order_change_nothing(real_data: Path, tmp_path: Path) -> None:
    """Columns may move with their labels: they are read by name."""
    source = load_source(SOURCES / "dinkes_jatim" / "profil_sanitasi_kk_2023.yaml")
    header, *rows = read_csv(real_data / "health_profile_jatim" / "2023_sanitasi_kk.csv")
    found: list[list[dict[str, Any]]] = []
    for folder, order in (("a", list(range(len(header)))), ("b", list(reversed(range(len(header)))))):
        records = [{header[at]: row[at] for at in order} for row in rows]
        pages = [page_of(records, context={"tahun": "2023"})]
        found.append(land_pages(source, pages, tmp_path / folder, "2023").rows)
    assert found[0] == found[1]
    assert len(found[0]) == 39


def test_a_year_whose_columns_moved_is_not_read_under_the_year_before(
    house: House, real_data: Path, tmp_path: Path
) -> None:
    """2022 calls three columns otherwise: under the contract of 2023 they are absent, which holds the batch."""
    source = load_source(SOURCES / "dinkes_jatim" / "profil_sanitasi_kk_2023.yaml")
    header, *rows = read_csv(real_data / "health_profile_jatim" / "2022_sanitasi_kk.csv")
    records = [dict(zip(header, row, strict=True)) for row in rows]
    counts = land_pages(source, [page_of(records, context={"tahun": "2023"})], tmp_path, "2023").counts
    assert counts.absent == ("Akses Layak Sendiri", "KK dengan Akses Layak")
    assert flags(house.pulled("profil_sanitasi_kk_2023")) == {}
