"""What has its name is on the disk, and so is the name."""

import os
from pathlib import Path

import pytest

from ledger.disk import make_folder, put, sync


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files and folders that were waited for, in order, with the names that were there then."""
    calls: list[str] = []

    def fsync(descriptor: int) -> None:
        calls.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    monkeypatch.setattr(os, "fsync", fsync)
    return calls


def test_p2_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_anybody_goes_on(
    tmp_path: Path, synced: list[str]
) -> None:
    (tmp_path / "draft").write_text("new")
    (tmp_path / "target").write_text("old")
    put(tmp_path / "draft", tmp_path / "target")
    assert ((tmp_path / "target").read_text(), (tmp_path / "draft").exists()) == ("new", False)
    assert synced == ["draft", tmp_path.name]


def test_p2_a_new_folder_is_known_to_those_above_it(tmp_path: Path, synced: list[str]) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    assert sorted(synced) == sorted([tmp_path.name, "a", "b"])
    synced.clear()
    make_folder(tmp_path / "a" / "b")
    assert synced == []


def test_what_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "none")
