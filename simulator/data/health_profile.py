"""The health profile's table of mother and child: under each service its target, how many got it, and the share.

Kabupaten Malang is as published; the other two regencies are synthetic.
"""

from decimal import ROUND_HALF_UP, Decimal

from simulator.published import published
from simulator.regions import KOTIM, KUKAR, REGIONS, Region
from simulator.xlsx import Cell

YEAR = 2025
# Over whom each service is counted; the table heads all of them SASARAN.
SERVICES = {
    "K1": "ibu_hamil",
    "K6": "ibu_bersalin",
    "Persalinan di Fasyankes": "ibu_bersalin",
    "KF1": "ibu_bersalin",
    "KF Lengkap": "ibu_bersalin",
    "HB0": "lahir_hidup",
    "BCG": "lahir_hidup",
    "DPT-HB-Hib3": "bayi_bertahan",
    "Polio 4": "bayi_bertahan",
    "Campak Rubela": "bayi_bertahan",
    "IDL": "bayi_bertahan",
}
_TARGETS = {
    KUKAR.kemendagri: {"ibu_hamil": 15210, "ibu_bersalin": 14520, "lahir_hidup": 13830, "bayi_bertahan": 13640},
    KOTIM.kemendagri: {"ibu_hamil": 8950, "ibu_bersalin": 8540, "lahir_hidup": 8130, "bayi_bertahan": 8020},
}
# In hundredths of a percent, in the order of SERVICES: no dose is below complete immunisation.
_SHARES = {
    KUKAR.kemendagri: (9630, 8870, 9410, 9050, 8720, 9480, 9520, 9360, 9310, 9240, 9120),
    KOTIM.kemendagri: (9240, 8110, 7960, 8330, 7890, 8650, 9010, 8740, 8690, 8570, 8350),
}
# What verifiers left in cells of numbers.
REMARKS = {
    (KOTIM.kemendagri, "Polio 4"): "NIHIL",
    (KUKAR.kemendagri, "KF Lengkap"): "berbeda dengan data final",
}


def sheet() -> list[list[Cell]]:
    """Two titles, the services over their three columns each, the regencies, and where the table is from."""
    width = len(SERVICES) * 3
    services: list[Cell] = [cell for service in SERVICES for cell in (service, "", "")]
    return [
        ["CAKUPAN PELAYANAN KESEHATAN IBU DAN ANAK MENURUT KABUPATEN/KOTA"],
        [f"TAHUN {YEAR}"],
        ["", "", *services],
        ["KODE", "KABUPATEN/KOTA", *["SASARAN", "JUMLAH", "%"] * len(SERVICES)],
        *([region.kemendagri, region.name, *_cells(region)] for region in REGIONS),
        ["Sumber: Dinas Kesehatan", *[""] * width],
    ]


def _cells(region: Region) -> list[Cell]:
    cells: list[Cell] = []
    for place, (service, target) in enumerate(SERVICES.items()):
        whole, count = _figures(region, place, service, target)
        share = (100 * Decimal(count) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)
        cells += [whole, REMARKS.get((region.kemendagri, service), count), f"{share}".replace(".", ",")]
    return cells


def _figures(region: Region, place: int, service: str, target: str) -> tuple[int, int]:
    whole, count = (published(f"profil.{name}", region, str(YEAR)) for name in (target, service))
    if whole is not None and count is not None:
        return int(whole), int(count)
    made_up = _TARGETS[region.kemendagri][target]
    return made_up, made_up * _SHARES[region.kemendagri][place] // 10_000
