"""Numbers of persons and tokens in words from outside, however they are spelled.

Whoever quotes a system, keeps its words or logs them masks these first. A mask too many costs a digit in a message; one
too few costs a person.
"""

import re

NUMBER = "(number)"
TOKEN = "(token)"  # noqa: S105 -- what stands in its place
FEWEST_DIGITS = 13
"""Digits of the shortest number that names a person wherever it stands: a card of the national health insurance."""

# What people and programs put between the groups of a number, in a URL too; two or three may come together ("32 - 01").
_BETWEEN = r"(?:[\s._'\u00b7\u2010-\u2015\u2212+-]|%20){1,3}"
_GROUPED = re.compile(rf"\d(?:(?:{_BETWEEN})?\d)+")
# Dates, a time behind one, and years have digits too. No number of a person has this form: its month would be 19 or 20.
_YEAR = "(?:19|20)[0-9]{2}"
_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_TIME = rf"(?:{_BETWEEN}(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){{0,2}})?"
_DATE = rf"(?:(?:{_YEAR}[-._]?{_MONTH}[-._]?{_DAY}|{_DAY}[-._]{_MONTH}[-._]{_YEAR}){_TIME}|{_YEAR})"
_CALENDAR = re.compile(rf"{_DATE}(?:{_BETWEEN}{_DATE})*")
_FEWEST_IN_WORDS = 10
_IN_ONE = re.compile(rf"\d{{{_FEWEST_IN_WORDS},}}")

_RUN = re.compile(r"[A-Za-z0-9]+(?:[-_.~+=]{1,2}[A-Za-z0-9]+)*=*")
_GROUP = re.compile(r"[A-Za-z0-9]+")
_SWITCH = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_LEAST_TOKEN, _LONG_GROUP = 8, 16
_NAMES = (
    "(?:access|refresh)?token|(?:api)?key|kunci|sandi|password|passwd|pwd|secret|rahasia|session|sesi|otp|captcha|pin"
)
_NAMED = re.compile(
    rf"(?i)(?<![a-z])((?:{_NAMES})[\"']?\s*[:=]?\s*[\"']?)(?=[^\s\"',;]*[0-9])([^\s\"',;]{{3,}}[^\s\"',;.)])"
)


def mask_numbers(text: str, fewest: int = FEWEST_DIGITS, *, whole: bool = False) -> str:
    """Hide numbers of at least so many digits, written in one or in groups. Dates and lists of years stay.

    ``whole``: only those that are no part of a longer word, as an id or a hash is.
    """

    def masked(found: re.Match[str]) -> str:
        number = found.group(0)
        if sum(char.isdigit() for char in number) < fewest or _CALENDAR.fullmatch(number):
            return number
        return number if whole and _within_a_word(found) else NUMBER

    return _GROUPED.sub(masked, text)


def mask_tokens(text: str) -> str:
    """Hide what looks like a token, and what stands behind the name of one: letters and digits that take turns."""
    named = _NAMED.sub(rf"\1{TOKEN}", text)
    return _RUN.sub(lambda found: TOKEN if _is_token(found.group(0)) else found.group(0), named)


def mask_words(text: str) -> str:
    """A system's own words without either: ten digits may be a pupil's number, or a telephone's.

    Numbers written in one come first: a token hardly ever has as many digits in a row.
    """
    return mask_numbers(mask_tokens(_IN_ONE.sub(NUMBER, text)), _FEWEST_IN_WORDS)


def _within_a_word(found: re.Match[str]) -> bool:
    text = found.string
    before, after = text[: found.start()][-1:], text[found.end() :][:1]
    return (before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum())


def _is_token(run: str) -> bool:
    """A word takes one turn at most from letters to digits (``tahun2024``), in each of its groups."""
    groups = _GROUP.findall(run)
    turns = [len(_SWITCH.findall(group)) for group in groups]
    if any(len(group) >= _LONG_GROUP and turn > 1 for group, turn in zip(groups, turns, strict=True)):
        return True
    return sum(map(len, groups)) >= _LEAST_TOKEN and sum(max(turn - 1, 0) for turn in turns) > 2
