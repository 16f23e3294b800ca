"""What of a workbook that came back was refused, cell by cell and in the agency's language."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.landing.answers import CHANGED, OPTION, QUESTION
from connectors.source.source import Source
from ledger.names import agency_name
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.answers.workbook import COLUMNS, SHEET
from pilar.sources.catalogue import readable_sources
from pilar.sources.quarantine import refused, rows

_MOST = 10_000
_ROW = "baris"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused cell. ``cell`` is its address in the sheet, ``why`` what an agency does about it, in Indonesian."""

    source_id: str
    batch_id: str
    file: str
    sheet: str
    cell: str
    question: str
    rule: str
    value: str | None
    why: str


def refusals(ledger: Ledger, settings: Settings, opd: str) -> tuple[Refusal, ...]:
    """Every cell of the agency's workbooks that waits in quarantine, by file and row."""
    return tuple(
        one
        for source in readable_sources(settings.sources_dir).values()
        if source.contract.answers is not None and source.opd == opd
        for batch in sorted({one.batch.batch_id for one in refused(ledger, settings, source=source.id)})
        for one in _of_batch(source, batch, ledger, settings)
    )


def _of_batch(source: Source, batch_id: str, ledger: Ledger, settings: Settings) -> Iterator[Refusal]:
    names = {page.seq: page.request.rpartition("/")[2] for page in ledger.pages(batch_id)}
    for row in rows(ledger, settings, batch_id, None, _MOST):
        if row.dismissed:
            continue
        record: Mapping[str, str | None] = json.loads(row.record)
        for reason in _telling(row.reasons):
            yield Refusal(
                source_id=source.id,
                batch_id=batch_id,
                file=names.get(row.page, ""),
                sheet=SHEET,
                cell=_address(source, str(reason["field"]), record.get(_ROW) or "?"),
                question=record.get("kode") or "?",
                rule=str(reason["rule"]),
                value=reason["value"],
                why=_why(reason),
            )


def _telling(reasons: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """The reasons that an agency needs: of a row that is none of this workbook's nothing else matters."""
    strange = [one for name in _STRANGE for one in reasons if (one["rule"], one["field"]) == ("context", name)]
    changed = [one for one in reasons if one["rule"] in (QUESTION, CHANGED)]
    return strange[:1] or changed[:1] or reasons


def _address(source: Source, field: str, row: str) -> str:
    """The cell of a column in a row. What stands in a hidden column is told where the question stands."""
    column = source.contract.columns.get(field)
    header = (column.from_ if column is not None else None) or ""
    seen = header if COLUMNS.get(header) else "Kode"
    return f"{chr(ord('A') + list(COLUMNS).index(seen))}{row}"


def _why(reason: Mapping[str, str]) -> str:
    rule, field, value = reason["rule"], reason["field"], reason["value"] or ""
    if rule == "context" and field in _STRANGE:
        return _STRANGE[field](value) if value else _NO_SHEET
    if rule == OPTION:
        scale = _SCALE.fullmatch(reason["expected"])
        told = f"isi angka dari {scale[1]} sampai {scale[2]}" if scale else reason["expected"].replace(*_ONE_OF, 1)
        return f"{value!r} bukan pilihan pertanyaan ini; {told}"
    return _WHY.get((rule, field)) or _WHY.get((rule, "")) or f"ditolak oleh aturan {rule}"


_SCALE = re.compile(r"a number from (\S+) to (\S+)")
_ONE_OF = ("one of:", "pilih salah satu:")
_STRANGE: Mapping[str, Callable[[str], str]] = {
    "opd": lambda value: f"baris ini dari lembar {agency_name(value)}; isi lembar OPD sendiri",
    "tahun": lambda value: f"baris ini dari lembar tahun {value}; isi lembar tahun ini",
    "tahap": lambda value: f"baris ini dari lembar tahap {value}; isi lembar tahap ini",
    "kode_daerah": lambda value: f"baris ini dari lembar daerah {value}; isi lembar daerah sendiri",
    "instrumen": lambda value: f"baris ini dari lembar {value}; isi lembar instrumen ini",
}
_NO_SHEET = "baris ini bukan baris lembar yang dikirim; isi baris yang sudah ada, tanpa menambah baris"
_NEW_SHEET = "mintalah lembar yang baru kepada Diskominfo"
_WHY: Mapping[tuple[str, str], str] = {
    ("required", "jawaban"): "belum dijawab",
    ("cell", ""): "berisi rumus, tanggal atau angka berformat; ketik jawabannya sebagai teks",
    ("min", "dikirim"): "dikirim sebelum masa pengisian dibuka",
    ("max", "dikirim"): "dikirim setelah masa pengisian ditutup",
    (QUESTION, ""): "pertanyaan ini tidak ditujukan kepada OPD ini",
    (CHANGED, ""): f"pertanyaan ini berubah sejak lembar dibuat; {_NEW_SHEET}",
    ("duplicate_key", ""): "pertanyaan ini ada di dua baris; hapus salah satunya",
    ("personal_undeclared", ""): "berisi nomor yang mirip NIK; hapus nomor itu",
}
