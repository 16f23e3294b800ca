"""Guessing a column's declaration from values of it, for a person to finish or to compare with what is declared."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connectors.protocols.blanks import strip

_MOST = 0.95
_BOOLEANS = frozenset({"true", "false"})
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_INDONESIAN = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_ENGLISH = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_ONE_COMMA = re.compile(r"[+-]?([1-9]\d{0,2},\d{3}|\d+)")
_CODE = re.compile(r"0\d+|\d{8,}")
_PADDED = re.compile(r"0\d+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?")
_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
_ISO = "%Y-%m-%d"
# The day comes first in Indonesia: where both orders fit, that one is proposed.
_FORMATS = (_ISO, "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%m/%d/%Y", "%m-%d-%Y")
_FEW = 12
_RARE = 1000
_LONGEST_VALUE = 40
_SPARE_DIGITS = 3


@dataclass(frozen=True)
class Guess:
    """A type and the declared reading it needs. ``doubt`` is what a person must decide; empty where nothing is."""

    type: str = "string"
    locale: str | None = None
    format: str | None = None
    timezone: str | None = None
    pattern: str | None = None
    doubt: str = ""

    @property
    def words(self) -> str:
        """The guess in a few words: ``date in the form %d/%m/%Y``."""
        told = [self.type]
        if self.format:
            told.append(f"in the form {self.format}")
        if self.locale:
            told.append(f"with locale {self.locale}")
        return " ".join(told)


def guess(values: Sequence[str], *, numbers: bool = False) -> Guess:
    """The narrowest declaration that nearly all values fit. ``numbers``: JSON gave them as numbers."""
    texts = [text for value in values if (text := strip(value))]
    if not texts:
        return Guess(doubt="no value was seen: which type is it?")
    if _nearly_all(texts, lambda value: value.lower() in _BOOLEANS):
        return Guess("boolean")
    return _moment(texts) or _date(texts) or _number(texts, numbers) or Guess(pattern=form(texts))


def few_values(values: Sequence[str]) -> tuple[str, ...]:
    """The values of a column that looks like a list of choices; empty where it does not.

    What fewer than one row in a thousand says is left out: rather a typing error than a choice.
    """
    distinct = sorted(value for value, count in Counter(values).items() if count * _RARE >= len(values))
    repeated = len(values) >= 3 * len(distinct)
    short = all(len(value) <= _LONGEST_VALUE for value in distinct)
    return tuple(distinct) if 1 < len(distinct) <= _FEW and repeated and short else ()


def with_locale(found: Guess, values: Sequence[str], locale: str) -> Guess:
    """A number's guess in the locale that its neighbours show, where its values can be read in it as well."""
    plain = found.type.startswith(("integer", "bigint", "decimal")) and found.locale is None
    fits = not any("." in value for value in values) if locale == "id" else True
    return replace(found, locale=locale) if plain and fits else found


def form(values: Sequence[str]) -> str | None:
    r"""The pattern of codes that all have one form of digits and marks (``64.02`` is ``^\d{2}\.\d{2}$``), or None."""
    forms = {re.sub(r"\d+", lambda run: rf"\d{{{len(run[0])}}}", re.escape(value)) for value in values}
    only = forms.pop() if len(forms) == 1 else ""
    return f"^{only}$" if r"\d" in only and not re.search(r"[A-Za-z]", only.replace(r"\d", "")) else None


def _moment(values: Sequence[str]) -> Guess | None:
    if not _nearly_all(values, partial(_has_shape, _MOMENT)):
        return None
    if all(_OFFSET.search(value[10:]) for value in values):
        return Guess("timestamp")
    return Guess("timestamp", timezone="Asia/Jakarta", doubt="times come without an offset: in which zone are they?")


def _date(values: Sequence[str]) -> Guess | None:
    fitting = [order for order in _FORMATS if _nearly_all(values, partial(_is_date, order))]
    if not fitting:
        return None
    doubt = f"{fitting[1]} fits every value seen as well: which is it?" if len(fitting) > 1 else ""
    return Guess("date", format=None if fitting[0] == _ISO else fitting[0], doubt=doubt)


def _is_date(order: str, value: str) -> bool:
    try:
        return datetime.strptime(value, order).year >= 1000  # noqa: DTZ007  # a day has no zone
    except ValueError:
        return False


def _number(values: Sequence[str], numbers: bool) -> Guess | None:
    if numbers or _nearly_all(values, partial(_has_shape, _PLAIN)):
        # One leading zero is enough: as a number 01 would be 1.
        if not numbers and (_nearly_all(values, partial(_has_shape, _CODE)) or any(map(_PADDED.fullmatch, values))):
            return Guess(pattern=form(values))
        grouped = any("." in value for value in values) and all(
            _INDONESIAN.fullmatch(value) for value in values if "." in value
        )
        if grouped and not numbers:
            return _sized(values, "id", "is the dot a thousands mark (locale id) or a decimal mark (no locale)?")
        return _sized(values, None)
    if all(map(_ONE_COMMA.fullmatch, values)):
        return _sized(values, "en", "is the comma a thousands mark (locale en) or a decimal mark (locale id)?")
    for locale, shape in (("id", _INDONESIAN), ("en", _ENGLISH)):
        if _nearly_all(values, partial(_has_shape, shape)):
            return _sized(values, locale)
    return None


def _sized(values: Sequence[str], locale: str | None, doubt: str = "") -> Guess:
    thousands, mark = {"id": (".", ","), "en": (",", "."), None: ("", ".")}[locale]
    whole, scale = 1, 0
    for value in values:
        digits, _, decimals = value.lstrip("+-").replace(thousands, "").partition(mark)
        if digits.isdigit():
            whole, scale = max(whole, len(digits)), max(scale, len(decimals))
    if scale == 0:
        return Guess("integer" if whole <= 8 else "bigint", locale=locale, doubt=doubt)
    return Guess(f"decimal({whole + _SPARE_DIGITS + scale},{scale})", locale=locale, doubt=doubt)


def _has_shape(shape: re.Pattern[str], value: str) -> bool:
    return shape.fullmatch(value) is not None


def _nearly_all(values: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return sum(map(holds, values)) >= _MOST * len(values)
