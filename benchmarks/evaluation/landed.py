"""A landing without any pull: Parquet files as batches leave them, and the ledger's rows of those batches."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import duckdb

from definitions.indicators import DIVIDED, Indicator, all_indicators
from definitions.tables import definition_tables
from ledger.records import BatchResult
from ledger.regions import all_regions
from ledger.settings import Settings, sources_dir
from ledger.sql import identifier, literal
from ledger.store import Ledger
from pilar.evaluation.warehouse import LANDED_OWN
from pilar.sources.catalogue import landed_columns

YEARS = range(2020, 2025)
FIGURES = "sample_figures"
FIGURES_SOURCE = """\
id: sample_figures
title: Angka contoh untuk pengukuran
system: none
protocol: file
connection: sample
args: {files: '*.csv', format: {delimiter: ','}}
load: snapshot
coverage: {from: tahun, grain: year}
contract:
  key: [kode_daerah, tahun, indikator]
  columns:
    kode_daerah: {required: true, pattern: '^\\d{2}\\.\\d{2}$', description: {id: kode, en: code}}
    tahun: {type: integer, required: true, description: {id: tahun, en: year}}
    indikator: {required: true, description: {id: indikator, en: indicator}}
    nilai: {type: 'decimal(18,4)', description: {id: angka, en: figure}}
    pembilang: {type: 'decimal(24,4)', description: {id: pembilang, en: numerator}}
    penyebut: {type: 'decimal(24,4)', description: {id: penyebut, en: denominator}}
provides:
  - record: published_figure
    columns:
      region_code: kode_daerah
      period: tahun
      indicator: indikator
      publisher: {is: Sample}
      value: nilai
      numerator: pembilang
      denominator: penyebut
