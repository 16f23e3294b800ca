"""JSON as the publication writes it: sorted, UTF-8, decimals as exact numbers and moments in UTC."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ledger.errors import PublicationError

_COMPACT = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECIMAL = "\x00decimal:"


def compact_json(document: object) -> bytes:
    """The same for machines: on one line, decimals with the digits that their columns have."""
    return _COMPACT.encode(document) + b"\n"


def to_json(document: object) -> str:
    """The text of a document. A decimal becomes a number with exactly its digits, never a rounded binary float."""
    # Python's encoder is ten times slower where it indents by itself.
    flat = json.dumps(_plain(document), ensure_ascii=False, sort_keys=True)
    text = msgspec.json.format(flat, indent=1)
    return re.sub(r'"\\u0000decimal:([^"]*)"', r"\1", text) + "\n"


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent and without the zeros its column added."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{_DECIMAL}{decimal_text(value)}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value.replace("\x00", "") if isinstance(value, str) else value


def check_json(path: Path) -> None:
    """Raise PublicationError when a file is not JSON."""
    try:
        # Read through, and nothing made of it; that alone takes any bytes for text.
        msgspec.json.decode(path.read_text(encoding="utf-8"), type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PublicationError(f"{path.name} is not JSON ({error})", where=str(path)) from error
