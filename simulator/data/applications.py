"""The inventory of applications that Diskominfo keeps: all synthetic, with the gaps of a real one."""

from functools import cache

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Row = dict[str, object]
YEAR = 2024
COUNTS = {KUKAR: 58, KOTIM: 41, MALANG: 64}
# In a hundred: connected, not yet, written "-"; of the rest nobody wrote anything.
_CONNECTED = {KUKAR: (34, 22, 8), KOTIM: (15, 30, 10), MALANG: (28, 20, 12)}


@cache
def inventory(year: int) -> tuple[Row, ...]:
    """A row an application; one says of its use what the inventory has no word for."""
    if year != YEAR:
        return ()
    rows = [_application(region, serial) for region in REGIONS for serial in range(1, COUNTS[region] + 1)]
    rows[-1] = rows[-1] | {"sts_aktif": "dalam pengembangan"}
    return tuple(rows)


def _application(region: Region, serial: int) -> Row:
    dice = Dice("aplikasi", region.kemendagri, serial)
    yes, no, dash = _CONNECTED[region]
    drawn = dice.whole(1, 100)
    state = "sudah" if drawn <= yes else "belum" if drawn <= yes + no else "-" if drawn <= yes + no + dash else ""
    return {
        "id_app": f"{region.digits}-{serial:04d}",
        "kode_daerah": region.kemendagri,
        "tahun": YEAR,
        # Titles come twice in real inventories too.
        "judul": f"Aplikasi Contoh {max(1, serial - serial % 20 // 19)}",
        "kode_unit": f"1.{dice.whole(1, 30):02d}",
        "sts_aktif": "naktif" if dice.whole(1, 10) == 1 else "aktif",
        "kategori": "Pusat" if dice.whole(1, 4) == 1 else "Lokal",
        "integrasi": state,
    }
