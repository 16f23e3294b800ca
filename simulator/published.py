"""Every published figure the simulated systems must reproduce, with publisher, year and table.

Nothing here is synthetic. A figure that is not in this table and still comes out of a simulated system is made up.
"""

from dataclasses import dataclass
from decimal import Decimal

from simulator.regions import KOTIM, KUKAR, MALANG, Region


@dataclass(frozen=True)
class Source:
    """Where figures were published."""

    publisher: str
    table: str


@dataclass(frozen=True)
class Figure:
    """One published figure: ``value`` in ``unit`` for a region (dotted Kemendagri code) and a period."""

    name: str
    region: str
    period: str
    value: Decimal
    unit: str
    source: Source


BPS_IPM = Source("BPS", "Indeks Pembangunan Manusia (metode baru) menurut kabupaten/kota, komponen")
BPS_POVERTY = Source("BPS", "Persentase penduduk miskin (P0) menurut kabupaten/kota, Susenas Maret")
BPS_SUSENAS = Source("BPS", "Persentase rumah tangga menurut akses sanitasi dan air minum layak, Susenas")
BPS_SAKERNAS = Source("BPS", "Tingkat pengangguran terbuka dan partisipasi angkatan kerja, Sakernas Agustus")
BPS_JATIM = Source("BPS Jawa Timur", "Indikator kesejahteraan rakyat menurut kabupaten/kota, 2016-2021")
SIPSN = Source("KLHK, SIPSN", "Capaian kinerja pengelolaan sampah menurut kabupaten/kota")
SATU_DATA_MALANG = Source("Satu Data Kabupaten Malang", "Stunting menurut puskesmas, Agustus (9.522 dari 154.791 anak)")
KUKAR_NEWS = Source("Pemerintah Kabupaten Kutai Kartanegara", "kukarkab.go.id/berita/1890, 4 November 2024")
DJPK = Source("DJPK Kementerian Keuangan", "SIKD, APBD Kabupaten Malang: anggaran dan realisasi")
SPBE_2021 = Source("Kementerian PANRB", "Indeks SPBE instansi pusat dan pemerintah daerah 2021-2023")
SPBE_2024 = Source("Kementerian PANRB", "SK MenPANRB 663/2024, Indeks SPBE (kalteng.bpk.go.id)")
IID = Source("Kemendagri", "Indeks Inovasi Daerah 2022 (eksekutor.com)")
PROFILE_2025 = Source("Dinas Kesehatan Provinsi Jawa Timur", "Profil Kesehatan 2025, Tabel 26, 41 dan 43")
KUKAR_ROADS = Source("Dinas PU Kabupaten Kutai Kartanegara", "Kondisi jalan kabupaten 2021/22 (SDI dan IRI), 2.193 km")
LETTER_2022 = Source("Kementerian Kominfo", "Surat B-1004/DJAI/AI.01.04/12/2022, hasil evaluasi Smart City 2022")
LETTER_2023 = Source(
    "Kementerian Kominfo", "Surat B-1384/DJAI/AI.01.04/12/2023, hasil evaluasi Smart City 2023 tahap II"
)


def _figures(source: Source, region: Region, period: str, unit: str, values: dict[str, str]) -> list[Figure]:
    return [Figure(name, region.kemendagri, period, Decimal(value), unit, source) for name, value in values.items()]


def _ipm(region: Region, period: str, values: str) -> list[Figure]:
    """Life expectancy, expected and mean years of schooling, adjusted expenditure in thousand rupiah a year."""
    uhh, hls, rls, expenditure = values.split()
    years = {"ipm.uhh": uhh, "ipm.hls": hls, "ipm.rls": rls}
    return [
        *_figures(BPS_IPM, region, period, "tahun", years),
        *_figures(BPS_IPM, region, period, "ribu rupiah/orang/tahun", {"ipm.pengeluaran": expenditure}),
    ]


def _welfare(period: str, values: str) -> list[Figure]:
    """Malang: poor people in thousands, growth in percent, product per person at constant prices in thousand rupiah."""
    poor, growth, product = values.split()
    return [
        *_figures(BPS_JATIM, MALANG, period, "ribu jiwa", {"penduduk_miskin": poor}),
        *_figures(BPS_JATIM, MALANG, period, "%", {"pertumbuhan": growth}),
        *_figures(BPS_JATIM, MALANG, period, "ribu rupiah", {"pdrb_per_kapita": product}),
    ]


def _dimensions(source: Source, region: Region, period: str, values: str) -> list[Figure]:
    names = ("baseline", "output", "outcome", "impact", "quick_wins", "kolaborasi")
    return _figures(
        source, region, period, "skor 0-4", dict(zip((f"dimensi.{n}" for n in names), values.split(), strict=False))
    )


def _household(region: Region, sanitation: str, water: str) -> list[Figure]:
    return _figures(BPS_SUSENAS, region, "2021", "%", {"rt.sanitasi_layak": sanitation, "rt.air_layak": water})


