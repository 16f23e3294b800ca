"""What arithmetic cannot see: official tables whose every percentage is right, held against the project's own rules."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from definitions.indicators import load_indicators
from ledger.regions import find
from pilar.evaluation.figures import figures_sql, period_sql
from tests.pilar.evaluation.found import Row, file_of, found
from tests.real.project_sql import macro
from tests.real.test_mother_and_child import PRINTED, rows

pytestmark = pytest.mark.real


def evaluated(path: Path, pillar: str, records: Mapping[str, Sequence[Row]], regions: Sequence[str]) -> Path:
    """An evaluation's file with these rows of records, and the figures that a pillar's indicators make of them."""
    file_of(path, records=records, regions=regions)
    value = macro('figure_value("given", "defined")')
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"insert into promoted.marts by name select {GIVEN}, cast({value} as decimal(24, 4)) as value, unit, "
            f"case when {value} is null then 'missing' else 'measured' end as state "
            f"from ({figures_sql(load_indicators()[pillar], period_sql())}) as given "
            "inner join definitions.indicators as defined on indicator_id = id"
        )
    return path


GIVEN = (
    "indicator_id, region_code, period, given.numerator, given.denominator, basis, source_ids, batch_ids, "
    "published_value, published_by"
)


def code(name: str) -> str:
    [region] = find(name)
    return region.code


@pytest.fixture(scope="module")
def profile(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The health profile of East Java 2025: 11 services, 38 regencies and cities."""
    figures = [
        {
            "region_code": code(row[0]),
            "period": "2025",
            "indicator": name,
            "publisher": "Dinas Kesehatan",
            "numerator": Decimal(row[part]),
            "denominator": Decimal(row[whole]),
            "value": four(row[share]),
        }
        for name, (table, whole, part, share) in PRINTED.items()
        for row in rows(real_data, table)
    ]
    regions = sorted({row["region_code"] for row in figures})
    assert len(regions) == 38
    path = tmp_path_factory.mktemp("profile") / "e.duckdb"
    evaluated(path, "living", {"published_figure": figures}, regions)
    found(path, "rule")
    return path


def four(printed: str) -> Decimal:
    return Decimal(printed).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_no_percentage_of_the_profile_is_wrong_and_its_content_is_impossible(profile: Path) -> None:
    seen = Counter(str(rule) for (rule,) in ask(profile, "select rule from scores.findings"))
    assert seen["published_ratio_differs"] == 0
    assert seen["part_exceeds_whole"] > 100
    complete = "from scores.findings where subject = 'liv_immunisation_complete' and rule = 'part_exceeds_whole'"
    above = dict(ask(profile, f"select against, count(*) {complete} group by against"))
    assert [above[f"liv_immunisation_{dose}.numerator"] for dose in ("polio4", "dpt3", "mr")] == [36, 35, 26]


def test_what_is_copied_is_doubted(profile: Path) -> None:
    equal = "select region_code from scores.findings where rule = 'equal_figures' and {} order by 1"
    births = ask(profile, equal.format("subject = 'liv_births_facility'"))
    assert births == [(one,) for one in sorted(map(code, ("KAB. MALANG", "KAB. LAMONGAN", "KOTA BLITAR")))]
    assert len(ask(profile, equal.format("against = 'liv_immunisation_mr.numerator'"))) == 11


def test_a_later_visit_above_the_first_is_found(profile: Path) -> None:
    later = "select subject, region_code from scores.findings where rule = 'part_exceeds_whole' and subject in ('{}')"
    assert ask(profile, later.format("liv_antenatal_k6")) == [("liv_antenatal_k6", code("KOTA PROBOLINGGO"))]
    assert len(ask(profile, later.format("liv_postnatal_complete"))) == 2


