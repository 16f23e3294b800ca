"""A source as one file: endpoint, contract, assertions, freshness, caveats and runbook.

``connectors/sources/<opd>/<id>.yaml``: the folder names the agency. How a file is proved against the code stands in
``connectors.source.proof``.
"""

import calendar
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.source.columns import Column
from connectors.source.contract import Contract
from connectors.source.incremental import Incremental, IncrementalLoad, load_problems
from connectors.source.provides import Provides
from definitions.words import Name, Strict, Wording

LANDING_VERSION = 4
"""Raised when the same bytes would land differently: a batch landed by an older version is then not 'unchanged'."""

Grain = Literal["year", "semester", "month", "all"]

GRAIN_PATTERNS: Mapping[Grain, str] = {
    # Not \d: in Python that is a digit of any script, and coverages are compared as text.
    "year": r"[0-9]{4}",
    "semester": r"[0-9]{4}[12]",
    "month": r"[0-9]{4}-(0[1-9]|1[0-2])",
    "all": r"all",
}


_WORDS: Any = {
    "columns": {"__all__": {"description", "unused"}},
    "rules": {"__all__": {"why"}},
    "ratios": {"__all__": {"why"}},
}


def matches_grain(coverage: str, grain: Grain) -> bool:
    """Whether a coverage has the form of its grain: '2024', '20241', '2024-08', 'all'."""
    return re.fullmatch(GRAIN_PATTERNS[grain], coverage) is not None