PUBLISHED: tuple[Figure, ...] = (
    *_ipm(KUKAR, "2019", "72.21 13.58 9.10 11152"),
    *_ipm(KUKAR, "2020", "72.34 13.59 9.22 10720"),
    *_ipm(KUKAR, "2021", "72.64 13.60 9.23 11048"),
    *_ipm(KOTIM, "2019", "69.80 12.69 8.12 11905"),
    *_ipm(KOTIM, "2020", "69.85 12.84 8.13 11854"),
    *_ipm(KOTIM, "2021", "69.90 12.85 8.15 11866"),
    *_ipm(MALANG, "2019", "72.45 13.17 7.27 10270"),
    *_ipm(MALANG, "2020", "72.55 13.18 7.42 10028"),
    *_ipm(MALANG, "2021", "72.61 13.24 7.43 10163"),
    *_figures(BPS_POVERTY, KUKAR, "2021", "%", {"p0": "7.99"}),
    *_figures(BPS_POVERTY, KOTIM, "2021", "%", {"p0": "5.91"}),
    *_figures(BPS_POVERTY, MALANG, "2021", "%", {"p0": "10.50"}),
    *_welfare("2019", "246.60 5.49 26220"),
    *_welfare("2020", "265.56 -2.68 25108"),
    *_welfare("2021", "276.58 3.12 25716"),
    *_figures(BPS_JATIM, MALANG, "2019", "%", {"tpt": "3.70", "tpak": "70.07"}),
    *_figures(BPS_JATIM, MALANG, "2020", "%", {"tpt": "5.49", "tpak": "71.62"}),
    *_figures(BPS_SAKERNAS, KUKAR, "2021", "%", {"tpt": "5.66"}),
    *_figures(BPS_SAKERNAS, KOTIM, "2021", "%", {"tpt": "5.15"}),
    *_figures(BPS_SAKERNAS, MALANG, "2021", "%", {"tpt": "5.40"}),
    *_household(KUKAR, "84.22", "76.80"),
    *_household(KOTIM, "72.62", "85.37"),
    *_household(MALANG, "80.79", "94.14"),
    *_figures(KUKAR_NEWS, KUKAR, "2024-08", "%", {"stunting": "17.6"}),
    *_figures(SATU_DATA_MALANG, MALANG, "2024-08", "%", {"stunting": "6.15"}),
    # 1 miliar = 1,000,000,000 rupiah, as SIKD prints it.
    *_figures(
        DJPK,
        MALANG,
        "2023",
        "miliar rupiah",
        {
            "apbd.4.nominal": "4372.86",
            "apbd.4.realisasi": "3190.96",
            "apbd.4.1.nominal": "1025.59",
            "apbd.4.1.realisasi": "620.80",
            "apbd.5.nominal": "4739.94",
            "apbd.5.realisasi": "2595.02",
        },
    ),
    *_figures(SPBE_2021, KOTIM, "2021", "indeks 1-5", {"spbe": "1.66"}),
    *_figures(SPBE_2021, KOTIM, "2022", "indeks 1-5", {"spbe": "2.38"}),
    *_figures(SPBE_2021, KOTIM, "2023", "indeks 1-5", {"spbe": "3.11"}),
    *_figures(SPBE_2024, KOTIM, "2024", "indeks 1-5", {"spbe": "3.22"}),
    *_figures(IID, KUKAR, "2022", "indeks 0-100", {"inovasi": "55.83"}),
    *_figures(
        PROFILE_2025,
        MALANG,
        "2025",
        "orang",
        {
            "profil.ibu_hamil": "41923",
            "profil.ibu_bersalin": "41709",
            "profil.lahir_hidup": "39536",
            "profil.bayi_bertahan": "39056",
            "profil.K1": "31671",
            "profil.K6": "30999",
            "profil.Persalinan di Fasyankes": "41709",
            "profil.KF1": "30973",
            "profil.KF Lengkap": "30140",
            "profil.HB0": "29847",
            "profil.BCG": "31915",
            "profil.DPT-HB-Hib3": "31927",
            "profil.Polio 4": "31494",
            "profil.Campak Rubela": "33285",
            "profil.IDL": "33285",
        },
    ),
    # Good and medium follow from their printed shares of 2,193 km and their sum of 1,004.6 km.
    *_figures(
        KUKAR_ROADS,
        KUKAR,
        "2022",
        "km",
        {"jalan.Baik": "649.1", "jalan.Sedang": "355.5", "jalan.Rusak Ringan": "524.3", "jalan.Rusak Berat": "664.1"},
    ),
    *_dimensions(LETTER_2022, MALANG, "2022", "1.40 1.54 2.92 2.56 3.08"),
    *_dimensions(LETTER_2023, KUKAR, "2023", "3.60 2.89 2.92 2.59 3.32 1.20"),
    *_dimensions(LETTER_2023, MALANG, "2023", "3.60 2.29 3.41 2.81 3.13 2.53"),
)

# SIPSN 2024 as printed, column by column: tons a year and percent; "" is a blank cell, which is not zero.
# Kabupaten Malang is not in the list of that year.
SIPSN_2024: dict[str, tuple[str, ...]] = {
    KUKAR.kemendagri: (
        "2024", "Kalimantan Timur", "Kab. Kutai Kartanegara", "135,200.79", "21,197.61", "15.68", "78,337.36",
        "57.94", "99,534.97", "73.62", "19,531.65", "91.76", "14.51", "P 1",
    ),
    KOTIM.kemendagri: (
        "2024", "Kalimantan Tengah", "Kab. Kotawaringin Timur", "87,386.06", "104.76", "0.12", "26,280.00",
        "30.07", "26,384.76", "30.19", "96.54", "", "0.11", "P 1",
    ),
}  # fmt: skip


def published(name: str, region: Region, period: str) -> Decimal | None:
    """The published value, or None where nothing was published."""
    found = (f.value for f in PUBLISHED if (f.name, f.region, f.period) == (name, region.kemendagri, period))
    return next(found, None)


def required(name: str, region: Region, period: str) -> Decimal:
    """The published value of a figure that must exist; raises KeyError when this table does not hold it."""
    value = published(name, region, period)
    if value is None:
        raise KeyError(f"no published figure {name} for {region.kemendagri} in {period}")
    return value