assertions: {rows: {min: 0}, quarantine: {max: 1%}, shrink: {max: 10%}}
freshness: {due: {id: tahunan, en: yearly}, warn: 30d, fail: 120d}
events: {fallback: 0 4 * * 0}
caveats: [{id: dibuat untuk pengukuran, en: made for a measurement}]
runbook: 'Nothing to do: this source exists for a measurement only.'
"""

# Of a hundred rows, how many are of which source.
SHARES: Mapping[str, int] = {
    "perkim_sanitasi": 25,
    "dinkes_persalinan": 15,
    "dinkes_eppgbm": 20,
    "disdik_peserta_didik": 25,
    "diskominfo_surat": 5,
    "rsud_waktu_tunggu": 10,
}
_MONTHS = tuple(f"{YEARS[-1]}-{month:02d}" for month in range(1, 13))
_OVER_YEARS = tuple(map(str, YEARS))
COVERAGES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(SHARES, _OVER_YEARS),
    "dinkes_eppgbm": _MONTHS,
    "rsud_waktu_tunggu": _MONTHS,
    "disdik_peserta_didik": tuple(f"{year}1" for year in YEARS),
}

# The SQL of landed columns: n is the number of a row within its batch, h a hash of it, c the batch's coverage.
# Columns of all sources stand together; those that are not named here are null.
_VALUES: Mapping[str, str] = {
    "kode_daerah": "region",
    "tahun": "cast(c as integer)",
    "bulan": "c",
    "bulan_ukur": "c",
    "semester_id": "c",
    "id_rumah_tangga": "md5(c || n)",
    "akses_sanitasi": "list_value('aman', 'layak_sendiri', 'layak_bersama', 'belum_layak')[h % 4 + 1]",
    "air_minum": "if(h % 10 < 8, 'layak', 'tidak_layak')",
    "encounter_id": "md5(c || n)",
    "status": "if(h % 20 = 0, 'cancelled', 'finished')",
    "mulai": "make_timestamptz(cast(c as integer), cast(h % 12 + 1 as bigint), cast(h % 28 + 1 as bigint), 9, 0, 0.0)",
    "penolong": "list_value('dokter', 'bidan', 'bidan', 'dukun')[h % 4 + 1]",
    # One child in twenty is measured twice in a month.
    "nik_anak": "md5(cast(n - if(n % 20 = 0, 514, 0) as varchar))",
    "tanggal_lahir": "date '2013-01-01' + cast(h % 1500 as integer)",
    "jenis_kelamin": "if(h % 2 = 0, 'L', 'P')",
    "tgl_ukur": "cast(c || '-01' as date) + cast(h % 28 as integer)",
    "umur": "cast(h % 60 as integer)",
    "tb_u": "list_value('Sangat Pendek', 'Pendek', 'Normal', 'Normal', 'Normal', 'Tinggi')[h % 6 + 1]",
    "peserta_didik_id": "md5(cast(n as varchar))",
    "npsn": "lpad(cast(n // 300 as varchar), 8, '0')",
    "tingkat_pendidikan_id": "cast(h % 9 + 1 as integer)",
    "no_agenda": "c || n",
    "kode_opd": "'dinas_' || h % 20",
    "tanggal_surat": "make_date(cast(c as integer), cast(h % 12 + 1 as integer), 1)",
    "jenis_ttd": "list_value('tte', 'tte', 'pindai', 'basah')[h % 4 + 1]",
    "status_verifikasi": "if(h % 10 = 0, 'INVALID', 'VALID')",
    "kode_booking": "md5(c || n)",
    "id_jadwal": "c || n // 30",
    "pasien_baru": "if(h % 5 = 0, '1', '0')",
    **{
        name: f"timezone('UTC', cast(c || '-01' as timestamp)) + to_minutes(cast(h % 40000 + {minutes} as bigint))"
        for name, minutes in {
            "mulai_praktek": 0,
            "task1_rs": 5,
            "task3_rs": 20,
            "task4_rs": 50,
            "task1_server": 6,
            "task3_server": 22,
            "task4_server": 53,
        }.items()
    },
}


def land_figures(ledger: Ledger, settings: Settings, years: Sequence[int] = YEARS) -> int:
    """A figure of every indicator for every region and year, in a batch a year. Returns the number of rows."""
    with _regions(settings) as connection:
        listed = ", ".join(_figures())
        made = f"create table figure as select * from (values {listed}) as f(id, low, high, factor, formula)"
        connection.execute(made)
        for year in years:
            query = _FIGURES_SQL.format(year=year)
            _land(ledger, settings, connection, FIGURES, coverage=str(year), query=query)
    return len(settings.regions) * len(years) * len(list(all_indicators()))


def land_one_figure(ledger: Ledger, settings: Settings, source: str, indicator: str, percent: int) -> None:
    """The first region's own figure of one indicator in the last year, from a source of its own."""
    year, region = YEARS[-1], settings.regions[0]
    query = f"""
      select {literal(region)} as kode_daerah, {year} as tahun, {literal(indicator)} as indikator,
        cast({percent} as decimal(18, 4)) as nilai, cast({percent * 100} as decimal(24, 4)) as pembilang,
        cast(10000 as decimal(24, 4)) as penyebut,
        0 as _page, 1 as _row, '{year}' as _coverage, []::varchar[] as _flags
    """
    with _regions(settings) as connection:
        _land(ledger, settings, connection, source, coverage=str(year), query=query)


def land_records(ledger: Ledger, settings: Settings, rows: int) -> int:
    """Rows of single households, births, children, pupils, letters and visits. Returns their number."""
    landed = 0
    for source, share in SHARES.items():
        each = rows * share // 100 // len(COVERAGES[source])
        for coverage in COVERAGES[source]:
            land_one(ledger, settings, source, coverage=coverage, rows=each)
            landed += each
    return landed


def land_one(ledger: Ledger, settings: Settings, source: str, *, coverage: str, rows: int) -> None:
    """One batch of a source, over all regions, not evenly."""
    columns = landed_columns(settings.sources_dir)[source]
    fields = ", ".join(
        f"cast({_VALUES.get(name, 'null')} as {kind}) as {identifier(name)}" for name, kind in columns.items()
    )
    numbered = (
        f"select range as n, {literal(coverage)} as c, cast(hash(range || c) >> 2 as bigint) as h from range({rows})"
    )
    query = (
        f"select {fields}, {_own(coverage)} from ({numbered}) "
        f"join region on region.place = hash(h) % {len(settings.regions)}"
    )
    with _regions(settings) as connection:
        _land(ledger, settings, connection, source, coverage=coverage, query=query)


