"""P6: of 10,000 planted identities none is on any disk in clear, after whole, failing and repeated runs."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

import simulator.data.children as children_module
from connectors.kept.replay import replay, replayable
from connectors.pull.course import pull
from connectors.source.source_files import load_source
from expectations import gate as gates
from expectations.rules import no_rows
from ledger.errors import PilarError, SourceError
from ledger.keys import Keys
from ledger.migrate import migrate
from ledger.settings import Connection
from pilar import steps
from pilar.platform.postgres import EmbeddedPostgres
from simulator import wire
from simulator.data.children import children
from simulator.data.persons import Person
from simulator.mishaps import Answer
from simulator.server import Simulator
from tests.agencies import PLAYED
from tests.conftest import database_url, hurry, kept_connections
from tests.integration import planted
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SAID_BY_AN_ANGRY_SYSTEM = ("dapodik", "satusehat", "sipd", "bps", "diskominfo", "oss", "sipsn")
Body = Callable[[planted.Identity], bytes]
HEALTHY = wire.healthy


class PlantedWire:
    """The simulator's wire, with persons in every answer; or with an answer that is one long indiscretion."""

    def __init__(self, planter: planted.Planter) -> None:
        self.planter = planter
        self.angry: tuple[str, int, str, Body] | None = None
        self.replant: Callable[[], None] = lambda: None

    async def healthy(self, app: Any, scope: Any, receive: Any) -> Answer:
        name = scope["path"].lstrip("/").partition("/")[0]
        if self.angry is not None and self.angry[0] == name and "token" not in scope["path"]:
            _, status, media, body = self.angry
            return Answer(status, {"content-type": media}, body(self.planter.next()))
        found = await HEALTHY(app, scope, receive)
        if not found.headers.get("content-type", "").startswith(("application/json", "application/fhir")):
            return found
        planted_body = self.planter.into(name, json.loads(found.body))
        return replace(found, body=json.dumps(planted_body, ensure_ascii=False).encode())


@pytest.fixture(scope="module")
def planter() -> Iterator[planted.Planter]:
    """Persons in the workbooks too: in the numbers and names of children, mothers and families."""
    made = planted.Planter()
    last: list[planted.Identity] = []

    def made_up(dice: Any, region: Any, serial: int, born: Any, sex: str | None = None) -> Person:
        who = made.next()
        last[:] = [who]
        return Person(who.name, who.nik, sex or "P", born)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(children_module, "made_up", made_up)
        patch.setattr(children_module, "family_card", lambda region, serial: last[0].kk)
        children.cache_clear()
        yield made
    children.cache_clear()


@pytest.fixture(scope="module")
def wired(planter: planted.Planter) -> Iterator[PlantedWire]:
    planted_wire = PlantedWire(planter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "healthy", planted_wire.healthy)
        yield planted_wire


@pytest.fixture(scope="module")
def house(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory, wired: PlantedWire
) -> Iterator[tuple[Installation, Path]]:
    """An installation whose ledger has a server of its own: the agencies' database is another's disk."""
    folder = tmp_path_factory.mktemp("planted")
    home, keys = folder / "home", folder / "keys"
    home.mkdir()
    Keys.ensure(keys)
    systems = f"systems_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {systems}")
    with (
        EmbeddedPostgres(folder / "postgres") as server,
        kept_connections(server.url("ledger")),
        pytest.MonkeyPatch.context() as environment,
        Simulator(postgres_url=database_url(postgres_url, systems)) as simulator,
    ):
        hurry(server.url("postgres"))
        server.create("ledger")
        migrate(server.url("ledger"))
        survey = database_url(postgres_url, systems)
        plant_households(survey, wired.planter)
        wired.replant = lambda: plant_households(survey, wired.planter)
        environment.setenv("PILAR_HOME", str(home))
        environment.setenv("PILAR_LEDGER_URL", server.url("ledger"))
        environment.setenv("PILAR_KEYS", str(keys))
        for name, value in simulator.connections().items():
            environment.setenv(f"PILAR_CONN_{name.upper()}", json.dumps(value))
        ledger, settings = steps.open_installation()
        yield Installation(ledger, settings, simulator), folder


def plant_households(url: str, planter: planted.Planter) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        rows = [(f"RT-6402-{serial:06d}", planter.next()) for serial in range(1, 1501)]
        cursor.executemany(
            "update public.survei_rumah_tangga set nama_kepala_keluarga = %s, nik_kepala = %s, id_rumah_tangga = %s "
            "where id_rumah_tangga = %s",
            [(who.name, who.nik, f"{old}-{who.nik}", old) for old, who in rows],
        )


def run_whole(installation: Installation) -> None:
    for source_id in PLAYED:
        steps.ingest(source_id)
    installation.evaluate()


