"""The sheet in which an environment agency notes its inspections of plastic limits in 2024, all synthetic."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, Region

HEADER = ("no_inspeksi", "tanggal", "kode_daerah", "kode_tempat", "jenis_tempat", "dasar_hukum", "hasil")
# Of a region: places, and how many of them comply at their last inspection. Malang has not inspected.
PLACES = {KUKAR.kemendagri: (40, 25), KOTIM.kemendagri: (12, 3)}
_LEGAL_BASIS = {KUKAR.kemendagri: "Perbup Contoh 99/2023", KOTIM.kemendagri: ""}
_KINDS = ("toko modern", "toko modern", "pasar rakyat", "rumah makan", "pusat perbelanjaan")


@cache
def inspections() -> tuple[tuple[str, ...], ...]:
    """The sheet, its header first. Its last row has a day that no calendar has."""
    rows = [row for region in (KUKAR, KOTIM) for row in _inspections(region)]
    return (HEADER, *rows, ("I-6402-9999", "31/02/2024", *rows[0][2:]))


def _inspections(region: Region) -> Iterator[tuple[str, ...]]:
    places, comply = PLACES[region.kemendagri]
    dice = Dice("plastik", region.kemendagri)
    serial = 0
    for place in range(1, places + 1):
        last = "patuh" if place <= comply else "tidak patuh"
        # A place in five is inspected twice, and is better for it or worse; one was closed when they came again.
        results = ["tidak patuh" if last == "patuh" else "patuh", last] if place % 5 == 0 else [last]
        results += ["tidak dapat diperiksa"] if place == 1 else []
        kind, first = dice.pick(_KINDS), date(2024, 1, 10) + timedelta(days=dice.whole(0, 150))
        for number, result in enumerate(results):
            serial += 1
            day = first + timedelta(days=60 * number)
            yield (
                f"I-{region.digits}-{serial:04d}",
                f"{day:%d/%m/%Y}",
                region.kemendagri,
                f"T-{region.digits}-{place:03d}",
                kind,
                _LEGAL_BASIS[region.kemendagri],
                result,
            )
