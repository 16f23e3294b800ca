"""Schools and pupils as Dapodik holds them: four schools and 600 good pupils a region, all synthetic."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Row = dict[str, object]
SEMESTERS = ("20241",)

# Of 600 pupils, how many are 7 to 15 years old, and how many people of that age live in the sample; synthetic.
PUPILS_OF_AGE = {KUKAR.kemendagri: 585, KOTIM.kemendagri: 570, MALANG.kemendagri: 591}
PEOPLE_OF_AGE = {KUKAR.kemendagri: 600, KOTIM.kemendagri: 598, MALANG.kemendagri: 598}
PUPILS = 600
# Dapodik's grades are 1 to 13; nobody knows this one.
UNKNOWN_GRADE = 99

# By the schools' order in a region: classrooms, study groups, teachers and accreditation; synthetic. By classrooms two
# of the regions are short of places, by study groups none is.
_ROOMS = {KUKAR.kemendagri: (5, 6, 4, 3), KOTIM.kemendagri: (4, 4, 3, 3), MALANG.kemendagri: (6, 7, 4, 4)}
_STUDY_GROUPS = {KUKAR.kemendagri: (7, 7, 4, 4), KOTIM.kemendagri: (8, 7, 4, 4), MALANG.kemendagri: (7, 7, 4, 4)}
_TEACHERS = {KUKAR.kemendagri: (9, 10, 8, 9), KOTIM.kemendagri: (8, 9, 7, 8), MALANG.kemendagri: (10, 11, 9, 9)}
_ACCREDITATION = {
    KUKAR.kemendagri: ("A", "B", "A", "C"),
    KOTIM.kemendagri: ("B", "C", "Tidak Terakreditasi", "B"),
    MALANG.kemendagri: ("A", "A", "B", "Tidak diisi"),
}

_KINDS = (("SD", 5), ("SD", 5), ("SMP", 6), ("SMP", 6))


@dataclass(frozen=True)
class School:
    """One school; its NPSN starts with 99, which no province has."""

    npsn: str
    region: Region
    kind: str
    kind_id: int
    number: int


@cache
def schools() -> tuple[School, ...]:
    """All schools, four a region, in order."""
    return tuple(
        School(f"99{region.digits}{number:02d}", region, kind, kind_id, number)
        for region in REGIONS
        for number, (kind, kind_id) in enumerate(_KINDS, start=1)
    )


def school(npsn: str) -> School | None:
    """The school of an NPSN, or None."""
    return next((item for item in schools() if item.npsn == npsn), None)


def school_row(item: School) -> Row:
    """The one object that getSekolah answers."""
    dice = Dice("sekolah", item.npsn)
    private = item.number % 2 == 0
    return {
        "sekolah_id": _uuid(dice),
        "nama": f"{item.kind} {'Swasta' if private else 'Negeri'} Contoh {item.number} {item.region.name}",
        "nss": None,
        "npsn": item.npsn,
        "bentuk_pendidikan_id": item.kind_id,
        "bentuk_pendidikan_id_str": item.kind,
        "status_sekolah": "2" if private else "1",
        "status_sekolah_str": "Swasta" if private else "Negeri",
        "alamat_jalan": f"Jl. Contoh No. {dice.whole(1, 99)}",
        "rt": "0",
        "rw": "0",
        "kode_wilayah": f"99{item.region.digits}",
        "kode_pos": None,
        "nomor_telepon": None,
        "nomor_fax": None,
        "email": None,
        "website": None,
        "is_sks": False,
        "lintang": str(item.region.latitude + Decimal(dice.whole(-90000, 90000)) / 1_000_000),
        "bujur": str(item.region.longitude + Decimal(dice.whole(-90000, 90000)) / 1_000_000),
        "dusun": None,
        "desa_kelurahan": "Desa Contoh",
        "kecamatan": "Kec. Contoh",
        "kabupaten_kota": f"Kab. {item.region.name}",
        "provinsi": "Prov. Contoh",
    }


@cache
def recapitulation() -> tuple[Row, ...]:
    """The table of schools that a portal publishes out of Dapodik: an upper secondary school a region too.

    The last one is of a form that nobody knows.
    """
    rows = [_recapitulated(item, place) for region in REGIONS for place, item in enumerate(_schools_of(region))]
    return (*rows, rows[0] | {"NPSN": "99640299", "Bentuk_Pendidikan": "SPK SD"})


def _schools_of(region: Region) -> tuple[School, ...]:
    own = tuple(item for item in schools() if item.region == region)
    return (*own, School(f"99{region.digits}05", region, "SMA", 13, 5))


def _recapitulated(item: School, place: int) -> Row:
    code = item.region.kemendagri
    upper = item.kind == "SMA"
    found = pupils(item.npsn)
    girls = 150 if upper else sum(row["jenis_kelamin"] == "P" for row in found)
    total = 320 if upper else len(found)
    return {
        "NPSN": item.npsn,
        "Nama_Sekolah": school_row(item)["nama"],
        "Provinsi": f"Prov. {item.region.province}",
        "Kota_Kabupaten": f"Kab. {item.region.name}",
        "Kecamatan": "Kec. Contoh",
        "Status": school_row(item)["status_sekolah_str"],
        "Bentuk_Pendidikan": item.kind,
        "Akreditasi": "A" if upper else _ACCREDITATION[code][place],
        "Guru_Total": str(20 if upper else _TEACHERS[code][place]),
        "Peserta_Didik_L": str(total - girls),
        "Peserta_Didik_P": str(girls),
        "Peserta_Didik_Total": str(total),
        "Ruang_Kelas": str(9 if upper else _ROOMS[code][place]),
        "Rombel": str(9 if upper else _STUDY_GROUPS[code][place]),
    }


@cache
def pupils(npsn: str) -> tuple[Row, ...]:
    """The pupils of one school; the first school of a region has one more, with a grade nobody knows."""
    item = school(npsn)
    if item is None:
        return ()
    # Grades 1 to 6 in the two SD, 7 to 9 in the two SMP; each pair shares its pupils evenly.
    grades = range(1, 7) if item.kind == "SD" else range(7, 10)
    pupils_of_kind = [row for row in _pupils_of(item.region) if row["tingkat_pendidikan_id"] in grades]
    rows = pupils_of_kind[(item.number - 1) % 2 :: 2]
    if item.number == 1:
        bad = _pupil(item.region, PUPILS + 1, date(2013, 4, 17))
        rows.insert(70, bad | {"tingkat_pendidikan_id": UNKNOWN_GRADE, "nama_rombel": "Kelas ?"})
    return tuple(rows)


@cache
def _pupils_of(region: Region) -> tuple[Row, ...]:
    dice = Dice("usia", region.kemendagri)
    births = [_day(dice, date(2009, 1, 1), date(2017, 6, 30)) for _ in range(PUPILS_OF_AGE[region.kemendagri])]
    # Six and sixteen years old on every day of the semester, so that no choice of the reference day changes the count.
    outside = ((date(2018, 1, 1), date(2018, 6, 30)), (date(2008, 1, 1), date(2008, 6, 30)))
    births += [_day(dice, *outside[index % 2]) for index in range(PUPILS - len(births))]
    dice.shuffle(births)
    return tuple(_pupil(region, serial, born) for serial, born in enumerate(births, start=1))


def _pupil(region: Region, serial: int, born: date) -> Row:
    dice = Dice("peserta didik", region.kemendagri, serial)
    person = made_up(dice, region, serial, born)
    grade = min(9, max(1, 2024 - born.year - 6))
    return {
        "registrasi_id": _uuid(dice),
        "jenis_pendaftaran_id": "1",
        "jenis_pendaftaran_id_str": "Siswa baru",
        "nipd": f"{serial:04d}",
        "tanggal_masuk_sekolah": f"{2025 - grade}-07-15",
        "sekolah_asal": None,
        "peserta_didik_id": _uuid(dice),
        "nama": person.name,
        "nisn": f"99{serial:08d}",
        "jenis_kelamin": person.sex,
        "nik": person.nik,
        "tempat_lahir": region.name,
        "tanggal_lahir": born.isoformat(),
        "agama_id": 1,
        "agama_id_str": "Contoh",
        "alamat_jalan": f"Jl. Contoh No. {dice.whole(1, 99)}",
        "nomor_telepon_rumah": None,
        "nomor_telepon_seluler": None,
        "nama_ayah": made_up(dice, region, serial + 2000, date(1980, 5, 5), "L").name,
        "pekerjaan_ayah_id_str": "Lainnya",
        "nama_ibu": made_up(dice, region, serial + 4000, date(1983, 6, 6), "P").name,
        "tinggi_badan": None,
        "berat_badan": None,
        "semester_id": SEMESTERS[0],
        "anggota_rombel_id": _uuid(dice),
        "rombongan_belajar_id": _uuid(dice),
        "tingkat_pendidikan_id": grade,
        "nama_rombel": f"Kelas {grade}",
        "kurikulum_id": 900,
        "kurikulum_id_str": "Kurikulum Contoh",
    }


def _day(dice: Dice, first: date, last: date) -> date:
    return first + timedelta(days=dice.whole(0, (last - first).days))


def _uuid(dice: Dice) -> str:
    digits = "".join(f"{dice.whole(0, 15):x}" for _ in range(32))
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
