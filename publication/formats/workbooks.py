"""A workbook of each region, for people: what was measured, what each question scores, and what would raise it."""

import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from ledger.errors import PublicationError
from publication.content import Content, Row
from publication.formats.base import Draft, Format
from publication.formats.package import NO_LICENCE
from publication.page.states import STATES
from publication.page.words import Text
from publication.paths import safe
from publication.tables import STATES as NAMED_STATES
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


def _write(draft: Draft) -> None:
    for region in draft.content.regions:
        code = str(region["region_code"])

        def write(target: Path, region: Row = region) -> None:
            write_workbook(target, _sheets(draft.content, region))

        draft.write_file(f"{FOLDER}/{safe(code)}.xlsx", draft.content.digest(code), write, code)


def _sheets(content: Content, region: Row) -> Sequence[Sheet]:
    code = str(region["region_code"])
    return (
        _read_first(content, region),
        _sheet("Nilai", SCORES, _scores(content, code)),
        _sheet("Indikator", INDICATORS, list(_indicators(content, code))),
        _sheet("Pertanyaan", QUESTIONS, _questions(content, code)),
    )


def _scores(content: Content, code: str) -> list[Row]:
    """Index, dimensions and pillars, in this order."""
    names = {row["id"]: row["name_id"] for row in content.pillars}
    none: Row = {"rule_set_id": None, "basis": None}
    indices, dimensions, pillars = (
        content.of_region(rows, code)
        for rows in (content.index_scores, content.dimension_scores, content.pillar_scores)
    )
    parts = (
        [{**row, "what": "Indeks / Index", "value": row["index_value"]} for row in indices],
        [{**row, "what": f"Dimensi / Dimension: {row['dimension']}"} for row in dimensions],
        [
            {**none, **row, "what": f"Pilar / Pillar: {names[row['pillar']]}", "value": row["score"]}
            for row in pillars
            if row["pillar"] in names
        ],
    )
    return [
        {**row, "state": STATES[row["state"]][1].id}
        for part in parts
        for row in sorted(part, key=lambda row: (row["what"], row["rule_set_id"] or "", row["basis"] or ""))
    ]


def _indicators(content: Content, code: str) -> Iterator[Row]:
    """Every indicator and period, with the names that the wide view gives them."""
    names = {row["id"]: row["name_id"] for row in content.pillars}
    states = {state: (indonesian, english) for state, indonesian, english in NAMED_STATES}
    for pillar in sorted(content.marts):
        rows = content.of_region(content.marts[pillar], code)
        for row in sorted(rows, key=lambda row: (row["indicator_id"], row["period"])):
            told = content.indicators[row["indicator_id"]]
            indonesian, english = states[row["state"]]
            yield {
                **row,
                "pillar_name_id": names[pillar],
                "indicator_name_id": told["name_id"],
                "indicator_name_en": told["name_en"],
                "state_name_id": indonesian,
                "state_name_en": english,
                "definition_id": told["definition_id"],
                "definition_en": told["definition"],
                "source_text": told["source_text"],
                "dp": told["dp"],
            }


def _questions(content: Content, code: str) -> list[Row]:
    """Every question that is computed, in the order of its instrument."""
    asked = {(row["instrument_id"], f"{row['dimension']}/{row['position']}"): row for row in content.questions.values()}
    nothing: Row = {"question_text": None, "position": None}
    rows = []
    for gap in content.of_region(content.gaps, code):
        if gap["role"] != "computed":
            continue
        question = asked.get((gap["instrument_id"], gap["question"]), nothing)
        places = content.indicators.get(gap["indicator_id"], {"dp": 2})["dp"]
        text, position = question["question_text"], question["position"]
        rows.append({**gap, "question_text": text, "position": position, "dp": places})
    return sorted(rows, key=_place)


def _place(row: Row) -> tuple[object, ...]:
    last = row["position"] is None
    return row["instrument_id"], row["year"], last, 0 if last else row["position"], row["question"]


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
