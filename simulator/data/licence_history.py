"""Applications for licences of 2024 and what became of them, as the office keeps OSS's statuses: all synthetic."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

YEAR = 2024
APPLICATIONS = 45
TYPES_COLUMNS = {"kd_izin": "text primary key", "layanan": "text not null", "sla_hari": "integer"}
STATUS_COLUMNS = {
    "id_izin": "text not null",
    "kd_daerah": "text not null",
    "kd_izin": "text not null",
    "tgl_pengajuan": "date not null",
    "kd_status": "text not null",
    "tgl_status": "text not null",
    "nama_status": "text not null",
}
_TYPES = (
    ("018000001", "daring", 5), ("018000002", "daring", 7), ("018000003", "daring", 14), ("018000004", "daring", 3),
    ("018000005", "sebagian", 14), ("018000006", "loket", 20), ("018000007", "daring", 5),
    ("018000008", "sebagian", 10),
)  # fmt: skip
# The types that somebody applied for in each region.
_SERVED = {KUKAR: 7, KOTIM: 6, MALANG: 8}
# Codes of OSS in turn, each with the share of the promised days until the next one.
_WAYS: tuple[tuple[tuple[str, float], ...], ...] = (
    (("09", 0.1), ("10", 0.3), ("20", 0.4), ("50", 0)),
    (("09", 0.1), ("10", 0.2), ("40", 0.3), ("45", 0.1), ("50", 0)),
    # Stopped while the applicant answers, for twice the days that were promised.
    (("09", 0.1), ("20", 0.2), ("41", 2.0), ("42", 0.4), ("50", 0)),
    # Back to the beginning: what ran before does not count.
    (("09", 0.1), ("20", 0.7), ("43", 1.0), ("44", 0.5), ("50", 0)),
    (("09", 0.1), ("10", 0.2), ("20", 0.5), ("90", 0)),
    (("09", 0.3), ("10", 0.6), ("20", 0.9), ("50", 0)),
    # Nobody decided in time, so OSS did.
    (("09", 0.5), ("10", 0.5), ("57", 0)),
    (("09", 0.1), ("10", 0)),
)
_OFTEN = (0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7)
_MORE_BY_OSS = {KUKAR: 0, KOTIM: 2, MALANG: 0}

Status = tuple[str, str, str, str, str, str, str]


def licence_types() -> tuple[tuple[str, str, int], ...]:
    """The types of licences, how each is served, and the days promised."""
    return _TYPES


@cache
def statuses() -> tuple[Status, ...]:
    """Every change of status; the last one has a code that OSS does not have."""
    rows = [row for region in REGIONS for serial in range(1, APPLICATIONS + 1) for row in _history(region, serial)]
    last = rows[-1]
    return (*rows, (*last[:4], "77", f"{YEAR}-12-31 23:00:00", last[6]))


def _history(region: Region, serial: int) -> Iterator[Status]:
    dice = Dice("riwayat izin", region.kemendagri, serial)
    code, _, promised = _TYPES[(serial - 1) % _SERVED[region]]
    # The last application waits.
    way = _WAYS[-1] if serial == APPLICATIONS else _WAYS[dice.pick((*_OFTEN, *(6,) * _MORE_BY_OSS[region]))]
    moment = datetime(YEAR, 1, 2, 8) + timedelta(days=dice.whole(0, 300), minutes=dice.whole(0, 480))  # noqa: DTZ001
    filed, village = f"{moment:%Y-%m-%d}", dice.pick(region.villages)
    for status, share in way:
        since = f"{moment:%Y-%m-%d %H:%M:%S}"
        yield (f"I-99{region.digits}{serial:05d}", village, code, filed, status, since, "Status contoh")
        moment += timedelta(minutes=round(promised * 1440 * share * dice.between(0.8, 1.1)))
