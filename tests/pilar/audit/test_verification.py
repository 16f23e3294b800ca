"""P7: whatever is altered after it was written is noticed, and the first altered thing is named."""

import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from connectors.kept.rebuild import kept_rows
from connectors.kept.replay import KeptPages
from connectors.pull.course import run
from connectors.pull.page_store import PageStore
from ledger.errors import ConfigError, LedgerError, PublicationError
from ledger.keys import Keys
from ledger.receipts import copy_line, read_copy
from ledger.seals import first_difference, seal
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.audit.verification import Checked, Holdings, Scope, compare, verify
from pilar.cli import app
from pilar.evaluation import publish as publishing
from publication.build import publish
from publication.manifest import MANIFEST, file_sha256
from publication.pointer import swap
from tests.conftest import database_url
from tests.connectors.deltas import COLUMNS as INCREMENTAL
from tests.connectors.deltas import Record, take
from tests.connectors.deltas import make as incremental
from tests.connectors.pulling import make, page, pull_pages, records, two_years
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import EVALUATION
from tests.publication.sample_warehouse import build as build_warehouse


@dataclass(frozen=True)
class House:
    """Three batches: two accepted (one of them pulled again, unchanged), one held and released."""

    ledger: Ledger
    settings: Settings

    @property
    def holdings(self) -> Holdings:
        return Holdings(self.settings.home, self.settings.key_dir, self.ledger)

    def sql(self, *statements: str) -> None:
        """As an administrator who may do everything: keys between tables hold nobody up."""
        with psycopg.connect(self.settings.ledger_url) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    def checked(self, *, pages: bool = True) -> list[Checked]:
        return list(verify(self.ledger.witnesses, self.holdings, Scope(pages=pages)))

    def damage(self, *, pages: bool = True) -> str:
        """The one line, or nothing."""
        return next((str(line.damage) for line in self.checked(pages=pages) if line.damage is not None), "")

    def file(self, pattern: str) -> Path:
        return sorted(self.settings.home.glob(pattern))[0]

    def export(self, file: Path) -> Path:
        file.write_text("".join(copy_line(witness) + "\n" for witness in self.ledger.witnesses()))
        return file


TABLES = ("batch", "page", "quarantine", "revision", "receipt")


