"""A landing as an evaluation finds it: the columns of every contract and a handful of rows, made up or published."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import duckdb

from ledger.project import pillar_ids
from ledger.regions import Region, known
from ledger.settings import sources_dir
from ledger.sql import literal
from pilar.evaluation.definition_tables import write_definitions
from pilar.evaluation.figures import figures_views
from pilar.evaluation.record_views import published_figures, record_views
from pilar.evaluation.warehouse import View, regions_view, show_views
from pilar.sources.catalogue import landed_columns, readable_sources

KUKAR, KOTIM, MALANG = "64.02", "62.02", "35.07"
CHOSEN = known((KUKAR, KOTIM, MALANG))
THREE = regions_view(CHOSEN)
LINEAGE = (
    "_batch varchar, _page integer, _row bigint, _coverage varchar, _flags varchar[], _synthetic boolean, "
    "_maturity varchar"
)

# Every source's, as its contract says; the rows below have their values in this order.
COLUMNS: Mapping[str, str] = {
    source: ", ".join(f"{name} {kind}" for name, kind in columns.items())
    for source, columns in landed_columns(sources_dir()).items()
}

Row = Sequence[object]


def above(landing: Mapping[str, View], regions: Sequence[Region] = CHOSEN) -> Mapping[str, View]:
    """The records of the project's own sources, and the figures, over these views of the landing and of the regions."""
    read = (readable_sources(sources_dir()), landing, regions)
    records = record_views(*read)
    return {**records, **figures_views(records, partial(published_figures, *read))}


def create(warehouse: Path, rows: Mapping[str, Mapping[str, Iterable[Row]]]) -> None:
    """A new DuckDB file with the landing of every source. ``rows``: source id -> coverage -> rows."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create schema if not exists landing")
        connection.execute(f"create or replace table landing._regions as {THREE['landing._regions'].sql}")
        for source, columns in COLUMNS.items():
            connection.execute(f"create table landing.{source} ({columns}, {LINEAGE})")
            for coverage, covered in rows.get(source, {}).items():
                _insert(connection, source, coverage, covered)
        show_views(connection, above({f"landing.{source}": View("") for source in COLUMNS} | THREE))
        write_definitions(connection)


def _insert(connection: duckdb.DuckDBPyConnection, source: str, coverage: str, rows: Iterable[Row]) -> None:
    # One statement of literals: bound row by row, the example's 3,000 rows take seconds.
    lineage = (f"batch-{source}-{coverage}", 0)
    values = [(*row, *lineage, number, coverage, "[]", True, None) for number, row in enumerate(rows)]
    if values:
        written = (", ".join("null" if cell is None else literal(str(cell)) for cell in row) for row in values)
        connection.execute(f"insert into landing.{source} values ({'), ('.join(written)})")


def promote(warehouse: Path, *, held: str | None = None, absent: Iterable[str] = ()) -> None:
    """What the platform writes between the two builds: candidates in force, one pillar held, some never promoted."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists promoted")
        for pillar in pillar_ids():
            since = "timestamptz '2024-10-01 00:00:00+00'" if pillar == held else "null::timestamptz"
            reason = "'fail: a check'" if pillar == held else "null"
            where = " where false" if pillar in absent else ""
            connection.execute(
                f"create or replace view promoted.mart_{pillar} as select *, 'evaluation-1' as evaluation_id, "
                f"timestamptz '2024-11-01 00:00:00+00' as promoted_at, {since} as held_since, "
                f"{reason}::varchar as held_reason from candidate.mart_{pillar}{where}"
            )
        union = " union all by name ".join(f"from promoted.mart_{pillar}" for pillar in pillar_ids())
        connection.execute(f"create or replace view promoted.marts as {union}")


def candidates() -> str:
    """The candidate marts in one long table, for a FROM."""
    return f"({' union all by name '.join(f'from candidate.mart_{pillar}' for pillar in pillar_ids())})"


