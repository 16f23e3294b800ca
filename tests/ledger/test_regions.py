"""The list of regions against what is known of it, and how names are understood."""

import re
from zoneinfo import ZoneInfo

import pytest

from ledger.errors import ConfigError
from ledger.regions import REFERENCE, all_regions, find, known, provinces


def test_every_regency_and_city_is_there_once() -> None:
    regions = all_regions().values()
    assert (len(regions), len(provinces())) == (514, 38)
    assert len({region.name for region in regions}) == 514
    assert len({region.bps_code for region in regions}) == 514
    assert {region.kind for region in regions} == {"kabupaten", "kota"}
    assert all(
        re.fullmatch(r"\d\d\.\d\d", region.code) and re.fullmatch(r"\d{4}", region.bps_code) for region in regions
    )
    # Kemendagri numbers cities from 71 on, BPS too.
    assert all((region.kind == "kota") == (int(region.code[3:]) >= 71) for region in regions)
    assert all((region.kind == "kota") == (int(region.bps_code[2:]) >= 71) for region in regions)


def test_the_codes_of_bps_are_another_system() -> None:
    regions = all_regions().values()
    differ = [region for region in regions if region.bps_code != region.digits]
    of_kemendagri = {region.digits for region in regions}
    assert len(differ) == 199
    assert sum(region.bps_code in of_kemendagri for region in differ) == 169


@pytest.mark.parametrize(
    ("code", "name", "bps", "before"),
    [
        ("64.02", "Kabupaten Kutai Kartanegara", "6403", ""),
        ("64.03", "Kabupaten Berau", "6405", ""),
        ("35.07", "Kabupaten Malang", "3507", ""),
        ("11.09", "Kabupaten Simeulue", "1101", ""),
        ("93.01", "Kabupaten Merauke", "9501", "9401"),
        ("96.01", "Kabupaten Sorong", "9202", "9107"),
        ("95.03", "Kabupaten Yahukimo", "9707", "9416"),
        ("91.03", "Kabupaten Jayapura", "9403", ""),
    ],
)
def test_codes_as_both_offices_publish_them(code: str, name: str, bps: str, before: str) -> None:
    region = all_regions()[code]
    assert (region.name, region.bps_code, region.bps_code_before) == (name, bps, before)


def test_a_code_of_bps_changed_where_the_four_new_provinces_are_and_nowhere_else() -> None:
    moved = [region for region in all_regions().values() if region.bps_code_before]
    assert len(moved) == 26
    assert {region.code[:2] for region in moved} == {"93", "94", "95", "96"}
    assert {region.code for region in all_regions().values() if region.code[:2] in {"93", "94", "95", "96"}} == {
        region.code for region in moved
    }


def test_each_region_has_the_zone_of_its_province() -> None:
    zones = {code: all_regions()[code].time_zone for code in ("35.07", "62.02", "64.02", "51.71", "81.71", "91.71")}
    assert zones == {
        "35.07": "Asia/Jakarta",
        "62.02": "Asia/Jakarta",
        "64.02": "Asia/Makassar",
        "51.71": "Asia/Makassar",
        "81.71": "Asia/Jayapura",
        "91.71": "Asia/Jayapura",
    }
    assert all(ZoneInfo(region.time_zone) for region in all_regions().values())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("kab malang", "35.07"),
        ("Kab. Malang", "35.07"),
        ("KABUPATEN  MALANG", "35.07"),
        ("Kota Malang", "35.73"),
        ("malang (kota)", "35.73"),
        ("35.73", "35.73"),
        ("bps:6403", "64.02"),
        ("BPS 6403", "64.02"),
        ("kutai kartanegara", "64.02"),
        # A name that begins like a kind.
        ("kotawaringin timur", "62.02"),
        ("Kota Waringin Timur", "62.02"),
        ("kota baru", "63.02"),
        ("Kab. Kotabaru", "63.02"),
        # Blanks, marks and short forms.
        ("Fakfak", "92.03"),
        ("Pematang Siantar", "12.72"),
        ("Kep. Seribu", "31.01"),
        ("kab. adm. kep. seribu", "31.01"),
        ("jakarta pusat", "31.71"),
        ("Kepulauan Siau Tagulandang Biaro", "71.09"),
        ("  toli-toli ", "72.04"),
    ],
)
def test_a_name_is_understood_as_people_write_it(said: str, code: str) -> None:
    assert [region.code for region in find(said)] == [code]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("malang", ("Kabupaten Malang", "35.07", "Kota Malang", "35.73")),
        ("Gorontalo", ("Kabupaten Gorontalo", "Kota Gorontalo", "Provinsi Gorontalo (all of its 6)")),
        ("jayapura", ("91.03", "91.71")),
        ("bengkulu", ("Kota Bengkulu", "Provinsi Bengkulu")),
    ],
)
def test_p10_a_name_of_several_lists_them(said: str, named: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="is the name of") as refused:
        find(said)
    assert all(name in str(refused.value) for name in named)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("kutai", ("Kutai Kartanegara", "Kutai Barat", "Kutai Timur")),
        ("Padang Sidempuan", ("Kota Padangsidimpuan",)),
        ("Kab. Toba Samosir", ("Kabupaten Samosir",)),
        ("kota kutai kartanegara", ("Kabupaten Kutai Kartanegara",)),
    ],
)
def test_p10_what_is_no_name_lists_what_is_near_and_is_not_guessed(said: str, named: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="is no region's name") as refused:
        find(said)
    assert all(name in str(refused.value) for name in named)


@pytest.mark.parametrize("said", ["3573", "6403", "64.99", "bps:6499", "", "Atlantis", "kab", "%"])
def test_p10_what_cannot_be_told_is_refused_with_what_to_do(said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        find(said)
    assert refused.value.do


def test_a_province_stands_for_all_of_its_regencies_and_cities() -> None:
    bali = find("provinsi bali")
    assert len(bali) == 9
    assert {region.province for region in bali} == {"Bali"}
    assert len(find("DKI Jakarta")) == 6
    assert len(find("d.i. yogyakarta")) == 5
    assert len(find("Papua Selatan")) == 4
    assert sum(len(find(f"provinsi {name}")) for name in provinces().values()) == 514


def test_every_name_and_code_of_the_list_finds_its_own_region() -> None:
    for region in all_regions().values():
        assert find(region.name) == (region,)
        assert find(region.sipsn_name) == (region,)
        assert find(region.code) == find(f"bps:{region.bps_code}") == (region,)


def test_known_codes_come_in_the_order_of_the_list_each_once() -> None:
    assert [region.code for region in known(("64.02", "35.07", "64.02"))] == ["35.07", "64.02"]
    with pytest.raises(ConfigError, match=r"6402.*PILAR_REGIONS"):
        known(("6402",))


def test_the_list_ships_with_its_licence() -> None:
    licence = (REFERENCE / "LICENSE-wilayah.txt").read_text(encoding="utf-8")
    assert "MIT License" in licence
    assert "Cahya DSN" in licence
