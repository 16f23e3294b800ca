"""What a file is, told by its first bytes: its name often says something else."""

import gzip
import io
import re
import zipfile
import zlib
from typing import Literal

from ledger.errors import SourceError

Kind = Literal[
    "xlsx", "xlsb", "xls", "ods", "html", "xml 2003", "xml", "gzip", "zip", "pdf", "rar", "text", "nothing", "unknown"
]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00", b"\x09\x08\x08\x00")
_STARTS: tuple[tuple[Kind, tuple[bytes, ...]], ...] = (
    ("xls", (_OLE, *_BARE_BIFF)),
    ("gzip", (b"\x1f\x8b",)),
    ("pdf", (b"%PDF-",)),
    ("rar", (b"Rar!\x1a", b"7z\xbc\xaf\x27\x1c")),
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
_GRACE, _RATIO = 1024 * 1024, 500  # CSV of like rows packs far better than the parts of a workbook

_CALLED: dict[Kind, str] = {
    "xlsx": "an XLSX workbook",
    "xlsb": "an XLSB workbook",
    "xls": "an XLS workbook (Excel 97-2003)",
    "ods": "an ODS workbook (OpenDocument)",
    "html": "HTML, a page or table for browsers",
    "xml 2003": "XML Spreadsheet 2003",
    "xml": "XML",
    "gzip": "packed with gzip",
    "zip": "a ZIP",
    "pdf": "a PDF document",
    "rar": "a RAR or 7z archive",
    "text": "text, as CSV is, and no workbook",
    "nothing": "empty",
    "unknown": "neither a workbook nor text",
}
_DO: dict[Kind, str] = {
    "xlsx": "Say `protocol: files.xlsx` in the source file, or ask the agency for CSV",
    "html": "Say `protocol: files.xlsx`, which reads an HTML table too, or ask the agency for CSV",
    "xml 2003": "Ask the agency to open the file and save it as an Excel workbook (.xlsx)",
    "xml": "Ask the agency for XLSX or CSV",
    "gzip": "Ask the agency for the file itself, or packed once",
    "zip": "Ask the agency for the file itself, or for a ZIP with that file alone",
    "pdf": "Ask the agency for the table behind it, as XLSX or CSV",
    "rar": "Ask the agency for the file itself, or for a ZIP with that file alone",
    "text": "Say `protocol: files.csv` with its delimiter, or ask the agency to save a workbook",
    "nothing": "Ask the agency to send the file again",
    "unknown": "Ask the agency which program made the file, and for XLSX or CSV",
}
_DO |= dict.fromkeys(("xlsb", "xls", "ods"), _DO["xlsx"])


def kind_of(body: bytes) -> Kind:
    """What the file's bytes say that it is."""
    known = next((kind for kind, starts in _STARTS if body.startswith(starts)), None)
    if known is not None:
        return known
    if body.startswith(b"PK\x03\x04"):
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


def other_kind(kind: Kind, where: str, *, packed: bool = False) -> SourceError:
    """The refusal of a file that is of another kind than is read here: what it is, and what to do about it."""
    what = "the packed file is no XLSX workbook; it" if packed else "the file"
    return SourceError("damaged", f"{what} is {_CALLED[kind]}", where=where, do=_DO[kind])


def unpacked(body: bytes, most: int, where: str) -> bytes:
    """The file that was packed with gzip, or lies alone in a ZIP; any other file as it is.

    Raises SourceError (damaged) for an archive with several files, one that is packed twice, or larger than ``most``.
    """
    kind = kind_of(body)
    if kind not in ("gzip", "zip"):
        return body
    try:
        inner = _gunzipped(body, most) if kind == "gzip" else _only_member(body, most, where)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise SourceError(
            "damaged", f"the file is {_CALLED[kind]}, and cannot be unpacked whole", where=where, do=_DO["nothing"]
        ) from None
    if inner is None or (len(inner) > _GRACE and len(inner) > _RATIO * len(body)):
        raise SourceError(
            "damaged", f"the packed file is larger than {most} bytes, or packed too tightly", where=where, do=_DO["zip"]
        )
    if kind_of(inner) in ("gzip", "zip"):
        raise SourceError("damaged", "the file is packed twice", where=where, do=_DO["gzip"])
    return inner


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


def _gunzipped(body: bytes, most: int) -> bytes | None:
    """None where more than ``most`` bytes come out."""
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
        inner = packed.read(most + 1)
        return inner if len(inner) <= most else None


def _only_member(body: bytes, most: int, where: str) -> bytes | None:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = [one for one in archive.infolist() if not one.is_dir() and not _by_the_way(one.filename)]
        if len(files) != 1:
            raise SourceError("damaged", f"the file is a ZIP with {len(files)} files", where=where, do=_DO["zip"])
        if files[0].file_size > most:
            return None
        with archive.open(files[0]) as member:
            inner = member.read(most + 1)
            return inner if len(inner) <= most else None


def _by_the_way(name: str) -> bool:
    """What macOS and Windows add to a ZIP of their own accord."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db", "desktop.ini")
