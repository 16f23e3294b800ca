"""Under-fives and their measurements as e-PPGBM exports them: one child a row, six columns a month (wide)."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise

from simulator.data.dice import Dice
from simulator.data.persons import Person, family_card, made_up
from simulator.regions import KOTIM, KUKAR, MALANG, Region

# (stunted, measured): Malang 80/1,300 = 6.15 % and Kutai Kartanegara 88/500 = 17.6 % are the published rates;
# Kotawaringin Timur is synthetic.
STUNTED = {KUKAR.kemendagri: (88, 500), KOTIM.kemendagri: (62, 400), MALANG.kemendagri: (80, 1300)}
MONTHS = ("2024-08",)
MONTH_NAMES = (
    "JANUARI", "FEBRUARI", "MARET", "APRIL", "MEI", "JUNI",
    "JULI", "AGUSTUS", "SEPTEMBER", "OKTOBER", "NOVEMBER", "DESEMBER",
)  # fmt: skip
IDENTITY = (
    "no_kk", "nik_anak", "nama_anak", "tanggal_lahir", "jenis_kelamin",
    "anak_ke", "berat_lahir", "panjang_lahir", "nik_ibu",
)  # fmt: skip
MEASURES = ("TANGGALUKUR", "UMUR", "BERAT", "TINGGI", "CARAUKUR", "TBU")
Cell = str | int

# Median length for age in cm (rounded from the WHO child growth standards), by month, for (boys, girls).
_MEDIAN = ((0, 49.9, 49.1), (6, 67.6, 65.7), (12, 75.7, 74.0), (24, 87.1, 85.7), (36, 96.1, 95.1), (60, 110.0, 109.4))


@dataclass(frozen=True)
class Child:
    """One child; ``deviation`` is its length for age in standard deviations, the same at every measurement."""

    person: Person
    card: str
    mother: str
    order: int
    age: int
    day: int
    deviation: float
    category: str


def columns(month: str) -> list[str]:
    """The header: identity, then six columns for February (the earlier weighing) and for the month itself."""
    return [*IDENTITY, *(f"{MONTH_NAMES[number - 1]}_{name}" for number in _weighings(month) for name in MEASURES)]


def sheet(region: Region, month: str) -> list[list[Cell]]:
    """The rows under the header: the good children, with two damaged rows more between them."""
    rows = [_row(child, month) for child in children(region, month)]
    for place, damaged in zip((40, 155), _damaged(region, month), strict=True):
        rows.insert(place, damaged)
    return rows


@cache
def children(region: Region, month: str) -> tuple[Child, ...]:
    """The children of a month, with as many stunted ones as the calibration asks for."""
    stunted, total = STUNTED[region.kemendagri]
    dice = Dice("balita", region.kemendagri, month)
    kinds = ["Sangat Pendek"] * (stunted // 4) + ["Pendek"] * (stunted - stunted // 4)
    kinds += ["Tinggi"] * (total // 80)
    kinds += ["Normal"] * (total - len(kinds))
    dice.shuffle(kinds)
    return tuple(_child(region, month, serial, kind) for serial, kind in enumerate(kinds, start=1))


def _child(region: Region, month: str, serial: int, category: str) -> Child:
    dice = Dice("anak", region.kemendagri, month, serial)
    age, day = dice.whole(0, 59), dice.whole(2, 27)
    year, number = _parts(month)
    born = _months_before(year, number, age, dice.whole(1, day))
    ranges = {"Sangat Pendek": (-3.9, -3.1), "Pendek": (-2.9, -2.1), "Normal": (-1.9, 2.6), "Tinggi": (3.1, 3.5)}
    mother = made_up(
        dice, region, serial + 5000, date(dice.whole(1985, 2004), dice.whole(1, 12), dice.whole(1, 28)), "P"
    )
    person = made_up(dice, region, serial, born)
    deviation = dice.between(*ranges[category])
    return Child(person, family_card(region, serial), mother.nik, dice.whole(1, 4), age, day, deviation, category)


def _row(child: Child, month: str) -> list[Cell]:
    dice = Dice("lahir", child.person.nik)
    cells: list[Cell] = [
        child.card,
        child.person.nik,
        child.person.name,
        f"{child.person.born:%d/%m/%Y}",
        child.person.sex,
        child.order,
        _comma(dice.between(2.4, 3.9)),
        _comma(dice.between(46.0, 52.0)),
        child.mother,
    ]
    year, number = _parts(month)
    for weighing in _weighings(month):
        cells += _measurement(child, year, weighing, child.age - (number - weighing))
    return cells


def _measurement(child: Child, year: int, number: int, age: int) -> list[Cell]:
    if age < 0:
        return ["", "", "", "", "", ""]
    height = _median(age, child.person.sex) * (1 + 0.035 * child.deviation)
    weight = 3.3 * (height / 50) ** 2.05
    way = "Telentang" if age < 24 else "Berdiri"
    return [f"{child.day:02d}/{number:02d}/{year}", age, _comma(weight), _comma(height), way, child.category]


def _damaged(region: Region, month: str) -> tuple[list[Cell], list[Cell]]:
    """Two rows that no contract should take; six in all three workbooks."""
    first, second = (_row(_child(region, month, serial, "Normal"), month) for serial in (9001, 9002))
    measured, height = len(first) - len(MEASURES), len(first) - len(MEASURES) + MEASURES.index("TINGGI")
    if region == KUKAR:
        first[height] = "13:09"  # what a spreadsheet makes of 13.9
        second[measured] = "2024/31/08"
    elif region == KOTIM:
        first[height] = "1040,0"  # ten metres of child
        second[height] = "13:09"
    else:
        first[measured] = "31-Agt-24"
        second[measured], second[height] = "00/08/2024", "3,5"  # two reasons at once
    return first, second


def _weighings(month: str) -> tuple[int, ...]:
    number = _parts(month)[1]
    return (2, number) if number > 2 else (number,)


def _parts(month: str) -> tuple[int, int]:
    return int(month[:4]), int(month[5:7])


def _months_before(year: int, number: int, months: int, day: int) -> date:
    counted = year * 12 + number - 1 - months
    return date(counted // 12, counted % 12 + 1, day)


def _median(age: int, sex: str) -> float:
    column = 1 if sex == "L" else 2
    for lower, upper in pairwise(_MEDIAN):
        if lower[0] <= age <= upper[0]:
            share = (age - lower[0]) / (upper[0] - lower[0])
            return lower[column] + share * (upper[column] - lower[column])
    raise ValueError(f"no median for {age} months")


def _comma(number: float) -> str:
    return f"{number:.1f}".replace(".", ",")