def _share(value: object) -> object:
    """A share of rows, written '5%' (or as a fraction)."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip().removesuffix("%")) / 100
    return value


Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]


class Coverage(Strict):
    """What a batch is about: the context key or column that says it, and how fine it is.

    - ``final_after``: days after the end of a period until its figures are final (they are provisional before).
    - ``ahead``: how many days ahead a period may begin. One that begins later is held: a year was mistyped. Sources of
      plans and projections need more than the next year.
    """

    from_: str | None = Field(default=None, alias="from")
    grain: Grain
    final_after: Annotated[str, Field(pattern=r"^\d+d$")] | None = None
    ahead: Annotated[str, Field(pattern=r"^\d{1,5}d$")] = "366d"

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.from_ is None) != (self.grain == "all"):
            raise ValueError("`from` names the context key or column of the coverage; only grain `all` goes without")
        if self.final_after is not None and self.grain == "all":
            raise ValueError("`final_after` counts from the end of a period, and grain `all` has none")
        return self

    @property
    def believed_ahead(self) -> timedelta:
        """How far ahead a period may begin."""
        return timedelta(days=int(self.ahead.removesuffix("d")))


class Rows(Strict):
    """Rows received in one batch. Fewer than ``min`` holds it; more than ``max`` is a finding."""

    min: int = Field(ge=0)
    max: int | None = Field(default=None, ge=1)


class Limit(Strict):
    """The largest share that passes."""

    max: Share


class Assertions(Strict):
    """What must hold for a batch before it may replace the one in force.

    ``shrink``: rows missing against the batch in force and the trailing median. ``gone``: keys of the batch in force
    that are not in this one (default: as ``shrink``). ``changed``: keys of both whose values are others (default: none
    are too many). ``flagged``: landed rows that break a rule or a ratio which only flags (default: half of them).
    """

    rows: Rows
    quarantine: Limit
    shrink: Limit
    flagged: Limit = Limit(max=0.5)
    gone: Limit | None = None
    changed: Limit | None = None

    @property
    def gone_max(self) -> float:
        """The largest share of keys that may disappear."""
        return (self.gone or self.shrink).max


class Freshness(Strict):
    """When new data is due (one text, or one in each language), and after how long without accepted data the source
    is late and overdue (``3d``, ``12h``).
    """

    due: Wording | str
    warn: Annotated[str, Field(pattern=r"^\d+[dh]$")]
    fail: Annotated[str, Field(pattern=r"^\d+[dh]$")]


def _is_clock(cron: str) -> str:
    from croniter import croniter

    if not croniter.is_valid(cron):
        raise ValueError("no time fits it: five fields are minute, hour, day, month and day of the week")
    return cron


PushName = Literal["oss.receiveNIB", "oss.receiveLicenseStatus", "bpjs.call"]
Cron = Annotated[str, Field(pattern=r"^(\S+ ){4}\S+$"), AfterValidator(_is_clock)]


def _is_day(written: str) -> str:
    month, day = map(int, written.split("-"))
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(2024, month)[1]:
        raise ValueError("no such day: write the month, then the day, like 07-15")
    return written


YearDay = Annotated[str, Field(pattern=r"^\d\d-\d\d$"), AfterValidator(_is_day)]


class Window(Strict):
    """Days of each year on which another clock holds: a school term, the end of the budget year, a stage.

    ``from`` and ``to`` are month and day, both belong to it; ``to`` may lie in the next year. 02-29 is the last day of
    February in any year.
    """

    from_: YearDay = Field(alias="from")
    to: YearDay
    clock: Cron
    why: str = Field(min_length=3)

    def begins(self, year: int) -> date:
        """Its first day, of the occurrence that begins in a year."""
        return _day(year, self.from_)

    def ends(self, year: int) -> date:
        """Its last day, of the occurrence that begins in a year."""
        return _day(year if self.from_ <= self.to else year + 1, self.to)


def _day(year: int, written: str) -> date:
    month, day = map(int, written.split("-"))
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


class Events(Strict):
    """Whose webhook says that there is something new (the name of a secret), and the clock that pulls without one.

    - ``pushes``: calls in a format of their own that announce the source, each with the name of the secret it proves.
    - ``zone``: in which the clock is read; the regency's where it is left out.
    - ``windows``: days on which another clock holds than the fallback.
    - ``drop``: the source's files are looked at every few minutes; new ones that are complete announce it.
    """

    secret: str | None = None
    pushes: Mapping[PushName, Name] = Field(default_factory=dict)
    fallback: Cron
    zone: Literal["WIB", "WITA", "WIT"] | None = None
    windows: tuple[Window, ...] = ()
    drop: bool = False

    @property
    def secrets(self) -> frozenset[str]:
        """The names of all secrets."""
        return frozenset({*self.pushes.values(), *([self.secret] if self.secret is not None else [])})


class Retention(Strict):
    """How long the encrypted pages of batches are kept that are neither in force nor held: ``400d``, or ``all``."""

    pages: Annotated[str, Field(pattern=r"^(all|[1-9]\d{0,4}d)$")] = "all"

    @property
    def pages_kept(self) -> timedelta | None:
        """The same as a duration; None for ever."""
        return None if self.pages == "all" else timedelta(days=int(self.pages.removesuffix("d")))


class Source(Strict):
    """One source file."""

    id: Name
    opd: Name
    system: str
    title: str
    protocol: str
    connection: Name
    args: Mapping[str, Any] = Field(default_factory=dict)
    for_each: tuple[Mapping[str, str], ...] = ()
    load: Literal["snapshot"] | IncrementalLoad = "snapshot"
    coverage: Coverage
    contract: Contract
    provides: tuple[Provides, ...] = ()
    assertions: Assertions
    freshness: Freshness
    events: Events
    retention: Retention = Retention()
    caveats: tuple[Wording | str, ...] = Field(min_length=1)
    runbook: str = Field(min_length=20)

    @model_validator(mode="after")
    def _coverage_known(self) -> Self:
        wanted = self.coverage.from_
        if wanted is None or self.coverage_column is not None:
            return self
        if self.for_each and any(wanted not in context for context in self.for_each):
            raise ValueError(f"coverage comes from {wanted!r}, which a `for_each` entry does not have")
        return self

    @model_validator(mode="after")
    def _load_fits(self) -> Self:
        if self.incremental is not None:
            for problem in load_problems(self.contract, self.incremental):
                raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _drop_of_files(self) -> Self:
        if self.events.drop and not self.of_files:
            raise ValueError("`events.drop` is for sources of files: others have no folder to look at")
        return self

    @property
    def of_files(self) -> bool:
        """Whether the agency puts files somewhere: that they still lie there says nothing of the agency."""
        return self.protocol.startswith("files.")

    @property
    def of_one_snapshot(self) -> bool:
        """Whether the rows of a request come from one statement, so that none can move between its pages."""
        return self.protocol == "sql"

    @property
    def incremental(self) -> Incremental | None:
        """How the source is asked for what is new, or None where every pull brings everything."""
        return self.load.incremental if isinstance(self.load, IncrementalLoad) else None

    @property
    def coverage_column(self) -> str | None:
        """The column the coverage is read from, or None when the request or file name says it."""
        name = self.coverage.from_
        column: Column | None = self.contract.landed.get(name) if name is not None else None
        return None if column is None or column.context is not None else name

    @property
    def coverage_context(self) -> str | None:
        """The context key the coverage is read from, if it is not read from the rows."""
        name = self.coverage.from_
        if name is None or self.coverage_column is not None:
            return None
        column = self.contract.landed.get(name)
        return column.context if column is not None else name

    def _words(self) -> Any:
        # A source without answers is the same contract as before there were any.
        return _WORDS if self.contract.answers is not None else {**_WORDS, "answers": True}

    def contract_sha256(self, key_fingerprint: str) -> str:
        """What decides how bytes land: protocol, arguments, contract, coverage, the code's version, pseudonym key.

        In an incremental source what is asked belongs to it: another question must be asked from the beginning. What
        only people read (descriptions, reasons) is left out: a better wording changes no row.
        """
        parts: dict[str, Any] = {
            "contract": self.contract.model_dump(mode="json", by_alias=True, exclude=self._words()),
            "coverage": self.coverage.model_dump(mode="json", by_alias=True, exclude={"final_after", "ahead"}),
            "landing": LANDING_VERSION,
            "reading": {"protocol": self.protocol, "args": self.args},
            "pseudonyms": key_fingerprint,
        }
        if self.contract.answers is not None:
            parts["questions"] = [one.fingerprint for one in self.contract.answers.questions]
        if self.incremental is not None:
            parts["asked"] = {
                "for_each": self.for_each,
                "cursor": self.incremental.cursor,
                "start": self.incremental.start,
            }
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
