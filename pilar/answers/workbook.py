"""The workbook that asks one agency (OPD): what stands in it, before any file is made.

A row is a question. Its hidden cells say for whom and for which year it was asked, and the question's fingerprint: by
them the contract refuses a row that was copied from elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from definitions.instrument import Instrument
from definitions.questionnaire import AskedOf, asked_of
from definitions.words import said
from ledger.names import agency_name
from ledger.regions import Region

SHEET, OPTIONS = "Jawaban", "Pilihan"
HEADER_ROW = 8
STAGES: Mapping[str, str] = {"I": "1", "II": "2"}
# The columns in their order, as the header names them, and their width; a hidden one has none.
COLUMNS: Mapping[str, int] = {
    "No": 5, "Kode": 13, "Bagian": 16, "Pertanyaan": 44, "Jawaban tahun lalu": 14, "Nilai terhitung": 18,
    "Jawaban": 16, "Catatan": 34, "Pilihan dan artinya": 44, "Bukti yang diminta": 40,
    "Instrumen": 0, "Tahun": 0, "Tahap": 0, "Kode daerah": 0, "OPD": 0, "Sidik": 0,
}  # fmt: skip
FILLED = ("Jawaban", "Catatan")
"""The columns that the agency fills in; all others are locked."""

RISK = (
    "Perhatian: jangan menulis nama atau nomor identitas orang di kolom Catatan. Nama orang dalam tulisan bebas "
    "menjadi risiko dan tanggung jawab OPD sendiri."
)
_HOW = (
    "Isi kolom Jawaban dari daftar pilihan; artinya ada di sebelahnya dan di lembar Pilihan. Jangan memakai rumus, dan "
    "jangan menyalin baris dari berkas lain. Pertanyaan yang belum dijawab dibiarkan kosong dan diminta lagi."
)


@dataclass(frozen=True)
class Known:
    """What is known of a region's questions, by key: the agency's answer of the year before, and computed values."""

    answered: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workbook:
    """What is asked of whom. ``rows`` are under ``COLUMNS``; ``questions`` are theirs, in the same order."""

    file_name: str
    head: Sequence[str]
    questions: Sequence[AskedOf]
    rows: Sequence[Sequence[str]]


def workbook_of(instrument: Instrument, opd: str, region: Region, *, year: int, stage: str, known: Known) -> Workbook:
    """The workbook of one agency. Raises ConfigError where the instrument asks it nothing."""
    questions = asked_of(instrument, opd)
    to = (instrument.id, str(year), STAGES[stage], region.code, opd)
    rows = [
        (
            *(
                str(number),
                one.key,
                one.part,
                one.text,
                known.answered.get(one.key, ""),
                known.computed.get(one.key, ""),
            ),
            *("", "", _options(one), "\n".join(one.evidence)),
            *(*to, one.fingerprint),
        )
        for number, one in enumerate(questions, start=1)
    ]
    name = f"jawaban_{opd}_{instrument.id}_{region.code}_{year}_tahap{STAGES[stage]}.xlsx"
    head = (
        f"Lembar jawaban: {said(instrument.name, 'id')}",
        f"{agency_name(opd)}, {region.name}, tahun {year}, tahap {stage}",
        _HOW,
        RISK,
        f"Kirim kembali dengan nama berkas ini, tanpa diubah: {name}",
    )
    return Workbook(name, head, questions, rows)


def _options(one: AskedOf) -> str:
    if one.choices:
        return "\n".join(f"{choice.text}: {choice.means}" for choice in one.choices)
    return f"angka dari {one.low} sampai {one.high}" if one.low else "teks"
