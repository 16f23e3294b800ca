"""HTML tables under the name of a workbook, as many portals' "Export Excel" gives them: every cell is text."""

import re

from connectors.protocols.files.sheets import AS_XLSX, Sheet, chosen, damaged
from connectors.protocols.html_table import TableError, read_grid

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_KNOWN = {b"utf-8": "utf-8-sig", b"windows-1252": "cp1252", b"iso-8859-1": "cp1252", b"us-ascii": "ascii"}


def read_html(body: bytes, wanted: str | int) -> Sheet:
    """The only table. Raises SourceError (damaged) for anything else, and for a sheet by name: a table has none."""
    chosen(wanted, [("", False, None)])
    try:
        grid, hidden = read_grid(_text(body))
    except TableError as error:
        raise damaged(f"the file is HTML, and no table can be read from it: {error}", AS_XLSX) from None
    width = max(map(len, grid))
    # Cells that a row leaves out are empty.
    return Sheet("", [row + [""] * (width - len(row)) for row in grid], hidden=hidden)


def _text(body: bytes) -> str:
    said = _CHARSET.search(body[:4096])
    encoding = _KNOWN.get(said[1].lower() if said is not None else b"utf-8")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    if encoding is None:
        raise TableError("its letters are in an encoding that is not read here")
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        raise TableError("its letters are not in the encoding that it names") from None
