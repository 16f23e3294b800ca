"""Words, numbers and dates in Indonesian and English. Both stand in the page; the reader chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

WIB = timezone(timedelta(hours=7))
MONTHS_ID = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
SCALES = (
    (Decimal(10) ** 12, "triliun", "trillion"),
    (Decimal(10) ** 9, "miliar", "billion"),
    (Decimal(10) ** 6, "juta", "million"),
)
NO_VALUE = "—"
_INDONESIAN = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Text:
    """One thing said in both languages."""

    id: str
    en: str

    @property
    def same(self) -> bool:
        """Whether the languages do not differ here."""
        return self.id == self.en


NO_INDEX = {
    "no_list": Text(
        "tidak dapat dihitung: daftar nilai asesor untuk tahun ini belum ada",
        "cannot be computed: there is no list of the assessors' values for this year yet",
    ),
    "not_listed": Text(
        "tidak dapat dihitung: daerah ini tidak tercantum dalam daftar nilai asesor",
        "cannot be computed: the list of the assessors' values does not name this region",
    ),
    "dimension_missing": Text(
        "tidak dapat dihitung: ada dimensi berbobot yang belum bernilai",
        "cannot be computed: a dimension that has a weight has no value",
    ),
}
# Who answered an instrument, in the order in which they are shown.
ROLES = {
    "final": Text("Nilai akhir", "Final value"),
    "interview": Text("Hasil wawancara", "Result of the interview"),
    "external": Text("Asesor eksternal", "External assessor"),
    "internal": Text("Verifikator internal", "Internal verifier"),
    "evidence": Text("Tangga bukti yang diterima", "Ladder of accepted evidence"),
    "opd": Text("Penilaian mandiri OPD", "The agency's own assessment"),
}
# Who has to answer a question that names no agency, by the way it is answered.
ANSWERED_BY = {
    "evidence": Text("dinilai asesor dari bukti dukung", "assessors, from evidence"),
    "survey": Text("survei kepada masyarakat", "a survey of citizens"),
    "external": Text("instansi lain", "another body"),
    "computed": Text("OPD pemilik data", "the agency that has the data"),
}
INDICATOR_COLUMNS = (
    Text("Indikator", "Indicator"),
    Text("Nilai", "Value"),
    Text("Periode", "Period"),
    Text("Keadaan", "State"),
    Text("Sumber", "Source"),
)
# What stands behind the agency where an indicator says who has its data.
SOURCE_DETAILS = {
    "matrix of the master plan": "matriks rencana induk",
    "health profile": "profil kesehatan",
    "population by BPS": "jumlah penduduk dari BPS",
    "number of villages by BPS": "jumlah desa dari BPS",
    "number of agencies": "jumlah perangkat daerah",
    "times sent to BPJS Antrean": "waktu layanan yang dikirim ke Antrean BPJS",
    "medical waste of health facilities": "limbah medis fasilitas kesehatan",
    "register of innovations": "daftar inovasi",
    "register of letters": "register surat",
    "register of stunted children": "register anak stunting",
    "inventory of applications": "inventaris aplikasi",
    "history of statuses in OSS": "riwayat status di OSS",
    "LKPM": "LKPM",
    "from BPK's report (LHP)": "dari LHP BPK",
    "from BPK's reports (LHP)": "dari LHP BPK",
    "from Kemendagri's decision": "dari penetapan Kemendagri",
    "from BPS's decision": "dari penetapan BPS",
    "from BSSN's report": "dari laporan BSSN",
    "from the Ministry of PANRB's decision": "dari penetapan Kementerian PANRB",
    "from the Ministry of PANRB's result": "dari hasil evaluasi Kementerian PANRB",
    "from the certificate": "dari sertifikat",
    "minutes": "risalah rapat",
    "regional profile": "profil daerah",
    "survey of satisfaction": "survei kepuasan masyarakat",
    "regulation on the visual identity": "peraturan tentang identitas visual",
}
UNITS_EN = {
    "proyek": "projects",
    "sekolah": "schools",
    "tahun": "years",
    "hari": "days",
    "menit": "minutes",
    "rapat": "meetings",
    "program": "programmes",
    "kegiatan": "activities",
    "kriteria": "criteria",
    "inovasi": "innovations",
    "quick win": "quick wins",
    "poin": "points",
    "kejadian": "events",
    "fasilitas": "facilities",
    "ribu orang": "thousand people",
    "murid/guru": "pupils/teacher",
    "ton/tahun": "tonnes/year",
    "kg/orang/hari": "kg/person/day",
    "ribu rupiah/orang/tahun": "thousand rupiah/person/year",
}
# Units that say of which range a number is, and those that are a yes or a no.
RANGES = ("indeks", "nilai", "skala")
YES_OR_NO = {
    "1 ya, 0 tidak": (Text("tidak", "no"), Text("ya", "yes")),
    "ada (1) atau tidak (0)": (Text("tidak ada", "none"), Text("ada", "there is one")),
}


def named(row: Mapping[str, object]) -> Text:
    """The name that a row carries in both languages."""
    return Text(str(row["name_id"]), str(row["name_en"]))


def number(value: Decimal | int | None, places: int | None = None) -> Text:
    """A number with ``places`` decimals (else those it has): 1.234,50 and 1,234.50. Half goes away from zero."""
    if value is None:
        return Text(NO_VALUE, NO_VALUE)
    exact = Decimal(value)
    if places is not None:
        exact = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    else:
        exact = exact.quantize(Decimal(1)) if exact == exact.to_integral_value() else exact.normalize()
    english = f"{exact:,f}".replace("-", "−")
    return Text(english.translate(_INDONESIAN), english)


HIDDEN = Text("disamarkan", "suppressed")


def row_count(count: int | None) -> Text:
    """A number of rows; None where it would tell a hidden count of people."""
    return number(count) if count is not None else HIDDEN


def row_sum(received: int | None, landed: int | None, quarantined: int) -> Text:
    """What became of the rows that came."""
    came, used, refused = row_count(received), row_count(landed), number(quarantined)
    if received is None or landed is None:
        return Text(f"{came.id}; {refused.id} ditolak", f"{came.en}; {refused.en} refused")
    return Text(
        f"{came.id} diterima = {used.id} dipakai + {refused.id} ditolak",
        f"{came.en} received = {used.en} used + {refused.en} refused",
    )


def amount(value: Decimal | None, unit: str, places: int | None) -> Text:
    """A value with its unit: 73,62 %; Rp1,22 triliun; 1.204 proyek."""
    if value is None:
        return Text(NO_VALUE, NO_VALUE)
    if unit == "rupiah":
        return _rupiah(value)
    text = number(value, places)
    if unit == "%":
        return Text(f"{text.id}%", f"{text.en}%")
    if unit in YES_OR_NO and value in (0, 1):
        return YES_OR_NO[unit][int(value)]
    return _of_a_unit(text, unit)


def _of_a_unit(text: Text, unit: str) -> Text:
    if unit.startswith("skala "):
        of = unit.removeprefix("skala ").replace("-", "–")
        return Text(f"{text.id} (skala {of})", f"{text.en} (scale {of})")
    if unit.startswith(RANGES):
        return text
    return Text(f"{text.id} {unit}", f"{text.en} {UNITS_EN.get(unit, unit)}")


def listed(items: Sequence[Text]) -> Text:
    """a, b dan c; a, b and c."""
    *before, last = items
    if not before:
        return last
    return Text(
        f"{', '.join(item.id for item in before)} dan {last.id}",
        f"{', '.join(item.en for item in before)} and {last.en}",
    )


def source(text: str) -> Text:
    """Who has the data of an indicator: Bappeda, matrix of the master plan; BPKAD through SIPD."""
    owners = (owner.partition(", ") for owner in text.split("; "))
    told = (f"{agency}{comma}{SOURCE_DETAILS.get(detail, detail)}" for agency, comma, detail in owners)
    return Text("; ".join(told).replace(" through ", " melalui "), text)


def period(value: str | None) -> Text:
    """2024, or 2024-08 as Agustus 2024."""
    if value is None:
        return Text(NO_VALUE, NO_VALUE)
    year, _, month = value.partition("-")
    if month.isdigit() and 1 <= int(month) <= 12:
        return Text(f"{MONTHS_ID[int(month) - 1]} {year}", f"{MONTHS_EN[int(month) - 1]} {year}")
    return Text(value, value)


def day(moment: datetime | None) -> Text:
    """15 Januari 2025, in western Indonesian time."""
    if moment is None:
        return Text(NO_VALUE, NO_VALUE)
    return date_text(moment.astimezone(WIB))


def date_text(local: date) -> Text:
    """A day as it stands: 15 Januari 2025."""
    return Text(
        f"{local.day} {MONTHS_ID[local.month - 1]} {local.year}",
        f"{local.day} {MONTHS_EN[local.month - 1]} {local.year}",
    )


def clock(moment: datetime) -> Text:
    """15 Januari 2025, 09.00 WIB."""
    local, at = moment.astimezone(WIB), day(moment)
    return Text(f"{at.id}, {local:%H.%M} WIB", f"{at.en}, {local:%H:%M} WIB ({moment.astimezone(UTC):%H:%M} UTC)")


def _rupiah(value: Decimal) -> Text:
    for scale, name_id, name_en in SCALES:
        if abs(value) >= scale:
            text = number(value / scale, 2)
            return Text(f"Rp{text.id} {name_id}", f"Rp{text.en} {name_en}")
    text = number(value)
    return Text(f"Rp{text.id}", f"Rp{text.en}")
