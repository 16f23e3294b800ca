"""Personal identifiers in SQL: the keyed pseudonym, and the scanner for identity numbers nobody declared."""

import re

from connectors.source.persons import AS_A_FRACTION, DIGITS, WIDE_DIGITS, Identifier
from ledger.sql import literal

MASK = "***"

# The national identity number (NIK): province, regency, district, then the day of birth (40 more for women), month
# and year, and a serial. The family card's number (KK) has the same form, with the day it was made. So an account's
# code of 16 digits is not taken for a person. Province 99 does not exist: made-up persons live there.
_PROVINCE = "(1[1-9]|2[01]|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-7]|99)"
_DAY = "(0[1-9]|[12][0-9]|3[01]|4[1-9]|[56][0-9]|7[01])"
_MONTH = "(0[1-9]|1[0-2])"
# Word processors put other blanks and hyphens between the groups than a keyboard has; columns are made with two blanks.
_BLANKS = " \u00a0\u2009\u202f"
_GAP = f"[._{_BLANKS}\u2010\u2011\u2013-][{_BLANKS}]?"
# Plain, and as they are printed: 6402011234560001, 6402 0112 3456 0001, 64.02.01.123456.0001, 640201-123456-0001.
_NIK = (
    rf"{_PROVINCE}("
    rf"[0-9]{{4}}{_DAY}{_MONTH}[0-9]{{6}}"
    rf"|[0-9]{{2}}{_GAP}[0-9]{{2}}{_DAY}{_GAP}{_MONTH}[0-9]{{2}}{_GAP}[0-9]{{4}}"
    rf"|{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}{_DAY}{_MONTH}[0-9]{{2}}{_GAP}[0-9]{{4}}"
    rf"|[0-9]{{4}}{_GAP}{_DAY}{_MONTH}[0-9]{{2}}{_GAP}[0-9]{{4}}"
    rf"|[0-9]{{4}}{_DAY}{_GAP}{_MONTH}[0-9]{{6}}"
    rf"|[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}{_DAY}{_MONTH}[0-9]{{2}}{_GAP}[0-9]{{4}}"
    ")"
)
# With '/' between all groups, and never a blank beside it: 12/11/24 010124 0001 is a date before numbers. Nor in groups
# of eight, which are two dates, nor where the first four are a year: 2024/01/310124/0001 and 2024/0101/0124/0001 number
# documents. (There is no province 20 today.)
_NO_YEAR = _PROVINCE.replace("2[01]", "21")
_SLASHED_NIK = (
    rf"{_PROVINCE}("
    rf"/[0-9]{{2}}/[0-9]{{2}}/{_DAY}{_MONTH}[0-9]{{2}}/[0-9]{{4}}"
    rf"|[0-9]{{4}}/{_DAY}{_MONTH}[0-9]{{2}}/[0-9]{{4}}"
    ")"
    rf"|{_NO_YEAR}[0-9]{{2}}/("
    rf"[0-9]{{2}}{_DAY}/{_MONTH}[0-9]{{2}}/[0-9]{{4}}"
    rf"|[0-9]{{2}}/{_DAY}{_MONTH}[0-9]{{2}}/[0-9]{{4}}"
    ")"
)
_FOLDED = str.maketrans(WIDE_DIGITS, DIGITS)
# A card of the national health insurance (BPJS Kesehatan) has 13 digits that begin with 000. A spreadsheet's
# 6.402011234560001E15 has the digits of a NIK, whichever they are.
_IDENTITY = rf"(^|[^0-9])({_NIK}|{_SLASHED_NIK}|000[0-9]{{10}}|[0-9][.,][0-9]{{15}}[eE][+]?15)([^0-9]|$)"
# In a column of numbers an amount of 16 digits with cents is an amount; only a whole one could be a person's number.
_WHOLE_IDENTITY = rf"{_PROVINCE}[0-9]{{4}}{_DAY}{_MONTH}[0-9]{{6}}([.]0+)?"
# In a column of numbers a card would land without its zeros.
_WHOLE_CARD = "000[0-9]{10}([.]0+)?"
# What is shown of a refused row may hold a person's number with a digit wrong: the form alone does not clear it.
# Nor does the grouping; only dates are taken out before, which have digits in groups too.
_GROUPED = f"[0-9]([._{_BLANKS}\u2010-\u2013-]{{0,2}}[0-9])"
_LONG_NUMBER = rf"{_GROUPED}{{15}}|[0-9]{{4}}[ .-] ?[0-9]{{4}}[ .-] ?[0-9]{{4}}|([0-9]{{4}}/){{3}}[0-9]{{4}}"
_PRIVATE_NUMBER = rf"{_GROUPED}{{9}}|([0-9]{{4}}/){{3}}[0-9]{{4}}"
_DATE = r"\b((19|20)[0-9]{2}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}[-./][0-9]{2}[-./](19|20)[0-9]{2})\b"
# What is left of bytes that were no UTF-8, and the NUL that no text column of a database holds.
_REPLACED, _NUL = 0xFFFD, 0
_BROKEN_TEXT = rf"|[\x{{{_REPLACED:X}}}\x{_NUL:02}]"

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C


