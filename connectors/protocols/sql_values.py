"""Values of MariaDB and MySQL as JSON text, without loss: from the text the server wrote, never through a float."""

import re
from collections.abc import Callable
from json.encoder import encode_basestring as _quoted
from typing import Any

from pymysql.constants import FIELD_TYPE

Column = Callable[[Any], str]
"""Makes one value the JSON member ``"name":value``."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_NUMERIC = {
    FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.INT24,
    FIELD_TYPE.LONGLONG, FIELD_TYPE.DOUBLE, FIELD_TYPE.YEAR,
}  # fmt: skip


def column(name: str, type_code: int) -> Column:
    """How values of one column are written.

    Numbers keep their digits; what is displayed with leading zeros (ZEROFILL) is text. TINYINT(1) stays a number and
    BIT becomes one. A TIMESTAMP is an instant and ends in +00:00 (the session's zone), a DATETIME has no zone; dates
    that no calendar has, such as 0000-00-00, stay as they are. Bytes are written as PostgreSQL does: ``\\x6869``.
    """
    write = _number if type_code in _NUMERIC else _SPECIAL.get(type_code, _text)
    prefix = f"{_quoted(name)}:"
    return lambda value: prefix + ("null" if value is None else write(value))


def _number(value: str) -> str:
    return value if _NUMBER.match(value) else _quoted(value)


def _text(value: str | bytes) -> str:
    return _quoted(value) if isinstance(value, str) else _quoted(f"\\x{value.hex()}")


def _bits(value: bytes) -> str:
    return str(int.from_bytes(value, "big"))


def _instant(value: str) -> str:
    return _quoted(f"{value}+00:00")


_SPECIAL: dict[int, Callable[[Any], str]] = {FIELD_TYPE.BIT: _bits, FIELD_TYPE.TIMESTAMP: _instant}
