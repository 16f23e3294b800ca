"""Made-up persons. No number here can belong to anybody: region code 99 does not exist."""

from dataclasses import dataclass
from datetime import date

from simulator.data.dice import Dice
from simulator.regions import Region

_MEN = ("Budi", "Agus", "Rahmat", "Yusuf", "Dimas", "Joko", "Hendra", "Iwan", "Fajar", "Slamet")
_WOMEN = ("Siti", "Dewi", "Rina", "Ayu", "Nurul", "Lestari", "Wulan", "Indah", "Fitri", "Mega")
_FAMILY = ("Contohwan", "Rekayasa", "Samarinto", "Uji", "Tiruwati", "Simulasa", "Bayangan", "Karangan")


@dataclass(frozen=True)
class Person:
    """A made-up person; ``sex`` is 'L' or 'P' as Indonesian systems write it."""

    name: str
    nik: str
    sex: str
    born: date


def made_up(dice: Dice, region: Region, serial: int, born: date, sex: str | None = None) -> Person:
    """A person with a NIK of the right form (16 digits, day + 40 for women) in a region that does not exist."""
    chosen = sex or dice.pick(("L", "P"))
    given = dice.pick(_MEN if chosen == "L" else _WOMEN)
    day = born.day + (40 if chosen == "P" else 0)
    nik = f"99{region.digits}{day:02d}{born.month:02d}{born.year % 100:02d}{serial % 10000:04d}"
    return Person(f"{given} {dice.pick(_FAMILY)}", nik, chosen, born)


def family_card(region: Region, serial: int) -> str:
    """A 16-digit family card number (KK) in the region that does not exist."""
    return f"99{region.digits}010120{serial % 10000:04d}"
