"""Investment projects as OSS knows them: 120 a region and year, all synthetic, with fixed yearly totals."""

from datetime import date, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.regions import KOTIM, KUKAR, MALANG, Region

Row = dict[str, object]
YEARS = (2022, 2023, 2024)
PROJECTS = 120

# Rupiah a year; synthetic. Two regions grow, one shrinks.
TOTALS = {
    KUKAR.kemendagri: {2022: 1_500_000_000_000, 2023: 1_720_000_000_000, 2024: 1_985_000_000_000},
    KOTIM.kemendagri: {2022: 1_100_000_000_000, 2023: 1_052_000_000_000, 2024: 968_000_000_000},
    MALANG.kemendagri: {2022: 900_000_000_000, 2023: 974_000_000_000, 2024: 1_061_000_000_000},
}
# Business scale as OSS codes it: 01 micro, 02 small, 03 medium, 04 large.
_SCALES = (("01", 1), ("01", 2), ("02", 12), ("02", 20), ("03", 90), ("04", 700))
_RISKS = ("R", "MR", "MT", "T")
_STEP = 100_000


@cache
def projects(region: Region, year: int) -> tuple[Row, ...]:
    """The region's projects of a year in order of their day of application; empty for other years."""
    if year not in YEARS:
        return ()
    dice = Dice("proyek", region.kemendagri, year)
    drawn = [dice.pick(_SCALES) for _ in range(PROJECTS)]
    amounts = _amounts(dice, [weight for _, weight in drawn], TOTALS[region.kemendagri][year])
    days = sorted(date(year, 1, 1) + timedelta(days=dice.whole(0, 364)) for _ in range(PROJECTS))
    return tuple(
        _project(region, dice, serial, day, scale=scale, amount=amount)
        for serial, (day, (scale, _), amount) in enumerate(zip(days, drawn, amounts, strict=True), start=1)
    )


def _amounts(dice: Dice, weights: list[int], total: int) -> list[int]:
    """Whole multiples of 100,000 rupiah that add up to ``total``."""
    drawn = [weight * dice.between(0.5, 1.5) for weight in weights]
    steps = [max(1, int(total / _STEP * share / sum(drawn))) for share in drawn]
    steps[steps.index(max(steps))] += total // _STEP - sum(steps)
    return [step * _STEP for step in steps]


def _project(region: Region, dice: Dice, serial: int, day: date, *, scale: str, amount: int) -> Row:
    capital = amount * dice.whole(5, 30) // 100
    return {
        "id_proyek": f"99{region.digits}{day:%Y%m%d}{serial:04d}",
        # Thirteen digits like a real NIB, in a series of its own.
        "nib": f"9999{region.digits}{day.year % 100:02d}{dice.whole(0, 999):03d}",
        "kd_daerah": dice.pick(region.villages),
        "tgl_pengajuan": day.isoformat(),
        "kbli": dice.pick(("47111", "56101", "01261", "10431", "49431", "55110")),
        "uraian_usaha": "Usaha contoh",
        "skala_usaha": scale,
        "kd_resiko": dice.pick(_RISKS),
        "status_penanaman_modal": "PMA" if scale == "04" and dice.whole(0, 3) == 0 else "PMDN",
        "modal_kerja": capital,
        "sub_jumlah": amount - capital,
        "jumlah_investasi": amount,
        "data_checklist": [],
    }
