"""Waste banks, TPS 3R and composting sites of 2024 as SIPSN lists them, all synthetic."""

from collections.abc import Sequence
from decimal import Decimal

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

YEARS = ("2024",)
_CENT = Decimal("0.01")
# SIPSN's names: what it is called, its unit, and the usual range in that unit. Waste banks count in kilograms.
_KINDS = {
    "banksampah": ("Bank Sampah", "kg/tahun", 600, 90_000),
    "tps3r": ("TPS 3R", "ton/tahun", 4, 160),
    "komposting": ("Rumah Kompos", "ton/tahun", 2, 40),
}
COUNTS = {
    "banksampah": {KUKAR.kemendagri: 12, KOTIM.kemendagri: 4, MALANG.kemendagri: 10},
    "tps3r": {KUKAR.kemendagri: 5, KOTIM.kemendagri: 2, MALANG.kemendagri: 6},
    "komposting": {KUKAR.kemendagri: 4, KOTIM.kemendagri: 1, MALANG.kemendagri: 3},
}


def rows(kind: str, year: str) -> list[list[str]]:
    """The facilities of a kind: year, province, regency, village, name, unit, received, managed, compost, recycled.

    Numbers are text with comma thousands. The last row is a placeholder, as regencies send where they have none.
    """
    if kind not in _KINDS or year not in YEARS:
        return []
    found = [row for region in REGIONS for row in _rows(kind, year, region)]
    return [*found, [*found[-1][:3], "", "TIDAK ADA", found[-1][5], "", "", "", ""]]


def _rows(kind: str, year: str, region: Region) -> Sequence[list[str]]:
    name, unit, low, high = _KINDS[kind]
    dice = Dice("fasilitas", kind, region.kemendagri)
    found = []
    for serial in range(1, COUNTS[kind][region.kemendagri] + 1):
        received = Decimal(dice.whole(low * 100, high * 100)) / 100
        # The last of each kind in Kutai Kartanegara stands still.
        idle = region is KUKAR and serial == COUNTS[kind][region.kemendagri]
        managed = Decimal(0) if idle else (received * dice.whole(70, 100) / 100).quantize(_CENT)
        compost = (managed * (0 if kind == "banksampah" else dice.whole(4, 9)) / 10).quantize(_CENT)
        recycled = managed - compost if kind != "komposting" else Decimal(0)
        # One waste bank of Kotawaringin Timur did not say what it managed.
        said = "" if region is KOTIM and kind == "banksampah" and serial == 1 else f"{managed:,.2f}"
        village = f"Desa Contoh {serial:02d}, Kec. Contoh"
        amounts = [f"{received:,.2f}", said, f"{compost:,.2f}", f"{recycled:,.2f}"]
        where = [year, region.province, f"Kab. {region.name}", village]
        found.append([*where, f"{name} Contoh {serial:02d}", unit, *amounts])
    return found
