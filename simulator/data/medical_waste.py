"""Medical waste of health facilities in 2024, as the health agency collects it in CSV; synthetic."""

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, Region

YEAR = 2024
COLUMNS = (
    "kode_faskes", "nama_faskes", "jenis", "tempat_tidur", "pemilahan", "pengolahan", "limbah_kg", "diolah_kg",
    "kapasitas_kg_hari",
)  # fmt: skip
# How many there are of each kind; the first hospital of Kotawaringin Timur has a licensed plant of its own.
FACILITIES = {
    KUKAR.kemendagri: {"Rumah Sakit": 4, "Puskesmas": 8, "Klinik": 3, "Laboratorium": 1},
    KOTIM.kemendagri: {"Rumah Sakit": 3, "Puskesmas": 6, "Klinik": 2, "Laboratorium": 1},
    MALANG.kemendagri: {"Rumah Sakit": 6, "Puskesmas": 9, "Klinik": 4, "Laboratorium": 1},
}
PLANTS = {KOTIM.kemendagri: 120}
_WAYS = ("Pihak ketiga berizin", "Pihak ketiga berizin", "Pihak ketiga berizin", "Pihak ketiga tanpa izin")


def rows(region: Region) -> list[tuple[str, ...]]:
    """The header, a row a facility, and one in whose cell of weight a remark stands."""
    kinds = [kind for kind, count in FACILITIES[region.kemendagri].items() for _ in range(count)]
    found = [_row(region, serial, kind) for serial, kind in enumerate(kinds, start=1)]
    remark = list(_row(region, len(kinds) + 1, "Klinik"))
    remark[COLUMNS.index("limbah_kg")] = "masih direkap"
    return [COLUMNS, *found, tuple(remark)]


def _row(region: Region, serial: int, kind: str) -> tuple[str, ...]:
    dice = Dice("limbah medis", region.kemendagri, serial)
    beds = {"Rumah Sakit": dice.whole(60, 240), "Puskesmas": dice.whole(0, 10)}.get(kind, 0)
    name = (f"99{region.digits}{serial:03d}", f"{kind} Contoh {serial}", kind, str(beds))
    plant = PLANTS.get(region.kemendagri, 0) if serial == 1 else 0
    # The third facility does not report.
    if serial == 3:
        return (*name, "", "", "", "", "0")
    way = "Diolah sendiri berizin" if plant else dice.pick(_WAYS)
    sorts = "Ya" if plant or dice.whole(0, 4) else "Tidak"
    grams = max(beds, 4) * 250 * dice.whole(280, 365)
    licensed = way.endswith(" berizin")
    treated = grams * dice.whole(90, 100) // 100 if licensed else 0
    return (*name, sorts, way, _kilograms(grams), _kilograms(treated), str(plant))


def _kilograms(grams: int) -> str:
    """As the office's spreadsheet writes it: 12.345,67."""
    return f"{grams / 1000:,.2f}".translate(str.maketrans(",.", ".,"))
