"""Files that are no plain ones: packed ones are unpacked, and those of a kind that is not read are refused by it."""

import gzip
import io
import zipfile
import zlib

from connectors.http.first_bytes import Kind, called, kind_of
from ledger.errors import SourceError

_GRACE, _RATIO = 1024 * 1024, 500  # CSV of like rows packs far better than the parts of a workbook

_DO: dict[Kind, str] = {
    "xlsx": "Say `protocol: files.xlsx` in the source file, or ask the agency for CSV",
    "html": "Say `protocol: files.xlsx`, which reads an HTML table too, or ask the agency for CSV",
    "xml 2003": "Ask the agency to open the file and save it as an Excel workbook (.xlsx)",
    "xml": "Ask the agency for XLSX or CSV",
    "gzip": "Ask the agency for the file itself, or packed once",
    "zip": "Ask the agency for the file itself, or for a ZIP with that file alone",
    "pdf": "Ask the agency for the table behind it, as XLSX or CSV",
    "rar": "Ask the agency for the file itself, or for a ZIP with that file alone",
    "bzip2": "Ask the agency for the file itself, or for a ZIP with that file alone",
    "parquet": "Ask the agency for XLSX or CSV",
    "image": "Ask the agency for the table behind it, as XLSX or CSV",
    "text": "Say `protocol: files.csv` with its delimiter, or ask the agency to save a workbook",
    "nothing": "Ask the agency to send the file again",
    "unknown": "Ask the agency which program made the file, and for XLSX or CSV",
}
_DO |= dict.fromkeys(("xlsb", "xls", "ods"), _DO["xlsx"])


def other_kind(kind: Kind, where: str, *, packed: bool = False) -> SourceError:
    """The refusal of a file that is of another kind than is read here: what it is, and what to do about it."""
    what = "the packed file is no XLSX workbook; it" if packed else "the file"
    return SourceError("damaged", f"{what} is {called(kind)}", where=where, do=_DO[kind])


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
            "damaged", f"the file is {called(kind)}, and cannot be unpacked whole", where=where, do=_DO["nothing"]
        ) from None
    if inner is None or (len(inner) > _GRACE and len(inner) > _RATIO * len(body)):
        raise SourceError(
            "damaged", f"the packed file is larger than {most} bytes, or packed too tightly", where=where, do=_DO["zip"]
        )
    if kind_of(inner) in ("gzip", "zip"):
        raise SourceError("damaged", "the file is packed twice", where=where, do=_DO["gzip"])
    return inner


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
