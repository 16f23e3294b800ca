"""Waste of East Kalimantan 2019 to 2024 (SIPSN, KLHK): what is blank is not known, and what is nought was said."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.regions import find
from pilar.recompute.by_instrument import recompute_answers
from tests.pilar.evaluation.found import found
from tests.real.evaluated import ask, code, evaluated_from
from tests.real.house import House

pytestmark = pytest.mark.real

SOURCE = "sipsn_kaltim"
TABLE = "sipsn_kaltim_2019_2024/capaian_kaltim_2019_2024.csv"
# Waste reduced is blank in eight rows.
BLANK = [(place, year) for place in ("Kab. Kutai Barat", "Kab. Mahakam Ulu") for year in range(2019, 2023)]


@pytest.fixture(scope="module")
def path(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation's file over what was landed."""
    house.pulled(SOURCE)
    own = {SOURCE: house.sources[SOURCE]}
    regions = find("provinsi Kalimantan Timur")
    folder = tmp_path_factory.mktemp("sipsn")
    return evaluated_from(house.ledger, house.settings, own, "environment", regions, folder / "e.duckdb")


def test_all_232_published_figures_follow(real_data: Path) -> None:
    answered = recompute_answers(real_data / TABLE, "sipsn")
    assert len(answered.regions) == 60
    figures = Counter(one.name for region in answered.regions for one in region.compared if one.computed is not None)
    assert figures == {"persen_pengurangan": 52, "persen_penanganan": 60, "terkelola": 60, "index": 60}
    assert figures.total() == 232
    assert answered.differences == ()
    # A blank counts as nought in the table's own sums, and is told as not answered.
    blank = {region.region for region in answered.regions if "sampah/2" in region.unanswered}
    assert blank == {f"{place} ({year})" for place, year in BLANK}


def test_a_blank_lands_blank_and_nought_lands_nought(house: House) -> None:
    blank = house.rows(SOURCE, "select kabupaten_kota, tahun from landed where pengurangan is null order by all")
    assert blank == BLANK
    nought = "select tahun, pengurangan, persen_pengurangan from landed where pengurangan = 0"
    assert house.rows(SOURCE, nought) == [(2023, Decimal(0), Decimal(0))]


def test_what_is_not_known_has_no_figure(path: Path) -> None:
    """Neither has the sum: the table counts a blank as nought in it, which nobody said."""
    for indicator in ("env_waste_reduction", "env_waste_managed"):
        missing = f"from promoted.marts where indicator_id = '{indicator}' and state = 'missing'"
        rows = ask(path, f"select region_code, cast(period as integer) {missing} order by all")
        assert rows == sorted((code(place), year) for place, year in BLANK), indicator
    nought = "from promoted.marts where indicator_id = 'env_waste_reduction' and numerator = 0"
    assert ask(path, f"select region_code, period, state {nought}") == [(code("Kab. Kutai Barat"), "2023", "measured")]


def test_waste_that_is_the_same_for_years_is_doubted(path: Path) -> None:
    told = found(path, "rule", "region_code", "subject", "period", "row_count")
    same = {row[1:] for row in told if row[0] == "unchanged" and row[2] == "env_waste_generated"}
    assert same == {
        (code("Kab. Kutai Barat"), "env_waste_generated", "2019", 4),
        (code("Kab. Mahakam Ulu"), "env_waste_generated", "2019", 4),
        (code("Kab. Berau"), "env_waste_generated", "2019", 3),
    }
    rules = Counter(row[0] for row in told)
    assert (rules["published_percentage_differs"], rules["published_sum_differs"]) == (0, 0)
    # What was managed is stated without one of its parts.
    assert rules["published_without_parts"] == len(BLANK)
    assert ("jump", code("Kab. Kutai Kartanegara"), "env_waste_managed", "2021", 1) in told
