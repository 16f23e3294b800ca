"""Which files are the newest ones, by what their names say."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from pydantic import Field, field_validator

from connectors.protocols.base import ProtocolArgs
from ledger.errors import ConfigError

NUMBER = "number"

_CLASS = re.compile(r"\\d|\[0-9\]|\[\d{1,10}\]|\[\d-\d\]")
_TIMES = re.compile(r"D\{(\d{1,2})\}")
# Four digits are a year. What follows it in pairs behind a mark sorts as text, and so does one digit more (a semester).
_SORTS = re.compile(r"DDDD(D|([-_. ]D)|([-_. ]DD)+)?")
# Digits alone that may be a date: 01, 0125, 011224, 01122024.
_AS_DATES = frozenset({"DD", "DDDD", "DDDDDD", "DDDDDDDD"})
_YEAR = re.compile("(19|20)[0-9][0-9]")
_YEAR_AND_MONTH = re.compile("(19|20)[0-9][0-9](0[1-9]|1[0-2])")
_CODES = re.compile(r"%[YmdHMSjyBb]")


class Newest(ProtocolArgs):
    """Take only files whose value of the named group is among the ``keep`` greatest.

    ``format`` says how values are compared: a strptime form for dates (``%d-%m-%Y``), or ``number``. Without it they
    sort as text, which is right for years and for dates that begin with one: others are refused.
    """

    by: str
    keep: int = Field(default=1, ge=1)
    format: str | None = None

    @field_validator("format")
    @classmethod
    def _readable(cls, form: str | None) -> str | None:
        if form is not None and form != NUMBER and not _CODES.search(form):
            raise ValueError(f"format is {NUMBER!r} or a strptime form like '%d-%m-%Y'")
        if form is not None and form != NUMBER and "%Y" not in form and "%y" not in form:
            raise ValueError(f"the format {form!r} has no year: January would never be newer than December")
        return form

    @property
    def unreadable(self) -> str:
        """What is said of values that cannot be compared."""
        return f"is not of the form {self.format!r}" if self.format else "need not sort as text, and has no `format`"

    def check(self, pattern: str) -> None:
        """Raises ConfigError where the pattern has no such group."""
        if self.by not in re.compile(pattern).groupindex:
            raise ConfigError(
                f"newest.by names {self.by!r}, which the pattern has no group for",
                where="args.newest",
                do="Name a group of the pattern: (?P<bulan>...)",
            )

    def doubts(self, pattern: str) -> Sequence[tuple[str, str]]:
        """What is wrong where the group may match texts that sort otherwise than dates. Raises ConfigError."""
        self.check(pattern)
        if self.format is not None or _SORTS.fullmatch(_shape(_group(pattern, self.by))):
            return ()
        what = f"what the group {self.by!r} matches need not sort as text: 30-11-2024 comes behind 01-12-2024"
        do = "Say `newest: {format: '%d-%m-%Y'}` or `format: number`, or let the group begin with the year"
        return ((what, do),)

    def chosen(self, values: Sequence[str]) -> frozenset[str]:
        """Those of the values that are among the greatest.

        Raises ValueError for one that cannot be read, and where values without a format may sort otherwise as text.
        """
        if self.format is None and not _sort_as_text(values):
            raise ValueError(self.by)
        ordered = {value: self._key(value) for value in values}
        kept = sorted(set(ordered.values()))[-self.keep :]
        return frozenset(value for value, key in ordered.items() if key in kept)

    def _key(self, value: str) -> str | datetime | Decimal:
        if self.format is None:
            return value
        if self.format == NUMBER:
            if not (value.isascii() and value.isdigit()):
                raise ValueError(value)
            return Decimal(value)
        return datetime.strptime(value, self.format)  # noqa: DTZ007  # names are compared with each other alone


def _sort_as_text(values: Sequence[str]) -> bool:
    """Whether values sort as what they say: dates that begin with the year, or digits, all of one form."""
    shapes = {re.sub("[0-9]", "D", value) for value in values}
    if len(shapes) > 1:
        return len(set(values)) < 2
    shape = next(iter(shapes), "D")
    if shape in _AS_DATES:  # 20241130, and 30112024; 2024, and 1124. No day or month is 00: that is a number.
        year = _YEAR if len(shape) == len("2024") else _YEAR_AND_MONTH
        return all(map(year.match, values)) or any(value.startswith("00") for value in values)
    if _SORTS.fullmatch(shape):
        return all(map(_YEAR.match, values))
    return not shape.strip("D")


def _shape(inner: str) -> str:
    """A pattern with every digit as D: ``\\d{4}-\\d\\d`` is ``DDDD-DD``. Other things stay as they are."""
    digits = _CLASS.sub("D", inner)
    written_out = _TIMES.sub(lambda found: "D" * int(found[1]), digits)
    return re.sub(r"\\([-_. ])", r"\1", written_out)


def _group(pattern: str, name: str) -> str:
    """What stands within a named group."""
    inner = pattern[pattern.index(f"(?P<{name}>") + len(f"(?P<{name}>") :]
    depth, escaped, listed = 1, False, False
    for at, sign in enumerate(inner):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif listed:
            listed = sign != "]"
        elif sign == "[":
            listed = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if depth == 0:
                return inner[:at]
    return inner
