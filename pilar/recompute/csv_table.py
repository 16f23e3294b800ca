"""A CSV file read strictly: nothing is repaired, and everything that is refused is named with its place."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import ConfigError

_FOREIGN = {
    b"\xff\xfe": "is written in UTF-16",
    b"\xfe\xff": "is written in UTF-16",
    b"PK\x03\x04": "is a spreadsheet, not CSV",
}
_SAVE_AS = "Save it as CSV with commas, in UTF-8"
POINT = "Write numbers with a decimal point, as 3.41"


@dataclass(frozen=True, slots=True)
class Table:
    """Its columns in small letters, and each line as text by column."""

    path: Path
    columns: tuple[str, ...]
    records: tuple[tuple[int, Mapping[str, str]], ...] = field(repr=False)

    def problem(self, what: str, do: str, *, line: int | None = None, column: str = "") -> ConfigError:
        """An error at a place in this file."""
        place = [str(self.path), f"line {line}" if line else "", f"column {column}" if column else ""]
        return ConfigError(what, where=", ".join(part for part in place if part), do=do)


def read_table(path: Path) -> Table:
    """The table in a file. Raises ConfigError where it is no CSV in UTF-8 with a header and lines of one width."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError("the list cannot be read", where=f"{path}: {error.strerror}", do="Name a CSV file") from error
    for mark, what in _FOREIGN.items():
        if content.startswith(mark):
            raise ConfigError(f"the list {what}", where=str(path), do=_SAVE_AS)
    try:
        # Spreadsheets put a byte order mark before UTF-8; leaving it out guesses nothing.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError("the list is not UTF-8", where=f"{path}, line {line}", do=_SAVE_AS) from error
    return _table(path, text)


def _table(path: Path, text: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise ConfigError(
            f"the list is not CSV: {error}", where=f"{path}, line {reader.line_num}", do=_SAVE_AS
        ) from error
    header = tuple(name.strip().casefold() for name in rows[0][1]) if rows else ()
    empty = Table(path, header, ())
    if len(header) == 1 and ";" in header[0]:
        raise empty.problem("the list is separated by semicolons", _SAVE_AS, line=1)
    if len(rows) < 2:
        raise empty.problem("the list has no rows", "Give a header line and one line per region")
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise empty.problem("a column stands twice", "Keep one of them", line=1, column=repeated or "(without a name)")
    for number, row in rows[1:]:
        if len(row) != len(header):
            what = f"the line has {len(row)} cells, the header {len(header)}"
            raise empty.problem(what, f"{POINT}, and quote names that hold a comma", line=number)
    return Table(path, header, tuple((number, dict(zip(header, row, strict=True))) for number, row in rows[1:]))