_FIGURES_SQL = """
select region as kode_daerah, {year} as tahun, id as indikator,
  -- Each region has a level of its own, from which its years move a little.
  (hash(region || id) % 9999991 * 0.9 + hash(region || id || {year}) % 999983) / 9999991 as level,
  cast(low + (high - low) * level as decimal(17, 1)) as of_it,
  cast(of_it as decimal(18, 4)) as nilai,
  of_it::double * 10000 / factor + if(formula = 'growth', 10000, 0) as exactly,
  if(formula = '', null, cast(round(exactly, if(factor > 1000, 4, 0)) as decimal(24, 4))) as pembilang,
  if(formula = '', null, 10000) as penyebut,
  0 as _page, row_number() over () as _row, '{year}' as _coverage, []::varchar[] as _flags
from figure, region
"""


def _figures() -> Iterator[str]:
    """Every indicator, between which values its made-up figures lie, and how they divide."""
    factors = {str(row["id"]): row["factor"] for row in definition_tables()["indicators"]}
    for _, indicator in all_indicators():
        low, high = _between(indicator)
        divided = indicator.formula in DIVIDED
        formula = indicator.formula if divided else ""
        factor = 100 if indicator.formula == "growth" else factors[indicator.id]
        yield f"({literal(indicator.id)}, {low}, {high}, {factor}, {literal(formula)})"


def _between(indicator: Indicator) -> tuple[float, float]:
    limits = indicator.limits
    low = high = None
    if limits is not None:
        low = limits.unusual_below if limits.unusual_below is not None else limits.min
        high = limits.unusual_above if limits.unusual_above is not None else limits.max
    first = float(low) if low is not None else min(1.0, float(high or 1) / 2)
    last = float(high) if high is not None else first + 100
    return first + (last - first) / 4, last - (last - first) / 4


@contextmanager
def _regions(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the table ``region``: the installation's, numbered."""
    listed = ", ".join(f"({number}, {literal(code)})" for number, code in enumerate(settings.regions))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create table region as select * from (values {listed}) as listed(place, region)")
        yield connection


def _own(coverage: str) -> str:
    values = {"_page": "n // 1000", "_row": "n", "_coverage": literal(coverage), "_flags": "[]"}
    return ", ".join(f"cast({values[name]} as {kind}) as {name}" for name, kind in LANDED_OWN.items())


def _land(
    ledger: Ledger, settings: Settings, connection: duckdb.DuckDBPyConnection, source: str, *, coverage: str, query: str
) -> None:
    batch_id = ledger.start_batch(source, "sample", sha256(b"contract").hexdigest())
    path = settings.landing_dir / batch_id / "rows.parquet"
    path.parent.mkdir(parents=True)
    rows = connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet)").fetchall()[0][0]
    digest = sha256(json.dumps([batch_id, rows]).encode()).hexdigest()
    landed = path.relative_to(settings.home).as_posix()
    ledger.finish_batch(
        batch_id, BatchResult("accepted", coverage, rows, rows, 0, landed, digest, digest, synthetic=True)
    )


def installation(home: Path, url: str, number: int) -> Settings:
    """An installation of so many regions: the project's own sources, and one for figures of any indicator."""
    everywhere = tuple(all_regions().values())
    regions = everywhere[:: max(1, len(everywhere) // number)][:number]
    folder = home / "sources"
    home.mkdir()
    shutil.copytree(sources_dir(), folder)
    path = folder / "sample" / f"{FIGURES}.yaml"
    path.parent.mkdir()
    path.write_text(FIGURES_SOURCE, encoding="utf-8")
    codes = tuple(region.code for region in regions)
    return Settings(home=home, ledger_url=url, key_dir=home / "keys", sources_dir=folder, regions=codes)