def run_failing(installation: Installation, wired: PlantedWire) -> list[str]:
    """Every source answers with persons in its error; sources break off midway; a gate fails. Returns what was said."""
    said = []
    sources = {source.connection: source.id for source in PLAYED.values()}
    for system in SAID_BY_AN_ANGRY_SYSTEM:
        for status, media, body in (
            (400, "application/json", planted.error_body),
            (200, "text/html", planted.error_page),
            (200, "application/json", lambda who: planted.error_body(who)[:150]),
        ):
            wired.angry = (system, status, media, body)
            said += refusal_of(sources[system])
    wired.angry = None
    for system, fault in (
        ("eppgbm_sftp", "broken_workbook"),
        ("dapodik", "cut_json"),
        ("satusehat", "loop"),
        ("satusehat", "half_page"),
        ("sipd", "unknown_column"),
    ):
        installation.simulator.faults.set(system, fault)
        said += refusal_of(sources[system])
        installation.simulator.faults.clear()
    # The agency loads its table anew for this one, and again afterwards.
    installation.simulator.faults.set("perkim_db", "unknown_column")
    wired.replant()
    said += refusal_of("perkim_sanitasi")
    installation.simulator.faults.clear()
    wired.replant()
    return said


def refusal_of(source_id: str) -> list[str]:
    try:
        steps.ingest(source_id)
    except SourceError as error:
        return [str(error), repr(error)]
    return []


def run_again(installation: Installation, only: tuple[str, ...] = ()) -> list[str]:
    """Everything once more: what was refused is asked for again, and what is the same is seen to be the same.

    One pillar's gate fails meanwhile and another's crashes; what they say of it is published with the others.
    """
    for source_id in only or PLAYED:
        steps.ingest(source_id)
    if only:
        return []
    with pytest.MonkeyPatch.context() as patch:
        made = {
            gate: no_rows("made_to_break", f"candidate.mart_{gate}", query, "made to break")
            for gate, query in (
                ("governance", "SELECT * FROM {batch} WHERE indicator_id = 'gov_spbe'"),
                ("society", "SELECT * FROM {batch} WHERE no_such_column > 1"),
            )
        }
        rules_of = gates.rules_of
        patch.setattr(gates, "rules_of", lambda gate: (*rules_of(gate), *([made[gate]] if gate in made else [])))
        evaluation_id = installation.evaluate()
    return [repr(installation.ledger.gates(evaluation_id))]


def run_files(installation: Installation, folder: Path, planter: planted.Planter) -> list[str]:
    """Files from an agency: persons in a file's name, in a header and in columns nobody declared personal."""
    drop = folder.parent / f"{folder.name}-drop"
    drop.mkdir(exist_ok=True)
    source_file = folder.parent / f"{folder.name}-sources" / "dinsos" / "dinsos_bantuan.yaml"
    source_file.parent.mkdir(parents=True, exist_ok=True)
    source_file.write_text(CSV_SOURCE)
    said = []
    for name, lines in csv_files(planter):
        for old in drop.iterdir():
            old.unlink()
        (drop / name).write_text("\n".join(lines))
        connection = Connection(url=f"file://{drop}", extra={"synthetic": True})
        try:
            pull(load_source(source_file), installation.ledger, installation.settings, connection=connection)
        except PilarError as error:
            said.append(str(error))
    shutil.rmtree(drop)
    return said


def run_replay(installation: Installation, folder: Path) -> list[str]:
    """Kept pages landed again: of every source with refused rows, and of one whose contract was mended meanwhile."""
    mended = folder.parent / f"{folder.name}-sources" / "dinsos" / "dinsos_bantuan.yaml"
    mended.write_text(CSV_SOURCE.replace("[aktif, selesai]", "[aktif, selesai, ditunda]"))
    ledger, said, statuses = installation.ledger, [], []
    snapshots = [source for source in PLAYED.values() if source.incremental is None]
    for source in [*snapshots, load_source(mended)]:
        for batch_id in replayable(source, ledger):
            try:
                outcome = replay(source, batch_id, ledger, installation.settings)
            except PilarError as error:
                said.append(str(error))
            else:
                statuses += [batch.status for batch in outcome.batches]
                said.append(repr(outcome))
    assert "accepted" in statuses
    return said


