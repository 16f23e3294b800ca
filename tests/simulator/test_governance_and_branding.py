"""The agencies of governance and branding: what is accepted, what is refused, and which figures follow.

Their pulls, the records and the figures are the real ones.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

import duckdb
import pytest

from connectors.pull.course import PullOutcome, pull
from definitions.indicators import load_indicators
from ledger.records import Batch
from ledger.regions import known
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from pilar.evaluation.figures import figures_sql, period_sql
from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import landing_views, regions_view, show_views
from pilar.sources.catalogue import landed_columns, readable_sources
from simulator.data import licence_history
from simulator.regions import KOTIM, KUKAR, MALANG, REGIONS, Region
from simulator.server import Simulator
from tests.agencies import PLAYED

pytestmark = pytest.mark.integration

# Rows that the contract refuses, over all batches of a pull.
REFUSED = {
    "bappeda_program": 1,
    "setda_penetapan": 1,
    "setda_skm": 3,
    "diskominfo_aplikasi": 1,
    "diskominfo_jawaban": 0,
    "diskominfo_surat": 3,
    "dpmptsp_izin": 1,
    "dpmptsp_lkpm": 1,
}
Figures = Mapping[tuple[str, str], float]


@pytest.fixture
def pulled(ledger: Ledger, settings: Settings, survey_url: str) -> Mapping[str, PullOutcome]:
    with Simulator(postgres_url=survey_url) as simulator:
        links = simulator.connections()
        return {
            name: pull(
                PLAYED[name], ledger, settings, connection=Connection.model_validate(links[PLAYED[name].connection])
            )
            for name in REFUSED
        }


@pytest.fixture
def figures(pulled: Mapping[str, PullOutcome], ledger: Ledger, settings: Settings) -> Figures:
    """The value of each indicator and region in 2024, unrounded."""
    assert pulled
    batches: list[Batch] = list(ledger.in_force())
    regions = known(settings.regions)
    columns = landed_columns(settings.sources_dir)
    landing = {**landing_views(settings.home, columns, batches), **regions_view(regions)}
    records = record_views(readable_sources(settings.sources_dir), landing, regions)
    own = load_indicators()
    sql = figures_sql([*own["governance"], *own["branding"]], period_sql())
    with duckdb.connect() as connection:
        show_views(connection, {**landing, **records})
        found = connection.execute(
            "select indicator_id, region_code, coalesce(cast(amount as double), numerator / denominator) as value "
            f"from ({sql}) where period = '2024' and value is not null"
        ).fetchall()
    return {(indicator, region): value for indicator, region, value in found}


def days(region: Region) -> tuple[float, int, int]:
    """Mean days, how many were on time, and how many came to an end: walked through step by step."""
    standard = {code: promised for code, _, promised in licence_history.licence_types()}
    histories: dict[str, list[tuple[datetime, str, str]]] = {}
    for licence, village, kind, _, status, moment, _ in licence_history.statuses():
        if village.startswith(region.digits) and status != "77":
            histories.setdefault(licence, []).append((datetime.fromisoformat(moment), status, kind))
    served, on_time, ended = [], 0, 0
    for history in map(sorted, histories.values()):
        seconds, runs = 0.0, True
        for (before, status, _), (after, following, _) in pairwise(history):
            runs = {"41": False, "43": False, "42": True, "44": True}.get(status, runs)
            seconds += (after - before).total_seconds() if runs else 0
            seconds = 0.0 if following in ("43", "44") else seconds
        _, last, kind = history[-1]
        if last in ("50", "90"):
            served.append(seconds / 86400)
            on_time += seconds <= standard[kind] * 86400
        ended += last in ("50", "57", "90")
    return sum(served) / len(served), on_time, ended


def test_what_they_send_is_accepted_but_for_what_is_wrong(pulled: Mapping[str, PullOutcome], figures: Figures) -> None:
    for name, outcome in pulled.items():
        assert {batch.status for batch in outcome.batches} == {"accepted"}, (name, outcome.batches)
        assert sum(batch.quarantined for batch in outcome.batches) == REFUSED[name], name
    # "A (Sangat Baik)" was refused: the figure is missing, and no other one stands in for it.
    assert ("gov_sakip", KUKAR.kemendagri) not in figures
    assert figures["gov_sakip", MALANG.kemendagri] == 74.31
    # Real: the seventh in a row (BPK, 2025).
    assert figures["gov_bpk_wtp_streak", KUKAR.kemendagri] == 7
    assert figures["gov_programme_progress", KUKAR.kemendagri] == 0.75
    # The certificate ran out in October, and no award of 2024 is one of 2023.
    assert figures["gov_iso_27001", KOTIM.kemendagri] == 0
    assert figures["gov_sinovik_award", KUKAR.kemendagri] == 0
    assert figures["gov_sinovik_best", KUKAR.kemendagri] == 2
    for region in REGIONS:
        code = region.kemendagri
        mean, on_time, ended = days(region)
        assert figures["bra_licence_days", code] == pytest.approx(mean, abs=1e-5)
        assert figures["bra_licences_on_time", code] == pytest.approx(on_time / ended)
        # Those nobody knows of are in one denominator alone.
        assert figures["gov_apps_connected", code] < figures["gov_apps_connected_known", code]
    growth = {region: figures["bra_investment_realised_growth", region.kemendagri] for region in REGIONS}
    assert {region.name: ratio > 1 for region, ratio in growth.items()} == {
        "Kutai Kartanegara": True, "Malang": True, "Kotawaringin Timur": False,
    }  # fmt: skip
