"""Forms of the satisfaction survey (SKM) of 2024, as a web form exports them: all synthetic, respondents made up."""

from datetime import date

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, Region

YEAR = 2024
UNITS = {"Mal Pelayanan Publik": 40, "Dinas Kependudukan": 35, "RSUD": 45}
ELEMENTS = (
    "persyaratan", "prosedur", "waktu", "biaya", "produk", "kompetensi", "perilaku", "pengaduan", "sarana",
)  # fmt: skip
COLUMNS = ("no_responden", "unit_layanan", "nama", "pekerjaan", *ELEMENTS)
# How often an answer is a 4 and how often a 2, in a hundred; the rest are 3.
_MOOD = {KUKAR: (38, 6), KOTIM: (22, 15), MALANG: (30, 8)}
_NOT_ANSWERED = "9"


def forms(region: Region) -> list[tuple[str, ...]]:
    """The header and a line a form; in the last one a question was not answered, which the form writes 9."""
    dice = Dice("skm", region.kemendagri)
    rows = [_form(dice, region, unit, serial) for unit, count in UNITS.items() for serial in range(1, count + 1)]
    rows[-1] = (*rows[-1][:-1], _NOT_ANSWERED)
    return [COLUMNS, *rows]


def _form(dice: Dice, region: Region, unit: str, serial: int) -> tuple[str, ...]:
    person = made_up(dice, region, 6000 + serial, date(dice.whole(1960, 2004), 1, 1))
    work = dice.pick(("Petani", "Pedagang", "Pelajar", "Pegawai", "Lainnya"))
    return (f"R-{serial:03d}", unit, person.name, work, *(_answer(dice, region) for _ in ELEMENTS))


def _answer(dice: Dice, region: Region) -> str:
    content, discontent = _MOOD[region]
    drawn = dice.whole(1, 100)
    return "4" if drawn <= content else "2" if drawn > 100 - discontent else "3"
