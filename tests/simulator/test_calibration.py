"""Good rows give the published figures exactly; bad rows are there, and are bad."""

import io
import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from python_calamine import CalamineWorkbook

from simulator.data import (
    assessments,
    births,
    budget,
    children,
    health_profile,
    households,
    projects,
    roads,
    schools,
    statistics,
    waste,
)
from simulator.published import PUBLISHED, SIPSN_2024, required
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region
from simulator.workbooks import render

MONTH = "2024-08"
STUNTED = {"Sangat Pendek", "Pendek"}


def half_up(part: int, whole: int, places: str = "0.01") -> Decimal:
    return (100 * Decimal(part) / whole).quantize(Decimal(places), ROUND_HALF_UP)


def measured(region: Region) -> list[dict[str, object]]:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(render(region, MONTH))).get_sheet_by_name("Data").to_python()
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def day_of(text: object) -> date:
    return datetime.strptime(str(text), "%d/%m/%Y").replace(tzinfo=UTC).date()


def is_good(row: dict[str, object]) -> bool:
    height = str(row["AGUSTUS_TINGGI"])
    try:
        day_of(row["AGUSTUS_TANGGALUKUR"])
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d+,\d", height)) and 30 <= float(height.replace(",", ".")) <= 130


@pytest.mark.parametrize(("region", "rate"), [(MALANG, "6.15"), (KUKAR, "17.60"), (KOTIM, "15.50")])
def test_stunting_rate_of_good_rows(region: Region, rate: str) -> None:
    rows = measured(region)
    good = [row for row in rows if is_good(row)]
    assert len(rows) - len(good) == 2
    assert half_up(sum(row["AGUSTUS_TBU"] in STUNTED for row in good), len(good)) == Decimal(rate)


def test_published_stunting_is_reproduced() -> None:
    for region in (KUKAR, MALANG):
        stunted, total = children.STUNTED[region.kemendagri]
        printed = required("stunting", region, MONTH)
        assert half_up(stunted, total).quantize(printed, ROUND_HALF_UP) == printed


def test_six_damaged_children_of_three_kinds() -> None:
    bad = [row for region in REGIONS for row in measured(region) if not is_good(row)]
    assert len(bad) == 6
    heights = Counter(str(row["AGUSTUS_TINGGI"]) for row in bad)
    assert heights["13:09"] == 2
    assert heights["1040,0"] == 1
    dates = {str(row["AGUSTUS_TANGGALUKUR"]) for row in bad}
    assert {"2024/31/08", "31-Agt-24", "00/08/2024"} <= dates


def test_ages_and_ways_of_measuring_agree_with_the_dates() -> None:
    for row in measured(KOTIM):
        if not is_good(row):
            continue
        born = day_of(row["tanggal_lahir"])
        seen = day_of(row["AGUSTUS_TANGGALUKUR"])
        months = (seen.year - born.year) * 12 + seen.month - born.month - (seen.day < born.day)
        assert months == row["AGUSTUS_UMUR"]
        assert (row["AGUSTUS_CARAUKUR"] == "Telentang") == (months < 24)


@pytest.fixture(scope="module")
def survey() -> list[households.Household]:
    return list(households.households())


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_household_percentages(survey: list[households.Household], region: Region) -> None:
    good = [row for row in survey if row[1] == region.kemendagri and row[5] != households.UNKNOWN_CATEGORY]
    assert len(good) == households.HOUSEHOLDS
    proper = sum(row[5] in {"aman", "layak_sendiri", "layak_bersama"} for row in good)
    water = sum(row[6] == "layak" for row in good)
    assert half_up(proper, len(good)) == required("rt.sanitasi_layak", region, "2021")
    assert half_up(water, len(good)) == required("rt.air_layak", region, "2021")
    assert set(Counter(row[5] for row in good)) == {
        "aman", "layak_sendiri", "layak_bersama", "belum_layak", "babs_tertutup", "babs_terbuka",
    }  # fmt: skip


def test_four_households_of_an_unknown_category(survey: list[households.Household]) -> None:
    assert [row[5] for row in survey].count("cemplung?") == 4
    assert len({row[0] for row in survey}) == len(survey) == 30_004


