"""Budgets and their realisation (APBD), as SIPD's LRA report lists them: rupiah with two decimals."""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from simulator.published import published
from simulator.regions import KOTIM, KUKAR, MALANG, Region

Row = dict[str, object]
YEARS = (2022, 2023, 2024)

_CENT = Decimal("0.01")
_MILLIARD = Decimal(1_000_000_000)

# Synthetic totals in milliards of rupiah for 2021: revenue, own revenue, spending; each as (budget, realised).
_BASE: dict[str, tuple[tuple[str, str], ...]] = {
    KUKAR.kemendagri: (("5120.40", "5498.75"), ("488.15", "602.33"), ("5713.20", "4986.10")),
    KOTIM.kemendagri: (("1985.70", "1921.44"), ("311.20", "278.90"), ("2064.35", "1883.02")),
    MALANG.kemendagri: (("3980.10", "3891.25"), ("712.45", "745.60"), ("4310.55", "3902.70")),
}
_TOP = ("4", "4.1", "5")
# Growth of budget and realisation in percent a year, from 2021 on; synthetic.
_GROWTH = {2021: (0, 0), 2022: (8, 6), 2023: (21, 17), 2024: (29, 27)}

# (code, name, parent, share of the parent's budget in 1/1000, the same of its realisation). The last child of a
# parent takes what is left, so that children always add up to their parent.
_TREE: tuple[tuple[str, str, str, int, int], ...] = (
    ("4.1.01", "Pajak Daerah", "4.1", 465, 542),
    ("4.1.02", "Retribusi Daerah", "4.1", 117, 38),
    ("4.1.03", "Hasil Pengelolaan Kekayaan Daerah yang Dipisahkan", "4.1", 46, 41),
    ("4.1.04", "Lain-lain PAD yang Sah", "4.1", 0, 0),
    ("4.2", "Pendapatan Transfer", "4-", 827, 782),
    ("4.2.01", "Pendapatan Transfer Pemerintah Pusat", "4.2", 908, 879),
    ("4.2.02", "Pendapatan Transfer Antar Daerah", "4.2", 0, 0),
    ("4.3", "Lain-lain Pendapatan Daerah yang Sah", "4-", 0, 0),
    ("4.3.01", "Pendapatan Hibah", "4.3", 76, 26),
    ("4.3.03", "Lain-lain Pendapatan Sesuai dengan Ketentuan Peraturan Perundang-Undangan", "4.3", 0, 0),
    ("5.1", "Belanja Operasi", "5", 702, 741),
    ("5.1.01", "Belanja Pegawai", "5.1", 509, 531),
    ("5.1.02", "Belanja Barang dan Jasa", "5.1", 421, 402),
    ("5.1.05", "Belanja Hibah", "5.1", 58, 56),
    ("5.1.06", "Belanja Bantuan Sosial", "5.1", 0, 0),
    ("5.2", "Belanja Modal", "5", 129, 71),
    ("5.2.02", "Belanja Modal Peralatan dan Mesin", "5.2", 288, 301),
    ("5.2.03", "Belanja Modal Gedung dan Bangunan", "5.2", 312, 287),
    ("5.2.04", "Belanja Modal Jalan, Jaringan, dan Irigasi", "5.2", 0, 0),
    ("5.3", "Belanja Tidak Terduga", "5", 9, 2),
    ("5.3.01", "Belanja Tidak Terduga", "5.3", 0, 0),
    ("5.4", "Belanja Transfer", "5", 0, 0),
    ("5.4.01", "Belanja Bagi Hasil", "5.4", 61, 58),
    ("5.4.02", "Belanja Bantuan Keuangan", "5.4", 0, 0),
    ("6.1", "Penerimaan Pembiayaan", "6", 0, 0),
    ("6.1.01", "Sisa Lebih Perhitungan Anggaran Tahun Sebelumnya", "6.1", 0, 0),
)
_TOP_NAMES = {"4": "Pendapatan Daerah", "4.1": "Pendapatan Asli Daerah (PAD)", "5": "Belanja Daerah"}


def lra(region: Region, year: int) -> list[Row]:
    """The report's rows in order of their account code; empty for a year without a report."""
    if year not in YEARS:
        return []
    names = {code: name for code, name, *_ in _TREE} | _TOP_NAMES
    names |= {"6": "Pembiayaan Daerah", "6.2": "Pengeluaran Pembiayaan", "6.2.02": "Penyertaan Modal Daerah"}
    now, before = _accounts(region, year), _accounts(region, year - 1)
    return [
        {
            "kode_rekening": code,
            "level": code.count(".") + 1,
            "nama_rekening": names[code],
            "nominal": now[code][0],
            "realisasi": now[code][1],
            "presentase": percent(now[code][1], now[code][0]),
            "previous_realisasi": before[code][1],
        }
        for code in sorted(now)
    ]


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """100 * part / whole, half-up to 2 decimals; 0 where nothing was budgeted, which is how the reports print it."""
    if whole == 0:
        return Decimal("0.00")
    return (100 * part / whole).quantize(_CENT, ROUND_HALF_UP)


@cache
def _accounts(region: Region, year: int) -> dict[str, tuple[Decimal, Decimal]]:
    """Account code -> (budget, realised), in rupiah."""
    known = {code: _top(region, year, code) for code in _TOP}
    rest = (known["4"][0] - known["4.1"][0], known["4"][1] - known["4.1"][1])
    known["4-"] = rest
    known["6"] = known["6.1"] = _financing(known["5"])
    parents: dict[str, list[tuple[str, int, int]]] = {}
    for code, _name, parent, budget_share, realised_share in _TREE:
        if code != "6.1":
            parents.setdefault(parent, []).append((code, budget_share, realised_share))
    for parent, children in parents.items():
        known |= _split(known[parent], children)
    del known["4-"]
    # Money was paid in without a budget: the reports print 0 percent for it.
    paid_in = Decimal("8690000000.00")
    known["6.2"] = known["6.2.02"] = (Decimal("0.00"), paid_in)
    known["6"] = (known["6.1"][0], known["6.1"][1] - paid_in)
    return known


def _top(region: Region, year: int, code: str) -> tuple[Decimal, Decimal]:
    return _amount(region, year, code, 0), _amount(region, year, code, 1)


def _amount(region: Region, year: int, code: str, column: int) -> Decimal:
    milliards = published(f"apbd.{code}.{('nominal', 'realisasi')[column]}", region, str(year))
    if milliards is None:
        base = Decimal(_BASE[region.kemendagri][_TOP.index(code)][column])
        milliards = (base * (100 + _GROWTH[year][column]) / 100).quantize(_CENT, ROUND_HALF_UP)
    return (milliards * _MILLIARD).quantize(_CENT)


def _financing(spending: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    return (spending[0] * 9 / 100).quantize(_CENT), (spending[1] * 14 / 100).quantize(_CENT)


def _split(whole: tuple[Decimal, Decimal], children: list[tuple[str, int, int]]) -> dict[str, tuple[Decimal, Decimal]]:
    parts: dict[str, tuple[Decimal, Decimal]] = {}
    left = whole
    for code, *shares in children[:-1]:
        part = [(amount * share / 1000).quantize(_CENT) for amount, share in zip(whole, shares, strict=True)]
        parts[code] = (part[0], part[1])
        left = (left[0] - part[0], left[1] - part[1])
    parts[children[-1][0]] = left
    return parts
