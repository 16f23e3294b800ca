"""Outgoing letters of 2024 in Diskominfo's register: all synthetic, signers made up."""

from collections.abc import Iterator
from datetime import date, timedelta

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

YEAR = 2024
LETTERS = 400
COLUMNS = {
    "no_agenda": "text primary key",
    "kode_daerah": "text not null",
    "kode_opd": "text not null",
    "tanggal_surat": "date not null",
    "jenis_ttd": "text",
    "status_verifikasi": "text",
    "nama_penandatangan": "text not null",
}
# In a hundred: signed electronically, scanned, by hand; of the rest it was not recorded.
_SIGNED = {KUKAR: (62, 20, 14), KOTIM: (31, 38, 28), MALANG: (55, 18, 24)}
_UNKNOWN = "digital"
"""What somebody wrote who did not know whether a scan is an electronic signature."""

Letter = tuple[str, str, str, date, str | None, str | None, str]


def letters() -> Iterator[Letter]:
    """Every row of the register; the first of each region says of its signature what may be either."""
    for region in REGIONS:
        for serial in range(1, LETTERS + 1):
            yield _letter(region, serial)


def _letter(region: Region, serial: int) -> Letter:
    dice = Dice("surat", region.kemendagri, serial)
    electronic, scanned, by_hand = _SIGNED[region]
    drawn = dice.whole(1, 100)
    kind = "tte" if drawn <= electronic else "pindai" if drawn <= electronic + scanned else None
    if kind is None and drawn <= electronic + scanned + by_hand:
        kind = "basah"
    checked = {0: None, 1: "INVALID"}.get(dice.whole(0, 11), "VALID") if kind == "tte" else None
    signer = made_up(dice, region, 5000 + serial, date(dice.whole(1966, 1985), 1, 1))
    day = date(YEAR, 1, 1) + timedelta(days=dice.whole(0, 365))
    agency = f"1.{dice.whole(1, 30):02d}"
    kind = _UNKNOWN if serial == 1 else kind
    return (f"{region.digits}/{serial:05d}/{YEAR}", region.kemendagri, agency, day, kind, checked, signer.name)