@pytest.mark.parametrize(("region", "share"), [(KUKAR, "98.80"), (KOTIM, "92.25"), (MALANG, "98.43")])
def test_births_by_health_workers(region: Region, share: str) -> None:
    rows = births.encounters(region)
    helpers = [row["participant"][0]["type"][0]["text"] for row in rows]  # type: ignore[index]
    assert half_up(sum(who in {"dokter", "bidan", "perawat"} for who in helpers), len(rows)) == Decimal(share)
    assert {"dukun", "lainnya"} & set(helpers)
    assert {str(row["period"]["start"])[:4] for row in rows} == {"2024"}  # type: ignore[index]


@pytest.mark.parametrize("day", [date(2024, 7, 1), date(2024, 8, 31), date(2024, 12, 31)])
def test_pupils_of_age_do_not_depend_on_the_reference_day(day: date) -> None:
    for region in REGIONS:
        rows = [row for school in schools.schools() if school.region == region for row in schools.pupils(school.npsn)]
        good = [row for row in rows if row["tingkat_pendidikan_id"] != schools.UNKNOWN_GRADE]
        ages = [day.year - b.year - ((day.month, day.day) < (b.month, b.day)) for b in born(good)]
        assert (len(rows), len(good)) == (601, 600)
        assert sum(7 <= age <= 15 for age in ages) == schools.PUPILS_OF_AGE[region.kemendagri]
        assert set(ages) - set(range(7, 16)) == {6, 16}


def born(rows: list[dict[str, object]]) -> list[date]:
    return [date.fromisoformat(str(row["tanggal_lahir"])) for row in rows]


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
@pytest.mark.parametrize("year", budget.YEARS)
def test_budget_adds_up(region: Region, year: int) -> None:
    rows = {str(row["kode_rekening"]): row for row in budget.lra(region, year)}
    assert {"4", "4.1", "5"} <= set(rows)
    for column in ("nominal", "realisasi"):
        for parent in [code for code in rows if any(other.startswith(f"{code}.") for other in rows)]:
            parts = [
                Decimal(str(row[column]))
                for code, row in rows.items()
                if code.startswith(f"{parent}.") and code.count(".") == parent.count(".") + 1
            ]
            expected = parts[0] - parts[1] if parent == "6" else sum(parts)
            assert rows[parent][column] == expected, (parent, column)
    for code, row in rows.items():
        assert row["level"] == code.count(".") + 1
        assert row["presentase"] == budget.percent(Decimal(str(row["realisasi"])), Decimal(str(row["nominal"])))


def test_malang_budget_2023_is_the_published_one() -> None:
    rows = {str(row["kode_rekening"]): row for row in budget.lra(MALANG, 2023)}
    assert (rows["4"]["nominal"], rows["4"]["realisasi"]) == (Decimal("4372860000000"), Decimal("3190960000000"))
    assert [rows[code]["presentase"] for code in ("4", "4.1", "5")] == [
        Decimal("72.97"),
        Decimal("60.53"),
        Decimal("54.75"),
    ]
    assert rows["6.2.02"]["nominal"] == 0 < Decimal(str(rows["6.2.02"]["realisasi"]))
    assert rows["6.2.02"]["presentase"] == 0
    following = {str(row["kode_rekening"]): row for row in budget.lra(MALANG, 2024)}
    assert all(following[code]["previous_realisasi"] == row["realisasi"] for code, row in rows.items())


def test_investment_grows_in_two_regions_and_shrinks_in_one() -> None:
    sums = {
        (region.name, year): sum(int(str(row["jumlah_investasi"])) for row in projects.projects(region, year))
        for region in REGIONS
        for year in projects.YEARS
    }
    growth = {region.name: sums[region.name, 2024] - sums[region.name, 2022] for region in REGIONS}
    assert {name: change > 0 for name, change in growth.items()} == {
        "Kutai Kartanegara": True, "Malang": True, "Kotawaringin Timur": False,
    }  # fmt: skip
    assert sums["Kutai Kartanegara", 2024] == projects.TOTALS["64.02"][2024]
    rows = projects.projects(KUKAR, 2023)
    assert len(rows) == projects.PROJECTS
    assert all(re.fullmatch(r"6402\d{6}", str(row["kd_daerah"])) for row in rows)
    assert all(int(str(row["jumlah_investasi"])) > 0 for row in rows)
    assert all(row["jumlah_investasi"] == int(str(row["modal_kerja"])) + int(str(row["sub_jumlah"])) for row in rows)


