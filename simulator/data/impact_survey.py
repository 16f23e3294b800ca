"""Forms of the smart city's impact survey of 2023: all synthetic, with what assessors complain of in real ones."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, Region

YEAR = 2023
RESPONDENTS = 50
COLUMNS = (
    "kode", "layanan", "no_responden", "status", "jawaban", "waktu", "pengguna", "nama", "surel", "umur", "swafoto",
    "tanda_tangan",
)  # fmt: skip
# The service of each dimension, with its users. Fewer use the application of the fifth than were asked.
SERVICES = {
    "Mal Pelayanan Publik": 21_400, "Kalender Wisata": 5_200, "Pasar Daring": 1_900, "Antrean RSUD": 30_800,
    "Kelas Warga": 30, "Bank Sampah": 2_600,
}  # fmt: skip
_QUESTIONS = 9
_EVENING = datetime(YEAR, 10, 5, 19, 0)  # noqa: DTZ001 (as a form prints it)


def lines(region: Region) -> Iterator[tuple[str, ...]]:
    """The header and a line an answer."""
    yield COLUMNS
    dice = Dice("dampak", region.kemendagri)
    for nth in range(len(SERVICES)):
        for serial in range(1, RESPONDENTS + 1):
            yield from _form(dice, region, nth, serial)


def _form(dice: Dice, region: Region, nth: int, serial: int) -> Iterator[tuple[str, ...]]:
    """One person's form. The first three of Kutai Kartanegara answer for two services at once, without looking."""
    hasty = region == KUKAR and nth < 2 and serial <= 3
    service, users = list(SERVICES.items())[nth]
    respondent = serial if hasty else nth * RESPONDENTS + serial
    sent = _EVENING + (timedelta() if hasty else timedelta(minutes=dice.whole(1, 20_000)))
    person = made_up(dice, region, 8000 + respondent, date(dice.whole(1960, 2004), 1, 1))
    status = "pegawai" if region == KOTIM and nth == 0 and serial <= 2 else "pengguna"
    for question in range(1, _QUESTIONS + 1):
        answer = "4" if hasty else dice.pick(("2", "3", "3", "3", "4", "9"))
        yield (
            *(f"impact/{nth * _QUESTIONS + question}", service, f"R-{respondent:03d}", status, answer),
            *(
                sent.strftime("%d/%m/%Y %H:%M"),
                str(users),
                person.name,
                "warga@contoh.example",
                "34",
                "foto.jpg",
                "ttd",
            ),
        )
