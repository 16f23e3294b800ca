"""Tables in HTML, read with the standard library: cells as text, exactly as many a row as the header has."""

import re
from html.parser import HTMLParser

_LONGEST = 2_000_000
# The standard library's parser takes quadratic time over tags that do not end: 16 kB of them a second, 2 MB hours.
_UNENDED = re.compile(r"<[^<>]*(?=<|\Z)")
_MOST_UNENDED = 20
# Tags that a browser draws without a gap. Any other one parts what stands on its sides: 12<sup>3</sup> is no 123.
_INLINE = frozenset({"a", "abbr", "b", "bdi", "bdo", "em", "font", "i", "small", "span", "strong", "u"})
_UNSEEN = re.compile(r"(?i)(display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|mso-hide\s*:\s*all)")
_CONTROLS = frozenset({"input", "select", "textarea"})
_WIDEST, _MOST_CELLS = 1000, 1_000_000


class TableError(ValueError):
    """HTML that is not one plain table."""


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.sizes: list[list[tuple[int, int]]] = []
        self.hidden: list[bool] = []
        self._size = (1, 1)
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
            self._open_row(unseen=_is_hidden(attrs))
        elif tag in {"td", "th"}:
            self._close_cell()
            self._cell = []
            self._size = _span(attrs, "colspan"), _span(attrs, "rowspan")
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

    def _open_row(self, *, unseen: bool = False) -> None:
        self.hidden.append(unseen)
        self.rows.append([])
        self.sizes.append([])

    def _close_cell(self) -> None:
        if self._cell is None:
            return
        if not self.rows:
            self._open_row()
        self.rows[-1].append(" ".join("".join(self._cell).split()))
        self.sizes[-1].append(self._size)
        self._cell = None


def _is_hidden(attrs: list[tuple[str, str | None]]) -> bool:
    said = dict(attrs)
    return "hidden" in said or _UNSEEN.search(said.get("style") or "") is not None


def _span(attrs: list[tuple[str, str | None]], name: str) -> int:
    said = (next((value for given, value in attrs if given == name), None) or "1").strip()
    if not said.isascii() or not said.isdigit() or not 1 <= int(said[:9]) <= _WIDEST:
        raise TableError(f"a cell has a {name} that is none")
    return int(said)


def read_table(html: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the only table in a piece of HTML; rows without any cell are passed over.

    Raises TableError when there is no table or more than one, when it is cut off, when cells are merged or are fields
    of a form, or a row has another length.
    """
    parser = _parsed(html)
    if any(size != (1, 1) for sizes in parser.sizes for size in sizes):
        raise TableError("the table has merged cells")
    return _checked([row for row in parser.rows if row])


def read_grid(html: str) -> tuple[list[list[str]], frozenset[int]]:
    """All rows of the only table as a sheet, and which of them are hidden, from 0.

    A merged cell stands in its first place, and the others are empty.
    Raises TableError when there is no table or more than one, when it is cut off, or cells are fields of a form.
    """
    parser = _parsed(html)
    reach: dict[int, int] = {}  # by column: rows that a cell above still covers
    grid, cells = [], 0
    for texts, sizes in zip(parser.rows, parser.sizes, strict=True):
        row: list[str] = []
        below: dict[int, int] = {}
        for text, (wide, high) in zip(texts, sizes, strict=True):
            while reach.get(len(row), 0) > 0:
                row.append("")
            below |= dict.fromkeys(range(len(row), len(row) + wide), high)
            row += [text] + [""] * (wide - 1)
        cells += len(row)
        if cells > _MOST_CELLS:
            raise TableError(f"the table has more than {_MOST_CELLS} cells")
        reach = {at: left - 1 for at, left in ({**reach, **below}).items() if left > 1}
        grid.append(row)
    return grid, frozenset(at for at, unseen in enumerate(parser.hidden) if unseen)


def _parsed(html: str) -> _Cells:
    if len(html) > _LONGEST:
        raise TableError(f"the table has more than {_LONGEST} characters")
    if sum(1 for _ in _UNENDED.finditer(html)) > _MOST_UNENDED:
        raise TableError("the table has many tags that do not end")
    parser = _Cells()
    try:
        parser.feed(html)
        parser.close()
    except TableError:
        raise
    except (ValueError, AssertionError):  # &#111...1; beyond what Python counts, <![x[ of no known kind
        raise TableError("the table is no HTML that can be read") from None
    rows = sum(map(bool, parser.rows))
    if parser.tables > 1 or not rows:
        raise TableError(f"there are {parser.tables} tables with {rows} rows, one table is expected")
    if parser.ends < parser.tables:
        raise TableError("the table does not end")
    if parser.controls:
        raise TableError("the table has fields of a form in it")
    return parser


def _checked(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    header, *body = rows
    if len(set(header)) != len(header) or not all(header):
        raise TableError("the table's header has empty or equal names")
    for number, row in enumerate(body, start=1):
        if len(row) != len(header):
            raise TableError(f"row {number} has {len(row)} cells, the header has {len(header)}")
    return header, body
