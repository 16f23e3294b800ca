"""A folder of evidence, inventoried: a record for each file and each question that it is evidence of.

Files stay where they are: nothing but what the inventory says of them travels, and their names do not. Where a file
belongs is said by its path (``diskominfo/pemdi-2026/2026/I8/3/sk.pdf``), or by an index (``bukti.csv``) in the folder.
"""

import csv
import hashlib
import io
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import Field

from connectors.http.urls import fill
from connectors.protocols.base import Page, ProtocolArgs, ProtocolBase
from connectors.protocols.files.evidence_file import EvidenceFile, read_evidence_file
from connectors.protocols.records import dump_records
from definitions.instruments import shipped_instruments
from ledger.errors import ConfigError, SourceError

log = structlog.get_logger()

INDEX = "bukti.csv"
COLUMNS = ("opd", "instrumen", "tahun", "kode", "tingkat", "tanggal", "berlaku_dari", "berlaku_sampai", "keadaan")
"""What an index may say of a file (``berkas``): its path gives the first five where it is silent."""

_FROM_PATH = ("instrumen", "tahun", "kode", "tingkat")
Record = Mapping[str, str | int | None]


class EvidenceArgs(ProtocolArgs):
    """Arguments of ``files.evidence``. ``folder`` lies below the connection's; ``{kode_daerah}`` is filled in."""

    folder: str = "."
    index: str = INDEX
    max_files: int = Field(default=20_000, ge=1, le=100_000)
    max_bytes: int = Field(default=512 * 2**20, ge=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the inventory: a file (None where an index names one that is not there) and what it is evidence of."""

    path: str
    file: EvidenceFile | None
    told: Mapping[str, str]

    @property
    def number(self) -> str:
        """What it is called where it lands: by what it holds; one that is not there by its name, which is not told."""
        named = self.file.sha256 if self.file is not None else hashlib.sha256(self.path.encode()).hexdigest()
        return named[:16] if self.file is not None else f"belum-{named[:10]}"

    @property
    def record(self) -> Record:
        """The line as a record: without the file's name, which may be a person's."""
        file, told = self.file, self.told
        return {
            "nomor_bukti": self.number,
            **{name: told.get(name) or None for name in COLUMNS},
            "keadaan": "missing" if file is None else told.get("keadaan") or "submitted",
            "sidik": file.sha256 if file is not None else None,
            "jenis": file.kind if file is not None else None,
            "ukuran": file.size if file is not None else None,
            "halaman": file.pages if file is not None else None,
            "tanda_tangan": file.signed if file is not None else None,
            "penanda_tangan": file.signed_by if file is not None else None,
        }


class EvidenceFolder(ProtocolBase[EvidenceArgs]):
    """The inventory of a folder of this machine (``file:///folder``), one page for each ``for_each`` entry."""

    name: ClassVar[str] = "files.evidence"
    Args: ClassVar[type[ProtocolArgs]] = EvidenceArgs

    def pages(self) -> Iterator[Page]:
        """One page an entry. Raises SourceError when the folder or a file cannot be read."""
        parts = urlsplit(self.connection.url)
        if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
            raise ConfigError("evidence lies in a folder of this machine", where="the connection's URL", do="file:///")
        for seq, context in enumerate(self.contexts):
            started = time.monotonic()
            folder = Path(unquote(parts.path)) / fill(self.args.folder, context)
            # The same file for the same question twice is one piece of evidence.
            rows = list({_told_once(one): one.record for one in inventory(folder, self.args)}.values())
            body = dump_records(rows)
            ms = round((time.monotonic() - started) * 1000)
            log.info("evidence_listed", folder=str(folder), files=len(rows), ms=ms)
            yield Page(seq, body, body, "$", context, f"LIST file://{folder}", 0, ms)

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """The inventory is kept as it is."""
        return body


def inventory(folder: Path, args: EvidenceArgs) -> Iterator[Listed]:
    """Every regular file below a folder, in the order of their paths, and what an index names and is not there.

    Links are not followed: whoever uploads could point them anywhere. Raises SourceError when something cannot be read.
    """
    index = _index(folder, args.index)
    paths = sorted(_files(folder, args))
    for path in paths:
        file = _read(folder / path, args.max_bytes)
        for told in index.get(path) or [{}]:
            yield Listed(path, file, {**_of_path(path), **{name: value for name, value in told.items() if value}})
    for path in sorted(set(index) - set(paths)):
        for told in index[path]:
            yield Listed(path, None, {**_of_path(path), **{name: value for name, value in told.items() if value}})


def _files(folder: Path, args: EvidenceArgs) -> Iterator[str]:
    if not folder.is_dir():
        raise SourceError("permanent", "there is no such folder", where=f"file://{folder}", do="Make it, or name it")
    count = 0
    for place, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place) / name
            if name.startswith(".") or path.is_symlink() or not path.is_file() or path == folder / args.index:
                continue
            count += 1
            if count > args.max_files:
                do = "Raise max_files, or part the folder by region or year"
                raise SourceError("permanent", f"more than {args.max_files} files", where=f"file://{folder}", do=do)
            yield path.relative_to(folder).as_posix()


def _unreadable(error: OSError) -> None:
    raise SourceError("auth", f"a folder cannot be listed ({error.strerror})", where="evidence") from None


def _read(path: Path, limit: int) -> EvidenceFile:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            body = file.read(limit + 1)
    except OSError as error:
        raise SourceError("retryable", f"a file cannot be read ({error.strerror})", where="evidence") from None
    if len(body) > limit:
        raise SourceError("permanent", f"a file has more than {limit} bytes", where="evidence", do="Raise max_bytes")
    return read_evidence_file(body)


def _index(folder: Path, name: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """What an index says, by path; commas or semicolons. Raises SourceError for one that cannot be read."""
    path = folder / name
    if not path.is_file() or path.is_symlink():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise SourceError("damaged", "the index cannot be read", where=name, do="Save it as CSV in UTF-8") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    wrong = {*(reader.fieldnames or ())} - {"berkas", *COLUMNS}
    if wrong or "berkas" not in (reader.fieldnames or ()):
        do = f"Its first line is: berkas,{','.join(COLUMNS)}"
        raise SourceError("damaged", "the index has other columns than those that are known", where=name, do=do)
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in reader:
        if None in row or None in row.values():
            do = "Put texts with commas between quotes"
            raise SourceError("damaged", f"line {reader.line_num} has other fields than the first", where=name, do=do)
        found.setdefault(row["berkas"].strip(), []).append(
            {column: (row.get(column) or "").strip() for column in COLUMNS}
        )
    return found


def _of_path(path: str) -> Mapping[str, str]:
    """What a path says: the folder before the instrument's is the agency, those behind it year, question and level."""
    parts = path.split("/")[:-1]
    at = next((place for place, part in enumerate(parts) if part in shipped_instruments()), None)
    if at is None:
        return {}
    opd = {"opd": parts[at - 1]} if at else {}
    return {**opd, **dict(zip(_FROM_PATH, parts[at:], strict=False))}


def _told_once(one: Listed) -> tuple[str, ...]:
    return (one.number, *(one.told.get(name, "") for name in COLUMNS[:4]))
