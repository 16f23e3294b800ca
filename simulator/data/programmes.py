"""The matrix of master-plan programmes and of innovations that Bappeda keeps as a workbook a year: all synthetic.

Kutai Kartanegara carried out about three quarters of its plan, as its own report of 2024 says.
"""

from collections.abc import Iterator
from typing import NamedTuple

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, Region
from simulator.xlsx import Cell

YEARS = (2023, 2024)
COLUMNS = (
    "Kode", "Jenis", "Dimensi", "Kode OPD", "Uraian Program", "Mulai", "Direncanakan", "Status", "Renstra",
    "Sumber Dana", "Pagu (Rp)", "Penghargaan",
)  # fmt: skip
AREAS = (
    "Smart Governance", "Smart Branding", "Smart Economy", "Smart Living", "Smart Society", "Smart Environment",
)  # fmt: skip
PLANS = ("SDM", "Infrastruktur", "Aplikasi", "Literasi")
# Planned and carried out in each pillar, then in each action plan.
_DONE = {
    (KUKAR, 2023): ("5/8 3/4 5/6 6/8 4/6 3/4", "3/4 2/4 3/4 2/4"),
    (KUKAR, 2024): ("6/8 3/4 4/6 6/8 5/6 3/4", "3/4 3/4 3/4 3/4"),
    (KOTIM, 2023): ("3/6 2/4 2/5 4/6 3/5 1/3", "1/3 1/3 2/3 1/3"),
    (KOTIM, 2024): ("4/6 3/4 3/5 5/6 4/5 2/3", "2/3 1/3 2/3 2/3"),
    (MALANG, 2023): ("6/7 4/5 5/6 6/7 4/5 3/4", "3/4 3/4 4/4 3/4"),
    (MALANG, 2024): ("7/7 4/5 5/6 7/7 5/5 3/4", "4/4 3/4 4/4 4/4"),
}
# Quick wins: how many of the year before still run, how many were stopped, how many are new.
_QUICK = {(KUKAR, 2024): (5, 1, 2), (KOTIM, 2024): (3, 2, 1), (MALANG, 2024): (6, 0, 3)}
_QUICK_BEFORE = {KUKAR: 6, KOTIM: 5, MALANG: 6}
_INNOVATIONS = {KUKAR: 24, KOTIM: 13, MALANG: 31}
_AGENCIES = {KUKAR: 28, KOTIM: 22, MALANG: 30}
_AWARDS = {(KUKAR, 2023): "TOP 45", (KOTIM, 2024): "TOP 99", (MALANG, 2024): "TOP 99"}
_UNCLEAR = "Berjalan 75%"
"""A state that is a guess at a share: it is none that the matrix knows."""


class _Entry(NamedTuple):
    """What a row is about."""

    code: str
    kind: str
    area: str
    started: int


def sheet(region: Region, year: int) -> list[list[Cell]]:
    """Title, header, and a row for each programme, activity, quick win and innovation."""
    rows = [
        *_planned(region, year),
        *_quick_wins(region, year),
        *_innovations(region, year),
    ]
    if (region, year) == (KOTIM, 2024):
        rows[-1] = [*rows[-1][:7], _UNCLEAR, *rows[-1][8:]]
    return [[f"MATRIKS PROGRAM KOTA CERDAS DAN INOVASI DAERAH {region.name.upper()} TAHUN {year}"], [*COLUMNS], *rows]


def _planned(region: Region, year: int) -> Iterator[list[Cell]]:
    areas, plans = (text.split() for text in _DONE[region, year])
    for kind, prefix, names, counts in (("Program", "P", AREAS, areas), ("Rencana Aksi", "A", PLANS, plans)):
        for number, (name, count) in enumerate(zip(names, counts, strict=True), start=1):
            done, planned = map(int, count.split("/"))
            for serial in range(1, planned + 1):
                state = "Belum Berjalan" if serial > done else "Selesai" if serial == 1 else "Berjalan"
                yield _row(region, _Entry(f"{prefix}{number}-{serial:02d}", kind, name, 2022), state)
    # Carried out though the master plan has it in no year.
    row = _row(region, _Entry("P1-90", "Program", AREAS[0], year), "Berjalan")
    yield [*row[:6], "Tidak", "Berjalan", "Tidak", "-", "", "-"]


def _quick_wins(region: Region, year: int) -> Iterator[list[Cell]]:
    kept, stopped, new = _QUICK.get((region, year), (_QUICK_BEFORE[region], 0, 0))
    for serial in range(1, kept + stopped + new + 1):
        state = "Dihentikan" if kept < serial <= kept + stopped else "Berjalan"
        started = year if serial > kept + stopped else 2022
        yield _row(region, _Entry(f"Q-{serial:02d}", "Quick Win", AREAS[serial % 6], started), state)


def _innovations(region: Region, year: int) -> Iterator[list[Cell]]:
    for serial in range(1, _INNOVATIONS[region] - (year == YEARS[0]) * 4 + 1):
        stage = "Inisiatif" if serial % 9 == 0 else "Uji Coba" if serial % 7 == 0 else "Penerapan"
        row = _row(region, _Entry(f"I-{serial:03d}", "Inovasi", AREAS[serial % 6], 2020 + serial % 4), stage)
        yield [*row[:8], "-", "-", "", _AWARDS.get((region, year), "-") if serial == 1 else "-"]


def _row(region: Region, entry: _Entry, state: str) -> list[Cell]:
    # Without the year: who carries a programme out stays the same.
    dice = Dice("program", region.kemendagri, entry.code)
    agency = f"1.{dice.whole(1, _AGENCIES[region]):02d}"
    renstra = "Ya" if entry.kind == "Program" and dice.whole(0, 3) else "Tidak"
    paid = entry.kind == "Quick Win" and dice.whole(0, 3) == 0 and region != KOTIM
    source: tuple[Cell, Cell] = ("Non-APBD" if paid else "APBD", dice.whole(4, 60) * 25_000_000)
    title = f"{entry.kind} {entry.area} contoh {entry.code}"
    return [entry.code, entry.kind, entry.area, agency, title, entry.started, "Ya", state, renstra, *source, "-"]
