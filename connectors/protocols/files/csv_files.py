"""CSV files. Dialect and encoding stand in the source file: guessing them is where rows get lost."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar, Literal

from pydantic import Field

from connectors.protocols.base import ProtocolArgs
from connectors.protocols.files.base import FileArgs, FileProtocol
from connectors.protocols.files.header import named_columns
from connectors.protocols.spans import Span
from ledger.errors import SourceError

_MAX_FIELD = 1_000_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class CsvArgs(FileArgs):
    """Arguments of ``files.csv``. ``header_row`` counts lines from 1; lines above it are passed over.

    ``repeated`` is for headers that give one name to several columns: they are refused, or named by the column to their
    left as well (``Ditimbang L: %``).
    """

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = "utf-8"
    header_row: int = Field(default=1, ge=1, le=100)
    repeated: Literal["refuse", "by_left"] = "refuse"


class CsvFiles(FileProtocol[CsvArgs]):
    """CSV files in a folder; every value is text, exactly as it stands."""

    name: ClassVar[str] = "files.csv"
    Args: ClassVar[type[ProtocolArgs]] = CsvArgs

    def records(self, body: bytes, context: Mapping[str, str], where: str) -> list[Mapping[str, Any]]:  # noqa: ARG002
        """Rows as objects; an empty field is empty text. Raises SourceError (damaged)."""
        rows = self._rows(body, where)
        if len(rows) < self.args.header_row:
            raise SourceError("damaged", f"the file has no line {self.args.header_row} to be the header", where=where)
        header = named_columns(rows[self.args.header_row - 1], where, by_left=self.args.repeated == "by_left")
        found: list[Mapping[str, Any]] = []
        for number, row in enumerate(rows[self.args.header_row :], start=self.args.header_row + 1):
            if not any(value.strip() for value in row):
                continue
            if len(row) != len(header):
                raise SourceError(
                    "damaged",
                    f"row {number} has {len(row)} fields, the header has {len(header)}",
                    where=where,
                    do="Ask the agency for the file anew, or correct delimiter and quote in the source file",
                )
            found.append(dict(zip(header, row, strict=True)))
        return found

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The lines of each row; a field in quotes may go over several."""
        text = self._text(body, request)
        lines = _lines(text)
        reader = csv.reader(iter(lines), delimiter=self.args.delimiter, quotechar=self.args.quote, strict=True)
        codec = "utf-8" if self.args.encoding == "utf-8" else self.args.encoding
        head = len(body) - len(text.encode(codec)) if codec != "utf-16" else 2
        sizes = [len(line.encode("utf-16-le" if codec == "utf-16" else codec)) for line in lines]
        places = [head, *(head + size for size in accumulate(sizes))]
        found, before = [], 0
        for number, row in enumerate(reader, start=1):
            first, before = before, reader.line_num
            if number > self.args.header_row and any(value.strip() for value in row):
                told = f"line {first + 1}" if before == first + 1 else f"lines {first + 1} to {before}"
                found.append(Span(places[first], places[before], told))
        return found

    def _text(self, body: bytes, where: str) -> str:
        _check_declared(self.args.encoding, body, where)
        try:
            text = body.decode("utf-8-sig" if self.args.encoding == "utf-8" else self.args.encoding)
        except UnicodeDecodeError as error:
            raise SourceError(
                "damaged", f"the file is not {self.args.encoding} at byte {error.start}", where=where
            ) from None
        if "\0" in text:
            raise SourceError("damaged", "the file holds NUL characters", where=where)
        return text

    def _rows(self, body: bytes, where: str) -> list[list[str]]:
        text = self._text(body, where)
        csv.field_size_limit(_MAX_FIELD)
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=self.args.delimiter, quotechar=self.args.quote, strict=True
        )
        try:
            return list(reader)
        except csv.Error as error:
            raise SourceError("damaged", f"line {reader.line_num}: {error}", where=where) from None


def _lines(text: str) -> list[str]:
    """Lines with their ends, as the reader counts them: no other sign than CR and LF ends one."""
    return io.StringIO(text, newline="").readlines()


def _check_declared(encoding: str, body: bytes, where: str) -> None:
    """Refuse an encoding that would read any bytes at all and turn them into other letters, where it shows."""
    if encoding == "utf-16" and body and not body.startswith(_UTF16_MARKS):
        raise SourceError("damaged", "the file does not begin with the byte order mark of UTF-16", where=where)
    if encoding in {"cp1252", "latin-1"} and not body.isascii() and _is_utf8(body):
        raise SourceError(
            "damaged",
            f"the file is UTF-8 and not {encoding}",
            where=where,
            do="Say `encoding: utf-8` in the source file if the agency now sends that",
        )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
