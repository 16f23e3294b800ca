"""Statistics as the BPS interface names them. The variable ids are the simulator's own, not those of BPS."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from simulator.data.schools import PEOPLE_OF_AGE
from simulator.published import published
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region


@dataclass(frozen=True)
class Variable:
    """One variable: where its values come from, and the years it covers.

    ``figure`` is what the published figure is called. Without one the values are made up, in ``MADE_UP`` by the id.
    """

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
    Variable(120, "Jumlah Penduduk Miskin", "Ribu Jiwa", "penduduk_miskin", (2019, 2020, 2021)),
    Variable(121, "Tingkat Pengangguran Terbuka (TPT)", "Persen", "tpt", (2019, 2020, 2021)),
    Variable(122, "Jumlah Pengangguran (simulasi)", "Jiwa", "", (2024,)),
    Variable(123, "Jumlah Angkatan Kerja (simulasi)", "Jiwa", "", (2024,)),
    Variable(124, "Tingkat Partisipasi Angkatan Kerja (TPAK)", "Persen", "tpak", (2019, 2020)),
    Variable(125, "Laju Pertumbuhan PDRB Harga Konstan", "Persen", "pertumbuhan", (2019, 2020, 2021)),
    Variable(126, "PDRB Harga Konstan 2010 (simulasi)", "Miliar Rupiah", "", (2020, 2021)),
    Variable(127, "PDRB Harga Berlaku (simulasi)", "Miliar Rupiah", "", (2024,)),
    Variable(128, "PDRB per Kapita Harga Konstan 2010", "Ribu Rupiah", "pdrb_per_kapita", (2019, 2020, 2021)),
    Variable(129, "Jumlah Penduduk (simulasi)", "Jiwa", "", (2024,)),
    Variable(130, "Penduduk Usia 7-12 Tahun (sampel simulasi)", "Jiwa", "", (2024,)),
    Variable(131, "Penduduk Usia 13-15 Tahun (sampel simulasi)", "Jiwa", "", (2024,)),
    Variable(132, "Jumlah Desa/Kelurahan (simulasi)", "Desa", "", (2024,)),
    Variable(141, "Rumah Tangga dengan Akses Sanitasi Layak", "Persen", "rt.sanitasi_layak", (2021,)),
    Variable(142, "Rumah Tangga dengan Sumber Air Minum Layak", "Persen", "rt.air_layak", (2021,)),
    Variable(143, "Persalinan Terakhir Ditolong Tenaga Kesehatan (simulasi)", "Persen", "", (2024,)),
    Variable(144, "Persalinan Terakhir di Fasilitas Kesehatan (simulasi)", "Persen", "", (2024,)),
)

# By variable, region and year. People of 7 to 12 and of 13 to 15 together are those of 7 to 15.
MADE_UP: Mapping[int, Mapping[tuple[str, int], str]] = MappingProxyType(
    {
        106: {(code, 2024): str(people) for code, people in PEOPLE_OF_AGE.items()},
        122: {(KUKAR.kemendagri, 2024): "19800", (MALANG.kemendagri, 2024): "73100"},
        123: {(KUKAR.kemendagri, 2024): "396000", (MALANG.kemendagri, 2024): "1420000"},
        126: {
            (KUKAR.kemendagri, 2020): "121000.0",
            (KUKAR.kemendagri, 2021): "124146.0",
            (KOTIM.kemendagri, 2020): "19400.0",
            (KOTIM.kemendagri, 2021): "20021.0",
        },
        127: {(KUKAR.kemendagri, 2024): "241500.0", (MALANG.kemendagri, 2024): "137900.0"},
        # Round numbers near those of Kepmendagri 300.2.2-2138 of 2025.
        129: {
            (KUKAR.kemendagri, 2024): "807000",
            (KOTIM.kemendagri, 2024): "454500",
            (MALANG.kemendagri, 2024): "2734600",
        },
        130: {(KUKAR.kemendagri, 2024): "392", (KOTIM.kemendagri, 2024): "410", (MALANG.kemendagri, 2024): "418"},
        131: {(KUKAR.kemendagri, 2024): "208", (KOTIM.kemendagri, 2024): "188", (MALANG.kemendagri, 2024): "180"},
        # As many as Kepmendagri 300.2.2-2138 of 2025 lists.
        132: {(KUKAR.kemendagri, 2024): "237", (KOTIM.kemendagri, 2024): "185", (MALANG.kemendagri, 2024): "390"},
        # Shares of women by the survey: lower than what the health agency records.
        143: {(KUKAR.kemendagri, 2024): "97.45", (KOTIM.kemendagri, 2024): "91.80", (MALANG.kemendagri, 2024): "98.12"},
        144: {(KUKAR.kemendagri, 2024): "92.36", (KOTIM.kemendagri, 2024): "80.47", (MALANG.kemendagri, 2024): "95.71"},
    }
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
        made_up = MADE_UP[item.id].get((region.kemendagri, year))
        return None if made_up is None else Decimal(made_up)
    return published(item.figure, region, str(year))


def values(item: Variable, regions: tuple[Region, ...] = REGIONS) -> dict[tuple[str, int], Decimal]:
    """(BPS code, year) -> value, for every cell that has one."""
    cells = {(region.bps, year): value(item, region, year) for region in regions for year in item.years}
    return {key: cell for key, cell in cells.items() if cell is not None}
