"""The types a contract may name, and the DuckDB types they land as.

Numbers are exact: there is no binary float among them.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "integer", "bigint", "decimal", "date", "timestamp", "boolean"]

TYPE_NAMES = "string, integer, bigint, decimal(p,s), date, timestamp, boolean"
MAX_PRECISION = 38

_DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")
_PLAIN: dict[str, tuple[Kind, str]] = {
    "string": ("string", "VARCHAR"),
    "integer": ("integer", "INTEGER"),
    "bigint": ("bigint", "BIGINT"),
    "date": ("date", "DATE"),
    "timestamp": ("timestamp", "TIMESTAMPTZ"),
    "boolean": ("boolean", "BOOLEAN"),
}


@dataclass(frozen=True)
class ColumnType:
    """One contract type: its kind, its DuckDB type, and for decimals precision and scale."""

    name: str
    kind: Kind
    sql: str
    precision: int = 0
    scale: int = 0

    @property
    def numeric(self) -> bool:
        """Whether values can be compared with numbers."""
        return self.kind in ("integer", "bigint", "decimal")


def parse_type(text: str) -> ColumnType:
    """The type a contract names. Raises ValueError for an unknown one or an impossible precision."""
    if text in _PLAIN:
        kind, sql = _PLAIN[text]
        return ColumnType(text, kind, sql)
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(f"unknown type {text!r}; a type is one of {TYPE_NAMES}")
    precision, scale = int(found.group(1)), int(found.group(2))
    if not 1 <= precision <= MAX_PRECISION or scale > precision:
        raise ValueError(f"{text}: precision goes from 1 to {MAX_PRECISION} and scale from 0 to the precision")
    return ColumnType(text, "decimal", f"DECIMAL({precision},{scale})", precision, scale)
