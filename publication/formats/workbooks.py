"""A workbook of each region, for people: what was measured, what each question scores, and what would raise it."""

import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from ledger.errors import PublicationError
from ledger.sql import literal
from publication.content import Content, Row
from publication.formats.base import Draft, Format
from publication.formats.package import NO_LICENCE
from publication.page.states import STATES
from publication.page.words import Text
from publication.paths import safe
from publication.tables import Table
from publication.xlsx import Sheet, write_workbook

FOLDER = "xlsx"
INDICATORS: Mapping[str, tuple[str, int]] = {
    "pillar_name_id": ("Pilar / Pillar", 22),
    "indicator_name_id": ("Indikator", 44),
    "indicator_name_en": ("Indicator", 44),
    "period": ("Periode / Period", 10),
    "value": ("Nilai / Value", 16),
    "unit": ("Satuan / Unit", 14),
    "state_name_id": ("Keadaan", 16),
    "state_name_en": ("State", 16),
    "numerator": ("Pembilang / Numerator", 18),
    "denominator": ("Penyebut / Denominator", 18),
    "published_value": ("Angka terbitan / As published", 16),
    "published_by": ("Penerbit / Publisher", 24),
    "synthetic": ("Simulasi / Simulated", 12),
    "definition_id": ("Definisi", 60),
    "definition_en": ("Definition", 60),
    "source_text": ("Sumber / Source", 30),
    "held_since": ("Ditahan sejak / Held since (UTC)", 18),
    "indicator_id": ("Kode indikator / Indicator code", 30),
    "region_code": ("Kode daerah / Region code", 12),
    "region_id": ("region_id", 20),
}
QUESTIONS: Mapping[str, tuple[str, int]] = {
    "printed_code": ("Kode / Code", 10),
    "question_text": ("Pertanyaan / Question", 44),
    "dimension": ("Dimensi / Dimension", 14),
    "pillar": ("Pilar / Pillar", 14),
    "score": ("Nilai sekarang / Score now", 12),
    "next_score": ("Nilai berikutnya / Next score", 12),
    "value": ("Angka sekarang / Value now", 16),
    "value_needed": ("Angka yang diperlukan / Value needed", 16),
    "unit": ("Satuan / Unit", 14),
    "count_more": ("Tambahan pembilang / More in the numerator", 16),
    "index_before": ("Indeks sekarang / Index now", 12),
    "index_after": ("Indeks bila naik / Index if raised", 12),
    "owner": ("Pengampu / Agency", 22),
    "synthetic": ("Simulasi / Simulated", 12),
}
SCORES: Mapping[str, tuple[str, int]] = {
    "what": ("Bagian / Part", 30),
    "rule_set_id": ("Aturan penilaian / Rule set", 18),
    "basis": ("Dasar / Basis", 12),
    "value": ("Nilai / Score", 12),
    "state": ("Keadaan", 16),
    "synthetic": ("Simulasi / Simulated", 12),
}
_INDICATORS = """
SELECT o.*, i.dp FROM publication.pillars.all_indicators o
JOIN publication.reference.indicators i ON i.id = o.indicator_id
WHERE o.region_code = {region} ORDER BY o.pillar, o.indicator_id, o.period
"""
_QUESTIONS = """
SELECT g.*, q.question_text, coalesce(i.dp, 2) AS dp FROM publication.scores.gaps g
LEFT JOIN publication.reference.questions q ON q.instrument_id = g.instrument_id
  AND q.dimension || '/' || q.position = g.question
LEFT JOIN publication.reference.indicators i ON i.id = g.indicator_id
WHERE g.role = 'computed' AND g.region_code = {region} ORDER BY g.instrument_id, g.year, q.position, g.question
"""
_SCORES = """
SELECT 1 AS part, 'Indeks / Index' AS what, rule_set_id, basis, index_value AS value, state, synthetic
FROM publication.scores.index_scores WHERE region_code = {region}
UNION ALL SELECT 2, 'Dimensi / Dimension: ' || dimension, rule_set_id, basis, value, state, synthetic
FROM publication.scores.dimension_scores WHERE region_code = {region}
UNION ALL SELECT 3, 'Pilar / Pillar: ' || p.name_id, NULL, NULL, s.score, s.state, s.synthetic
FROM publication.scores.pillar_scores s JOIN publication.reference.pillars p ON p.id = s.pillar
WHERE s.region_code = {region}
ORDER BY ALL
"""


def _write(draft: Draft) -> None:
    for region in draft.content.regions:
        code = str(region["region_code"])

        def write(target: Path, region: Row = region) -> None:
            write_workbook(target, _sheets(draft.content, region))

        draft.write_file(f"{FOLDER}/{safe(code)}.xlsx", draft.content.digest(code), write)


def _sheets(content: Content, region: Row) -> Sequence[Sheet]:
    code = literal(str(region["region_code"]))
    scores, indicators, questions = (
        content.reading.rows(query.format(region=code)) for query in (_SCORES, _INDICATORS, _QUESTIONS)
    )
    return (
        _read_first(content, region),
        _sheet("Nilai", SCORES, [_told(row) for row in scores]),
        _sheet("Indikator", INDICATORS, indicators),
        _sheet("Pertanyaan", QUESTIONS, questions),
    )


def _told(row: Row) -> Row:
    return {**row, "state": STATES[row["state"]][1].id}


def _sheet(name: str, columns: Mapping[str, tuple[str, int]], rows: Sequence[Row]) -> Sheet:
    return Sheet(
        name,
        [header for header, _ in columns.values()],
        [[row[column] for column in columns] for row in rows],
        [width for _, width in columns.values()],
        [int(row.get("dp", 2)) for row in rows],
    )


def _read_first(content: Content, region: Row) -> Sheet:
    return Sheet("Baca dulu", ("", ""), list(_about(content, region)), (34, 100))


def _about(content: Content, region: Row) -> Iterator[Sequence[str]]:
    yield "Daerah / Region", f"{region['region_name']} ({region['region_code']})"
    yield "Lisensi / Licence", content.meta.data_licence or NO_LICENCE
    yield "Nilai / Scores", "Indeks, dimensi, dan pilar. / Index, dimensions and pillars."
    yield "Indikator / Indicators", "Setiap indikator dan periode. / Every indicator and period."
    yield "Pertanyaan / Questions", "Nilai sekarang dan yang menaikkannya. / The score now, and what would raise it."
    for _, text in STATES.values():
        yield "Keadaan / State", f"{text.id} / {text.en}"
    yield "Simulasi / Simulated", "ya: bersandar pada data simulasi. / yes: simulated records stand behind it."


def _check(folder: Path, rows: Mapping[Table, int], made: Collection[str]) -> None:
    files = sorted((folder / FOLDER).glob("*.xlsx"))
    expected = next(number for table, number in rows.items() if table.name == "regions")
    if len(files) != expected:
        raise PublicationError(f"there are {len(files)} workbooks for {expected} regions", where=FOLDER)
    for path in (folder / name for name in sorted(made) if name.startswith(f"{FOLDER}/")):
        if not zipfile.is_zipfile(path):
            raise PublicationError("the workbook is not whole", where=f"{FOLDER}/{path.name}")


FORMAT = Format(
    "xlsx",
    _write,
    _check,
    (
        (
            f"{FOLDER}/",
            Text("buku kerja setiap daerah, untuk lembar sebar", "a workbook of each region, for spreadsheets"),
        ),
    ),
)
