"""The household survey of 2021: 10,000 good households a region, so that percentages come out to two decimals."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.published import required
from simulator.regions import REGIONS, Region

YEAR = 2021
HOUSEHOLDS = 10_000
UNKNOWN_CATEGORY = "cemplung?"
COLUMNS = {
    "id_rumah_tangga": "text primary key",
    "kode_daerah": "text not null",
    "tahun": "integer not null",
    "nama_kepala_keluarga": "text not null",
    "nik_kepala": "text not null",
    "akses_sanitasi": "text not null",
    "air_minum": "text not null",
}
Household = tuple[str, str, int, str, str, str, str]

# Shares in 1/1000 of the proper and of the other households; the last of each takes what is left. Synthetic.
_PROPER = (("aman", 94), ("layak_sendiri", 815), ("layak_bersama", 0))
_OTHER = (("belum_layak", 521), ("babs_tertutup", 173), ("babs_terbuka", 0))
# Where the four bad rows stand: (region index, serial).
_BAD = ((0, 10_001), (0, 10_002), (1, 10_001), (2, 10_001))


def households() -> Iterator[Household]:
    """Every row of the survey, region by region; the last ones of each carry a category nobody knows."""
    for index, region in enumerate(REGIONS):
        yield from _good(region)
        yield from (_household(region, serial, UNKNOWN_CATEGORY, "layak") for place, serial in _BAD if place == index)


def _good(region: Region) -> Iterator[Household]:
    sanitation = _mix(required("rt.sanitasi_layak", region, str(YEAR)), _PROPER, _OTHER)
    water = _mix(required("rt.air_layak", region, str(YEAR)), (("layak", 0),), (("tidak_layak", 0),))
    dice = Dice("rumah tangga", region.kemendagri)
    dice.shuffle(sanitation)
    dice.shuffle(water)
    for serial, (kind, drink) in enumerate(zip(sanitation, water, strict=True), start=1):
        yield _household(region, serial, kind, drink)


def _household(region: Region, serial: int, sanitation: str, water: str) -> Household:
    dice = Dice(region.kemendagri, serial)
    head = made_up(dice, region, serial, date(dice.whole(1950, 1995), dice.whole(1, 12), dice.whole(1, 28)))
    code = region.kemendagri
    return (f"RT-{region.digits}-{serial:06d}", code, YEAR, head.name, head.nik, sanitation, water)


def _mix(percent: Decimal, proper: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]) -> list[str]:
    count = int(percent * HOUSEHOLDS / 100)
    return _shares(count, proper) + _shares(HOUSEHOLDS - count, other)


def _shares(count: int, kinds: tuple[tuple[str, int], ...]) -> list[str]:
    drawn: list[str] = []
    for kind, share in kinds[:-1]:
        drawn += [kind] * (count * share // 1000)
    return drawn + [kinds[-1][0]] * (count - len(drawn))
