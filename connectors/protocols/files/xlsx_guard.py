"""A workbook is a ZIP that a stranger made: what it would unpack to is known before anything parses it.

Parts may unpack to 200 times their size beyond 100 KiB (Apache POI: 100).
Sizes in the ZIP's directory may lie, so every entry is unpacked once and its checksum compared.
"""

import io
import re
import zipfile
import zlib

from ledger.errors import SourceError

_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
_NO_PROGRAM = "a sheet holds comments, CDATA or a DOCTYPE, as no spreadsheet program writes them"
_GRACE = 100 * 1024
_RATIO = 200
_MAX_ENTRIES = 5000
_MAX_CELLS = 10_000_000
# Any attribute r, wherever it stands: looking for too many places is safe, for too few is not.
_PLACE = re.compile(rb"[\s\"']r\s*=\s*[\"']([A-Za-z]{0,3})([0-9]{1,10})[\"']")
# The same in the tags of cells and rows alone, told from a text that only looks like one.
_ADDRESSED = re.compile(
    rb"<(?:\w+:)?(?:c|row)\b(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*?\sr\s*=\s*[\"']([A-Za-z]{0,3})([0-9]{1,10})[\"']"
)
_DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_SHEET_MARK = b"sheetData"
# Parts of other spreadsheet formats, in which the reader would look when the sheets of this one are unreadable.
_FOREIGN = {"xl/workbook.bin", "content.xml"}
# Error cells (#N/A, #DIV/0!): the parser would hand them over as empty ones.
# "<" cannot stand in an attribute, so that the search never runs past a tag.
_ERROR_CELL = re.compile(rb"(<(?:\w+:)?c\b(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*?\st\s*=\s*)([\"'])e\2")
# What XML knows and no spreadsheet program writes into cells: the reader passes over CDATA and stops at a comment.
_DECLARING = (b"<!DOCTYPE", b"<!ENTITY")
_STRANGE = (b"<!--", b"<![CDATA[", *_DECLARING)
# A formula whose result was never computed, as libraries write them: the parser would hand over an empty cell. A text
# formula (t="str") may honestly have the empty text as its result.
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v\s*>\s*</(?:\w+:)?v\s*>)?\s*</(?:\w+:)?c\s*>"
)


def safe_workbook(body: bytes, max_unpacked: int, where: str, *, uncomputed: bool = False) -> bytes:
    """The workbook, proved harmless, with its error cells turned into text so that none passes for an empty cell.

    ``uncomputed``: formulas without their results may stand in it, for whoever refuses each cell with a formula.
    Raises SourceError (damaged) for anything that is not a whole workbook within bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = _check_directory(archive, max_unpacked, where)
            if "xl/workbook.xml" not in names or names & _FOREIGN:
                raise _damaged("the file is a ZIP, but no XLSX workbook", where)
            sheets = _read_through(archive, where, uncomputed=uncomputed)
            if not any(_has_errors(content) for content in sheets.values()):
                return body
            return _with_error_texts(archive, sheets)
    except _UNREADABLE:
        raise _damaged("the workbook cannot be opened; it may be cut, encrypted or no XLSX", where) from None


def safe_parts(body: bytes, max_unpacked: int, where: str) -> dict[str, bytes]:
    """The unpacked parts of a workbook of another format, proved to be within bounds and without entities.

    Raises SourceError (damaged) for anything that is not a whole ZIP within bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _check_directory(archive, max_unpacked, where)
            parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except _UNREADABLE:
        raise _damaged("the workbook cannot be opened; it may be cut or encrypted", where) from None
    for name, content in parts.items():
        if name.endswith(".xml"):
            _check_encoding(content, where)
            if any(sign in content for sign in _DECLARING):
                raise _damaged(_NO_PROGRAM, where)
    return parts


