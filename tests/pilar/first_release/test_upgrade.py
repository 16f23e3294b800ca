"""An installation of the first release, with its data and publications, brought to this version and used on.

``installation.tar.xz`` was made by that release's own code: see make.py beside it.
"""

import json
import shutil
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connectors.kept.rebuild import rebuild
from connectors.kept.rekey import reencrypt, removable, uses
from connectors.pull.page_store import FIRST_KEY, head_of, key_of
from ledger.errors import LedgerError
from ledger.keys import rotate_page_key
from ledger.migrate import migrate
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import steps
from pilar.audit.verification import Holdings, Scope, verify
from pilar.evaluation.publish import rollback
from pilar.sources.catalogue import find_source
from publication import pointer
from simulator.server import Simulator
from tests.conftest import database_url
from tests.integration.conftest import Installation, set_to

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PACKED = Path(__file__).with_name("installation.tar.xz")
SOURCES = ("bps_indikator", "dinkes_eppgbm", "disdik_sekolah", "diskominfo_penilaian", "diskominfo_spbe", "dlh_sipsn")


@pytest.fixture(scope="module")
def installation(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The first release's installation, migrated. The tests are one story, in the order of the file."""
    root = tmp_path_factory.mktemp("first")
    with tarfile.open(PACKED) as packed:
        packed.extractall(root, filter="data")
    name = f"first_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = database_url(postgres_url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        lines = (root / "ledger.sql").read_text().splitlines()
        connection.execute("\n".join(line for line in lines if not line.startswith("\\")))
    migrate(url)
    migrate(url)
    with Simulator() as simulator:
        variables = {"PILAR_HOME": str(root / "data"), "PILAR_LEDGER_URL": url, "PILAR_KEYS": str(root / "keys")}
        for connection_name, value in simulator.connections().items():
            variables[f"PILAR_CONN_{connection_name.upper()}"] = json.dumps(value)
        with set_to(variables):
            ledger, settings = steps.open_installation()
            yield Installation(ledger, settings, simulator)


def damage(settings: Settings) -> list[str]:
    ledger = Ledger(settings.ledger_url)
    holdings = Holdings(settings.home, settings.key_dir, ledger)
    return [str(line.damage) for line in verify(ledger.witnesses, holdings, Scope(pages=True)) if line.damage]


def test_chains_pages_files_and_publications_of_the_first_release_hold(installation: Installation) -> None:
    ledger = installation.ledger
    assert {batch.source_id for batch in ledger.in_force()} == set(SOURCES)
    assert len(pointer.list_publications(installation.settings.published_dir)) == 2
    assert damage(installation.settings) == []


def test_p10_a_replay_of_the_first_releases_pages_is_refused_in_one_line(installation: Installation) -> None:
    source = find_source(installation.settings, "diskominfo_spbe")
    batch = installation.ledger.in_force("diskominfo_spbe")[0]
    with pytest.raises(LedgerError, match=r"of the first release .*pilar pull diskominfo_spbe"):
        rebuild(source, batch, installation.ledger, installation.settings)
    page = next(installation.settings.pages_dir.glob("*/*/*.page"))
    assert key_of(head_of(page)) == FIRST_KEY


def test_p4_what_the_first_release_had_acknowledged_is_still_to_be_done(installation: Installation) -> None:
    assert installation.ledger.newest_open_event("diskominfo_spbe", installation.ledger.now()) is not None


def test_readers_keep_the_old_publication_until_the_next_evaluation(installation: Installation) -> None:
    before = installation.published()
    assert before is not None
    for source in SOURCES:
        steps.ingest(source)
    assert installation.published() == before
    assert installation.ledger.newest_open_event("diskominfo_spbe", installation.ledger.now()) is None
    installation.evaluate()
    assert installation.published() not in (before, None)
    assert before in pointer.list_publications(installation.settings.published_dir)
    assert damage(installation.settings) == []


def test_pages_of_the_first_release_are_written_again_with_a_new_key(installation: Installation) -> None:
    rotate_page_key(installation.settings.key_dir)
    assert removable(installation.settings) == []
    assert reencrypt(installation.settings) > 0
    assert FIRST_KEY not in uses(installation.settings)
    assert damage(installation.settings) == []


def test_readers_can_be_led_back_to_the_first_releases_publication_and_on_again(installation: Installation) -> None:
    new, old = installation.published(), pointer.list_publications(installation.settings.published_dir)[-1]
    assert rollback(installation.ledger, installation.settings, old) == old
    assert (installation.settings.published_dir / "current" / "index.html").is_file()
    assert damage(installation.settings) == []
    assert rollback(installation.ledger, installation.settings, new) == new


def test_p3_an_altered_byte_of_the_first_release_is_still_found(installation: Installation) -> None:
    batch = next(one for one in installation.ledger.in_force() if one.landed_path)
    file = installation.settings.home / str(batch.landed_path)
    copy = file.with_suffix(".whole")
    shutil.copy2(file, copy)
    try:
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        assert damage(installation.settings) != []
    finally:
        copy.replace(file)
