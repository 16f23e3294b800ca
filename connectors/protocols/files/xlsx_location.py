"""Where in a workbook's bytes a sheet is packed."""

import io
import zipfile
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def sheet_member(body: bytes, sheet: str | int) -> tuple[int, int, str]:
    """The first byte of a sheet's part in the archive, the byte behind it, and the part's name.

    Raises ValueError when the archive has no such part.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (the guard has refused entities)
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 (the guard has refused entities)
        sheets = list(book.iter(f"{_MAIN}sheet"))
        found = sheets[sheet] if isinstance(sheet, int) else next(s for s in sheets if s.get("name") == sheet)
        targets = {link.get("Id"): str(link.get("Target")) for link in links}
        target = targets[found.get(_ID)]
        part = archive.getinfo(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
        # The local header repeats the name, and has a length of its own for what stands between name and data.
        head = body[part.header_offset : part.header_offset + 30]
        start = part.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return start, start + part.compress_size, part.filename
