"""A disaster agency's two registers of 2024: events and villages at risk, all synthetic."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Row = dict[str, object]
YEARS = (2024,)

# Of a region: events, how many were answered in time, how many have no arrival noted; houses damaged and rebuilt.
EVENTS = {KUKAR.kemendagri: (40, 34, 0), KOTIM.kemendagri: (24, 9, 0), MALANG.kemendagri: (48, 40, 4)}
HOUSES = {KUKAR.kemendagri: (50, 31), KOTIM.kemendagri: (20, 5), MALANG.kemendagri: (80, 64)}
# Of a region: villages at medium or high risk, how many of them are prepared, and in how many early warning works.
VILLAGES = {KUKAR.kemendagri: (16, 6, 8), KOTIM.kemendagri: (12, 9, 3), MALANG.kemendagri: (18, 16, 15)}
REGISTERED = 20
# Kalimantan Timur keeps UTC+8, the other two UTC+7.
_HOURS = {KUKAR.kemendagri: 8}
# The agency's own standard by kind, in minutes.
STANDARDS = {
    "Banjir": 120,
    "Tanah Longsor": 120,
    "Angin Puting Beliung": 120,
    "Kebakaran Hutan dan Lahan": 180,
    "Kebakaran Permukiman": 15,
}


@cache
def events(year: int) -> tuple[Row, ...]:
    """The events of a year in all regions; one in each has an arrival before its report, as a mistyped clock gives."""
    if year not in YEARS:
        return ()
    return tuple(row for region in REGIONS for row in _events(region, year))


def _events(region: Region, year: int) -> Sequence[Row]:
    count, in_time, unnoted = EVENTS[region.kemendagri]
    dice = Dice("bencana", region.kemendagri)
    late = ["tepat"] * in_time + ["tak tercatat"] * unnoted + ["terlambat"] * (count - in_time - unnoted)
    dice.shuffle(late)
    damaged, rebuilt = (_spread(dice, total, count) for total in HOUSES[region.kemendagri])
    rebuilt = [min(pair) for pair in zip(damaged, rebuilt, strict=True)]
    _make_up(rebuilt, damaged, HOUSES[region.kemendagri][1])
    rows = [
        _event(region, dice, year, serial, how=how, houses=houses)
        for serial, (how, houses) in enumerate(zip(late, zip(damaged, rebuilt, strict=True), strict=True), start=1)
    ]
    if region is KOTIM:
        # Nobody counted the houses of one event: the region's share of rebuilt houses is not known.
        rows[0] |= {"rumah_rusak": None, "rumah_dibangun": None}
    wrong = _event(region, dice, year, count + 1, how="tepat", houses=(0, 0))
    return [*rows, wrong | {"tiba": wrong["dilaporkan"], "dilaporkan": wrong["tiba"]}]


def _event(region: Region, dice: Dice, year: int, serial: int, *, how: str, houses: tuple[int, int]) -> Row:
    zone = timezone(timedelta(hours=_HOURS.get(region.kemendagri, 7)))
    kind = dice.pick(tuple(STANDARDS))
    reported = datetime(year, 1, 1, tzinfo=zone) + timedelta(minutes=dice.whole(0, 364 * 24 * 60))
    standard = STANDARDS[kind]
    minutes = dice.whole(5, standard) if how == "tepat" else standard + dice.whole(1, 240)
    arrived = None if how == "tak tercatat" else (reported + timedelta(minutes=minutes)).isoformat()
    return {
        "nomor": f"K-{region.digits}-{year}-{serial:04d}",
        "kode_daerah": region.kemendagri,
        "jenis": kind,
        "dilaporkan": reported.isoformat(),
        "tiba": arrived,
        "standar_menit": standard,
        "rumah_rusak": houses[0],
        "rumah_dibangun": houses[1],
        "nama_pelapor": made_up(dice, region, 7000 + serial, reported.date()).name,
    }


def _spread(dice: Dice, total: int, count: int) -> list[int]:
    """``count`` whole numbers of at least nought that add up to ``total``."""
    found = [0] * count
    for _ in range(total):
        found[dice.whole(0, count - 1)] += 1
    return found


def _make_up(rebuilt: list[int], damaged: Sequence[int], total: int) -> None:
    """Rebuild more houses, in place and never more than were damaged, until ``total`` are."""
    for place, most in enumerate(damaged):
        rebuilt[place] += min(most - rebuilt[place], total - sum(rebuilt))


@cache
def villages(year: int) -> tuple[Row, ...]:
    """The villages of the register of a year; one of Malang is of a class that nobody agreed on."""
    if year not in YEARS:
        return ()
    rows = [row for region in REGIONS for row in _villages(region, year)]
    return (*rows, rows[-1] | {"kode_desa": f"{MALANG.digits}999999", "kelas_risiko": "ekstrem"})


def _villages(region: Region, year: int) -> Sequence[Row]:
    at_risk, prepared, warned = VILLAGES[region.kemendagri]
    dice = Dice("desa rawan", region.kemendagri)
    return [
        {
            "kode_desa": f"{region.digits}99{serial:04d}",
            "kode_daerah": region.kemendagri,
            "tahun": year,
            "kelas_risiko": dice.pick(("sedang", "tinggi")) if serial <= at_risk else "rendah",
            "rencana_berlaku": serial <= prepared,
            "simulasi_terakhir": f"{year if serial <= prepared else year - 2}-0{dice.whole(1, 9)}-15",
            "peringatan_dini": "berfungsi" if serial <= warned else dice.pick(("rusak", "tidak ada")),
        }
        for serial in range(1, REGISTERED + 1)
    ]
