"""Workbooks with questions that agencies filled in and sent back: all synthetic."""

from simulator.regions import KOTIM, KUKAR, Region
from simulator.xlsx import Cell

YEAR = 2023
STAGE = "1"
INSTRUMENT = "smart-city-2023"
OPD = "dinas_kesehatan"
SHEET = "Jawaban"
RETURNED = (KUKAR, KOTIM)
"""Who has sent it back; the third regency is late."""

_HEAD = 7
COLUMNS = (
    "No", "Kode", "Bagian", "Pertanyaan", "Jawaban tahun lalu", "Nilai terhitung", "Jawaban", "Catatan",
    "Pilihan dan artinya", "Bukti yang diminta", "Instrumen", "Tahun", "Tahap", "Kode daerah", "OPD", "Sidik",
)  # fmt: skip
# Question, the fingerprint that its workbook was sent with, and the answer of each regency. One wrote its own share in
# place of an option.
QUESTIONS = (
    ("outcome/15", "610e52a4e54a", ("> 75", "50-75")),
    ("outcome/16", "d721b840ddb2", ("75-95", "82 %")),
    ("outcome/17", "1d2d217918f9", ("75-100", "75-100")),
)


def sheet(region: Region) -> list[list[Cell]]:
    """The whole sheet: lines above, header, and a row a question."""
    rows: list[list[Cell]] = [[""] for _ in range(_HEAD)]
    rows[0] = [f"Lembar jawaban {INSTRUMENT}, {region.name}"]
    to = (INSTRUMENT, str(YEAR), STAGE, region.kemendagri, OPD)
    asked: list[list[Cell]] = [
        [str(number), code, "Outcome", "", "", "", answers[RETURNED.index(region)], "", "", "", *to, fingerprint]
        for number, (code, fingerprint, answers) in enumerate(QUESTIONS, start=1)
    ]
    return [*rows, [*COLUMNS], *asked]


def file_name(region: Region) -> str:
    """The name that the workbook was sent with."""
    return f"jawaban_{OPD}_{INSTRUMENT}_{region.kemendagri}_{YEAR}_tahap{STAGE}.xlsx"
