"""Tables in HTML, read with the standard library: cells as text, exactly as many a row as the header has."""

import re
from html.parser import HTMLParser

_LONGEST = 2_000_000
# The standard library's parser takes quadratic time over tags that do not end: 16 kB of them a second, 2 MB hours.
_UNENDED = re.compile(r"<[^<>]*(?=<|\Z)")
_MOST_UNENDED = 20
# Tags that a browser draws without a gap. Any other one parts what stands on its sides: 12<sup>3</sup> is no 123.
_INLINE = frozenset({"a", "abbr", "b", "bdi", "bdo", "em", "font", "i", "small", "span", "strong", "u"})
_CONTROLS = frozenset({"input", "select", "textarea"})


class TableError(ValueError):
    """HTML that is not one plain table."""


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.spans = 0
        self.tables = 0
        self.ends = 0
        self.controls = 0
        self._depth = 0
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables += 1
        elif tag == "tr":
            self._close_cell()
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._close_cell()
            self._cell = []
            self.spans += any(name in {"rowspan", "colspan"} and value not in (None, "", "1") for name, value in attrs)
        elif tag in {"script", "style"}:
            self._depth += 1
        else:
            self.controls += tag in _CONTROLS
            self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr", "table"}:
            self._close_cell()
            self.ends += tag == "table"
        elif tag in {"script", "style"}:
            self._depth = max(0, self._depth - 1)
        else:
            self._part(tag)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and self._depth == 0:
            self._cell.append(data)

    def _part(self, tag: str) -> None:
        if self._cell is not None and tag not in _INLINE:
            self._cell.append(" ")

    def close(self) -> None:
        super().close()
        self._close_cell()

    def _close_cell(self) -> None:
        if self._cell is None:
            return
        if not self.rows:
            self.rows.append([])
        self.rows[-1].append(" ".join("".join(self._cell).split()))
        self._cell = None


def read_table(html: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the only table in a piece of HTML; rows without any cell are passed over.

    Raises TableError when there is no table or more than one, when it is cut off, when cells are merged or are fields
    of a form, or a row has another length.
    """
    if len(html) > _LONGEST:
        raise TableError(f"the table has more than {_LONGEST} characters")
    if sum(1 for _ in _UNENDED.finditer(html)) > _MOST_UNENDED:
        raise TableError("the table has many tags that do not end")
    parser = _Cells()
    try:
        parser.feed(html)
        parser.close()
    except (ValueError, AssertionError):  # &#111...1; beyond what Python counts, <![x[ of no known kind
        raise TableError("the table is no HTML that can be read") from None
    rows = [row for row in parser.rows if row]
    if parser.tables > 1 or not rows:
        raise TableError(f"there are {parser.tables} tables with {len(rows)} rows, one table is expected")
    if parser.ends < parser.tables:
        raise TableError("the table does not end")
    if parser.controls:
        raise TableError("the table has fields of a form in it")
    if parser.spans:
        raise TableError("the table has merged cells")
    return _checked(rows)


def _checked(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    header, *body = rows
    if len(set(header)) != len(header) or not all(header):
        raise TableError("the table's header has empty or equal names")
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise TableError(f"row {number} has {len(row)} cells, the header has {len(header)}")
    return header, body
