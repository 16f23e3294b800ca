"""A stage of the evaluation by one instrument in one year, as people name it."""

from dataclasses import dataclass
from pathlib import Path

from definitions.instrument import Instrument
from definitions.instruments import SHIPPED, shipped_instruments
from definitions.problems import did_you_mean
from ledger.errors import ConfigError

NUMBERS = ("I", "II")


@dataclass(frozen=True, slots=True)
class Stage:
    """Stage ``I`` gives findings and recommendations, stage ``II`` the index."""

    instrument: str
    year: int
    stage: str

    def __str__(self) -> str:
        return f"{self.instrument} {self.year} {self.stage}"


def named(instrument: str, stage: str, year: int | None = None) -> Stage:
    """The stage of these names; the year is the instrument's newest where none is given.

    Raises ConfigError for an instrument, stage or year that there is not.
    """
    found = shipped(instrument)
    number = {"1": "I", "2": "II"}.get(stage, stage.upper())
    if number not in NUMBERS:
        raise ConfigError(f"there is no stage {stage[:20]!r}", where="stage", do="Write I or II")
    if year is not None and year < min(found.years):
        years = ", ".join(map(str, found.years))
        raise ConfigError(f"{found.id} is not of {year}", where="--year", do=f"It is of {years}")
    return Stage(found.id, max(found.years) if year is None else year, number)


def shipped(instrument: str) -> Instrument:
    """An instrument by its id. Raises ConfigError where there is none."""
    known = shipped_instruments()
    if instrument not in known:
        what = f"there is no instrument {instrument[:40]!r}"
        raise ConfigError(what, where="instrument", do=did_you_mean(instrument, [*known]))
    return known[instrument]


def file_of(instrument: str) -> Path:
    """The file of an instrument."""
    return SHIPPED / f"{instrument}.yaml"
