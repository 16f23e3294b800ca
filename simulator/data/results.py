"""What other bodies decided about a regency, as its secretariat (Setda) keeps it in one table. Mostly synthetic.

Real: the opinions on Kutai Kartanegara for 2017 to 2024 and on Kotawaringin Timur for 2014 to 2022 (BPK), and
Kutai Kartanegara's innovation index of 2022 (Kemendagri, in the press).
"""

from collections.abc import Iterator

from simulator.published import published
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region

Line = tuple[str, ...]
COLUMNS = (
    "kode_daerah", "tahun", "jenis", "hasil", "nilai", "sap", "pengungkapan", "kepatuhan", "spi", "berlaku_dari",
    "berlaku_sampai", "penerbit", "versi", "tanggal_terbit",
)  # fmt: skip
YEARS = (2022, 2023, 2024)
# The last year with another opinion, and from which year on opinions are known.
_OPINIONS = {KUKAR: 2017, KOTIM: 2013, MALANG: 2013}
_CRITERIA_NOTED = 2022
"""From this year on the criteria of the opinions stand in the table."""
_STATUS = {KUKAR: ("Tinggi", "Tinggi", "Tinggi"), KOTIM: ("Sedang", "Tinggi", "Tinggi"), MALANG: ("Tinggi",) * 3}
# The report of 2024 calls an A "Sangat Baik", which is what BB is called: the contract refuses it.
_SAKIP = {
    KUKAR: (("BB (Sangat Baik)", "70,42"), ("BB (Sangat Baik)", "71,05"), ("A (Sangat Baik)", "80,12")),
    KOTIM: (("B (Baik)", "63,18"), ("B (Baik)", "64,90"), ("B (Baik)", "66,31")),
    MALANG: (("BB (Sangat Baik)", "72,60"), ("BB (Sangat Baik)", "73,88"), ("BB (Sangat Baik)", "74,31")),
}
# Kotawaringin Timur's certificate ran out in October 2024.
_ISO = {KUKAR: ("2022-03-01", "2025-02-28"), KOTIM: ("2021-11-01", "2024-10-31")}
_IDENTITY = {KUKAR: "Ditetapkan dan dipakai", KOTIM: "Ditetapkan", MALANG: "Ditetapkan dan dipakai"}
_IID = {KUKAR: ("", "58,90", "59,12"), KOTIM: ("41,20", "44,75", "47,03"), MALANG: ("57,80", "60,40", "62,15")}
_EPSS = {KUKAR: ("", "2,04", "2,71"), KOTIM: ("", "1,62", "2,35"), MALANG: ("", "2,12", "2,66")}
_KAMI = {KUKAR: "402", KOTIM: "271", MALANG: "455"}
_COUNTS = {
    "jumlah_opd": {KUKAR: "48", KOTIM: "41", MALANG: "52"},
    "jumlah_pegawai": {KUKAR: "14210", KOTIM: "9385", MALANG: "16120"},
    "pegawai_terlatih_keamanan": {KUKAR: "640", KOTIM: "118", MALANG: "985"},
    "rapat_dewan": {KUKAR: "2", KOTIM: "0", MALANG: "1"},
    "rapat_pengelola": {KUKAR: "6", KOTIM: "3", MALANG: "8"},
}


def lines() -> list[Line]:
    """The header and a line for each regency, year and subject."""
    return [COLUMNS, *(line for region in REGIONS for line in _of(region))]


def _of(region: Region) -> Iterator[Line]:
    for year in range(_OPINIONS[region], YEARS[-1] + 1):
        opinion = "WDP" if year == _OPINIONS[region] else "WTP"
        spi = "Tidak" if region == KOTIM else "Ya"
        criteria = ("Ya", "Ya", "Ya", spi) if year >= _CRITERIA_NOTED else ("", "", "", "")
        yield _line(region, year, "opini_bpk", opinion, criteria=criteria, by="BPK", on=f"{year + 1}-05-23")
    for at, year in enumerate(YEARS):
        yield from _evaluations(region, year, at)
        for name, values in _COUNTS.items():
            yield _line(region, year, name, value=values[region], by="Setda")


def _evaluations(region: Region, year: int, at: int) -> Iterator[Line]:
    yield _line(region, year, "ekppd", _STATUS[region][at], by="Kemendagri")
    letter, score = _SAKIP[region][at]
    yield _line(region, year, "sakip", letter, score, by="Kementerian PANRB", version="PermenPANRB 88/2021")
    dates = _ISO.get(region)
    yield _line(region, year, "iso_27001", "Bersertifikat" if dates else "Belum bersertifikat", dates=dates or ("", ""))
    yield _line(region, year, "identitas_visual", _IDENTITY[region])
    real = published("inovasi", region, str(year))
    index = _IID[region][at] if real is None else str(real).replace(".", ",")
    yield _line(region, year, "indeks_inovasi", value=index, by="Kemendagri")
    if _EPSS[region][at]:
        yield _line(region, year, "epss", value=_EPSS[region][at], by="BPS", version="Peraturan BPS 3/2022")
    if year == YEARS[-1]:
        yield _line(region, year, "indeks_kami", value=_KAMI[region], by="BSSN", version="4.2")


def _line(
    region: Region,
    year: int,
    subject: str,
    result: str = "-",
    value: str = "",
    *,
    criteria: tuple[str, ...] = ("", "", "", ""),
    by: str = "Setda",
    version: str = "",
    dates: tuple[str, str] = ("", ""),
    on: str = "",
) -> Line:
    return (region.kemendagri, str(year), subject, result, value, *criteria, *dates, by, version, on)
