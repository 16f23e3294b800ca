"""Statistics as the BPS interface names them. The variable ids are the simulator's own, not those of BPS."""

from dataclasses import dataclass
from decimal import Decimal

from simulator.data.schools import PEOPLE_OF_AGE
from simulator.published import published
from simulator.regions import REGIONS, Region


@dataclass(frozen=True)
class Variable:
    """One variable: where its values come from, and the years it covers."""

    id: int
    title: str
    unit: str
    figure: str
    years: tuple[int, ...]


VARIABLES = (
    Variable(101, "Umur Harapan Hidup saat Lahir", "Tahun", "ipm.uhh", (2019, 2020, 2021)),
    Variable(102, "Harapan Lama Sekolah", "Tahun", "ipm.hls", (2019, 2020, 2021)),
    Variable(103, "Rata-rata Lama Sekolah", "Tahun", "ipm.rls", (2019, 2020, 2021)),
    Variable(
        104, "Pengeluaran per Kapita Disesuaikan", "Ribu Rupiah/Orang/Tahun", "ipm.pengeluaran", (2019, 2020, 2021)
    ),
    Variable(105, "Persentase Penduduk Miskin (P0)", "Persen", "p0", (2021,)),
    Variable(106, "Penduduk Usia 7-15 Tahun (sampel simulasi)", "Jiwa", "", (2024,)),
)
# Listed without data, so that the list has several pages.
EMPTY_VARIABLES = tuple(Variable(id_, f"Variabel contoh {id_}", "Tidak Ada Satuan", "", ()) for id_ in range(901, 918))


def variable(id_: int) -> Variable | None:
    """The variable of an id, or None."""
    return next((item for item in (*VARIABLES, *EMPTY_VARIABLES) if item.id == id_), None)


def value(item: Variable, region: Region, year: int) -> Decimal | None:
    """The value of a variable, or None where there is none."""
    if year not in item.years:
        return None
    if not item.figure:
        return Decimal(PEOPLE_OF_AGE[region.kemendagri])
    return published(item.figure, region, str(year))


def values(item: Variable, regions: tuple[Region, ...] = REGIONS) -> dict[tuple[str, int], Decimal]:
    """(BPS code, year) -> value, for every cell that has one."""
    cells = {(region.bps, year): value(item, region, year) for region in regions for year in item.years}
    return {key: cell for key, cell in cells.items() if cell is not None}