def test_waste_rows_are_the_published_ones_and_follow_from_their_parts() -> None:
    rows = {row[2]: row for row in waste.rows("2024")}
    assert tuple(rows["Kab. Kutai Kartanegara"]) == SIPSN_2024["64.02"]
    assert tuple(rows["Kab. Kotawaringin Timur"]) == SIPSN_2024["62.02"]
    assert rows["Kab. Kotawaringin Timur"][11] == ""
    assert not any("Malang" in name for name in rows)
    assert waste.rows("2023") == []
    for row in rows.values():
        a, b, c, managed = (Decimal(row[place].replace(",", "")) for place in (3, 4, 6, 8))
        assert b + c == managed
        assert (100 * managed / a).quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(row[9])


def test_roads_of_kukar_are_the_published_ones_and_add_up() -> None:
    rows = roads.sheet(KUKAR, 2022)[2:]
    kilometres = [Decimal(str(row[3]).replace(",", ".")) for row in rows]
    stable = sum(length for length, row in zip(kilometres, rows, strict=True) if row[4] in ("Baik", "Sedang"))
    assert (stable, sum(kilometres[:-1])) == (Decimal("1004.6"), kilometres[-1])
    assert kilometres[-1] == 2193


def test_malangs_health_profile_is_the_published_one() -> None:
    services = [str(cell) for cell in health_profile.sheet()[2] if cell]
    [malang] = [row[2:] for row in health_profile.sheet() if row[0] == "35.07"]
    cells = {service: malang[3 * place : 3 * place + 3] for place, service in enumerate(services)}
    assert cells["K1"] == [41923, 31671, "75,55"]
    assert cells["IDL"] == [39056, 33285, "85,22"]
    assert [row[0] for row in health_profile.sheet() if "NIHIL" in row] == ["62.02"]


def test_ipm_components_give_the_known_index() -> None:
    for region, expected in ((KUKAR, "74.06"), (KOTIM, "71.38"), (MALANG, "70.60")):
        uhh, hls, rls, spent = (
            float(required(f"ipm.{n}", region, "2021")) for n in ("uhh", "hls", "rls", "pengeluaran")
        )
        income = math.log(1000 * spent / 1_007_436) / math.log(26_572_352 / 1_007_436)
        index = 100 * ((uhh - 20) / 65 * (hls / 18 + rls / 15) / 2 * income) ** (1 / 3)
        assert f"{index:.2f}" == expected


def test_assessments_are_the_published_ones() -> None:
    values = {(row["kode_daerah"], row["dimensi"]): row["nilai"] for row in assessments.dimension_rows(2023)}
    assert len(values) == 18
    names = assessments.DIMENSIONS
    assert [str(values["64.02", name]) for name in names] == ["3.60", "2.89", "2.92", "2.59", "3.32", "1.20"]
    assert [str(values["35.07", name]) for name in names] == ["3.60", "2.29", "3.41", "2.81", "3.13", "2.53"]
    assert {row["kohort"] for row in assessments.dimension_rows(2023)} == {"KPPN&IKN"}
    assert ("35.07", "kolaborasi") not in {(r["kode_daerah"], r["dimensi"]) for r in assessments.dimension_rows(2022)}
    indices = {
        (row["kode_daerah"], year): row["indeks"] for year in (2023, 2024) for row in assessments.spbe_rows(year)
    }
    assert (indices["62.02", 2023], indices["62.02", 2024]) == (Decimal("3.11"), Decimal("3.22"))


def test_every_published_figure_names_its_publisher_and_is_unique() -> None:
    assert all(figure.source.publisher and figure.source.table for figure in PUBLISHED)
    keys = [(figure.name, figure.region, figure.period) for figure in PUBLISHED]
    assert len(keys) == len(set(keys))


def test_no_number_can_belong_to_a_person() -> None:
    pupil = schools.pupils("99640201")[0]
    niks = [str(pupil["nik"]), next(households.households())[4], children.children(KUKAR, MONTH)[0].person.nik]
    assert all(re.fullmatch(r"99\d{14}", nik) for nik in niks)


def test_statistics_know_only_what_they_have() -> None:
    ipm = statistics.variable(101)
    poverty = statistics.variable(105)
    assert ipm is not None
    assert poverty is not None
    assert statistics.values(ipm)[("6403", 2021)] == Decimal("72.64")
    assert set(statistics.values(poverty)) == {("6403", 2021), ("6202", 2021), ("3507", 2021)}
    assert statistics.variable(4711) is None