@pytest.fixture(scope="module")
def built(postgres_url: str, ledger_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("verified")
    Keys.ensure(folder / "keys")
    (folder / "home").mkdir()
    database = f"verified_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {database} template {ledger_template}")
    url = database_url(postgres_url, database)
    settings = Settings(home=folder / "home", ledger_url=url, key_dir=folder / "keys")
    house = House(Ledger(url), settings)
    source = make()
    assert [b.status for b in pull_pages(source, two_years(), house.ledger, settings).batches] == ["accepted"] * 2
    assert [b.status for b in pull_pages(source, two_years(), house.ledger, settings).batches] == ["unchanged"] * 2
    (held,) = pull_pages(source, [page(0, records(3, n="x") + records(6), "2025")], house.ledger, settings).batches
    assert held.status == "held"
    house.ledger.release_batches([held.batch_id], "the agency confirmed it")
    house.sql(*(f"create table kept_{name} as table {name}" for name in TABLES))
    yield house
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop database {database} with (force)")


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The house as it was built: whatever a test alters is put back."""
    files = {path: path.read_bytes() for path in built.settings.home.rglob("*") if path.is_file()}
    yield built
    built.sql(*(f"delete from {name}; insert into {name} table kept_{name}" for name in TABLES))
    for path in built.settings.home.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def test_p7_what_was_not_altered_passes(house: House) -> None:
    told = {line.what: (line.count, line.gone, line.damage) for line in house.checked()}
    assert told["receipts"] == (6, 0, None)
    assert told["landed and quarantined files"] == (6, 0, None)
    assert told["pages, decrypted"] == (7, 0, None)
    assert not any(line.damage for line in house.checked())


BODY = "update receipt set body = replace(body, '\"rows_landed\":20', '\"rows_landed\":21') where seq = 1"
REHASHED = (
    "update receipt set body = b, sha256 = encode(sha256(convert_to(previous_sha256 || chr(10) || b, 'UTF8')), 'hex') "
    "from (select replace(body, '\"rows_landed\":20', '\"rows_landed\":21') as b from receipt where seq = 1) x "
    "where seq = 1"
)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (BODY, r"the first altered byte is byte \d+ \(rows_landed: 21 stands where 20 is due\) \[receipt 1 "),
        (
            REHASHED,
            r"rewritten together with its hash: .*the first altered byte is byte \d+ \(rows_landed: 21 .*\[receipt 1 ",
        ),
        ("update receipt set sha256 = repeat('e', 64) where seq = 2", r"altered.* \[receipt 2 "),
        ("update receipt set previous_sha256 = repeat('e', 64) where seq = 2", r"does not continue.* \[receipt 2 "),
        ("delete from receipt where seq = 3", "receipt 3 is missing: the next one found is receipt 4 "),
        ("delete from receipt where seq = 1", "receipt 1 is missing"),
        (
            "update batch set rows_quarantined = 7 where coverage = '2023' and status = 'accepted'",
            r"rows of its batch were altered: .*byte \d+ \(rows_quarantined: 7 stands where 0 is due\) \[receipt 1 ",
        ),
        ("update quarantine set rows = rows + 1", r"\(quarantined\[0\].rows: .*\[receipt "),
        ("delete from quarantine", r"\(quarantined: .*\[receipt "),
        (
            "update receipt set written_at = written_at - interval '1 day' where seq = 2",
            r"time beside it.*\[receipt 2 ",
        ),
        ("update batch set synthetic = true where coverage = '2025'", r"\(synthetic: .*\[receipt 6 "),
        ("update page set sha256 = repeat('0', 64) where seq = 2", r"\(pages\[1\].sha256: .*\[receipt 2 "),
        ("update page set request = 'GET /else' where seq = 0", r'\(pages\[0\].request: "GET /else" stands where'),
        ("delete from page where seq = 2", r"leave the receipt at byte \d+ \(pages: .*\[receipt 2 "),
    ],
    ids=[
        "body",
        "body-and-hash",
        "hash",
        "previous",
        "middle-removed",
        "first-removed",
        "batch-counts",
        "counts-by-rule",
        "counts-by-rule-removed",
        "written-at",
        "batch-synthetic",
        "page-hash",
        "page-request",
        "page-removed",
    ],
)
def test_p7_the_first_altered_receipt_and_byte_are_named(house: House, statement: str, told: str) -> None:
    house.sql(statement)
    assert re.search(told, house.damage(pages=False)), house.damage(pages=False)


def test_p7_the_named_byte_is_the_one_that_was_altered(house: House) -> None:
    body = house.ledger.receipts()[0].body
    house.sql(BODY)
    at = body.encode().index(b'"rows_landed":20') + len(b'"rows_landed":2')
    assert f"the first altered byte is byte {at} " in house.damage()


def test_a_receipt_is_right_whatever_time_zone_the_server_tells(house: House) -> None:
    with psycopg.connect(house.settings.ledger_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"alter database {name} set timezone to 'Asia/Jakarta'")
    assert house.damage() == ""


@pytest.mark.parametrize(
    ("pattern", "alter", "told"),
    [
        ("landing/*/*/rows.parquet", lambda path: flip(path, 700), "one of bytes 0 to 1023"),
        ("landing/*/*/rows.parquet", lambda path: flip(path, 1500), "one of bytes 1024 to "),
        (
            "landing/*/*/rows.parquet",
            lambda path: path.write_bytes(path.read_bytes() + b"x"),
            "1 byte(s) were added behind",
        ),
        (
            "landing/*/*/rows.parquet",
            lambda path: path.write_bytes(path.read_bytes()[:1100]),
            "it ends at byte 1100 of",
        ),
        ("landing/*/*/quarantine.parquet", lambda path: flip(path, 5), "one of bytes 0 to"),
        ("landing/*/*/rows.parquet", Path.unlink, "is missing"),
        ("pages/*/*/0.page", lambda path: flip(path, 60), "changed or cut off"),
        ("pages/*/*/0.page", Path.unlink, "is missing"),
    ],
    ids=["first-block", "second-block", "appended", "cut", "quarantine", "rows-gone", "page", "page-gone"],
)
def test_p7_an_altered_file_and_the_place_in_it_are_named(
    house: House, pattern: str, alter: Callable[[Path], object], told: str
) -> None:
    path = house.file(pattern)
    alter(path)
    damage = house.damage()
    assert damage.startswith(str(path))
    assert told in damage
    assert "[receipt 1 (batch " in damage
    with pytest.raises(ConfigError, match="no receipt"):
        list(verify(house.ledger.witnesses, house.holdings, Scope(file=house.settings.home / "else")))
    about = verify(house.ledger.witnesses, house.holdings, Scope(file=path))
    assert [line.what for line in about if line.damage] == [about[1].what]


def test_p7_a_page_in_place_of_another_is_noticed_though_its_seal_is_right(house: House) -> None:
    path = house.file("pages/*/*/0.page")
    PageStore(path.parent, Keys.load(house.settings.key_dir).page_key).write(0, b'{"rows": []}')
    assert "it holds other bytes than page 0 had when it came" in house.damage()
    assert house.damage(pages=False) == ""


def test_files_that_nothing_in_force_rests_on_may_have_been_removed(house: House) -> None:
    latest = max(batch.batch_id for batch in house.ledger.batches("sample") if batch.status == "unchanged")
    for path in (house.settings.pages_dir / "sample" / latest).glob("*.page"):
        path.unlink()
    assert house.damage() == ""
    assert {line.what: line.gone for line in house.checked()}["pages, decrypted"] in (1, 2)


def test_p7_what_is_in_force_is_told_by_the_pull_that_fetched_it(ledger: Ledger, settings: Settings) -> None:
    """Ledgers of earlier versions have replays that are written last, and stand below a delta that came before."""
    rows: list[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 5000, "2024-03-10")]
    lenient = {"rows": {"min": 1}, "quarantine": {"max": "50%"}, "shrink": {"max": "100%"}}
    mended = incremental(columns=INCREMENTAL | {"nilai": {"type": "integer", "max": 9999}}, assertions=lenient)
    first, delta = (take(incremental(), some, ledger, settings).batches[0] for some in (rows, [("d", 4, "2024-03-11")]))
    found = ledger.batch(first.batch_id)
    assert found is not None
    origin = KeptPages(mended, found, kept_rows(found, ledger), {}, settings)
    [again] = run(mended, origin, ledger, settings).batches
    holdings = Holdings(settings.home, settings.key_dir, ledger)

    def damage() -> str:
        return " ".join(
            str(line.damage) for line in verify(ledger.witnesses, holdings, Scope()) if line.damage is not None
        )

    shutil.rmtree(settings.landing_dir / mended.id / first.batch_id)
    assert damage() == ""
    for batch in (delta, again):
        folder = settings.landing_dir / mended.id / batch.batch_id
        folder.rename(folder.with_name("away"))
        assert batch.batch_id in damage()
        folder.with_name("away").rename(folder)


def test_p7_an_exported_chain_is_checked_without_a_ledger(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    holdings = Holdings(house.settings.home, house.settings.key_dir)
    told = {line.what: line for line in verify(partial(read_copy, copy), holdings, Scope(pages=True))}
    assert (told["receipts"].count, told["pages, decrypted"].count) == (6, 7)
    assert not any(line.damage for line in told.values())
    flip(house.file("landing/*/*/rows.parquet"), 4)
    damaged = verify(partial(read_copy, copy), holdings, Scope())
    assert "rows.parquet was altered" in str(damaged[1].damage)
    lines = copy.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["body"] = changed["body"].replace("accepted", "acceptEd")
    copy.write_text("\n".join([lines[0], json.dumps(changed), *lines[2:]]))
    assert "[receipt 2 " in str(verify(partial(read_copy, copy), holdings, Scope())[0].damage)


def test_p10_a_file_that_is_no_chain_is_named_with_its_line(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    copy.write_text(copy.read_text() + "{}\n")
    with pytest.raises(LedgerError, match=r"no receipt \[.*chain.jsonl: line 7\]"):
        verify(partial(read_copy, copy), house.holdings, Scope())


def test_p7_a_chain_cut_or_rewritten_at_its_end_is_noticed_by_an_earlier_copy(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    assert compare(house.ledger.witnesses(), read_copy(copy)).damage is None
    house.sql("delete from receipt where seq > 4")
    assert "it is in force and has no receipt" in house.damage()
    assert "it ends at receipt 4, and the exported chain knows receipt 5" in str(
        compare(house.ledger.witnesses(), read_copy(copy)).damage
    )
    pull_pages(make(), two_years(), house.ledger, house.settings)
    assert "another receipt 5" in str(compare(house.ledger.witnesses(), read_copy(copy)).damage)


def test_p7_a_batch_that_somebody_put_in_force_is_noticed(house: House) -> None:
    forged = """jsonb_populate_record(b, '{"batch_id": "99990101T000000000-forged"}')"""
    house.sql(f"insert into batch select ({forged}).* from batch b where status = 'accepted' limit 1")
    assert "has no receipt" in house.damage()


def test_p7_a_finding_taken_away_is_noticed(house: House) -> None:
    house.sql("""update batch set findings = '[{"code": "x"}]'""")
    assert "findings" in house.damage()


def test_p7_a_page_that_the_ledger_was_made_to_forget_is_noticed(house: House) -> None:
    house.sql("update page set path = null")
    assert "no batch that is needed loses its pages" in house.damage()


# -- publications -----------------------------------------------------------------------------------------------------


@pytest.fixture
def published(house: House, published_sample: Callable[[Path], list[str]]) -> Iterator[list[str]]:
    """Two publications that the ledger knows, the second one current; ids, oldest first."""
    ids = published_sample(house.settings.published_dir)
    house.sql(
        "insert into evaluation (evaluation_id, status, inputs, inputs_sha256) "
        f"values ('{EVALUATION}', 'published', '[]', '')"
    )
    for gate in sample_meta().gates:
        house.ledger.record_gate(EVALUATION, gate.gate, gate.outcome, [{}] * gate.checks)
    for publication_id in ids:
        folder = house.settings.published_dir / publication_id
        house.ledger.record_publication(publication_id, EVALUATION, file_sha256(folder / MANIFEST))
    yield ids
    shutil.rmtree(house.settings.published_dir)
    house.sql("delete from publication", "delete from gate_result", "delete from evaluation")


@pytest.fixture(scope="module")
def published_sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], list[str]]:
    """Puts two publications of the sample into a folder; its batches are in no chain, so it names no receipt."""
    made = tmp_path_factory.mktemp("published")
    warehouse = build_warehouse(made / "sample.duckdb")
    meta = sample_meta()
    sources = tuple(batch.model_copy(update={"receipt_sha256": None, "in_force": False}) for batch in meta.sources)
    ids = [
        publish(warehouse, meta.model_copy(update={"sources": sources, "created_at": CREATED + later}), made / "all").id
        for later in (timedelta(), timedelta(days=1))
    ]

    def put(folder: Path) -> list[str]:
        shutil.copytree(made / "all", folder)
        swap(folder, ids[-1])
        return ids

    return put


def forge(folder: Path, origin: str, name: str) -> Path:
    """A copy under another name with an altered table, and a manifest that fits it."""
    forged = folder / name
    shutil.copytree(folder / origin, forged)
    table = next(forged.glob("csv/*.csv"))
    for path in (forged, forged / "csv", forged / MANIFEST, table):
        path.chmod(0o755)
    table.write_text(table.read_text().replace("0", "9"))
    content = json.loads((forged / MANIFEST).read_text())
    content["publication"] = name
    content["files"][table.relative_to(forged).as_posix()] = {
        "sha256": file_sha256(table), "bytes": table.stat().st_size,
    }  # fmt: skip
    (forged / MANIFEST).write_text(json.dumps(content))
    return forged


def point(folder: Path, target: str) -> None:
    (folder / "current").unlink()
    (folder / "current").symlink_to(target)


def test_p7_publications_that_the_ledger_knows_pass(house: House, published: list[str]) -> None:
    told = {line.what: (line.count, line.gone) for line in house.checked()}
    assert (told["publications"], house.damage()) == ((2, 0), "")


@pytest.mark.parametrize("altered", [(0,), (1,), (0, 1)])
def test_p7_the_first_altered_publication_is_named(
    house: House, published: list[str], altered: tuple[int, ...]
) -> None:
    """An older one too, and although a newer one holds."""
    for nth in altered:
        file = house.settings.published_dir / published[nth] / "marts.duckdb"
        file.chmod(0o644)
        flip(file, 100)
    assert f"marts.duckdb was altered [publication {published[altered[0]]}]" in house.damage()
    assert [line.what for line in house.checked() if line.damage] == ["publications"]


PILLARS = ("economy", "living", "society")


@pytest.fixture
def marts(house: House) -> Iterator[dict[str, Path]]:
    """A mart in force of three pillars."""
    evaluation_id = house.ledger.start_evaluation([])
    files = {pillar: house.settings.promoted_dir / f"{pillar}.parquet" for pillar in PILLARS}
    for pillar, mart in files.items():
        mart.parent.mkdir(exist_ok=True)
        mart.write_bytes(pillar.encode())
        path = mart.relative_to(house.settings.home).as_posix()
        house.ledger.record_promotion(evaluation_id, pillar, path=path, sha256=file_sha256(mart), reason=None)
    yield files
    house.sql("delete from promotion", "delete from evaluation")


@pytest.mark.parametrize("pillars", [("economy",), ("living",), ("society",), ("economy", "society")])
@pytest.mark.parametrize(("alter", "told"), [(Path.unlink, "is missing"), (lambda path: flip(path, 0), "was altered")])
def test_p7_the_first_altered_mart_in_force_is_named(
    house: House, marts: dict[str, Path], pillars: tuple[str, ...], alter: Callable[[Path], object], told: str
) -> None:
    for pillar in pillars:
        alter(marts[pillar])
    assert f"{pillars[0]}.parquet {told} [mart of pillar {pillars[0]}]" in house.damage()
    assert [line.what for line in house.checked() if line.damage] == ["marts in force"]


def test_p7_a_forged_publication_is_named_wherever_readers_are_pointed(house: House, published: list[str]) -> None:
    folder, name = house.settings.published_dir, "20990101T000000000Z-f0f0f0f0"
    forge(folder, published[-1], name)
    assert f"the ledger does not know it [publication {name}]" in house.damage()
    point(folder, name)
    assert f"the ledger does not know it [publication {name}]" in house.damage()
    about = verify(house.ledger.witnesses, house.holdings, Scope(file=folder / name / MANIFEST))
    assert "the ledger does not know it" in str(about[-1].damage)


def test_p7_a_publication_under_a_known_name_with_another_manifest_is_named(house: House, published: list[str]) -> None:
    folder = house.settings.published_dir
    shutil.move(folder / published[0], folder / "away")
    shutil.copytree(folder / "away", folder / "copy")
    forge(folder, "copy", published[0])
    shutil.rmtree(folder / "away")
    shutil.rmtree(folder / "copy")
    assert f"its manifest is not the one the ledger recorded [publication {published[0]}]" in house.damage()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{older}", "readers are pointed at another one than the ledger says: {newer}"),
        ("../elsewhere/{newer}", "the pointer leads out of the folder"),
        ("nowhere", "what readers are pointed at is missing"),
    ],
)
def test_p7_a_pointer_that_somebody_moved_is_named(house: House, published: list[str], target: str, told: str) -> None:
    names = {"older": published[0], "newer": published[1]}
    point(house.settings.published_dir, target.format(**names))
    assert told.format(**names) in house.damage()


def test_p7_a_folder_in_place_of_the_pointer_is_named(house: House, published: list[str]) -> None:
    folder = house.settings.published_dir
    (folder / "current").unlink()
    shutil.copytree(folder / published[1], folder / "current")
    assert "the pointer is no link" in house.damage()


def test_p2_a_publication_that_died_before_it_was_recorded_is_no_stranger(house: House, published: list[str]) -> None:
    """Its folder has its name and readers may see it already; the ledger knows that it was prepared."""
    house.sql(f"update publication set action = 'prepared' where publication_id = '{published[1]}'")
    assert house.damage() == ""
    point(house.settings.published_dir, published[0])
    assert house.damage() == ""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update gate_result set outcome = 'pass' where gate = 'branding'", "tells another answer of gate branding"),
        ("update gate_result set checks = '[]' where gate = 'living'", "tells another answer of gate living"),
        ("delete from gate_result where gate = 'scores'", "tells another answer of gate scores"),
        ("update gate_result set gate = 'else' where gate = 'scores'", "gate scores"),
        (
            "insert into gate_result (evaluation_id, gate, outcome, checks) "
            "select evaluation_id, 'else', 'pass', '[]' from evaluation",
            "tells of gate else",
        ),
        (
            "update evaluation set inputs = (select jsonb_build_array(min(batch_id)) from batch)",
            "says otherwise whether its evaluation read batch",
        ),
        ("update publication set evaluation_id = 'e2'", "the ledger names another evaluation for it"),
    ],
)
def test_p7_an_evaluation_told_otherwise_than_it_was_published_is_named(
    house: House, published: list[str], statement: str, told: str
) -> None:
    house.sql(statement)
    assert told in house.damage()


def test_p3_a_rollback_goes_to_a_publication_that_readers_have_seen(house: House, published: list[str]) -> None:
    older, newer = published
    assert publishing.rollback(house.ledger, house.settings, None) == older
    assert publishing.rollback(house.ledger, house.settings, newer) == newer
    house.sql(f"update publication set action = 'prepared' where publication_id = '{older}'")
    with pytest.raises(PublicationError, match="no publication before the current one"):
        publishing.rollback(house.ledger, house.settings, None)


def test_p7_show_refuses_a_publication_that_the_ledger_does_not_know(
    house: House, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(house.settings.key_dir))
    name = "20990101T000000000Z-f0f0f0f0"
    forge(house.settings.published_dir, published[-1], name)
    run = partial(CliRunner().invoke, app)
    assert run(["publications", "show"]).exit_code == 0
    shown = run(["publications", "show", name])
    assert isinstance(shown.exception, PublicationError)
    assert "does not know publication" in str(shown.exception)
    assert f"does not know the publication {name}" in run(["publications", "list"]).output
    assert isinstance(run(["publications", "rollback", name]).exception, PublicationError)


def test_a_publication_that_died_before_it_had_its_name_is_neither_listed_nor_removed(
    house: House, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    name = "20990101T000000000Z-f0f0f0f0"
    house.ledger.prepare_publication(name, house.ledger.publications()[0].evaluation_id, "c" * 64)
    listed = CliRunner().invoke(app, ["publications", "list"]).output
    assert name not in listed
    assert all(one in listed for one in published)
    assert [line.gone for line in house.checked() if line.what == "publications"] == [0]


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 300_000])
def test_p7_a_seal_names_the_block_of_the_first_altered_byte(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    written = seal(path)
    assert first_difference(written, path) is None
    assert len(written.blocks) <= 256
    path.write_bytes(bytes(size) + b"xy")
    assert "2 byte(s) were added" in str(first_difference(written, path))
    for holdings in {0, size // 2, size - 1} if size else ():
        path.write_bytes(bytes(holdings) + b"x" + bytes(size - holdings - 1))
        start, end = map(int, re.findall(r"\d+", str(first_difference(written, path))))
        assert start <= holdings <= end < start + written.block_bytes
        path.write_bytes(bytes(holdings))
        assert f"it ends at byte {holdings} of {size}" in str(first_difference(written, path))


def test_p10_the_command_says_what_was_checked_and_ends_with_1_on_damage(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(house.settings.key_dir))
    run = partial(CliRunner().invoke, app)
    copy = tmp_path / "chain.jsonl"
    assert run(["verify", "export", str(copy)]).exit_code == 0
    good = run(["verify", "--pages", "--against", str(copy)])
    assert good.exit_code == 0, good.output
    assert "6" in good.output
    monkeypatch.delenv("PILAR_LEDGER_URL")
    offline = ["verify", "--chain", str(copy), "--home", str(house.settings.home)]
    assert run(offline).exit_code == 0
    path = house.file("landing/*/*/rows.parquet")
    flip(path, 4)
    bad = run(offline)
    assert bad.exit_code == 1
    assert f"pilar: {path} was altered" in bad.output.replace("\n", "")
