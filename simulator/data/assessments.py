"""What the regency's own Diskominfo keeps: dimension values of the smart-city evaluation, and SPBE indices."""

from decimal import Decimal

from simulator.published import published
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Row = dict[str, object]
DIMENSIONS = ("baseline", "output", "outcome", "impact", "quick_wins", "kolaborasi")
SPBE_YEARS = (2021, 2022, 2023, 2024)

# After so many corrections the index is as it was; until then it stays in its band.
_REVISIONS = 16
_COHORT = "KPPN&IKN"
# Kotawaringin Timur is not in the ministry's list; these six values are made up.
_SYNTHETIC_2023 = {KOTIM.kemendagri: ("2.80", "2.43", "2.61", "2.35", "2.74", "1.40")}
_SYNTHETIC_SPBE = {
    KUKAR.kemendagri: ("2.31", "2.75", "3.02", "3.34"),
    MALANG.kemendagri: ("2.12", "2.58", "2.87", "3.15"),
}


def dimension_rows(year: int) -> list[Row]:
    """One row a region and dimension; a dimension that was not assessed has no row."""
    rows: list[Row] = []
    for region in REGIONS:
        for dimension in DIMENSIONS:
            value = _dimension(region, year, dimension)
            if value is not None:
                rows.append(
                    {
                        "kode_daerah": region.kemendagri,
                        "tahun": year,
                        "kohort": _COHORT,
                        "dimensi": dimension,
                        "nilai": value,
                    }
                )
    return rows


def spbe_rows(year: int, revision: int = 0) -> list[Row]:
    """One row a region. ``revision`` counts corrections: each changes one made-up index a little, never a real one."""
    if year not in SPBE_YEARS:
        return []
    rows: list[Row] = [
        {"kode_daerah": region.kemendagri, "tahun": year, "indeks": _spbe(region, year)} for region in REGIONS
    ]
    if year == SPBE_YEARS[-1]:
        for row in rows:
            if row["kode_daerah"] == KUKAR.kemendagri:
                row["indeks"] = _spbe(KUKAR, year) + Decimal(revision % _REVISIONS) / 100
    return rows


def _dimension(region: Region, year: int, dimension: str) -> Decimal | None:
    found = published(f"dimensi.{dimension}", region, str(year))
    if found is None and year == 2023 and region.kemendagri in _SYNTHETIC_2023:
        return Decimal(_SYNTHETIC_2023[region.kemendagri][DIMENSIONS.index(dimension)])
    return found


def _spbe(region: Region, year: int) -> Decimal:
    found = published("spbe", region, str(year))
    return found if found is not None else Decimal(_SYNTHETIC_SPBE[region.kemendagri][SPBE_YEARS.index(year)])
