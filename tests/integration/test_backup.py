"""Backup and restore, drilled: while evaluations run, into an empty place, with and without keys."""

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from ledger.errors import ConfigError, LedgerError
from ledger.keys import PAGE_KEY, PSEUDONYM_KEY, Keys
from ledger.records import EventIn
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli, steps
from pilar.audit.verification import Holdings, Scope, verify
from pilar.platform import backup
from pilar.platform.backup import DATA, DUMP, LABEL, back_up, restore
from publication import pointer
from tests.conftest import database_url
from tests.integration.conftest import Installation, set_to

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SOURCE = "diskominfo_spbe"


@pytest.fixture
def empty(tmp_path: Path, postgres_url: str) -> Settings:
    """An empty place: no data, no keys, a database without tables."""
    name = f"restored_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return Settings(home=tmp_path / "new", ledger_url=database_url(postgres_url, name), key_dir=tmp_path / "new-keys")


@contextmanager
def living_in(settings: Settings) -> Iterator[None]:
    """The steps find this installation."""
    with set_to(
        {
            "PILAR_HOME": str(settings.home),
            "PILAR_LEDGER_URL": settings.ledger_url,
            "PILAR_KEYS": str(settings.key_dir),
        }
    ):
        yield


def damage(settings: Settings, *, pages: bool = True) -> list[str]:
    ledger = Ledger(settings.ledger_url)
    holdings = Holdings(settings.home, settings.key_dir, ledger)
    return [str(line.damage) for line in verify(ledger.witnesses, holdings, Scope(pages=pages)) if line.damage]


def told(installation: Installation) -> Mapping[str, object]:
    """What was acknowledged: events, batches with what became of them, and what readers see."""
    ledger = installation.ledger
    with ledger.moment():
        return {
            "receipts": [witness.receipt.sha256 for witness in ledger.witnesses()],
            "publications": [row.publication_id for row in ledger.publications(limit=None)],
            "published": installation.published(),
        }


def test_p1_nothing_acknowledged_is_lost_by_a_backup_that_is_made_while_evaluations_run(
    installation: Installation, empty: Settings, tmp_path: Path
) -> None:
    event = EventIn(sender="urn:test", sender_event_id="of-the-backup", event_type="test", source_id=SOURCE)
    event_id, _ = installation.ledger.record_event(event)
    before, stop = told(installation), threading.Event()

    def work() -> None:
        while not stop.is_set():
            installation.simulator.revise()
            steps.ingest(SOURCE)
            installation.evaluate()

    busy = threading.Thread(target=work)
    busy.start()
    try:
        for _ in range(2):
            back_up(installation.ledger, installation.settings, tmp_path / "copy", tmp_path / "keys")
    finally:
        stop.set()
        busy.join()
    found = restore(empty, tmp_path / "copy", None)
    assert [line.damage for line in found.checked if line.damage] == []
    assert not found.keys
    ledger = Ledger(empty.ledger_url)
    receipts = [witness.receipt.sha256 for witness in ledger.witnesses()]
    assert receipts[: len(before["receipts"])] == before["receipts"]  # type: ignore[arg-type]
    restored = {row.publication_id for row in ledger.publications(limit=None)}
    assert restored >= set(before["publications"])  # type: ignore[call-overload]
    assert set(pointer.list_publications(empty.published_dir)) <= restored
    assert event_id in {one.event_id for one in ledger.events_of(SOURCE)}
    goes_on(Installation(ledger, empty, installation.simulator), tmp_path / "keys")


def goes_on(restored: Installation, keys: Path) -> None:
    """Without the keys what has landed is evaluated, and nothing is pulled or made up. With them all goes on."""
    settings = restored.settings
    with living_in(settings):
        restored.simulator.revise()
        with pytest.raises(ConfigError, match="a key is missing"):
            steps.ingest(SOURCE)
        shown = restored.published()
        restored.evaluate()
        assert restored.published() not in (shown, None)
        # Nobody makes new keys in their place by starting the platform.
        with pytest.raises(ConfigError, match="replace-lost"):
            Keys.ensure(settings.key_dir, used=restored.ledger.has_batches())
        assert not settings.key_dir.exists()
        shutil.copytree(keys, settings.key_dir)
        assert steps.ingest(SOURCE).new
    assert damage(settings) == []


