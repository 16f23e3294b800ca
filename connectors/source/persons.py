"""Recognising what identifies a person: by the name of a field, and by the shape of its values.

Shapes: NIK and KK 16 digits, BPJS 13 digits, NPWP 15 or 16 digits in its punctuation, Indonesian telephone numbers,
e-mail addresses, and texts that look like the names of people.
"""

import re
from collections.abc import Sequence

from connectors.source.blanks import strip

# Names under which agencies' systems keep what identifies a person.
_NAMED = re.compile(
    r"(^|_)(nik|no_?kk|nomor_kk|kk|ktp|no_?ktp|nama|nisn|nip|nuptk|npwp|paspor|telepon|telp|hp|no_?hp|ponsel|email|"
    r"alamat|tempat_lahir|tanggal_lahir|tgl_lahir|no_?kartu|no_?rm|rekam_medis|rekening_bank|ibu_kandung)(_|$)"
)
_SHAPES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("a NIK or KK number (16 digits)", re.compile(r"\d{16}|\d{4}([ -]\d{4}){3}|\d{2}\.\d{2}\.\d{2}\.\d{6}\.\d{4}")),
    ("an NPWP number", re.compile(r"\d{2}\.?\d{3}\.?\d{3}\.?\d-?\d{3}\.?\d{3}")),
    ("a BPJS number (13 digits)", re.compile(r"000\d{10}|\d{13}")),
    ("a telephone number", re.compile(r"(\+?62|0)[ -]?8\d([ -]?\d){7,10}")),
    ("an e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")),
)
_PERSON = re.compile(
    r"([A-Z][a-z'.]+|[A-Z]\.?)( ([A-Z][a-z'.]+|[A-Z]\.?|bin|binti)){1,4}|[A-Z'.]{2,}( [A-Z'.]{2,}){1,4}"
)
_NO_PERSON = re.compile(
    r"(?i)\b(kab|kabupaten|kota|kec|kecamatan|desa|kelurahan|dinas|badan|kantor|provinsi|jalan|jl|sd|smp|sma|smk|"
    r"puskesmas|rumah|sakit|pasar|terminal|program|kegiatan|belanja|pajak|retribusi)\b"
)
_ROLES = re.compile(
    r"(^|_)(petugas|operator|kepala|penanggung_jawab|pemilik|pelapor|pemohon|ibu|ayah|wali|pasien|siswa|guru|pegawai|"
    r"kontak|nasabah|warga|penduduk|saksi|dokter|peserta_didik|anak|balita|rumah_tangga|keluarga|subject|subjek|patient|"
    r"nipd|nis|agama|suku|pekerjaan|penyakit|diagnosis|disabilitas)(_|$)"
)
_MOST = 0.6
_DISTINCT = 0.7
_ENOUGH = 5


def named_like_a_person(words: Sequence[str]) -> bool:
    """Whether one of a field's names is one under which something that identifies a person is kept."""
    return any(_NAMED.search(plain(word)) for word in words)


def maybe_a_person(words: Sequence[str]) -> bool:
    """Whether one of a field's names is somebody's role, or what is nobody's business: it may hold a name, or count."""
    return any(_ROLES.search(plain(word)) for word in words)


def shaped_like_a_person(values: Sequence[str]) -> str | None:
    """What most values look like, if that identifies a person."""
    for what, shape in _SHAPES:
        if _share(values, shape) >= _MOST:
            return what
    if len(values) >= _ENOUGH and len(set(values)) >= _DISTINCT * len(values):
        people = [value for value in values if _PERSON.fullmatch(value) and not _NO_PERSON.search(value)]
        if len(people) >= _MOST * len(values):
            return "the name of a person"
    return None


def plain(word: str) -> str:
    """A field's name in lower case, its parts joined by underscores: ``No KK`` and ``noKk`` become ``no_kk``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _share(values: Sequence[str], shape: re.Pattern[str]) -> float:
    return sum(1 for value in values if shape.fullmatch(strip(value))) / len(values) if values else 0.0
