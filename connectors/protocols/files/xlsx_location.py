"""Where in a workbook's bytes a sheet is packed."""

import io
import zipfile

from connectors.protocols.files.xlsx_formats import sheet_part


def sheet_member(body: bytes, sheet: str) -> tuple[int, int, str]:
    """The first byte of a sheet's part in the archive, the byte behind it, and the part's name.

    Raises ValueError or KeyError when the archive has no such part.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        part = archive.getinfo(sheet_part(archive, sheet))
        # The local header repeats the name, and has a length of its own for what stands between name and data.
        head = body[part.header_offset : part.header_offset + 30]
        start = part.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        return start, start + part.compress_size, part.filename
