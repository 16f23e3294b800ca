"""The worked examples of source files are in order, and what they land from the simulated systems names nobody."""

from collections.abc import Iterator

import pytest

from connectors.pull.course import pull
from connectors.source.proof import check_sources
from connectors.source.source_files import load_sources
from ledger.settings import REPOSITORY, Connection, Settings
from ledger.store import Ledger
from simulator.data import impact_survey, licences, queues, surveys
from simulator.data.impact_survey import COLUMNS
from simulator.regions import KUKAR
from simulator.server import Simulator
from tests.connectors.pulling import states

FOLDER = REPOSITORY / "docs" / "examples" / "sources"
SOURCES = load_sources(FOLDER)
LANDED = {
    "bpjs_waktu_tunggu": [("2024-08", 20)],
    "kobo_air_minum": [("all", 120)],
    "lembar_wifi_publik": [("all", 24)],
    "odk_rumah": [("all", 55)],
    "sicantik_izin_terbit": [("all", 230)],
    "survei_dampak": [("2023", 8100)],
}
PERSONS = [
    *(queues.member(serial).name for serial in range(1, queues.MEMBERS + 1)),
    *(queues.member(serial).nik for serial in range(1, queues.MEMBERS + 1)),
    *(str(row["n_pemohon"]) for row in licences.issued()),
    *(line[COLUMNS.index("nama")] for line in list(impact_survey.lines(KUKAR))[1:100]),
    *(str(row["responden/nama"]) for row in surveys.households()),
]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


def test_every_example_is_in_order_and_none_is_an_installations_own() -> None:
    assert check_sources(FOLDER) == []
    assert set(SOURCES) == set(LANDED)
    assert not set(SOURCES) & set(load_sources(REPOSITORY / "connectors" / "sources"))
    told = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in SOURCES if name not in told] == []


@pytest.mark.integration
@pytest.mark.parametrize("name", sorted(LANDED))
def test_p6_an_example_lands_whole_without_persons_and_once(
    name: str, simulator: Simulator, ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES[name]
    link = Connection.model_validate(simulator.connections()[source.connection])
    monkeypatch.setenv(f"PILAR_CONN_{source.connection.upper()}", link.model_dump_json())
    first = pull(source, ledger, settings)
    assert [(batch.coverage, batch.status, batch.landed, batch.quarantined) for batch in first.batches] == [
        (coverage, "accepted", rows, 0) for coverage, rows in LANDED[name]
    ]
    assert states(pull(source, ledger, settings)) == [(coverage, "unchanged") for coverage, _ in LANDED[name]]
    held = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    told = " ".join(page.request for batch in ledger.batches(name) for page in ledger.pages(batch.batch_id))
    assert [person for person in PERSONS if person.encode() in held or person in told] == []
    secrets = [link.password, str(link.extra.get("user_key", ""))]
    assert [secret for secret in secrets if secret and secret in told] == []
