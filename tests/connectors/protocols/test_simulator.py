"""Every source file and worked example against the simulated agencies, in health and with each fault of the wire."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import yaml

from connectors.authoring.drafting.asked import ask_system
from connectors.authoring.drafting.draft import draft
from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.protocols.json_path import select
from connectors.source.for_each import expanded
from connectors.source.source import Source
from connectors.source.source_files import load_sources
from ledger.errors import SourceError
from ledger.regions import known
from ledger.settings import REPOSITORY, Connection
from simulator.server import Simulator
from tests.agencies import PLAYED
from tests.conftest import DEMO_REGIONS

pytestmark = pytest.mark.integration

SOURCES = {
    name: source.model_copy(update={"for_each": expanded(source.for_each, known(DEMO_REGIONS))})
    for name, source in (PLAYED | load_sources(REPOSITORY / "docs/examples/sources")).items()
}
# One of two that speak the same is enough.
HTTP = sorted(name for name, source in SOURCES.items() if source.protocol not in {"sql", "files.csv", "files.xlsx"})
HTTP.remove("bpjs_waktu_tunggu")
LINKED = ["dinkes_persalinan", "diskominfo_spbe"]
HASTE = Limits(connect_s=2, read_s=2, total_s=2, attempts=2, retry_total_s=3, backoff_s=0.01)
UNDISTURBED: dict[str, list[bytes]] = {}

Take = Callable[..., list[Page]]


@pytest.fixture(scope="module")
def simulator(postgres_url: str) -> Iterator[Simulator]:
    with Simulator(postgres_url=postgres_url) as running:
        yield running


@pytest.fixture
def take(simulator: Simulator) -> Iterator[Take]:
    def pages(source: Source, limits: Limits = HASTE) -> list[Page]:
        connection = Connection.model_validate(simulator.connections()[source.connection])
        protocol = registry.get(source.protocol)
        with HttpClient(connection, limits) as http:
            return list(protocol(protocol.Args.model_validate(source.args), connection, source.for_each, http).pages())

    yield pages
    simulator.faults.clear()


def rows(page: Page) -> list[Any]:
    found = select(json.loads(page.records), page.records_path)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_reads_the_same_twice_without_its_secrets(name: str, take: Take, simulator: Simulator) -> None:
    source = SOURCES[name]
    first, second = take(source), take(source)
    assert sum(len(rows(page)) for page in first) > 0
    assert [(page.seq, page.body, page.records) for page in first] == [(p.seq, p.body, p.records) for p in second]
    assert [page.seq for page in first] == list(range(len(first)))
    assert len({frozenset(page.context) for page in first}) == 1
    secret = simulator.connections()[source.connection]["password"]
    assert not any(secret and secret in page.request for page in first)


FAULTS = [
    ("down", "retryable"),
    ("reset", "retryable"),
    ("quota", "quota"),
    ("wrong_token", "auth"),
    ("html", "auth"),
    ("half_page", "damaged"),
    ("cut_json", "damaged"),
    ("slow_drip", "retryable"),
]


@pytest.mark.parametrize(("fault", "kind"), FAULTS)
@pytest.mark.parametrize("name", HTTP)
def test_a_fault_that_stays_has_its_name(name: str, fault: str, kind: str, take: Take, simulator: Simulator) -> None:
    source = SOURCES[name]
    # SIPSN refuses a session by showing its home page: damage, for all that can be seen.
    expected = "damaged" if (source.protocol, fault) == ("sipsn", "wrong_token") else kind
    simulator.faults.set(source.connection, fault, value={"quota": 60.0, "slow_drip": 5.0}.get(fault))
    limits = HASTE.model_copy(update={"attempts": 1, "total_s": 0.7}) if fault == "slow_drip" else HASTE
    with pytest.raises(SourceError) as caught:
        take(source, limits)
    assert caught.value.kind == expected
    secret = simulator.connections()[source.connection]["password"]
    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("fault", ["down", "reset", "quota", "half_page"])
@pytest.mark.parametrize("name", HTTP)
def test_p2_a_fault_that_passes_leaves_no_trace(name: str, fault: str, take: Take, simulator: Simulator) -> None:
    source = SOURCES[name]
    if name not in UNDISTURBED:
        UNDISTURBED[name] = [page.records for page in take(source)]
    value = 0.0 if fault == "quota" else None
    simulator.faults.set(source.connection, fault, value=value, times=1, after=1)
    assert [page.records for page in take(source)] == UNDISTURBED[name]


@pytest.mark.parametrize(("fault", "kind"), [("loop", "damaged"), ("elsewhere", "permanent")])
@pytest.mark.parametrize("name", LINKED)
def test_links_that_lead_astray(name: str, fault: str, kind: str, take: Take, simulator: Simulator) -> None:
    simulator.faults.set(SOURCES[name].connection, fault)
    with pytest.raises(SourceError) as caught:
        take(SOURCES[name])
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("down", "retryable"),
        ("reset", "retryable"),
        ("wrong_token", "auth"),
        ("html", "damaged"),
        ("half_page", "damaged"),
        ("broken_workbook", "damaged"),
        ("slow_drip", "retryable"),
    ],
)
def test_faults_of_the_drop(fault: str, kind: str, take: Take, simulator: Simulator) -> None:
    simulator.faults.set("eppgbm_sftp", fault)
    with pytest.raises(SourceError) as caught:
        take(SOURCES["dinkes_eppgbm"])
    assert caught.value.kind == kind
    assert kind != "damaged" or "eppgbm_" in caught.value.where


# Known to the people who wrote the source files: neither the name nor the values of these say it.
JUDGED = {"anak_ke", "berat_lahir", "panjang_lahir", "tinggi_badan", "berat_badan", "nomor_fax", "no_responden",
          "umur"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_draft_from_the_live_system_drops_the_persons_that_the_source_file_drops(
    name: str, simulator: Simulator
) -> None:
    source = SOURCES[name]
    link = Connection.model_validate(simulator.connections()[source.connection])
    asked = ask_system(source.protocol, source.args, source.connection, link, source.for_each[:2])
    made = draft(source.opd, name, asked, date(2026, 11, 21))
    drafted = Source.model_validate({**yaml.safe_load(made.text), "opd": source.opd})
    personal = {
        column.from_ or held
        for held, column in source.contract.columns.items()
        if column.personal in ("drop", "pseudonym") and held not in JUDGED
    }
    found = {column.from_ or held for held, column in drafted.contract.columns.items() if column.personal is not None}
    assert personal & set(asked.sample.values) <= found
    for place in personal & found:
        assert [value.text for value in asked.sample.of(place) if len(value.text) > 4 and value.text in made.text] == []
    assert (drafted.coverage.from_, drafted.coverage.grain) == (source.coverage.from_, source.coverage.grain)
