"""Personal identifiers in SQL: the keyed pseudonym, and the scanner for identity numbers nobody declared."""

from connectors.landing.sql import text

MASK = "***"

# The national identity number (NIK) and the family card number have 16 digits. They also come printed
# (64.02.01.123456.0001), in groups of four, and as a spreadsheet's 6.402011234560001E15.
# Word processors put other blanks and hyphens between the groups than a keyboard has.
_GAP = r"[ .\x{00A0}\x{2009}\x{202F}\x{2010}\x{2011}\x{2013}-]"
_IDENTITY = (
    r"(^|[^0-9])("
    r"[0-9]{16}"
    rf"|[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
    r"|[0-9]{2}[.][0-9]{2}[.][0-9]{2}[.][0-9]{6}[.][0-9]{4}"
    r"|[0-9][.,][0-9]{15}[eE][+]?15"
    r")([^0-9]|$)"
)
# In a column of numbers an amount of 16 digits with cents is an amount; only a whole one could be a person's number.
_WHOLE_IDENTITY = "[0-9]{16}([.]0+)?"
# What is left of bytes that were no UTF-8, and the NUL that no text column of a database holds.
_BROKEN_TEXT = r"[\x{FFFD}\x00]"

_BLOCK_BYTES = 64
_INNER, _OUTER = 0x36, 0x5C


def hmac_pads(key: bytes) -> dict[str, bytes]:
    """HMAC's two padded keys (RFC 2104), bound to the statements as parameters ``inner`` and ``outer``."""
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    return {"inner": bytes(byte ^ _INNER for byte in padded), "outer": bytes(byte ^ _OUTER for byte in padded)}


def pseudonym(value: str) -> str:
    """HMAC-SHA-256 of an SQL text expression, as 64 hexadecimal digits; NULL stays NULL."""
    return f"sha256($outer::BLOB || unhex(sha256($inner::BLOB || encode({value}))))"


def has_identity(value: str) -> str:
    """True where a text holds something that has the form of an identity number."""
    return f"regexp_matches({value}, {text(_IDENTITY)})"


def is_identity(value: str) -> str:
    """True where the text of a number is, as a whole, one that has the form of an identity number."""
    return f"regexp_full_match({value}, {text(_WHOLE_IDENTITY)})"


def has_broken_text(value: str) -> str:
    """True where a text holds U+FFFD or NUL."""
    return f"regexp_matches({value}, {text(_BROKEN_TEXT)})"


def is_suspicious(value: str) -> str:
    """One look for both, over many columns joined together."""
    return f"regexp_matches({value}, {text(_IDENTITY + '|' + _BROKEN_TEXT)})"


def shown(value: str, length: int = 120) -> str:
    """A raw value as a scorecard may show it: cut, and masked where it has the form of an identity number."""
    return f"CASE WHEN {has_identity(value)} THEN {text(MASK)} ELSE left({value}, {length}) END"