CSV_SOURCE = """
id: dinsos_bantuan
title: Penerima bantuan
system: contoh
protocol: files.csv
connection: dinsos
args: {pattern: 'bantuan_(?P<tahun>\\d{4})_(?P<siapa>.*)\\.csv', delimiter: ';'}
coverage: {from: tahun, grain: year}
contract:
  key: [id]
  columns:
    id: {required: true}
    tahun: {type: integer, context: tahun}
    petugas: {context: siapa}
    nama: {personal: drop}
    status: {values: [aktif, selesai]}
    catatan: {}
    nilai: {type: 'decimal(20,2)'}
assertions: {rows: {min: 0}, quarantine: {max: 100%}, shrink: {max: 100%}}
freshness: {due: yearly, warn: 3d, fail: 10d}
events: {fallback: 0 2 * * *}
caveats: [made for a test]
runbook: Nothing to do, this source exists for a test only.
"""
HEADER = "id;nama;status;catatan;nilai"


def csv_files(planter: planted.Planter) -> Iterator[tuple[str, list[str]]]:
    who = planter.next
    clear = [f"{who().nik[-4:]};{who().name};aktif;-;{at}" for at in range(20)]
    dotted = who().nik
    spaced = who().kk
    bad = [
        f"b1;x;aktif;anak dari {who().nik};5",
        f"b2;x;aktif;kartu {who().card} berlaku;5",
        f"b3;x;aktif;{dotted[:2]}.{dotted[2:4]}.{dotted[4:6]}.{dotted[6:12]}.{dotted[12:]};5",
        f"b4;x;aktif;{' '.join(spaced[at : at + 4] for at in range(0, 16, 4))};5",
        f"b5;x;aktif;{'-'.join(spaced[at : at + 4] for at in range(0, 16, 4))};5",
        f"b6;x;{who().name};-;5",
        f"b7;x;{who().nisn};-;5",
        f"b8;x;aktif;-;{who().nik}",
        f"b9;x;aktif;-;{who().name}",
        f"{who().kk};x;aktif;-;5",
    ]
    yield "bantuan_2021_a.csv", [HEADER, *clear, *bad]
    yield f"bantuan_2022_{who().nik}.csv", [HEADER, *clear]
    yield f"bantuan_2022_{who().name}.csv", [HEADER, '"broken']
    person = who()
    yield "bantuan_2023_a.csv", [f"{person.name};{person.name};{person.nik};c;d", *clear]
    person = who()
    yield "bantuan_2023_b.csv", [f"{HEADER};{person.name};{person.nik}", *(f"{line};1;2" for line in clear)]


@pytest.mark.fault(25)
def test_p6_none_of_ten_thousand_persons_is_anywhere_in_clear(
    house: tuple[Installation, Path],
    wired: PlantedWire,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    installation, folder = house
    run_whole(installation)
    said = run_failing(installation, wired)
    said += run_files(installation, folder, wired.planter)
    said += run_replay(installation, folder)
    said += run_again(installation)
    while len(wired.planter.given) < planted.COUNT:
        run_again(installation, only=("disdik_peserta_didik", "dinkes_persalinan", "dpmptsp_proyek"))
    assert len(wired.planter.given) == planted.COUNT
    assert len(said) > 40
    found = dict(planted.found_in(planted.on_disk(folder)))
    found |= planted.found_in(planted.in_database(installation.settings.ledger_url))
    output = capfd.readouterr()
    spoken = [("errors", "\n".join(said).encode()), ("log", f"{caplog.text}{output.out}{output.err}".encode())]
    found |= planted.found_in(iter(spoken))
    assert {place.rpartition("planted0")[2]: some for place, some in found.items()} == {}


@pytest.mark.parametrize(
    "form",
    [
        lambda who: who.nik,
        lambda who: who.card,
        lambda who: who.name.upper(),
        lambda who: " ".join(reversed(who.mother.split())),
        lambda who: planted.in_url(who.name),
        lambda who: planted.base64.b64encode(f"x {who.nik} y".encode()).decode(),
        lambda who: planted.base64.urlsafe_b64encode(f"ab {who.name}".encode()).decode(),
        lambda who: who.kk.encode().hex(),
        lambda who: who.nik.encode("utf-16-le").decode("latin-1"),
        lambda who: f"{who.nik[:4]} {who.nik[4:8]} {who.nik[8:12]} {who.nik[12:]}",
        lambda who: f"{who.nik[:2]}.{who.nik[2:4]}.{who.nik[4:6]}.{who.nik[6:12]}.{who.nik[12:]}",
    ],
    ids=["nik", "card", "upper", "turned", "url", "base64", "base64url", "hex", "utf16", "groups", "dots"],
)
def test_the_search_finds_a_person_in_every_form(form: Callable[[planted.Identity], str]) -> None:
    content = b"\0\x99" * 50 + form(planted.identities()[4321]).encode("latin-1") + b"\0 rest"
    assert planted.persons_in(content)
    assert not planted.persons_in(b"9988771234567890 Zaqwitidak 00099885 12345678901234567890")
