"""Files that are put somewhere announce their source: complete, and once a content."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connectors.source.source import Source
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform.relay import has_drops
from pilar.sources.catalogue import readable_sources
from pilar.sources.drops import Drops
from tests.pilar.platform.sources_of_tests import SOURCE

OF_FILES = (
    SOURCE.format(id="births")
    .replace("protocol: rest\n", "protocol: files.csv\nargs: {pattern: '[a-z]+\\.csv'}\n")
    .replace("{secret: test_hook,", "{drop: true,")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "upload"
    made.mkdir()
    return made


@pytest.fixture
def source(tmp_path: Path, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    file = tmp_path / "sources" / "health" / "births.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OF_FILES)
    monkeypatch.setenv("PILAR_CONN_FAKE", json.dumps({"url": folder.as_uri()}))
    return readable_sources(tmp_path / "sources")["births"]


@pytest.fixture
def look(ledger: Ledger, settings: Settings, source: Source) -> Callable[[], bool]:
    drops = Drops(ledger, settings)
    return lambda: drops.look_at(source)


def put(folder: Path, name: str, text: str, at: int = 1_700_000_000) -> None:
    (folder / name).write_text(text)
    os.utime(folder / name, (at, at))


def test_p4_a_file_announces_its_source_once_it_is_at_rest(
    folder: Path, look: Callable[[], bool], ledger: Ledger
) -> None:
    put(folder, "births.csv", "a\n1\n")
    assert [look(), look(), look(), look()] == [False, True, False, False]
    [event] = ledger.events_of("births")
    assert (event.sender, event.status) == ("drop:births", "received")
    put(folder, "births.csv", "a\n2\n", at=1_700_000_001)
    assert [look(), look(), look()] == [False, True, False]
    assert len(ledger.events_of("births")) == 2


def test_what_is_still_written_is_waited_for(folder: Path, look: Callable[[], bool], ledger: Ledger) -> None:
    for number in range(1, 4):
        put(folder, "births.csv", "a\n" * number, at=1_700_000_000 + number)
        assert look() is False
    # A writer that keeps the time and the size: the bytes tell.
    put(folder, "births.csv", "b\n" * 3, at=1_700_000_003)
    assert [look(), look()] == [False, True]
    put(folder, "other.csv", "a\n")
    assert [look(), look()] == [False, True]


def test_a_manifest_beside_each_file_says_that_it_is_whole(folder: Path, look: Callable[[], bool]) -> None:
    put(folder, "births.csv", "a\n1\n")
    digest = hashlib.sha256(b"a\n1\n").hexdigest()
    put(folder, "births.csv.sha256", f"{digest}  births.csv\n")
    assert look() is True
    put(folder, "more.csv", "a\n1\n")  # one without: both wait for a second look
    assert [look(), look()] == [False, True]
    put(folder, "more.csv.sha256", f"{'0' * 64}  more.csv\n")
    put(folder, "more.csv", "a\n3\n", at=1_700_000_009)
    assert look() is False


def test_one_content_is_one_event_whenever_it_is_seen(
    folder: Path, look: Callable[[], bool], ledger: Ledger, settings: Settings, source: Source
) -> None:
    put(folder, "births.csv", "a\n1\n")
    assert [look(), look()] == [False, True]
    os.utime(folder / "births.csv", (1, 1))  # put there again
    assert [look(), look()] == [False, False]
    again = Drops(ledger, settings)  # after a restart
    assert [again.look_at(source), again.look_at(source)] == [False, False]
    assert len(ledger.events_of("births")) == 1


def test_p4_a_folder_that_goes_back_to_what_it_held_is_announced_again(
    folder: Path, look: Callable[[], bool], ledger: Ledger
) -> None:
    for at, text in enumerate(("a\n1\n", "a\n2\n", "a\n1\n")):
        put(folder, "births.csv", text, at=1_700_000_000 + at)
        assert [look(), look()] == [False, True]
    assert len(ledger.events_of("births")) == 3


def test_a_folder_that_cannot_be_looked_at_stops_no_other_and_is_told(
    folder: Path, ledger: Ledger, settings: Settings, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops = Drops(ledger, settings)
    with capture_logs() as logs:
        drops.look([source])  # an empty folder is no fault
    assert logs[-1]["log_level"] != "warning"
    put(folder, "births.csv", "a\n1\n")
    away = source.model_copy(update={"id": "away", "connection": "nowhere"})
    with capture_logs() as logs:
        for _ in range(2):
            drops.look([away, source])
    assert [line["source"] for line in logs if line["log_level"] == "warning"] == ["away", "away"]
    assert len(ledger.events_of("births")) == 1


def test_only_files_can_be_a_drop(tmp_path: Path, source: Source, settings: Settings) -> None:
    assert has_drops(settings.model_copy(update={"sources_dir": tmp_path / "sources"}))
    (tmp_path / "sources" / "health" / "births.yaml").write_text(OF_FILES.replace("files.csv", "rest"))
    assert not has_drops(settings.model_copy(update={"sources_dir": tmp_path / "sources"}))
