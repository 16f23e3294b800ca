"""Readers see the old or the new publication, never a mixture, and never nothing."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.errors import PublicationError
from publication.manifest import write_manifest
from publication.pointer import current, list_publications, previous, resolve, swap
from publication.verify import verify
from tests.publication.sample_meta import CREATED


def rollback(folder: Path, publication_id: str | None = None) -> str | None:
    swap(folder, publication_id or previous(folder))
    return current(folder)


def make(published_dir: Path, day: int) -> str:
    """A small publication; every file names its own publication."""
    moment = CREATED + timedelta(days=day)
    publication_id = f"{moment:%Y%m%dT%H%M%S}000Z-{day:08x}"
    folder = published_dir / publication_id
    (folder / "json").mkdir(parents=True)
    for name in ("json/a.json", "json/b.json"):
        (folder / name).write_text(json.dumps({"publication": publication_id}), encoding="utf-8")
    write_manifest(folder, publication_id)
    return publication_id


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, list[str]]:
    return tmp_path, [make(tmp_path, day) for day in range(3)]


def test_nothing_is_current_before_the_first(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    assert list_publications(tmp_path / "none") == ()
    with pytest.raises(PublicationError, match="nothing is published yet"):
        resolve(tmp_path)


def test_swap_and_list(three: tuple[Path, list[str]]) -> None:
    folder, ids = three
    (folder / f"{ids[0]}.tmp-half").mkdir()
    (folder / "notes").mkdir()

    swap(folder, ids[1])

    assert (current(folder), resolve(folder)) == (ids[1], folder / ids[1])
    assert list_publications(folder) == (ids[2], ids[1], ids[0])
    assert not (folder / "current").readlink().is_absolute()
    assert not [path for path in folder.iterdir() if path.name.startswith(".current.")]


def test_rollback_goes_one_back_each_time(three: tuple[Path, list[str]]) -> None:
    folder, ids = three
    swap(folder, ids[2])

    assert [rollback(folder), rollback(folder)] == [ids[1], ids[0]]
    with pytest.raises(PublicationError, match="no publication before the current one"):
        rollback(folder)
    assert current(folder) == ids[0]
    assert rollback(folder, ids[2]) == current(folder) == ids[2]


@pytest.mark.parametrize("name", ["20300101T000000000Z-00000000", "..", "", "current", "notes"])
def test_swap_to_what_is_no_publication_is_refused(name: str, three: tuple[Path, list[str]]) -> None:
    folder, ids = three
    swap(folder, ids[0])

    with pytest.raises(PublicationError, match="there is no publication"):
        swap(folder, name)
    assert current(folder) == ids[0]


def test_p3_altered_publication_never_becomes_current(three: tuple[Path, list[str]]) -> None:
    folder, ids = three
    swap(folder, ids[2])
    (folder / ids[1] / "json" / "a.json").write_text("{}", encoding="utf-8")

    with pytest.raises(PublicationError, match=r"json/a\.json was altered"):
        rollback(folder)
    assert current(folder) == ids[2]


def test_p3_failing_swap_leaves_the_pointer(three: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, ids = three
    swap(folder, ids[0])

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PublicationError, match="the pointer could not be replaced"):
        swap(folder, ids[1])
    assert current(folder) == ids[0]
    assert not [path for path in folder.iterdir() if path.name.startswith(".current.")]


def test_readers_never_see_a_mixture(three: tuple[Path, list[str]]) -> None:
    """Readers resolve the pointer once and read two files, while it is swapped to and fro."""
    folder, ids = three
    swap(folder, ids[0])
    stop = threading.Event()
    seen: set[str] = set()
    trouble: list[object] = []

    def read() -> None:
        while not stop.is_set():
            try:
                at = resolve(folder)
                found = {
                    json.loads((at / name).read_text(encoding="utf-8"))["publication"]
                    for name in ("json/a.json", "json/b.json", "manifest.json")
                }
            except (OSError, ValueError, PublicationError) as error:
                trouble.append(error)
                return
            if len(found) != 1:
                trouble.append(found)
            seen.update(found)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(200):
        swap(folder, ids[turn % 3])
    stop.set()
    for reader in readers:
        reader.join()

    assert trouble == []
    assert len(seen) > 1


def test_the_link_itself_always_leads_somewhere(three: tuple[Path, list[str]]) -> None:
    """A web server opens current/... each time: every single open must succeed."""
    folder, ids = three
    swap(folder, ids[0])
    stop = threading.Event()
    failures: list[OSError] = []
    opened = 0

    def read() -> None:
        nonlocal opened
        while not stop.is_set():
            try:
                (folder / "current" / "manifest.json").read_bytes()
                opened += 1
            except OSError as error:
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(200):
        swap(folder, ids[turn % 3])
    stop.set()
    reader.join()

    assert failures == []
    assert opened > 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "json/b.json").write_text("{}"), "json/b.json was altered"),
        (lambda folder: (folder / "json/b.json").unlink(), "json/b.json is missing"),
        (lambda folder: (folder / "json/aa.json").write_text("{}"), "json/aa.json was added"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest cannot be read"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest cannot be read"),
    ],
    ids=["altered", "removed", "added", "no manifest", "manifest removed"],
)
def test_verify_names_the_first_file(spoil: object, message: str, tmp_path: Path) -> None:
    folder = tmp_path / make(tmp_path, 0)
    assert callable(spoil)
    spoil(folder)

    with pytest.raises(PublicationError, match=message):
        verify(folder)


def test_verify_notices_one_bit_and_equal_size(tmp_path: Path) -> None:
    folder = tmp_path / make(tmp_path, 0)
    path = folder / "json/a.json"
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)

    with pytest.raises(PublicationError, match=r"json/a\.json was altered"):
        verify(folder)


def test_verify_does_not_follow_links(tmp_path: Path) -> None:
    folder = tmp_path / make(tmp_path, 0)
    path = folder / "json/a.json"
    twin = tmp_path / "twin.json"
    twin.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(twin)

    with pytest.raises(PublicationError, match="replaced by a link"):
        verify(folder)


def test_hash_of_the_manifest_stands_for_everything(tmp_path: Path) -> None:
    folder = tmp_path / make(tmp_path, 0)
    before = verify(folder)
    (folder / "json/a.json").write_text("{}", encoding="utf-8")
    write_manifest(folder, folder.name)

    assert verify(folder) != before
