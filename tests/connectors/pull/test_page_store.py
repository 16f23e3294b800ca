"""Kept pages are encrypted, whole, and read back as they came."""

from pathlib import Path

import pytest

from connectors.pull.page_store import PageStore, read_page
from ledger.errors import LedgerError

KEY = bytes(range(32))
BODY = b'{"nik": "9964020101230001", "nama": "Siti Contohwan"}' * 20


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "source" / "batch", KEY)


def test_a_page_comes_back(store: PageStore) -> None:
    assert read_page(store.write(0, BODY), KEY) == BODY
    assert read_page(store.write(1, b""), KEY) == b""
    store.settle()


def test_p6_a_page_is_not_in_clear(store: PageStore) -> None:
    path = store.write(0, BODY)
    assert sorted(found.name for found in store.folder.iterdir()) == ["0.page"]
    for word in (b"9964020101230001", b"Siti", b"nik"):
        assert word not in path.read_bytes()


def test_the_same_page_is_never_the_same_file(store: PageStore) -> None:
    assert store.write(0, BODY).read_bytes() != store.write(1, BODY).read_bytes()


@pytest.mark.parametrize("place", [0, 7, 8, 19, 20, 300, -1])
def test_a_changed_byte_is_noticed(store: PageStore, place: int) -> None:
    path = store.write(0, BODY)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(LedgerError, match=r"changed|damaged"):
        read_page(path, KEY)


@pytest.mark.parametrize("length", [0, 5, 19, 25])
def test_a_cut_page_is_noticed(store: PageStore, length: int) -> None:
    path = store.write(0, BODY)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(LedgerError):
        read_page(path, KEY)


def test_another_key_is_told(store: PageStore) -> None:
    path = store.write(0, BODY)
    with pytest.raises(LedgerError, match="key"):
        read_page(path, bytes(32))


def test_a_missing_page_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be read"):
        read_page(tmp_path / "none.page", KEY)


def test_sharing_keeps_one_file(store: PageStore, tmp_path: Path) -> None:
    other = PageStore(tmp_path / "source" / "later", KEY)
    first, second = store.write(0, BODY), other.write(0, BODY)
    other.share(0, first)
    assert second.stat().st_ino == first.stat().st_ino
    assert read_page(second, KEY) == BODY


def test_sharing_what_is_gone_changes_nothing(store: PageStore, tmp_path: Path) -> None:
    path = store.write(0, BODY)
    store.share(0, tmp_path / "gone.page")
    assert read_page(path, KEY) == BODY