def fetch(warehouse: Path, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query; the file is closed afterwards."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _budget(region: str, year: int, lines: Mapping[str, tuple[str, str, str | None]]) -> list[Row]:
    return [
        (region, year, code, code.count(".") + 1, f"Akun {code}", budget, realised, percent, None)
        for code, (budget, realised, percent) in lines.items()
    ]


def _pupils(region: str, ages: Mapping[int, int]) -> list[Row]:
    pupils = [age for age, count in ages.items() for _ in range(count)]
    return [
        (f"{region}-{number}", "99000001", region, "20241", f"{2024 - age}-01-15", "L", min(max(age - 6, 1), 9))
        for number, age in enumerate(pupils)
    ]


def _households(region: str, sanitation: Mapping[str, int], water: Mapping[str, int]) -> list[Row]:
    first = [kind for kind, count in sanitation.items() for _ in range(count)]
    second = [kind for kind, count in water.items() for _ in range(count)]
    return [
        (f"{region}-{number}", region, 2021, *answers) for number, answers in enumerate(zip(first, second, strict=True))
    ]


def _children(region: str, stunted: int, measured: int) -> list[Row]:
    return [
        (f"{region}-{n}", region, "2024-08", "2022-05-05", "P", "2024-08-10", 27, 10, 80, "Telentang",
         ("Pendek" if n % 2 else "Sangat Pendek") if n < stunted else "Normal")
        for n in range(measured)
    ]  # fmt: skip


def _births(region: str, attended: int, total: int) -> list[Row]:
    return [
        (f"{region}-{n}", region, "finished", "2024-03-03 03:00:00+00", "bidan" if n < attended else "dukun", "p")
        for n in range(total)
    ]


def _projects(region: str, amounts: Mapping[int, Sequence[int]]) -> dict[int, list[Row]]:
    village = region.replace(".", "") + "060001"
    return {
        year: [
            (f"{region}-{year}-{n}", "nib", village, year, f"{year}-06-01", amount, "01", "R")
            for n, amount in enumerate(values)
        ]
        for year, values in amounts.items()
    }


def _components(bps: str, name: str, values: Sequence[str]) -> list[Row]:
    return [(bps, name, 101 + number, 2021, value) for number, value in enumerate(values)]


def _dimensions(region: str, year: int, values: str) -> list[Row]:
    names = ("baseline", "output", "outcome", "impact", "quick_wins", "kolaborasi")
    return [(region, year, "KPPN&IKN", name, value) for name, value in zip(names, values.split(), strict=False)]


def example() -> dict[str, dict[str, list[Row]]]:
    """Three regencies: published totals where there are any, and the cases that must stay apart."""
    projects = [_projects(KUKAR, {2023: [100, 60], 2024: [200]}), _projects(KOTIM, {2023: [100], 2024: [50]})]
    return {
        "bpkad_realisasi": {
            "2023": [
                *_budget(MALANG, 2023, {"4": ("4372860000000", "3190960000000", "72.97"),
                                        "4.1": ("1025590000000", "620800000000", "60.53"),
                                        "5": ("4739940000000", "2595020000000", "54.75")}),
                # A budget of nothing is no rate; a percentage without its decimal point is a finding.
                *_budget(KUKAR, 2023, {"4": ("200", "100", "50.00"), "4.1": ("0", "30", None), "5": ("0", "70", "0")}),
                *_budget(KOTIM, 2023, {"4": ("100", "123.11", "12311"), "5": ("100", "90", "90.00")}),
            ]
        },
        "disdik_sekolah": {
            "20241": [
                (f"99{region[:2]}000{n}", "Sekolah", kind, "Negeri", region, None, None)
                for region, kinds in {KUKAR: ["SD", "SD", "SMP", "SMA"], MALANG: ["SMA"]}.items()
                for n, kind in enumerate(kinds)
            ]
        },
        "disdik_peserta_didik": {
            "20241": [
                *_pupils(KUKAR, {6: 3, 7: 50, 15: 45, 16: 2}),
                *_pupils(KOTIM, {10: 3}),
                *_pupils(MALANG, {9: 9}),
            ]
        },
        "dinkes_eppgbm": {
            "2024-08": [*_children(MALANG, 80, 1300), *_children(KUKAR, 88, 500), *_children(KOTIM, 2, 50)]
        },
        "dinkes_persalinan": {"2024": [*_births(KUKAR, 494, 500), *_births(KOTIM, 48, 50)]},
        "perkim_sanitasi": {
            "2021": [
                *_households(KUKAR, {"aman": 10, "layak_sendiri": 60, "layak_bersama": 14, "babs_terbuka": 16},
                             {"layak": 75, "tidak_layak": 25}),
                *_households(MALANG, {"layak_sendiri": 3}, {"layak": 3}),
            ]
        },
        "dlh_sipsn": {
            "2024": [
                (2024, "Kalimantan Timur", "Kab. Kutai Kartanegara", "135200.79", "21197.61", "15.68", "78337.36",
                 "57.94", "99534.97", "73.62", "19531.65", "91.76", "14.51"),
                (2024, "Kalimantan Tengah", "Kab. Kotawaringin Timur", "87386.06", "104.76", "0.12", "26280.00",
                 "30.07", "26384.76", "30.19", "96.54", None, "0.11"),
                # The city of the same name is another region.
                (2024, "Jawa Timur", "Kota Malang", "1000", "100", "10", "100", "10", "200", "20", "1", "1", "0.2"),
            ]
        },
        "dpmptsp_proyek": {
            str(year): [row for region in projects for row in region[year]] for year in (2023, 2024)
        },
        "bps_indikator": {
            "2021": [
                *_components("6403", "Kutai Kartanegara", ("72.64", "13.60", "9.23", "11048", "7.99")),
                *_components("6202", "Kotawaringin Timur", ("69.90", "12.85", "8.15", "11866", "5.91")),
                *_components("3507", "Malang", ("72.61", "13.24", "7.43", "10163", "10.50")),
                # 6402 is Kutai Barat at BPS; at Kemendagri 64.02 is Kutai Kartanegara.
                *_components("6402", "Kutai Barat", ("73.10", "13.02", "8.70", "10062", "10.24")),
            ],
            "2024": [("6403", "Kutai Kartanegara", 106, 2024, 100), ("3507", "Malang", 106, 2024, 9)],
        },
        "diskominfo_penilaian": {
            "2022": _dimensions(MALANG, 2022, "1.40 1.54 2.92 2.56 3.08"),
            "2023": [
                *_dimensions(KUKAR, 2023, "3.60 2.89 2.92 2.59 3.32 1.20"),
                *_dimensions(MALANG, 2023, "3.60 2.29 3.41 2.81 3.13 2.53"),
            ],
        },
        "diskominfo_spbe": {
            "2023": [(KOTIM, 2023, "3.11"), (KUKAR, 2023, "2.60")],
            "2024": [(KOTIM, 2024, "3.22")],
        },
    }  # fmt: skip
