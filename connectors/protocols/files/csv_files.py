"""CSV files. Dialect and encoding stand in the source file: guessing them is where rows get lost.

A row that does not fit the header is handed over as one that cannot be read, with its reason, as long as it is certain
where rows begin and end; where that is in doubt, the whole file is damage.
"""

import codecs
import csv
import gc
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, ClassVar, Literal

import msgspec
from pydantic import Field

from connectors.http.first_bytes import Kind, kind_of
from connectors.protocols.base import UNREADABLE, Noticed, ProtocolArgs
from connectors.protocols.files.base import Content, FileProtocol
from connectors.protocols.files.header import named_columns
from connectors.protocols.files.rows import Cells
from connectors.protocols.files.table import Table, TableArgs, read_table
from connectors.protocols.files.unpacking import other_kind, unpacked
from connectors.protocols.spans import Span
from ledger.errors import SourceError

_MAX_FIELD = 1_000_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)
_LINES_THAT_TELL = 2
_NO_CSV: frozenset[Kind] = frozenset({"xlsx", "xlsb", "xls", "ods", "html", "xml 2003", "xml", "zip", "pdf", "rar"})


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

    def content(self, body: bytes, context: Mapping[str, str], where: str) -> Content:
        """Rows as objects; an empty field is empty text. Raises SourceError (damaged)."""
        with _collector_at_rest():
            return self._content(self._plain_file(body, where), where)

    def dump(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Every value is text, which needs none of the care that numbers do."""
        return msgspec.json.encode(rows)

    def _content(self, body: bytes, where: str) -> Content:
        text = self._text(body, where)
        rows = self._rows(text, where)
        table = read_table(self._args(text, where), rows, where)
        if any(sign in cell for cell in table.names for sign in "\0\ufffd"):
            raise _damaged(f"the header is not text in {self.args.encoding}", where)
        header = named_columns(table.names, where, by_left=self.args.repeated == "by_left")
        records = [
            dict(zip(header, cells, strict=True))
            if len(cells) == len(header) and number not in table.refused
            else _unread(table, number, cells, where)
            for number, cells in table.rows
        ]
        return Content(records, (*table.noticed, *_cut_short(text)))

    def _plain_file(self, body: bytes, where: str) -> bytes:
        """The file itself, where it was packed. Raises SourceError (damaged) for what is no text at all."""
        plain = unpacked(body, self.args.max_unpacked, where)
        kind = kind_of(plain)
        if kind in _NO_CSV:
            raise other_kind(kind, where)
        return plain

    def _args(self, text: str, where: str) -> TableArgs:
        """The arguments, for a file that says in its first line which delimiter it has, as Excel reads it."""
        said = _SEPARATOR.match(text)
        if said is None:
            return self.args
        if said[1] != self.args.delimiter:
            raise SourceError(
                "damaged",
                f"the file says that its delimiter is {said[1]!r}, and the source file says {self.args.delimiter!r}",
                where=where,
                do=f"Say `delimiter: {said[1]!r}` in the source file",
            )
        return self.args.model_copy(update={"header_row": max(self.args.header_row, 2)})

    def spans(self, body: bytes, request: str) -> Sequence[Span]:
        """The lines of each row; a field in quotes may go over several."""
        plain = self._plain_file(body, request)
        text = self._text(plain, request, "surrogateescape")  # so that every byte can be counted again
        lines = io.StringIO(text, newline="").readlines()  # no other sign than CR and LF ends one
        codec = "utf-16-le" if self.args.encoding == "utf-16" else self.args.encoding
        sizes = [len(line.encode(codec, "surrogateescape")) for line in lines]
        places = [len(plain) - sum(sizes), *(len(plain) - sum(sizes) + size for size in accumulate(sizes))]
        reader = csv.reader(iter(lines), delimiter=self.args.delimiter, quotechar=self.args.quote, strict=True)
        rows, ranges, before = [], [], 0
        for row in reader:
            rows.append(row)
            ranges.append((before, reader.line_num))
            before = reader.line_num
        found = []
        for number, _ in read_table(self._args(text, request), rows, request).rows:
            first, last = ranges[number - 1]
            told = f"line {last}" if last == first + 1 else f"lines {first + 1} to {last}"
            # Lines cannot be told apart before unpacking: then the packed file is where they stand.
            packed = plain is not body
            found.append(Span(0, len(body), f"{told} (packed)") if packed else Span(places[first], places[last], told))
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


def _unread(table: Table, number: int, cells: Cells, where: str) -> Mapping[str, str]:
    """What stands for a row that is no record."""
    if number in table.refused:
        return {UNREADABLE: table.refused[number]}
    width = len(table.names)
    if any(sign in cell for cell in cells for sign in "\r\n"):
        raise _damaged(
            f"row {number} has {len(cells)} fields, the header has {width}, and a quoted field in it holds "
            "line breaks: nobody can tell where rows end",
            where,
        )
    return {UNREADABLE: f"row {number} has {len(cells)} fields, the header has {width}"}


def _cut_short(text: str) -> Sequence[Noticed]:
    """A last line without the end that all lines before it have: more may have been there."""
    ended = text.endswith("\n") or (text.endswith("\r") and "\n" not in text)
    lines = text.count("\n") or text.count("\r")
    if ended or lines < _LINES_THAT_TELL:
        return ()
    what = "the last line has no line end, as all others have: the file may have been cut on its way"
    do = "Compare the last record with the agency's; a server that counts characters for bytes cuts files with accents"
    return (Noticed("last_line_open", what, do, f"behind {lines} lines that have one"),)


def _damaged(what: str, where: str) -> SourceError:
    return SourceError(
        "damaged",
        what,
        where=where,
        do="Ask the agency for the file anew, or correct delimiter, quote and encoding in the source file",
    )
