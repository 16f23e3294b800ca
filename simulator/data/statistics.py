"""Statistics as the BPS interface names them. The variable ids are the simulator's own, not those of BPS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.data.schools import PEOPLE_OF_AGE
from simulator.published import published
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region


@dataclass(frozen=True)
class Variable:
    """One variable: the years it covers, and where its values come from.

    ``figure`` is the name of published figures; without one, ``made_up`` gives a value by region.
    """

    id: int
    title: str
    unit: str
    figure: str
    years: tuple[int, ...]
    made_up: Mapping[str, Decimal] = field(default_factory=dict)


def _each(values: Mapping[str, int | str]) -> Mapping[str, Decimal]:
    return {code: Decimal(value) for code, value in values.items()}


# Shares of women by the survey, synthetic: lower than what the health agency records.
_HEALTH_WORKER = {KUKAR.kemendagri: "97.45", KOTIM.kemendagri: "91.80", MALANG.kemendagri: "98.12"}
_FACILITY = {KUKAR.kemendagri: "92.36", KOTIM.kemendagri: "80.47", MALANG.kemendagri: "95.71"}
VARIABLES = (
    Variable(101, "Umur Harapan Hidup saat Lahir", "Tahun", "ipm.uhh", (2019, 2020, 2021)),
    Variable(102, "Harapan Lama Sekolah", "Tahun", "ipm.hls", (2019, 2020, 2021)),
    Variable(103, "Rata-rata Lama Sekolah", "Tahun", "ipm.rls", (2019, 2020, 2021)),
    Variable(
        104, "Pengeluaran per Kapita Disesuaikan", "Ribu Rupiah/Orang/Tahun", "ipm.pengeluaran", (2019, 2020, 2021)
    ),
    Variable(105, "Persentase Penduduk Miskin (P0)", "Persen", "p0", (2021,)),
    Variable(106, "Penduduk Usia 7-15 Tahun (sampel simulasi)", "Jiwa", "", (2024,), _each(PEOPLE_OF_AGE)),
    Variable(131, "Rumah Tangga dengan Akses Sanitasi Layak", "Persen", "rt.sanitasi_layak", (2021,)),
    Variable(132, "Rumah Tangga dengan Sumber Air Minum Layak", "Persen", "rt.air_layak", (2021,)),
    Variable(133, "Persalinan Terakhir Ditolong Tenaga Kesehatan", "Persen", "", (2024,), _each(_HEALTH_WORKER)),
    Variable(134, "Persalinan Terakhir di Fasilitas Kesehatan", "Persen", "", (2024,), _each(_FACILITY)),
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
        return item.made_up.get(region.kemendagri)
    return published(item.figure, region, str(year))


def values(item: Variable, regions: tuple[Region, ...] = REGIONS) -> dict[tuple[str, int], Decimal]:
    """(BPS code, year) -> value, for every cell that has one."""
    cells = {(region.bps, year): value(item, region, year) for region in regions for year in item.years}
    return {key: cell for key, cell in cells.items() if cell is not None}
