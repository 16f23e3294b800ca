"""APK and APM in Kabupaten Malang (Satu Data Kabupaten Malang, 33 kecamatan and 3 levels, 2020 to 2024)."""

import pytest

from tests.real.house import House, flags

pytestmark = pytest.mark.real

SOURCE = "satudata_pendidikan"
IMPOSSIBLE = {"apm <= 100": 148, "apm <= apk": 123, "siswa_usia_sekolah <= total_siswa": 109}


@pytest.mark.parametrize(("rule", "rows"), IMPOSSIBLE.items())
def test_impossible_values_are_named_by_the_rule_they_break(house: House, rule: str, rows: int) -> None:
    assert sum(flags(house.pulled(SOURCE))[rule].values()) == rows
    query = f"SELECT count(*) FROM landed WHERE list_contains(_flags, '{rule}')"
    assert house.rows(SOURCE, query) == [(rows,)]


def test_p1_impossible_rows_are_not_dropped(house: House) -> None:
    """291 of 495 rows break at least one of the three rules; one row may break several, and says so."""
    names = ", ".join(f"'{rule}'" for rule in IMPOSSIBLE)
    query = f"SELECT count(*), count(*) FILTER (list_has_any(_flags, [{names}])) FROM landed"
    assert house.rows(SOURCE, query) == [(495, 291)]
    assert [(batch.coverage, batch.received) for batch in house.pulled(SOURCE).batches] == [
        (str(year), 99) for year in range(2020, 2025)
    ]


def test_published_rates_are_held_against_their_counts(house: House) -> None:
    """Whole years of APK and APM do not follow from the counts beside them."""
    found = flags(house.pulled(SOURCE))
    assert found["apm"] == {"2021": 66, "2022": 99, "2023": 99, "2024": 99}
    # Three rates of 2020 were cut where the others were rounded.
    assert found["apk"] == {"2020": 3, "2021": 66, "2022": 99, "2024": 98}
    assert {rule: sum(found[rule].values()) for rule in ("guru_s1", "terakreditasi")} == {
        "guru_s1": 98,
        "terakreditasi": 84,
    }


def test_a_population_that_was_carried_over_is_seen(house: House) -> None:
    """The school-age population of 2021, 2022 and 2023 is the same in all 99 rows."""
    query = (
        "SELECT count(*) FROM (SELECT kecamatan, jenjang FROM landed WHERE tahun IN (2021, 2022, 2023) "
        "GROUP BY ALL HAVING count(*) = 3 AND count(DISTINCT penduduk_usia_sekolah) = 1)"
    )
    assert house.rows(SOURCE, query) == [(99,)]
