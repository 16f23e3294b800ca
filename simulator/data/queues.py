"""Days of a clinic's queue as BPJS's Antrean knows them: bookings of made-up persons, waiting times; all synthetic.

``visits`` is a hospital's own table of the task times that it sent, beside those at which BPJS received them.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import Person, made_up
from simulator.regions import KOTIM, KUKAR, Region

Row = dict[str, object]
HOSPITAL, HOSPITAL_NAME = "9964R001", "RSUD Contoh"
MEMBERS = 40
CLINICS = (("ANA", "ANAK"), ("INT", "PENYAKIT DALAM"), ("OBG", "OBGYN"), ("BED", "BEDAH"))
_TASKS = range(1, 7)
_ASIA_JAKARTA = timezone(timedelta(hours=7))
_YEARS = (2023, 2024)
MONTH = "2024-08"
VISIT_COLUMNS = (
    "kode_booking", "norm", "tanggal_periksa", "kode_poli", "id_jadwal", "nama_dokter", "mulai_praktek", "pasien_baru",
    "task1_rs", "task3_rs", "task4_rs", "task1_server", "task3_server", "task4_server",
)  # fmt: skip
_VISIT_DAYS = tuple(date(2024, 8, day) for day in range(5, 10))
_CLINICS_OF_VISITS = 2


def open_on(day: date) -> bool:
    """Whether the clinics see anybody: on workdays of the years that are played."""
    return day.year in _YEARS and day.weekday() < 5


@cache
def bookings(day: date) -> tuple[Row, ...]:
    """The bookings of a day in the order of their numbers, persons included; none when the clinics are closed."""
    if not open_on(day):
        return ()
    dice = Dice("antrean", day.isoformat())
    return tuple(
        _booking(dice, day, clinic, serial)
        for clinic in range(len(CLINICS))
        for serial in range(1, dice.whole(6, 12) + 1)
    )


@cache
def waits(day: date) -> tuple[Row, ...]:
    """Waiting times of a day by clinic: seconds spent in each task, in all and per visitor."""
    dice = Dice("waktu tunggu", day.isoformat())
    counted = {code: sum(row["kodepoli"] == code for row in bookings(day)) for code, _ in CLINICS}
    return tuple(_wait(dice, day, code, name, counted[code]) for code, name in CLINICS if counted[code])


def visits(region: Region) -> list[tuple[str, ...]]:
    """The header and a row a visit: a session a clinic and day, and two rows that no contract should take."""
    rows = [
        row for day in _VISIT_DAYS for code, _ in CLINICS[:_CLINICS_OF_VISITS] for row in _session(region, day, code)
    ]
    early, unsent = list(rows[0]), list(rows[1])
    called = VISIT_COLUMNS.index("task4_rs")
    early[0], early[called] = f"{early[0]}X", _wib(datetime(2024, 8, 5, 5, tzinfo=_ASIA_JAKARTA))
    unsent[0], unsent[called] = f"{unsent[0]}X", "0"
    return [VISIT_COLUMNS, *rows, tuple(early), tuple(unsent)]


def _session(region: Region, day: date, clinic: str) -> list[tuple[str, ...]]:
    dice = Dice("kunjungan", region.kemendagri, day.isoformat(), clinic)
    begin = datetime.combine(day, time(8), _ASIA_JAKARTA)
    doctor = made_up(dice, region, 6000, date(1980, 1, 1)).name
    seen = begin + timedelta(minutes=dice.whole(-5, 35))
    rows = []
    for serial in range(1, dice.whole(8, 12) + 1):
        new = dice.whole(0, 2) == 0
        seen += timedelta(seconds=dice.whole(240, 900))
        waited = timedelta(seconds=dice.whole(600, 4800))
        admission = seen - waited - timedelta(seconds=dice.whole(300, 1500)) if new else None
        # A task that nobody sent is blank: the patient left before the clinic called.
        called = seen if dice.whole(0, 19) else None
        rows.append(
            (
                f"{day:%Y%m%d}{clinic}{serial:03d}-{region.digits}",
                f"{910000 + serial}",
                day.isoformat(),
                clinic,
                f"{region.digits}-{clinic}-{day:%Y%m%d}",
                f"dr. {doctor}",
                _wib(begin),
                "1" if new else "0",
                *map(_wib, (admission, seen - waited, called)),
                *_received(dice, region, admission, seen - waited, called),
            )
        )
    return rows


def _received(dice: Dice, region: Region, *sent: datetime | None) -> tuple[str, ...]:
    """When BPJS got the tasks: seconds later, or all of them in the night where the hospital sends them together."""
    if region == KOTIM:
        moments = [moment and moment.replace(hour=23, minute=30, second=nth) for nth, moment in enumerate(sent)]
    else:
        moments = [moment and moment + timedelta(seconds=dice.whole(1, 90)) for moment in sent]
    return tuple(map(_wib, moments))


def _wib(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%d-%m-%Y %H:%M:%S} WIB"


@cache
def member(serial: int) -> Person:
    """A made-up member of the insurance."""
    dice = Dice("peserta", serial)
    born = date(dice.whole(1950, 2020), dice.whole(1, 12), dice.whole(1, 28))
    return made_up(dice, KUKAR, 7000 + serial, born)


def card(serial: int) -> str:
    """A member's card number: thirteen digits in a series that is nobody's."""
    return f"9990000{serial:06d}"


def _booking(dice: Dice, day: date, clinic: int, serial: int) -> Row:
    who = dice.whole(1, MEMBERS)
    code, name = CLINICS[clinic]
    seen = datetime.combine(day, time(1), UTC) + timedelta(minutes=12 * serial)  # 08:00 WIB on
    return {
        "kodebooking": f"{day:%Y%m%d}{code}{serial:03d}",
        "jenispasien": "JKN" if dice.whole(0, 9) else "NON JKN",
        "nomorkartu": card(who),
        "nik": member(who).nik,
        "nohp": f"0800{who:08d}",
        "norm": f"{900000 + who}",
        "nama": member(who).name,
        "kodepoli": code,
        "namapoli": name,
        "pasienbaru": dice.whole(0, 1),
        "tanggalperiksa": day.isoformat(),
        "jeniskunjungan": dice.whole(1, 4),
        "nomorantrean": f"{code[0]}-{serial}",
        "angkaantrean": serial,
        "estimasidilayani": int(seen.timestamp()) * 1000,
        "sumberdata": dice.pick(("Mobile JKN", "Mobile JKN", "Onsite")),
        "status": dice.pick(("Selesai dilayani", "Selesai dilayani", "Selesai dilayani", "Batal")),
    }


def _wait(dice: Dice, day: date, code: str, name: str, count: int) -> Row:
    seconds = {task: count * dice.whole(120, 1800) + dice.whole(0, count - 1) for task in _TASKS}
    inserted = datetime.combine(day, time(16), UTC)
    return {
        "kdppk": HOSPITAL,
        "nmppk": HOSPITAL_NAME,
        "kodepoli": code,
        "namapoli": name,
        "jumlah_antrean": count,
        **{f"waktu_task{task}": float(seconds[task]) for task in _TASKS},
        **{f"avg_waktu_task{task}": round(seconds[task] / count, 4) for task in _TASKS},
        "insertdate": int(inserted.timestamp()) * 1000,
        "tanggal": day.isoformat(),
    }
