"""The register of stunted children under two and what was done for them; synthetic."""

from datetime import date, timedelta

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, Region
from simulator.xlsx import Cell

YEAR = 2024
COLUMNS = ("NIK ANAK", "NAMA ANAK", "NAMA IBU", "TANGGAL LAHIR", "TGL DITEMUKAN", "UMUR (BULAN)", "TINDAK LANJUT")
# (handled, noted as not handled, nothing noted)
CASES = {KUKAR.kemendagri: (46, 14, 5), KOTIM.kemendagri: (31, 19, 3), MALANG.kemendagri: (52, 8, 0)}
_HANDLED = ("PMT", "PMT", "PKMK", "Rujuk RS")


def sheet(region: Region) -> list[list[Cell]]:
    """The header and a row a child; one of them is of a child whose age cannot be."""
    handled, open_, blank = CASES[region.kemendagri]
    dice = Dice("baduta", region.kemendagri)
    done = [dice.pick(_HANDLED) for _ in range(handled)] + ["Belum"] * open_ + [""] * blank
    dice.shuffle(done)
    rows = [_row(region, serial, what) for serial, what in enumerate(done, start=1)]
    wrong = _row(region, len(done) + 1, "PMT")
    wrong[COLUMNS.index("UMUR (BULAN)")] = "2 tahun"
    return [[*COLUMNS], *rows, wrong]


def _row(region: Region, serial: int, done: str) -> list[Cell]:
    dice = Dice("baduta", region.kemendagri, serial)
    age = dice.whole(1, 23)
    found = date(YEAR, 1, 1) + timedelta(days=dice.whole(0, 300))
    months = found.year * 12 + found.month - 1 - age
    born = date(months // 12, months % 12 + 1, 1)
    child = made_up(dice, region, 3000 + serial, born)
    mother = made_up(dice, region, 8000 + serial, date(1995, 5, 5), "P")
    return [child.nik, child.name, mother.name, f"{born:%d/%m/%Y}", f"{found:%d/%m/%Y}", age, done]
