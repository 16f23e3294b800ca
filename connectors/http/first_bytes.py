"""What bytes are, told by the first of them: names and labels of what agencies send are often wrong."""

import io
import re
import zipfile
import zlib
from typing import Literal

Kind = Literal[
    "xlsx",
    "xlsb",
    "xls",
    "ods",
    "html",
    "xml 2003",
    "xml",
    "gzip",
    "zip",
    "pdf",
    "rar",
    "bzip2",
    "parquet",
    "image",
    "text",
    "nothing",
    "unknown",
]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00", b"\x09\x08\x08\x00")
_STARTS: tuple[tuple[Kind, tuple[bytes, ...]], ...] = (
    ("xls", (_OLE, *_BARE_BIFF)),
    ("gzip", (b"\x1f\x8b",)),
    ("pdf", (b"%PDF-",)),
    ("rar", (b"Rar!\x1a", b"7z\xbc\xaf\x27\x1c")),
    ("bzip2", (b"BZh",)),
    ("parquet", (b"PAR1",)),
    ("image", (b"\x89PNG", b"\xff\xd8\xff")),
)
_LOOKED_AT = 4096
_HTML = re.compile(
    rb"\A\s*(?:<\?xml[^<>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div|center|title|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"\A\s*<(?:\?xml|!DOCTYPE)\b", re.IGNORECASE)
_SPREADSHEET_ML = (b"urn:schemas-microsoft-com:office:spreadsheet", b'progid="Excel.Sheet"')
_MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

_CALLED: dict[Kind, str] = {
    "xlsx": "an XLSX workbook",
    "xlsb": "an XLSB workbook",
    "xls": "an XLS workbook (Excel 97-2003)",
    "ods": "an ODS workbook (OpenDocument)",
    "html": "HTML, a page or table for browsers",
    "xml 2003": "XML Spreadsheet 2003",
    "xml": "XML",
    "gzip": "a gzip archive",
    "zip": "a ZIP archive",
    "pdf": "a PDF document",
    "rar": "a RAR or 7z archive",
    "bzip2": "a bzip2 archive",
    "parquet": "a Parquet file",
    "image": "an image",
    "text": "text, as CSV is, and no workbook",
    "nothing": "empty",
    "unknown": "neither a workbook nor text",
}


def kind_of(body: bytes) -> Kind:
    """What the file's bytes say that it is."""
    known = next((kind for kind, starts in _STARTS if body.startswith(starts)), None)
    if known is not None:
        return known
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(body)
    return _text_kind(body[:_LOOKED_AT]) if body else "nothing"


def _text_kind(head: bytes) -> Kind:
    if head.startswith(_UTF16_MARKS):
        head = head.decode("utf-16", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        return "html"
    if _XML.match(head):
        return "xml 2003" if any(mark in head for mark in _SPREADSHEET_ML) else "xml"
    return "unknown" if head.count(0) else "text"


def called(kind: Kind) -> str:
    """What people call a file of this kind: ``an ODS workbook (OpenDocument)``."""
    return _CALLED[kind]


def named_by_first_bytes(body: bytes) -> str:
    """What a body is that is no text, or another one than was due: ``a gzip archive``, ``XML``; else empty."""
    kind = kind_of(body)
    if kind == "text" and body.startswith(_UTF16_MARKS):
        return "text in UTF-16"
    return "" if kind in ("text", "nothing", "unknown") else _CALLED[kind]


def _zip_kind(body: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return "xlsx"
            if "xl/workbook.bin" in names:
                return "xlsb"
            if "mimetype" in names and "content.xml" in names:
                with archive.open("mimetype") as member:
                    return "ods" if member.read(100).startswith(_MIMETYPE) else "zip"
            return "zip"
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        # Cut or altered. What such a file was to be shows in the names within.
        return "xlsx" if b"xl/" in body or b"[Content_Types].xml" in body else "zip"
