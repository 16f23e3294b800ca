"""Kept pages and the keys that wrote them: writing pages again with the current key, and letting old keys go."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.kept.leftovers import RUNNING_AT_MOST
from connectors.pull.page_store import FIRST_KEY, SUFFIX, head_of, key_of, link_over, write_again
from ledger.errors import ConfigError, LedgerError
from ledger.keys import Keys, page_key_id, read_key, retired_key_files
from ledger.settings import Settings


def uses(settings: Settings) -> Mapping[bytes, int]:
    """How many kept pages each key wrote, by its id. Pages that share a file count once."""
    heads = set()
    for path in _pages(settings):
        with _unless_removed(path):
            heads.add(head_of(path))
    return Counter(map(key_of, heads))


def reencrypt(settings: Settings) -> int:
    """Write every page again that an older key wrote; returns how many. Pages that share a file go on sharing it.

    May die at any line and be run again: each file is the old one or the new one.
    Raises LedgerError when a page cannot be read; what was written until then stays.
    """
    keys = Keys.load(settings.key_dir)
    current = page_key_id(keys.page_key)
    done: dict[bytes, Path] = {}
    for path in _pages(settings):
        with _unless_removed(path):
            head = head_of(path)
            if head in done:
                link_over(done[head], path)
            elif key_of(head) != current:
                write_again(path, keys.page_key, *keys.page_keys)
                done[head] = path
    return len(done)


def removable(settings: Settings, now: datetime | None = None) -> list[Path]:
    """Files of retired keys that no page needs, and that no pull can still be writing with."""
    moment = now or datetime.now(UTC)
    used, current = uses(settings), Keys.load(settings.key_dir).page_key
    if FIRST_KEY in used:
        return []  # which key those pages need is known once they were written again
    return [
        path
        for path in retired_key_files(settings.key_dir)
        if (key := read_key(path)) != current
        and page_key_id(key) not in used
        and moment - retired_at(path) > RUNNING_AT_MOST
    ]


def retired_at(path: Path) -> datetime:
    """When a key was retired: its file was written then."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def remove(path: Path) -> None:
    """Remove a key's file. Raises ConfigError where keys cannot be written."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"a key that is no longer needed cannot be removed ({error.strerror})",
            where=str(path),
            do="Run this where the keys are writable",
        ) from None


def _pages(settings: Settings) -> Iterator[Path]:
    yield from sorted(settings.pages_dir.glob(f"*/*/*{SUFFIX}"))


@contextmanager
def _unless_removed(path: Path) -> Iterator[None]:
    """The pages of a batch that came to nothing may be removed meanwhile."""
    try:
        yield
    except (FileNotFoundError, LedgerError):
        if path.exists():
            raise
