"""Quarterly reports of realised investment (LKPM) as a workbook a region and year: all synthetic.

A foreign report gives dollars and their rate, and beside them a rupiah value that somebody made with another rate.
"""

from datetime import date, timedelta

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, Region
from simulator.xlsx import Cell

YEARS = (2022, 2023, 2024)
COLUMNS = (
    "No Laporan", "NIB", "Triwulan", "Jenis", "Realisasi (USD)", "Kurs", "Realisasi (Rp)", "Tanggal Lapor",
    "Batas Lapor",
)  # fmt: skip
A_QUARTER = 6
_RATES = {2022: 14_350, 2023: 14_800, 2024: 15_900}
# What a project puts in, in billions of rupiah; two regions grow and one shrinks.
_SIZES = {
    KUKAR: {2022: 420, 2023: 455, 2024: 498},
    KOTIM: {2022: 140, 2023: 131, 2024: 122},
    MALANG: {2022: 95, 2023: 104, 2024: 113},
}
_UNREADABLE = "4 milyar"


def sheet(region: Region, year: int) -> list[list[Cell]]:
    """Title, header and a row a report; in Malang's of 2024 one amount is written in words."""
    rows = [_row(region, year, quarter, serial) for quarter in (1, 2, 3, 4) for serial in range(1, A_QUARTER + 1)]
    if (region, year) == (MALANG, YEARS[-1]):
        rows.append([*_row(region, year, 4, A_QUARTER + 2)[:6], _UNREADABLE, *rows[-1][7:]])
    return [[f"REKAPITULASI LKPM {region.name.upper()} TAHUN {year}"], [*COLUMNS], *rows]


def _row(region: Region, year: int, quarter: int, serial: int) -> list[Cell]:
    dice = Dice("lkpm", region.kemendagri, year, quarter, serial)
    foreign = serial % 3 == 0
    rupiah = round(_SIZES[region][year] * dice.between(0.85, 1.15)) * 1_000_000_000
    rate = _RATES[year]
    due = date(year + quarter // 4, quarter % 4 * 3 + 1, 10)
    # One report in twelve is late.
    came = due + timedelta(days=dice.whole(3, 40) if dice.whole(1, 12) == 1 else -dice.whole(0, 8))
    amounts: tuple[Cell, ...] = (rupiah // rate, rate, rupiah // rate * 15_000) if foreign else ("", "", rupiah)
    return [
        f"L-{region.digits}-{year}-{quarter}-{serial:03d}",
        f"9999{region.digits}{year % 100:02d}{serial:03d}",
        quarter,
        "PMA" if foreign else "PMDN",
        *amounts,
        f"{came:%d/%m/%Y}",
        f"{due:%d/%m/%Y}",
    ]
