"""Diskominfo's register of answers to the government's instruments: who answered what. All synthetic.

Each party's answers stand by themselves, and what an agency says of itself is higher. Of Pemdi's indices that other
bodies give, some are not there yet; EPSS, where it was evaluated, gives one of them.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Row = dict[str, object]
LETTERS = ("D", "C", "CC", "B", "BB", "A", "AA")
SAKIP = ("1a", "1b", "1c", "2a", "2b", "2c", "3a", "3b", "3c", "4a", "4b", "4c")
PEMDI = tuple(f"I{number}" for number in range(1, 21))
# Bappenas (data governance), BIG, BPS (from EPSS), Bappenas (interoperability).
OTHER_BODIES = ("I5", "I6", "I7", "I18")
_DELIVERED = {KUKAR: {"I5": "3,20", "I6": "2,75"}, KOTIM: {}, MALANG: {"I5": "3,05"}}
# How many questions each aspect of the five domains asks.
_EPSS = ((1, 1, 1, 1), (2, 1, 2, 3, 2), (3, 1, 2, 1), (4, 2, 4), (3, 1, 3))
EPSS = tuple(
    f"{domain}{aspect:02d}{question:02d}"
    for domain, aspects in enumerate(_EPSS, start=1)
    for aspect, count in enumerate(aspects, start=1)
    for question in range(1, count + 1)
)
SKM = tuple(f"U{number}" for number in range(1, 10))
# The place in LETTERS and the level around which a region's answers lie.
_LETTER = {KUKAR: 4, KOTIM: 3, MALANG: 4}
_LEVEL = {KUKAR: 2.6, KOTIM: 1.9, MALANG: 2.8}
# Claims of the agency in the smart-city evaluation of 2023, as the form's choices are written. Of poverty BPS
# published 7.99 % for Kutai Kartanegara in 2021.
_CLAIMS = {
    "outcome/12": "0%-5%",
    "outcome/13": "70-80",
    "outcome/18": "76%-100%",
}
_NOBODY = "0"


class _Sheet(NamedTuple):
    region: Region
    year: int
    instrument: str
    role: str

    def row(self, code: str, value: str, assessor: str = _NOBODY) -> Row:
        return {
            "kode_daerah": self.region.kemendagri,
            "tahun": self.year,
            "instrumen": self.instrument,
            "kode": code,
            "peran": self.role,
            "no_asesor": assessor,
            "jawaban": value,
        }


def answers(year: int) -> list[Row]:
    """A row an answer. In 2025 two are such as the instrument does not have: a letter, and a sub-component."""
    years: Mapping[int, Iterator[Row]] = {2023: _claims(), 2025: _of_2025(), 2026: _pemdi()}
    return list(years.get(year, ()))


def _of_2025() -> Iterator[Row]:
    for region in REGIONS:
        yield from _sakip(region, "external")
    yield from _sakip(KUKAR, "opd")
    yield _Sheet(KOTIM, 2025, "sakip-2021", "internal").row("1a", "S")
    yield _Sheet(KUKAR, 2025, "sakip-2021", "external").row("5a", "BB", "1")
    for region in (KUKAR, MALANG):
        dice = Dice("epss", region.kemendagri)
        for code in EPSS:
            yield _Sheet(region, 2025, "epss-2022", "external").row(code, str(dice.pick((2, 2, 3, 3, 4))), "1")
    dice = Dice("jawaban skm")
    for code in SKM:
        yield _Sheet(KUKAR, 2025, "skm-2017", "final").row(code, f"3,{dice.whole(5, 48):02d}")


def _sakip(region: Region, role: str) -> Iterator[Row]:
    """The agency finds in itself one letter more than the assessor does."""
    dice = Dice("sakip", region.kemendagri)
    for code in SAKIP:
        place = _LETTER[region] + dice.whole(-1, 1) + (role == "opd")
        yield _Sheet(region, 2025, "sakip-2021", role).row(code, LETTERS[place], "1" if role == "external" else _NOBODY)


def _pemdi() -> Iterator[Row]:
    for region in REGIONS:
        dice = Dice("pemdi", region.kemendagri)
        levels = {code: _LEVEL[region] + dice.between(-0.6, 0.6) for code in PEMDI if code not in OTHER_BODIES}
        own, found = (_Sheet(region, 2026, "pemdi-2026", role) for role in ("opd", "external"))
        for code, level in levels.items():
            yield own.row(code, _level(level + dice.between(0.2, 0.8)))
            # Two assessors went to Kutai Kartanegara.
            for assessor in ("1", "2") if region == KUKAR else ("1",):
                yield found.row(code, _level(level + 0.1 * int(assessor)), assessor)
        for code, index in _DELIVERED[region].items():
            yield found.row(code, index, "1")


def _claims() -> Iterator[Row]:
    for code, claim in _CLAIMS.items():
        yield _Sheet(KUKAR, 2023, "smart-city-2023", "opd").row(code, claim)


def _level(value: float) -> str:
    return f"{min(value, 5.0):.2f}".replace(".", ",")
