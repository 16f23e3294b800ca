"""Condition of regency roads by section. Kutai Kartanegara's lengths of 2022 are as published, all others synthetic.

Its sections of the year before were rated by eye, and those of 2022 measured: a break in the series.
"""

from decimal import Decimal

from simulator.data.dice import Dice
from simulator.published import required
from simulator.regions import KOTIM, KUKAR, MALANG, Region
from simulator.xlsx import Cell

COLUMNS = ("No Ruas", "Nama Ruas", "Segmen", "Panjang (km)", "Kondisi", "Metode")
CONDITIONS = ("Baik", "Sedang", "Rusak Ringan", "Rusak Berat")
MEASURED, BY_EYE = "SDI/IRI", "Visual"
SURVEYS = ((KUKAR, 2021), (KUKAR, 2022), (KOTIM, 2022), (MALANG, 2022))
_METHODS = {(KUKAR.kemendagri, 2022): MEASURED, (MALANG.kemendagri, 2022): MEASURED}
# Kilometres of each condition.
_LENGTHS = {
    (KUKAR.kemendagri, 2021): ("980.0", "480.0", "410.0", "323.0"),
    (KOTIM.kemendagri, 2022): ("420.5", "265.0", "310.5", "404.0"),
    (MALANG.kemendagri, 2022): ("890.0", "465.5", "195.0", "118.5"),
}
_SECTIONS = 10
_ELSEWHERE = "Rusak Sedang"
"""A class of another system: it says neither that the road is stable nor that it is not."""


def lengths(region: Region, year: int) -> dict[str, Decimal]:
    """Kilometres of each condition in a survey."""
    if (region, year) == (KUKAR, 2022):
        return {name: required(f"jalan.{name}", region, str(year)) for name in CONDITIONS}
    return dict(zip(CONDITIONS, map(Decimal, _LENGTHS[region.kemendagri, year]), strict=True))


def sheet(region: Region, year: int) -> list[list[Cell]]:
    """Title, header, a row a section, and the sum below; Malang has a section in a class of another system."""
    method = _METHODS.get((region.kemendagri, year), BY_EYE)
    pieces = [(name, piece) for name, whole in lengths(region, year).items() for piece in _pieces(region, year, whole)]
    if region == MALANG:
        pieces.append((_ELSEWHERE, Decimal("3.0")))
    rows = [_row(region, serial, piece, name, method) for serial, (name, piece) in enumerate(pieces)]
    total = sum((piece for _, piece in pieces), Decimal(0))
    return [
        [f"KONDISI JALAN KABUPATEN {region.name.upper()} TAHUN {year}"],
        [*COLUMNS],
        *rows,
        ["Jumlah", "", "", _comma(total), "", ""],
    ]


def _row(region: Region, serial: int, length: Decimal, condition: str, method: str) -> list[Cell]:
    road, section = divmod(serial, 4)
    number = f"{region.digits}-{road + 1:03d}"
    return [number, f"Jalan Contoh {road + 1}", str(section + 1), _comma(length), condition, method]


def _pieces(region: Region, year: int, whole: Decimal) -> list[Decimal]:
    dice = Dice("jalan", region.kemendagri, year, whole)
    tenths = int(whole * 10)
    cuts = sorted(dice.whole(1, tenths - 1) for _ in range(_SECTIONS - 1))
    ends = [*dict.fromkeys(cuts), tenths]
    return [Decimal(end - start) / 10 for start, end in zip([0, *ends], ends, strict=False)]


def _comma(kilometres: Decimal) -> str:
    return f"{kilometres:.1f}".replace(".", ",")
