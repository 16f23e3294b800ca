"""What the simulated agencies give, as figures: pulled for real, read as records, and counted by the indicators."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest

from connectors.pull.course import pull
from connectors.source.source_files import load_sources
from definitions.indicators import load_indicators
from ledger.keys import Keys
from ledger.regions import known
from ledger.settings import Settings, sources_dir
from ledger.store import Ledger
from pilar.evaluation.figures import figures_sql, period_sql
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import landing_views, regions_view, show_views
from pilar.sources.catalogue import landed_columns
from simulator.data import disasters, facilities
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region
from simulator.server import Simulator
from tests.conftest import database_url, kept_connections

pytestmark = pytest.mark.integration

# Of each source: rows that land and rows that are refused, of the newest batch.
PULLED = {
    "bpbd_desa_rawan": (60, 1),
    "bpbd_kejadian": (112, 3),
    "bps_indikator": (27, 0),
    "disdik_peserta_didik": (1800, 3),
    "disdik_rekap_sekolah": (15, 1),
    "disdik_sekolah": (12, 0),
    "dlh_fasilitas": (47, 3),
    "dlh_plastik": (64, 1),
    "dlh_sipsn": (8, 0),
}
PILLARS = ("economy", "society", "environment")
Figure = tuple[Decimal | None, Decimal | None, Decimal | None]


@pytest.fixture(scope="module")
def pulled(
    postgres_url: str, ledger_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ledger, Settings]]:
    """An installation that pulled these sources once."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database if exists figures with (force)")
        connection.execute(f"create database figures template {ledger_template}")
    url = database_url(postgres_url, "figures")
    home = tmp_path_factory.mktemp("figures")
    keys = home.parent / f"{home.name}-keys"
    Keys.ensure(keys)
    codes = tuple(region.kemendagri for region in REGIONS)
    settings = Settings(home=home, ledger_url=url, key_dir=keys, regions=codes)
    ledger = Ledger(url)
    sources = load_sources(sources_dir())
    with kept_connections(url), Simulator() as simulator, pytest.MonkeyPatch.context() as environment:
        for name, value in simulator.connections().items():
            environment.setenv(f"PILAR_CONN_{name.upper()}", json.dumps(value))
        for source_id in PULLED:
            pull(sources[source_id], ledger, settings)
        yield ledger, settings


@pytest.fixture(scope="module")
def figures(
    pulled: tuple[Ledger, Settings], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, ...], Figure]:
    """(indicator, region, period) -> numerator, denominator, and the amount where it is no ratio."""
    ledger, settings = pulled
    regions = known([region.kemendagri for region in REGIONS])
    batches = ledger.in_force()
    landing = landing_views(settings.home, landed_columns(sources_dir()), batches)
    below = {**landing, **regions_view(regions)}
    found: dict[tuple[str, ...], Figure] = {}
    path: Path = tmp_path_factory.mktemp("views") / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        show_views(connection, {**below, **record_views(load_sources(sources_dir()), below, regions)})
        for pillar in PILLARS:
            sql = figures_sql(load_indicators()[pillar], period_sql())
            rows = connection.execute(
                f"select indicator_id, region_code, period, numerator, denominator, amount from ({sql})"
            ).fetchall()
            found |= {row[:3]: row[3:] for row in rows}
    return found


@pytest.mark.parametrize("source_id", PULLED)
def test_a_source_lands_what_is_right_and_refuses_what_is_not(source_id: str, pulled: tuple[Ledger, Settings]) -> None:
    batch = pulled[0].in_force(source_id)[-1]
    assert (batch.rows_landed, batch.rows_quarantined) == PULLED[source_id]


def test_p6_who_reported_a_disaster_is_nowhere_kept(pulled: tuple[Ledger, Settings]) -> None:
    batch = pulled[0].in_force("bpbd_kejadian")[-1]
    kept = sorted((pulled[1].home / str(batch.landed_path)).parent.glob("*.parquet"))
    rows = [duckdb.execute("select * from read_parquet(?)", [str(path)]).fetchall() for path in kept]
    assert [len(found) for found in rows] == [3, 112]
    assert [row["nama_pelapor"] for row in disasters.events(2024) if str(row["nama_pelapor"]) in str(rows)] == []


