"""CSV files. Dialect and encoding stand in the source file: guessing them is where rows get lost.

A row that does not fit the header is handed over as one that cannot be read, with its reason, as long as it is certain
where rows begin and end; where that is in doubt, the whole file is damage.
"""

import codecs
import csv
import gc
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field

from connectors.protocols.base import UNREADABLE, ProtocolArgs
from connectors.protocols.files.base import FileProtocol
from connectors.protocols.files.header import named_columns
from connectors.protocols.files.table import TableArgs, header_cells, record_rows
from connectors.protocols.spans import Span
from ledger.errors import SourceError

_MAX_FIELD = 1_000_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class CsvArgs(TableArgs):
    """Arguments of ``files.csv``, beside those of every table.

    ``repeated`` is for headers that give one name to several columns: they are refused, or named by the column to their
    left as well (``Ditimbang L: %``).
    """

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = "utf-8"
    repeated: Literal["refuse", "by_left"] = "refuse"


class CsvFiles(FileProtocol[CsvArgs]):
    """CSV files in a folder; every value is text, exactly as it stands."""

    name: ClassVar[str] = "files.csv"
    Args: ClassVar[type[ProtocolArgs]] = CsvArgs

    def records(self, body: bytes, context: Mapping[str, str], where: str) -> list[Mapping[str, Any]]:
        """Rows as objects; an empty field is empty text. Raises SourceError (damaged)."""
        with _collector_at_rest():
            return self._records(body, where)

    def dump(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Every value is text, which needs none of the care that numbers do."""
        return msgspec.json.encode(rows)

    def _records(self, body: bytes, where: str) -> list[Mapping[str, Any]]:
        rows = self._rows(self._text(body, where), where)
        cells = header_cells(self.args, rows, where)
        if any(sign in cell for cell in cells for sign in "\0\ufffd"):
            raise _damaged(f"the header is not text in {self.args.encoding}", where)
        header = named_columns(cells, where, by_left=self.args.repeated == "by_left")
        return [
            dict(zip(header, row, strict=True)) if len(row) == len(header) else _ragged(number, row, len(header), where)
            for number, row in record_rows(self.args, rows, len(header), where)
        ]

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The lines of each row; a field in quotes may go over several."""
        text = self._text(body, request, "surrogateescape")  # so that every byte can be counted again
        lines = io.StringIO(text, newline="").readlines()  # no other sign than CR and LF ends one
        codec = "utf-16-le" if self.args.encoding == "utf-16" else self.args.encoding
        sizes = [len(line.encode(codec, "surrogateescape")) for line in lines]
        places = [len(body) - sum(sizes), *(len(body) - sum(sizes) + size for size in accumulate(sizes))]
        reader = csv.reader(iter(lines), delimiter=self.args.delimiter, quotechar=self.args.quote, strict=True)
        rows, ranges, before = [], [], 0
        for row in reader:
            rows.append(row)
            ranges.append((before, reader.line_num))
            before = reader.line_num
        width = len(header_cells(self.args, rows, request))
        found = []
        for number, _ in record_rows(self.args, rows, width, request):
            first, last = ranges[number - 1]
            told = f"line {last}" if last == first + 1 else f"lines {first + 1} to {last}"
            found.append(Span(places[first], places[last], told))
        return found

    def _text(self, body: bytes, where: str, unreadable: str = "replace") -> str:
        """The file as text; bytes that are none become U+FFFD, for which landing quarantines their row."""
        encoding: str = self.args.encoding
        _check_declared(encoding, body, where)
        if body.startswith(codecs.BOM_UTF8) and encoding != "utf-8":
            raise _damaged(f"the file begins as UTF-8 does, the source file says {encoding}", where)
        try:
            if encoding == "utf-16":  # one lost byte would shift all others
                return body.decode(encoding)
            return body.decode("utf-8-sig" if encoding == "utf-8" else encoding, unreadable)
        except UnicodeDecodeError as error:
            raise _damaged(f"the file is not {encoding} at byte {error.start}", where) from None

    def _rows(self, text: str, where: str) -> list[list[str]]:
        csv.field_size_limit(_MAX_FIELD)
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=self.args.delimiter, quotechar=self.args.quote, strict=True
        )
        try:
            return list(reader)
        except csv.Error as error:
            raise _damaged(f"line {reader.line_num}: {error}", where) from None


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Stop the search for cycles: rows are many containers without one, and walking over them takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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


def _ragged(number: int, row: Sequence[str], width: int, where: str) -> Mapping[str, str]:
    if any(sign in cell for cell in row for sign in "\r\n"):
        raise _damaged(
            f"row {number} has {len(row)} fields, the header has {width}, and a quoted field in it holds line breaks: "
            "nobody can tell where rows end",
            where,
        )
    return {UNREADABLE: f"row {number} has {len(row)} fields, the header has {width}"}


def _damaged(what: str, where: str) -> SourceError:
    return SourceError(
        "damaged",
        what,
        where=where,
        do="Ask the agency for the file anew, or correct delimiter, quote and encoding in the source file",
    )
