"""Applications for licences at a one-stop service office as SiCantik knows them: all synthetic, applicants made up."""

from datetime import date, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KUKAR

Row = dict[str, object]
ISSUED, IN_PROCESS = 230, 17
KINDS = (
    "IZIN PRAKTIK BIDAN",
    "IZIN PRAKTIK DOKTER",
    "IZIN APOTEK",
    "PERSETUJUAN BANGUNAN GEDUNG",
    "IZIN REKLAME",
    "IZIN TRAYEK",
)
_FIRST = date(2024, 1, 2)


@cache
def issued() -> tuple[Row, ...]:
    """Licences that were issued, in the order they were filed."""
    return tuple(
        row | {"no_surat": f"503/{serial:04d}/DPMPTSP/{str(row['d_terima_berkas'])[:4]}"}
        for serial, row in enumerate(_applications("terbit", ISSUED), start=1)
    )


@cache
def in_process() -> tuple[Row, ...]:
    """Applications that wait, with where they wait."""
    steps = ("Pemeriksaan berkas", "Rekomendasi dinas teknis", "Tanda tangan kepala dinas")
    return tuple(row | {"status": steps[at % len(steps)]} for at, row in enumerate(_applications("proses", IN_PROCESS)))


def kinds() -> tuple[Row, ...]:
    """The kinds of licences this office gives."""
    return tuple({"id": str(serial), "n_perizinan": name} for serial, name in enumerate(KINDS, start=1))


def _applications(which: str, count: int) -> list[Row]:
    dice = Dice("perizinan", which)
    days = sorted(dice.whole(0, 725) for _ in range(count))
    return [_application(dice, which, serial, _FIRST + timedelta(days=day)) for serial, day in enumerate(days, 1)]


def _application(dice: Dice, which: str, serial: int, day: date) -> Row:
    owner = made_up(dice, KUKAR, 8000 + serial, date(dice.whole(1960, 2000), dice.whole(1, 12), dice.whole(1, 28)))
    return {
        "pendaftaran_id": f"99{'1' if which == 'terbit' else '2'}{day:%Y%m%d}{serial:05d}",
        "n_pemohon": owner.name,
        "n_perizinan": dice.pick(KINDS),
        "d_terima_berkas": day.isoformat(),
    }