# What follows from the simulated records by hand: numerator over denominator, or an amount alone.
@pytest.mark.parametrize(
    ("indicator", "region", "figure"),
    [
        ("soc_apm_9y", KUKAR, (585, 600)),
        ("soc_apk_9y", KUKAR, (600, 600)),
        ("soc_apm_sd", KUKAR, (353, 392)),
        ("soc_apk_sd", KUKAR, (361, 392)),
        ("soc_apm_smp", MALANG, (179, 180)),
        # Above 100, and right.
        ("soc_apk_smp", MALANG, (224, 180)),
        # By classrooms the schools are too full, by study groups they are not.
        ("soc_occupancy_rooms", KUKAR, (601, 532)),
        ("soc_occupancy_groups", KUKAR, (601, 648)),
        ("soc_places_rooms", KOTIM, (416, 598)),
        ("soc_places_groups", KOTIM, (676, 598)),
        ("soc_pupils_per_teacher_sd", KUKAR, (362, 19)),
        ("soc_pupils_per_teacher_smp", KUKAR, (239, 17)),
        ("soc_schools_accredited", KOTIM, (3, 4)),
        ("soc_schools_accredited", MALANG, (3, 3)),
        ("soc_schools", KUKAR, 4),
        ("soc_disaster_events", MALANG, 48),
        ("soc_disaster_prepared", KUKAR, (6, 16)),
        ("soc_disaster_early_warning", KOTIM, (3, 12)),
        ("soc_disaster_response", KUKAR, (34, 40)),
        ("soc_disaster_response", MALANG, (40, 44)),
        ("soc_disaster_rebuilt", KUKAR, (31, 50)),
        # The houses of one event were not counted.
        ("soc_disaster_rebuilt", KOTIM, (None, None)),
        ("env_waste_generated", KUKAR, Decimal("135200.79")),
        ("env_waste_per_person", KUKAR, (Decimal("370413.1233"), 807000)),
        ("env_plastic_regulation", KUKAR, 1),
        ("env_plastic_regulation", KOTIM, 0),
        ("env_plastic_compliance", KUKAR, (25, 40)),
        ("env_plastic_compliance", MALANG, None),
        ("env_waste_banks_active", KUKAR, 11),
        ("env_waste_banks_active", KOTIM, 3),
        ("env_tps3r_active", KUKAR, 4),
        # One waste bank did not say.
        ("env_waste_bank_tonnes", KOTIM, (None, None)),
        ("env_villages_with_facility", KUKAR, (11, 237)),
        ("env_villages_with_facility", KOTIM, (4, 185)),
        ("eco_unemployment", KUKAR, (19800, 396000)),
        ("eco_pdrb_per_capita", MALANG, (137900, 2734600)),
    ],
)
def test_the_figures_of_2024_follow_from_the_records(
    indicator: str, region: Region, figure: object, figures: Mapping[tuple[str, ...], Figure]
) -> None:
    found = figures.get((indicator, region.kemendagri, "2024"))
    if figure is None:
        assert found is None
    elif isinstance(figure, tuple):
        assert found is not None
        assert found[:2] == figure
    else:
        assert found is not None
        assert found[2] == figure


@pytest.mark.parametrize(
    ("indicator", "region", "period", "figure"),
    [
        ("eco_poor_people", MALANG, "2021", (None, None, Decimal("276.58"))),
        ("eco_unemployment", KUKAR, "2021", (None, None, Decimal("5.66"))),
        ("eco_growth", MALANG, "2020", (None, None, Decimal("-2.68"))),
        ("eco_growth", KOTIM, "2021", (20021, 19400, None)),
        ("eco_labour_participation", MALANG, "2020", (None, None, Decimal("71.62"))),
        ("eco_pdrb_per_capita_constant", MALANG, "2021", (None, None, 25716)),
        ("eco_ipm_expenditure", KUKAR, "2020", (10720, None, 10720)),
    ],
)
def test_what_bps_published_is_taken_over_or_computed_from(
    indicator: str, region: Region, period: str, figure: Figure, figures: Mapping[tuple[str, ...], Figure]
) -> None:
    assert figures[indicator, region.kemendagri, period] == figure


def test_waste_banks_count_in_kilograms_and_are_added_in_tonnes(figures: Mapping[tuple[str, ...], Figure]) -> None:
    listed = [row for row in facilities.rows("banksampah", "2024") if row[2] == "Kab. Kutai Kartanegara"]
    kilograms = sum(Decimal(row[7].replace(",", "")) for row in listed)
    assert figures["env_waste_bank_tonnes", KUKAR.kemendagri, "2024"][2] == (kilograms / 1000).quantize(
        Decimal("0.0001")
    )
