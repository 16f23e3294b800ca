"""What a spreadsheet's number format shows of a number: the text that people saw, where the format alone decides it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

# Quoted text, an escaped sign, a blank as wide as a sign, a sign that fills, brackets, General, then single signs.
_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|General|[Ee][+-]|.', re.DOTALL | re.IGNORECASE)
_CURRENCY = re.compile(r"\[\$([^-\]]*)(?:-[^\]]*)?\]")
_COLOUR = re.compile(r"\[(?:black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d+)\]", re.IGNORECASE)
_PLACES = "0#?"
# Beside places (#) of a number: digits before them, behind them, and marks between them.
_ODD = re.compile(r"[0-9][.,0-9]*#|#[.,]?[0-9]|#[.,]+#")
# What may stand in a format without quotes and is shown as it is.
_BARE = frozenset(" $+-()!^&'~{}<>=:\u00a0\u202f€£¥₹")


@dataclass(frozen=True, slots=True)
class _Section:
    """One section of a format, as literals and places. ``clear`` is False where more than the format decides."""

    whole: tuple[str, ...] = ()
    fraction: tuple[str, ...] | None = None
    percent: bool = False
    grouped: bool = False
    general: bool = False
    clear: bool = True

    @property
    def places(self) -> int:
        """Places for digits."""
        return sum(piece in _PLACES for piece in (*self.whole, *(self.fraction or ())))

    @property
    def odd(self) -> bool:
        """Whether the section writes digits or marks of its own right beside those of the number: ``"35."00``."""
        parts = (self.whole, self.fraction or ())
        return any(_ODD.search("".join(map(_with_places, part))) for part in parts)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format code, read.

    ``odd``: it shows another number, by digits of its own, or of some numbers a hundred times, by a condition.
    ``always_percent``: it shows a hundred times any number.
    """

    sections: tuple[_Section, ...]
    odd: bool
    always_percent: bool

    def percent(self, digits: str) -> bool:
        """Whether it shows a hundred times a number, with the sign for percent."""
        section, _ = self._section(Decimal(digits))
        return section.percent if section is not None else self.always_percent

    def shown(self, digits: str) -> str | None:
        """What the cell shows of a number given by its digits, without blanks around it.

        None where other things than the format decide it (thousands marks, fractions of a line), or where the format
        does not show the whole number.
        """
        number = Decimal(digits)
        section, signed = self._section(number)
        if section is None or not section.clear:
            return None
        text = _written(section, abs(number))
        return (f"-{text}" if signed and text else text or "").strip() or None

    def _section(self, number: Decimal) -> tuple[_Section | None, bool]:
        """The section for a number, and whether a minus stands before what it shows."""
        if not self.sections:
            return None, False
        at = 0 if number > 0 else 1 if number < 0 else 2
        if at < len(self.sections):
            return self.sections[at], number < 0 and len(self.sections) == 1
        return self.sections[0], number < 0


@lru_cache(maxsize=4096)
def number_format(code: str) -> NumberFormat:
    """A format code, read. One that is not understood shows nothing that could be told (``shown`` is None)."""
    parts: list[list[str]] = [[]]
    for piece in _TOKEN.findall(code):
        if piece == ";":
            parts.append([])
        else:
            parts[-1].append(piece)
    # The fourth section is for texts. Conditions in brackets would choose sections by other rules.
    conditional = any(re.match(r"\[[<>=]", piece) for part in parts for piece in part)
    sections = tuple(_section(part) for part in parts[:3])
    percents = {section.percent for section in sections}
    odd = any(section.odd for section in sections) or (conditional and len(percents) > 1)
    return NumberFormat(() if conditional else sections, odd, percents == {True})


def _section(pieces: list[str]) -> _Section:
    whole: list[str] = []
    fraction: list[str] | None = None
    clear = True
    percents, general, commas, grouped = 0, False, 0, False
    for piece in pieces:
        into = whole if fraction is None else fraction
        if piece in _PLACES:
            grouped = grouped or (commas > 0 and fraction is None)
            commas = 0
            into.append(piece)
        elif piece == "," and any(place in _PLACES for place in into):
            commas += 1  # between places it groups thousands; behind the last one it hides three digits
        elif piece == "." and fraction is None:
            clear = clear and commas == 0
            fraction = []
        elif piece == "%":
            percents += 1
            into.append('"%')
        elif piece.casefold() == "general" or piece == "@":
            general = True
            into.append("@")
        elif (literal := _literal(piece)) is not None:
            into.append(f'"{literal}')
        else:
            clear = False
    clear = clear and commas == 0 and percents <= 1 and not (general and fraction is not None)
    return _Section(tuple(whole), None if fraction is None else tuple(fraction), percents > 0, grouped, general, clear)


def _with_places(piece: str) -> str:
    return "#" if piece in _PLACES else piece[1:].replace("#", " ")


def _literal(piece: str) -> str | None:
    """The text that a piece shows whatever the number is; None where it is no such piece."""
    if piece[0] == '"' and len(piece) > 1:
        return piece[1:-1]
    if piece[0] == "\\" and len(piece) > 1:
        return piece[1]
    if (piece[0] in "_*" and len(piece) > 1) or _COLOUR.fullmatch(piece):
        return ""
    if found := _CURRENCY.fullmatch(piece):
        return found[1]
    return piece if piece in _BARE else None


def _written(section: _Section, number: Decimal) -> str | None:
    scaled = number * 100 if section.percent else number
    if section.general:
        return "".join(_plain(scaled) if piece == "@" else piece[1:] for piece in section.whole)
    if not section.places:
        literals = "".join(piece[1:] for piece in section.whole)
        return literals if number == 0 and literals.strip() else None  # "-" for nought; anything else hides a number
    whole, _, rest = _plain(scaled).partition(".")
    fraction = _fraction(section, rest)
    if fraction is None or (section.grouped and len(whole) > 3):
        return None
    return _filled(section.whole, "" if whole == "0" else whole) + fraction


def _fraction(section: _Section, digits: str) -> str | None:
    """The decimal mark and what stands behind it; None where there are more decimals than places."""
    if section.fraction is None:
        return None if digits else ""
    places = [at for at, piece in enumerate(section.fraction) if piece in _PLACES]
    if len(digits) > len(places):
        return None
    shown = list(section.fraction)
    for nth, at in enumerate(places):
        shown[at] = f'"{digits[nth]}' if nth < len(digits) else '"0' if shown[at] == "0" else '"'
    # A nought that is due has its neighbours to the left shown too.
    last = max((nth for nth, at in enumerate(places) if section.fraction[at] == "0"), default=-1)
    for nth in range(len(digits), last + 1):
        shown[places[nth]] = '"0'
    return "." + "".join(piece[1:] for piece in shown)


def _filled(pieces: tuple[str, ...], digits: str) -> str:
    """Digits in their places, from the right; the first place takes what is left."""
    places = [at for at, piece in enumerate(pieces) if piece in _PLACES]
    due = next((len(places) - nth for nth, at in enumerate(places) if pieces[at] == "0"), 0)
    digits = digits.rjust(due, "0")
    shown = [piece[1:] if piece not in _PLACES else "" for piece in pieces]
    for at in reversed(places):
        if at == places[0]:
            shown[at], digits = digits, ""
        elif digits:
            shown[at], digits = digits[-1], digits[:-1]
    return "".join(shown) if places else "".join(shown) + digits


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
