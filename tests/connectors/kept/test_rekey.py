"""Page keys are changed while pages stay readable, whatever dies on the way."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.kept import rekey
from connectors.kept.rebuild import differences, rebuild
from connectors.pull.page_store import PageStore, read_page
from ledger import keys as keys_module
from ledger.errors import ConfigError, LedgerError
from ledger.keys import PAGE_KEY, PSEUDONYM_KEY, Keys, page_key_id, retired_key_files, rotate_page_key
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.pulling import make, page, pull_pages, records, states, two_years


@dataclass(frozen=True)
class Kept:
    """An installation without a ledger, and what its pages hold."""

    settings: Settings
    pages: dict[Path, bytes]


TOMORROW = datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Three pages of one batch, and another batch that shares their files; where they are, and what they hold."""
    home, key_dir = tmp_path / "home", tmp_path / "keys"
    settings = Settings(home=home, ledger_url="postgresql://nobody", key_dir=key_dir)
    key = Keys.ensure(key_dir).page_key
    first, second = (PageStore(settings.pages_dir / "sample" / name, key) for name in ("first", "second"))
    for seq in range(3):
        second.link(seq, first.write(seq, b"page %d" % seq, {"context": {}}))
    return Kept(settings, contents(settings))


def contents(settings: Settings) -> dict[Path, bytes]:
    keys = Keys.load(settings.key_dir).page_keys
    return {path: read_page(path, *keys) for path in sorted(settings.pages_dir.rglob("*.page"))}


def files(paths: dict[Path, bytes]) -> int:
    return len({path.stat().st_ino for path in paths})


def test_old_pages_stay_readable_and_new_ones_have_the_new_key(ledger: Ledger, settings: Settings) -> None:
    pull_pages(make(), two_years(), ledger, settings)
    kept = contents(settings)
    before = Keys.load(settings.key_dir)
    new = rotate_page_key(settings.key_dir)
    after = Keys.load(settings.key_dir)
    assert (page_key_id(after.page_key), after.retired_page_keys) == (new, (before.page_key,))
    assert after.pseudonym_key == before.pseudonym_key
    assert contents(settings) == kept
    assert rekey.uses(settings) == {page_key_id(before.page_key): 3}
    assert states(pull_pages(make(), two_years(21), ledger, settings)) == [("2023", "accepted"), ("2024", "accepted")]
    assert rekey.uses(settings) == {page_key_id(before.page_key): 3, new: 3}
    for batch in ledger.in_force():
        assert differences(batch, rebuild(make(), batch, ledger, settings)) == {}
    assert {path.stat().st_mode & 0o777 for path in settings.key_dir.iterdir()} == {0o600}


def test_a_key_changed_twice_still_reads_everything(kept: Kept) -> None:
    settings = kept.settings
    rotate_page_key(settings.key_dir)
    rotate_page_key(settings.key_dir)
    assert len(retired_key_files(settings.key_dir)) == 2
    assert contents(settings) == kept.pages


def test_pages_are_written_again_with_the_current_key_and_go_on_sharing_files(kept: Kept) -> None:
    settings = kept.settings
    assert (len(kept.pages), files(kept.pages)) == (6, 3)
    new = rotate_page_key(settings.key_dir)
    assert rekey.reencrypt(settings) == 3
    assert rekey.uses(settings) == {new: 3}
    assert contents(settings) == kept.pages
    assert files(kept.pages) == 3
    assert rekey.reencrypt(settings) == 0


@pytest.mark.parametrize("step", ["write_again", "link_over", "_sealed", "sync"])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_p2_writing_again_may_die_anywhere(kept: Kept, step: str, nth: int, after: bool) -> None:
    settings = kept.settings
    new = rotate_page_key(settings.key_dir)
    owner: Any = rekey if step in ("write_again", "link_over") else rekey.write_again.__globals__
    calls = iter(range(1, 100))
    real = owner[step] if isinstance(owner, dict) else getattr(owner, step)

    def dying(*given: Any) -> Any:
        last = next(calls) == nth
        if last and not after:
            raise KeyboardInterrupt
        found = real(*given)
        if last:
            raise KeyboardInterrupt
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(owner, step, dying) if isinstance(owner, dict) else patch.setattr(owner, step, dying)
        with pytest.raises(KeyboardInterrupt):
            rekey.reencrypt(settings)
    assert contents(settings) == kept.pages
    rekey.reencrypt(settings)
    assert contents(settings) == kept.pages
    assert rekey.uses(settings).keys() == {new}
    assert list(settings.pages_dir.rglob(".*")) == []


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_p2_changing_the_key_may_die_anywhere(kept: Kept, nth: int, after: bool) -> None:
    settings = kept.settings
    real, calls = keys_module._replace, iter(range(1, 9))

    def dying(path: Path, key: bytes) -> None:
        last = next(calls) == nth
        if not last or after:
            real(path, key)
        if last:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys_module, "_replace", dying)
        with pytest.raises(KeyboardInterrupt):
            rotate_page_key(settings.key_dir)
    assert contents(settings) == kept.pages
    rotate_page_key(settings.key_dir)
    assert contents(settings) == kept.pages


def test_a_key_goes_when_no_page_needs_it_and_no_pull_can_be_writing_with_it(kept: Kept) -> None:
    settings = kept.settings
    rotate_page_key(settings.key_dir)
    assert rekey.removable(settings, TOMORROW) == []
    rekey.reencrypt(settings)
    assert rekey.removable(settings) == []
    [path] = rekey.removable(settings, TOMORROW)
    rekey.remove(path)
    assert Keys.load(settings.key_dir).retired_page_keys == ()
    assert contents(settings) == kept.pages


def test_a_page_whose_key_is_missing_is_told_with_the_files_name(ledger: Ledger, settings: Settings) -> None:
    pull_pages(make(), two_years(), ledger, settings)
    rotate_page_key(settings.key_dir)
    [retired] = retired_key_files(settings.key_dir)
    retired.unlink()
    batch = ledger.in_force()[0]
    for ask in (lambda: rebuild(make(), batch, ledger, settings), lambda: rekey.reencrypt(settings)):
        with pytest.raises(LedgerError, match=retired.name) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_p10_keys_that_cannot_be_written_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(30, os.strerror(30))

    before = Keys.load(settings.key_dir)
    monkeypatch.setattr(keys_module, "_write", refuse)
    with pytest.raises(ConfigError, match="cannot be written"):
        rotate_page_key(settings.key_dir)
    assert Keys.load(settings.key_dir) == before
    assert {path.name for path in settings.key_dir.iterdir()} == {PAGE_KEY, PSEUDONYM_KEY}


def test_p6_no_key_is_ever_shown(settings: Settings) -> None:
    rotate_page_key(settings.key_dir)
    keys = Keys.load(settings.key_dir)
    shown = f"{keys!r} {keys}"
    assert not [key for key in (keys.pseudonym_key, *keys.page_keys) if key.hex() in shown or repr(key) in shown]


def test_a_replayed_page_may_have_an_old_key(ledger: Ledger, settings: Settings) -> None:
    from connectors.kept.replay import replay

    rows = [*records(20), {"id": "x", "n": "?"}]
    old = pull_pages(make(), [page(0, rows)], ledger, settings).batches[0].batch_id
    rotate_page_key(settings.key_dir)
    assert states(replay(make(drift={"added": "hold"}), old, ledger, settings)) == [("2024", "accepted")]