def hmac_pads(key: bytes) -> dict[str, bytes]:
    """HMAC's two padded keys (RFC 2104), bound to the statements as parameters ``inner`` and ``outer``."""
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    return {"inner": bytes(byte ^ _INNER for byte in padded), "outer": bytes(byte ^ _OUTER for byte in padded)}


def pseudonym(value: str) -> str:
    """HMAC-SHA-256 of an SQL text expression, as 64 hexadecimal digits; NULL stays NULL."""
    return f"sha256($outer::BLOB || unhex(sha256($inner::BLOB || encode({value}))))"


def normalised(value: str, kind: Identifier) -> str:
    """A text as the number of a kind that it spells; NULL where it spells none or has lost digits."""
    number = f"translate(translate({value}, {literal(WIDE_DIGITS)}, {literal(DIGITS)}), {literal(kind.marks)}, '')"
    for expression, replacement in kind.rewritten:
        number = f"regexp_replace({number}, {literal(expression)}, {literal(replacement)})"
    plain, spelled = (f"regexp_full_match({text}, {literal(kind.form)})" for text in (value, number))
    fraction = f"regexp_matches({value}, {literal(AS_A_FRACTION)})"
    return f"CASE WHEN {plain} THEN {value} WHEN {fraction} THEN NULL WHEN {spelled} THEN {number} END"


def has_identity(value: str) -> str:
    """True where a text holds something that has the form of an identity number."""
    return f"regexp_matches({_folded(value)}, {literal(_IDENTITY)})"


def holds_identity(value: str) -> bool:
    """As ``has_identity``, of a text at hand."""
    return re.search(_IDENTITY, value.translate(_FOLDED)) is not None


def holds_long_number(value: str) -> bool:
    """Whether a text at hand holds a number that may be a person's with a digit wrong: 16 digits, or 12 in groups."""
    return re.search(_LONG_NUMBER, value.translate(_FOLDED)) is not None


def is_identity(value: str) -> str:
    """True where the text of a number is, as a whole, one that has the form of an identity number."""
    return f"regexp_full_match({value}, {literal(_WHOLE_IDENTITY)})"


def is_card(raw: str) -> str:
    """True where the text that a number was read from is, as a whole, the number of a card."""
    return f"CASE WHEN starts_with({raw}, '000') THEN regexp_full_match({raw}, {literal(_WHOLE_CARD)}) ELSE false END"


def has_broken_text(value: str) -> str:
    """True where a text holds U+FFFD or NUL."""
    return f"(contains({value}, chr({_REPLACED})) OR contains({value}, chr({_NUL})))"


def is_suspicious(value: str) -> str:
    """One look for both, over many columns joined together. To fold every text would take three times as long."""
    quick = f"regexp_matches({value}, {literal(f'{_IDENTITY}{_BROKEN_TEXT}|[{WIDE_DIGITS}]')})"
    return (
        f"CASE WHEN {quick} THEN regexp_matches({_folded(value)}, {literal(_IDENTITY + _BROKEN_TEXT)}) ELSE false END"
    )


def has_private_number(value: str, private: bool) -> str:
    """True where a text holds a number that may be a person's, in whatever form.

    ``private``: in records about persons pupils' (10 digits), telephone and card numbers count as well.
    """
    undated = f"regexp_replace({_folded(value)}, {literal(_DATE)}, 'd', 'g')"
    return f"regexp_matches({undated}, {literal(_PRIVATE_NUMBER if private else _LONG_NUMBER)})"


def masked(value: str, private: bool) -> str:
    """A text as a scorecard may show it: masked where it may hold a person's number; ``private`` as above."""
    hidden = f"{has_identity(value)} OR {has_private_number(value, private)}"
    return f"CASE WHEN {hidden} THEN {literal(MASK)} ELSE {value} END"


def _folded(value: str) -> str:
    folded = f"translate({value}, {literal(WIDE_DIGITS)}, {literal(DIGITS)})"
    return f"CASE WHEN regexp_matches({value}, {literal(f'[{WIDE_DIGITS}]')}) THEN {folded} ELSE {value} END"
