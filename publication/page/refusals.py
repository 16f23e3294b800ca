"""Why rows are refused, and what an agency does about it, in both languages."""

from publication.page.words import Text

_RULES = {
    "required": Text("kolom wajib kosong", "a required column is empty"),
    "type": Text("nilai tidak sesuai jenis data", "not a value of the column's type"),
    "kind": Text("nomor tidak sesuai bentuknya", "a number that has not the right form"),
    "scale": Text("terlalu banyak angka di belakang koma", "too many decimals"),
    "ambiguous": Text("angka dapat dibaca dengan dua cara", "a number that can be read in two ways"),
    "values": Text("nilai di luar daftar pilihan", "not one of the values of the list"),
    "pattern": Text("bentuk tulisan tidak sesuai", "not written in the agreed form"),
    "min": Text("nilai terlalu kecil", "a value that is too small"),
    "max": Text("nilai terlalu besar", "a value that is too large"),
    "range": Text("nilai di luar batas", "a value out of bounds"),
    "duplicate_key": Text("baris ganda", "a row that came twice"),
    "rule": Text("kolom-kolomnya tidak saling cocok", "columns that do not fit each other"),
    "ratio": Text("persentase tidak sesuai bagiannya", "a rate that does not follow from its parts"),
    "personal_undeclared": Text("ada nomor pribadi di kolom yang salah", "a person's number in the wrong column"),
    "encoding": Text("tulisan rusak", "broken text"),
    "cell": Text("isi sel tidak sesuai", "a cell of the wrong kind"),
    "context": Text("baris tentang tahun atau daerah lain", "a row of another year or region"),
    "unreadable": Text("baris tidak terbaca", "a row that cannot be read"),
    "empty_record": Text("baris kosong", "a row without anything"),
    "cursor_future": Text("waktu perubahan di masa depan", "changed at a time to come"),
    "option": Text("jawaban tidak ada pada pilihan", "an answer that is no option"),
    "question": Text("pertanyaan bukan untuk OPD ini", "a question that the agency is not asked"),
    "question_changed": Text("pertanyaan sudah berubah", "the question has changed"),
}
_TO_DO = {
    "required": Text("Isi kolom itu di sistem asal, lalu kirim ulang.", "Fill the column in, and send again."),
    "duplicate_key": Text("Hapus baris ganda, lalu kirim ulang.", "Take the second row away, and send again."),
    "values": Text(
        "Pakai salah satu nilai yang diharapkan. Bila ada kode baru, beri tahu walidata.",
        "Use one of the expected values. Where there is a new code, tell the walidata.",
    ),
    "personal_undeclared": Text(
        "Hapus nomor pribadi dari kolom itu, lalu kirim ulang.", "Take the person's number out, and send again."
    ),
    "context": Text(
        "Kirim data tahun atau daerah yang diminta saja.", "Send data of the year or region that was asked for alone."
    ),
    "cursor_future": Text("Periksa jam sistem asal.", "Look at the clock of the system."),
    "question_changed": Text("Pakai lembar jawaban terbaru.", "Use the newest workbook."),
    "question": Text("Pakai lembar jawaban untuk OPD ini.", "Use the workbook of this agency."),
}
_MEND = Text("Perbaiki nilai itu di sistem asal, lalu kirim ulang.", "Mend the value in the system, and send again.")


def rule_text(rule: str) -> Text:
    """A rule in words; its own name where it has none."""
    return _RULES.get(rule, Text(rule, rule))


def to_do(rule: str) -> Text:
    """What an agency does about rows that broke a rule."""
    return _TO_DO.get(rule, _MEND)