def test_three_first_visits_of_newborns_were_typed_in_by_hand(real_data: Path, tmp_path: Path) -> None:
    """Table 39, boys and girls apart. The source prints all decimals: 82.9 after 82.922 was typed."""
    figures = [
        {
            "region_code": code(row[0]),
            "period": "2025",
            "indicator": "liv_immunisation_hb0",
            "publisher": "Dinas Kesehatan",
            "vintage": kind,
            "decimals": 4,
            "denominator": Decimal(row[whole]),
            "numerator": Decimal(row[part]),
            "value": four(row[part + 1]),
        }
        for row in rows(real_data, "039")
        for kind, whole, part in (("L", 2, 5), ("P", 3, 7))
    ]
    regions = sorted({row["region_code"] for row in figures})
    file_of(tmp_path / "e.duckdb", records={"published_figure": figures}, regions=regions)
    told = found(tmp_path / "e.duckdb", "region_code", "against", "published", "recomputed")
    assert told == sorted(
        [
            (code("KAB. MOJOKERTO"), "Dinas Kesehatan L", "100.0000", "90.4930"),
            (code("KAB. SAMPANG"), "Dinas Kesehatan P", "82.9000", "82.9222"),
            (code("KAB. SUMENEP"), "Dinas Kesehatan P", "81.7000", "81.7219"),
        ]
    )


def test_waste_that_is_the_same_for_four_years(real_data: Path, tmp_path: Path) -> None:
    """SIPSN, East Kalimantan 2019 to 2024: all percentages follow, and three regencies sent one year again."""
    table = real_data / "sipsn_kaltim_2019_2024" / "capaian_kaltim_2019_2024.csv"
    names = ("generated", "reduced", "reduced_percentage", "handled", "handled_percentage", "managed",
             "managed_percentage")  # fmt: skip
    with table.open(encoding="utf-8-sig", newline="") as file:
        balances = [
            {"region_code": code(place), "year": int(year)}
            | {name: Decimal(cell) if cell else None for name, cell in zip(names, cells, strict=True)}
            for year, _, place, *cells in list(csv.reader(file))[1:]
        ]
    regions = sorted({row["region_code"] for row in balances})
    path = evaluated(tmp_path / "e.duckdb", "environment", {"waste_balance": balances}, regions)
    told = found(path, "rule", "region_code", "subject", "period", "row_count")
    same = {row[1:] for row in told if row[0] == "unchanged" and row[2] == "env_waste_generated"}
    assert same == {
        (code("Kab. Kutai Barat"), "env_waste_generated", "2019", 4),
        (code("Kab. Mahakam Ulu"), "env_waste_generated", "2019", 4),
        (code("Kab. Berau"), "env_waste_generated", "2019", 3),
    }
    rules = Counter(row[0] for row in told)
    assert (rules["published_percentage_differs"], rules["published_sum_differs"]) == (0, 0)
    # Its reduced waste is blank: what was managed is stated without one of its parts.
    assert rules["published_without_parts"] == 8
    kukar = code("Kab. Kutai Kartanegara")
    assert ("jump", kukar, "env_waste_managed", "2021", 1) in told


def test_a_claimed_band_of_poverty_is_refuted_by_the_published_list(real_data: Path, tmp_path: Path) -> None:
    [table] = (real_data / "poverty_514_kabkota_2021").glob("*.csv")
    with table.open(encoding="utf-8-sig", newline="") as file:
        share = next(row[2] for row in csv.reader(file, delimiter=";") if row[1] == "Kutai Kartanegara")
    kukar = code("Kab. Kutai Kartanegara")
    figure = {"region_code": kukar, "period": "2021", "indicator": "eco_poverty_p0", "publisher": "BPS",
              "value": Decimal(share.replace(",", "."))}  # fmt: skip
    claim = {"region_code": kukar, "year": 2023, "instrument": "smart-city-2023", "code": "outcome/12", "role": "opd",
             "value": "0%-5%"}  # fmt: skip
    path = evaluated(tmp_path / "e.duckdb", "economy", {"published_figure": [figure], "answer": [claim]}, [kukar])
    told = found(path, "rule", "severity", "published", "recomputed", "against")
    assert told == [("claim_contradicted", "contradiction", "0%-5%", "7.99", "BPS 2021")]
