"""Days of a clinic's queue as BPJS's Antrean knows them: bookings of made-up persons, waiting times; all synthetic."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import Person, made_up
from simulator.regions import KUKAR

Row = dict[str, object]
HOSPITAL, HOSPITAL_NAME = "9964R001", "RSUD Contoh"
MEMBERS = 40
CLINICS = (("ANA", "ANAK"), ("INT", "PENYAKIT DALAM"), ("OBG", "OBGYN"), ("BED", "BEDAH"))
_TASKS = range(1, 7)
_YEARS = (2023, 2024)


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