def test_a_second_backup_copies_what_is_new_and_links_stay_links(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    first = back_up(installation.ledger, installation.settings, folder, None)
    size = sum(
        {path.stat().st_ino: path.stat().st_size for path in (folder / DATA).rglob("*") if path.is_file()}.values()
    )
    assert size <= first.bytes
    copied: list[Path] = []
    copy = shutil.copy2
    monkeypatch.setattr(shutil, "copy2", lambda source, target: (copied.append(source), copy(source, target)))
    back_up(installation.ledger, installation.settings, folder, None)
    assert copied == []
    assert not list(folder.rglob("*.key"))


def test_a_backup_that_was_killed_is_none(
    installation: Installation, empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    back_up(installation.ledger, installation.settings, folder, None)
    monkeypatch.setattr(backup, "_dump", killed)
    with pytest.raises(KeyboardInterrupt):
        back_up(installation.ledger, installation.settings, folder, None)
    with pytest.raises(ConfigError, match="no backup, or not a whole one"):
        restore(empty, folder, None)


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_was_damaged_before_is_said_and_makes_no_backup(installation: Installation, tmp_path: Path) -> None:
    batch = next(iter(installation.ledger.in_force()))
    file = installation.settings.home / str(batch.landed_path)
    whole = file.read_bytes()
    try:
        file.unlink()
        with pytest.raises(LedgerError, match=r"not whole: .* is missing"):
            back_up(installation.ledger, installation.settings, tmp_path / "copy", None)
    finally:
        file.write_bytes(whole)
    assert not (tmp_path / "copy" / LABEL).exists()


def test_p1_no_key_is_overwritten_by_a_restore(installation: Installation, empty: Settings, tmp_path: Path) -> None:
    folder, keys = tmp_path / "copy", tmp_path / "keys"
    back_up(installation.ledger, installation.settings, folder, keys)
    with pytest.raises(ConfigError, match="there are no keys"):
        restore(empty, folder, tmp_path / "kyes")
    Keys.ensure(empty.key_dir)
    other = (empty.key_dir / PAGE_KEY).read_bytes()
    with pytest.raises(ConfigError, match="another key is there already"):
        restore(empty, folder, keys)
    assert (empty.key_dir / PAGE_KEY).read_bytes() == other
    assert not empty.landing_dir.exists()


def test_p10_a_backup_is_put_into_an_empty_place_only(
    installation: Installation, empty: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    back_up(installation.ledger, installation.settings, folder, None)
    taken = empty.model_copy(update={"home": installation.settings.home})
    with pytest.raises(ConfigError, match="there are data already"):
        restore(taken, folder, None)
    used = empty.model_copy(update={"ledger_url": installation.settings.ledger_url})
    with pytest.raises(ConfigError, match="has tables already"):
        restore(used, folder, None)
    label = json.loads((folder / LABEL).read_text())
    (folder / LABEL).write_text(json.dumps({**label, "revision": "9999"}))
    with pytest.raises(ConfigError, match="made by a newer version"):
        restore(empty, folder, None)
    assert not empty.home.exists()


def test_p10_data_and_keys_go_to_two_places_outside(installation: Installation, tmp_path: Path) -> None:
    home, key_dir = installation.settings.home, installation.settings.key_dir
    copy = tmp_path / "copy"
    for folder, keys in ((home / "x", None), (copy, copy / "keys"), (copy, copy), (key_dir, None), (copy, home / "k")):
        with pytest.raises(ConfigError, match="lies in the other"):
            back_up(installation.ledger, installation.settings, folder, keys)
    assert not copy.exists()


def test_the_page_key_lost_for_good_costs_the_kept_pages_alone(
    installation: Installation, empty: Settings, tmp_path: Path
) -> None:
    """By the commands that people type."""
    folder, keys = str(tmp_path / "copy"), tmp_path / "keys"
    assert "files" in typed("backup", folder, "--keys", str(keys))
    (keys / PAGE_KEY).unlink()
    with living_in(empty):
        assert "the keys are not there" in typed("restore", folder, "--keys", str(keys))
        with pytest.raises(ConfigError, match="cannot be read again"):
            typed("keys", "replace-lost")
        assert not (empty.key_dir / PAGE_KEY).exists()
        assert "page.key: Pages" in typed("keys", "replace-lost", "--yes")
        assert "Nothing was changed" in typed("keys", "replace-lost", "--yes")
    assert (empty.key_dir / PSEUDONYM_KEY).read_text() == (installation.settings.key_dir / PSEUDONYM_KEY).read_text()
    assert damage(empty, pages=False) == []
    [unread] = damage(empty)
    assert "key" in unread
    with living_in(empty):
        installation.simulator.revise()
        assert steps.ingest(SOURCE).new


def typed(*words: str) -> str:
    """What a command says."""
    done = CliRunner().invoke(cli.app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_no_list_of_processes_shows_the_ledgers_password() -> None:
    found = backup._libpq("postgresql+psycopg://pilar:s%20cret@db.example:5433/ledger?sslmode=require")
    assert found == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "pilar",
        "PGPASSWORD": "s cret",
        "PGDATABASE": "ledger",
        "PGSSLMODE": "require",
    }
    assert os.environ.get("PGPASSWORD") is None
    assert DUMP != LABEL
