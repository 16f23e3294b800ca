"""What identifies a person: the kinds of identifiers, and recognising them by the name of a field or its values.

Shapes: NIK and KK 16 digits, BPJS 13 digits, NPWP 15 or 16 digits in its punctuation, Indonesian telephone numbers,
e-mail addresses, and texts that look like the names of people.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.protocols.blanks import BLANKS, strip

# Digits of an East Asian keyboard, alone or among others, are read as those of any other.
WIDE_DIGITS = "".join(map(chr, range(0xFF10, 0xFF1A)))
DIGITS = "0123456789"

# What stands in a number without changing it: blanks, the marks between its groups, and what spreadsheets are told to
# keep its digits by: '3507..., ="3507...". No comma: it may be a decimal mark.
_MARKS = BLANKS + "'`\u00b4\u2018\u2019\"=._/-\u2010\u2011\u2012\u2013\u2014\u2212"
# 6281234567890.0 was a binary number on its way: its nought is no digit of it.
AS_A_FRACTION = r"[.]00?$"
# Day (40 more for women) and month of birth, or of the card, from the seventh digit on.
_DATED = "[1-9][0-9]{5}(0[1-9]|[12][0-9]|3[01]|4[1-9]|[56][0-9]|7[01])(0[1-9]|1[0-2])[0-9]{6}"


@dataclass(frozen=True)
class Identifier:
    """A kind of number that identifies a person, and how all its spellings become one.

    ``form`` is the regular expression that the number fulfils as a whole, without ``marks``. ``rewritten`` are
    (expression, replacement) pairs applied before: a number may begin in several ways. ``named``: parts of fields'
    names under which it is kept. ``words`` say what is expected.
    """

    words: str
    words_id: str
    form: str
    named: str
    rewritten: tuple[tuple[str, str], ...] = ()
    marks: str = _MARKS

    def normalised(self, text: str) -> str | None:
        """The number that a text spells, or None where it spells none or has lost digits."""
        if re.search(AS_A_FRACTION, text):
            return None
        found = text.translate(_FOLDED).translate(dict.fromkeys(map(ord, self.marks)))
        for expression, replacement in self.rewritten:
            found = re.sub(expression, replacement, found)
        return found if re.fullmatch(self.form, found) else None


_FOLDED = str.maketrans(WIDE_DIGITS, DIGITS)

IDENTIFIERS: Mapping[str, Identifier] = {
    "nik": Identifier(
        "a NIK of 16 digits with a day and a month from the seventh on",
        "NIK 16 angka, dengan tanggal dan bulan mulai angka ketujuh",
        _DATED,
        "nik|ktp|no_?ktp",
    ),
    "kk": Identifier(
        "a family card's number (KK) of 16 digits with a day and a month from the seventh on",
        "nomor KK 16 angka, dengan tanggal dan bulan mulai angka ketujuh",
        _DATED,
        "kk|no_?kk|nomor_kk",
    ),
    "bpjs": Identifier("a BPJS card's number of 13 digits", "nomor kartu BPJS 13 angka", "[0-9]{13}", "bpjs|no_?kartu"),
    "npwp": Identifier(
        "an NPWP of 15 or 16 digits",
        "NPWP 15 atau 16 angka",
        "[0-9]{16}",
        "npwp",
        # The number of 16 digits is the older one with a nought before it.
        rewritten=((r"^([0-9]{15})$", r"0\1"),),
    ),
    "phone": Identifier(
        "a telephone number that begins with 0, 62 or +62",
        "nomor telepon yang diawali 0, 62, atau +62",
        "62[1-9][0-9]{6,11}",
        "telepon|telp|hp|no_?hp|ponsel|wa|whatsapp",
        rewritten=(("^([+]?62|0)", "62"),),
        marks=f"{_MARKS}()",
    ),
}
"""Every declared ``kind`` of a pseudonym."""

# Names under which agencies' systems keep what identifies a person.
_NAMED = re.compile(
    r"(^|_)(nik|no_?kk|nomor_kk|kk|ktp|no_?ktp|nama|nisn|nip|nuptk|npwp|paspor|telepon|telp|hp|no_?hp|ponsel|email|"
    r"alamat|tempat_lahir|tanggal_lahir|tgl_lahir|no_?kartu|no_?rm|rekam_medis|rekening_bank|ibu_kandung|surel|swafoto|selfie)"
    r"(_|$)|^(tanda_tangan|ttd)$"
)
_COUNTED = re.compile(
    r"(jumlah|jml|jmlh|banyak|banyaknya|total|persen|persentase|presentase|rata|rasio|cakupan|target|capaian|count|number_of)_"
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
    """Whether one of a field's names is one under which something that identifies a person is kept.

    How many there are identifies nobody: ``Jumlah KK``.
    """
    return any(_NAMED.search(word) and not _COUNTED.match(word) for word in map(plain, words))


def kind_of(words: Sequence[str], values: Sequence[str]) -> str | None:
    """The kind of identifier that a field holds: one that most values spell, first of those that it is named after."""
    spelled = [kind for kind, one in IDENTIFIERS.items() if _spelled(values, one) >= _MOST]
    named = [
        kind
        for kind in spelled
        if any(re.search(rf"(^|_)({IDENTIFIERS[kind].named})(_|$)", plain(word)) for word in words)
    ]
    return next(iter([*named, *spelled]), None)


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


def _spelled(values: Sequence[str], kind: Identifier) -> float:
    return sum(1 for value in values if kind.normalised(value) is not None) / len(values) if values else 0.0


def _share(values: Sequence[str], shape: re.Pattern[str]) -> float:
    return sum(1 for value in values if shape.fullmatch(strip(value))) / len(values) if values else 0.0