def _check_directory(archive: zipfile.ZipFile, max_unpacked: int, where: str) -> set[str]:
    """The names of all parts."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > _MAX_ENTRIES or len(names) != len(entries):
        raise _damaged(f"the workbook has {len(entries)} parts, or several of one name", where)
    total = sum(entry.file_size for entry in entries)
    if total > max_unpacked:
        raise _damaged(f"the workbook would unpack to {total} bytes, {max_unpacked} are the most", where)
    for entry in entries:
        if entry.file_size > _GRACE and entry.file_size > _RATIO * max(1, entry.compress_size):
            raise _damaged("a part of the workbook is packed more tightly than any honest one", where)
    return names


def _read_through(archive: zipfile.ZipFile, where: str, *, uncomputed: bool) -> dict[str, bytes]:
    """Unpack every entry once, which proves sizes and checksums; the sheets are kept and their extent is checked."""
    sheets: dict[str, bytes] = {}
    for entry in archive.infolist():
        content = archive.read(entry)  # never more than the announced size; then the checksum fails
        if len(content) != entry.file_size:
            raise zipfile.BadZipFile
        _check_encoding(content, where)
        if (_SHEET_MARK in content or entry.filename.endswith("sharedStrings.xml")) and _strange(content):
            raise _damaged(_NO_PROGRAM, where)
        if any(sign in content for sign in _DECLARING) and entry.filename.endswith((".xml", ".rels")):
            raise _damaged(_NO_PROGRAM, where)
        if _SHEET_MARK in content:  # a workbook may keep its sheets under any name
            _check_extent(content, where)
            if not uncomputed:
                _check_cells(content, where)
            sheets[entry.filename] = content
    return sheets


def _check_extent(sheet: bytes, where: str) -> None:
    """A cell far away would make a parser allocate everything up to it; of two of one address one would be lost."""
    places = _PLACE.findall(sheet)
    rows = max((int(digits) for digits in {digits for _, digits in places}), default=0)
    columns = max((_column(letters) for letters in {letters for letters, _ in places}), default=0)
    if rows * max(1, columns) > _MAX_CELLS:
        raise _damaged(f"a sheet claims {rows} rows and {columns} columns", where)
    known = {(letters.upper(), int(digits)) for letters, digits in places}
    if len(known) < len(places) and (twice := _twice(sheet)) is not None:
        raise _damaged(f"a sheet holds {twice} twice, and a reader would keep one of them", where)


def _twice(sheet: bytes) -> str | None:
    """The first cell (B2) or row that is there twice, None without one."""
    data = sheet.partition(_SHEET_MARK)[2].rpartition(_SHEET_MARK)[0]  # watched cells and scenarios name places too
    seen: set[tuple[bytes, int]] = set()
    for letters, digits in _ADDRESSED.findall(data):
        place = letters.upper(), int(digits)
        if place in seen:
            return f"{'cell ' if letters else 'row '}{place[0].decode()}{place[1]}"
        seen.add(place)
    return None


def _check_cells(sheet: bytes, where: str) -> None:
    if b"<f" not in sheet and b":f" not in sheet:
        return
    bare = [found for found in _UNCOMPUTED.findall(sheet) if b'"str"' not in found and b"'str'" not in found]
    if bare:
        raise _damaged(f"{len(bare)} formulas of the workbook were saved without their results", where)


def _strange(part: bytes) -> bool:
    return any(sign in part for sign in _STRANGE)


def _check_encoding(part: bytes, where: str) -> None:
    """Bytes are searched, so they must be the letters they seem to be."""
    declared = _DECLARED.match(part)
    foreign = declared is not None and declared.group(1).lower() not in {b"utf-8", b"us-ascii"}
    if foreign or part.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
        raise _damaged("a part of the workbook is not encoded in UTF-8", where)


def _has_errors(sheet: bytes) -> bool:
    return (b'"e"' in sheet or b"'e'" in sheet) and _ERROR_CELL.search(sheet) is not None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _with_error_texts(archive: zipfile.ZipFile, sheets: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as copy:
        for entry in archive.infolist():
            content = sheets.get(entry.filename)
            changed = archive.read(entry) if content is None else _ERROR_CELL.sub(rb"\1\2str\2", content)
            copy.writestr(entry.filename, changed)
    return packed.getvalue()


def _damaged(what: str, where: str) -> SourceError:
    return SourceError("damaged", what, where=where, do="Ask the agency to save and send the workbook again")
