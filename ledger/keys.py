"""The installation's keys: one makes pseudonyms, one encrypts raw pages, one signs frozen stages.

They live outside the data folder and are readable by their owner only.

- The pseudonym key is never changed: the same person would become another one. That is also what its loss would do.
- The page key can be changed. The new one is ``page.key`` from then on. The one before stays as ``page-<id>.key`` for
  the pages it wrote. Once a page key is lost, its pages cannot be read again.
- The signing key is made when a stage is frozen first. Its public half is no secret: readers check signatures with it.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ledger.disk import sync
from ledger.errors import ConfigError

KEY_BYTES = 32
PSEUDONYM_KEY = "pseudonym.key"
PAGE_KEY = "page.key"
SIGNING_KEY = "signing.key"
RETIRED_PAGE_KEYS = "page-*.key"
KEY_ID_BYTES = 8


@dataclass(frozen=True)
class Keys:
    """``pseudonym_key`` for HMAC-SHA-256, ``page_key`` for AES-256-GCM; 32 bytes each.

    ``page_key`` writes; ``retired_page_keys`` only read what they wrote before the key was changed.
    """

    pseudonym_key: bytes = field(repr=False)
    page_key: bytes = field(repr=False)
    retired_page_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def page_keys(self) -> tuple[bytes, ...]:
        """Every key that kept pages may have been written with, the current one first."""
        return (self.page_key, *self.retired_page_keys)

    @property
    def pseudonym_fingerprint(self) -> str:
        """Tells one pseudonym key from another without revealing it."""
        return hashlib.sha256(b"pilar pseudonym key\n" + self.pseudonym_key).hexdigest()[:16]

    @classmethod
    def ensure(cls, key_dir: Path, *, used: bool = False) -> "Keys":
        """Load the keys, making those that do not exist yet.

        ``used``: something was written with keys already. Then none is made in the place of one that is missing, for
        everybody would become another person without a word: raises ConfigError.
        """
        if used:
            return cls.load(key_dir)
        key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (PSEUDONYM_KEY, PAGE_KEY):
            _create_once(key_dir / name)
        return cls.load(key_dir)

    @classmethod
    def load(cls, key_dir: Path) -> "Keys":
        """Load the keys. Raises ConfigError when one is missing or not 32 bytes of hex."""
        current = read_key(key_dir / PAGE_KEY)
        return cls(
            pseudonym_key=read_key(key_dir / PSEUDONYM_KEY),
            page_key=current,
            retired_page_keys=tuple(key for key in map(read_key, retired_key_files(key_dir)) if key != current),
        )


def signing_seed(key_dir: Path) -> bytes:
    """The secret half of the key that signs frozen stages; it is made where there is none yet.

    Raises ConfigError where the folder cannot be written, or the key is none.
    """
    path = key_dir / SIGNING_KEY
    if not path.exists():
        try:
            _create_once(path)
        except OSError as error:
            raise ConfigError(
                f"the signing key cannot be written ({error.strerror})",
                where=str(path),
                do="Run this where the keys are writable",
            ) from None
    return read_key(path)


def page_key_id(key: bytes) -> bytes:
    """Tells one page key from another without revealing it: 8 bytes, which stand in every page that it wrote."""
    return hashlib.sha256(b"pilar page key\n" + key).digest()[:KEY_ID_BYTES]


def retired_key_files(key_dir: Path) -> list[Path]:
    """The files of page keys that write no more, sorted by name; a file's time is when its key was retired."""
    return sorted(key_dir.glob(RETIRED_PAGE_KEYS))


def rotate_page_key(key_dir: Path) -> bytes:
    """Put a new page key in the place of the current one, which stays beside it. Returns the new key's id.

    May die at any line: the current key is kept under its own name before the new one takes its place. Two at once
    would lose a key: the caller holds the ledger's lock.
    Raises ConfigError when there is no current key, or the folder cannot be written.
    """
    current, new = read_key(key_dir / PAGE_KEY), secrets.token_bytes(KEY_BYTES)
    try:
        _replace(key_dir / f"page-{page_key_id(current).hex()}.key", current)
        _replace(key_dir / PAGE_KEY, new)
    except OSError as error:
        raise ConfigError(
            f"the folder of keys cannot be written ({error.strerror})",
            where=str(key_dir),
            do="Run this where the keys are writable; the current key is still in force",
        ) from None
    return page_key_id(new)


def _replace(path: Path, key: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    _write(draft, key)
    draft.replace(path)
    sync(path.parent)


def _create_once(path: Path) -> None:
    # Written whole under another name, then linked: of two processes that start at once one wins, and the other reads
    # the winner's complete key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _write(draft, secrets.token_bytes(KEY_BYTES))
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _write(path: Path, key: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path) -> bytes:
    """The key in a file. Raises ConfigError when it is missing or not 32 bytes of hex."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        do = "Restore it from your backup; where it is lost for good: pilar keys replace-lost"
        raise ConfigError("a key is missing", where=str(path), do=do) from None
    except ValueError:
        raise ConfigError("a key is not hexadecimal", where=str(path), do="Restore it from your backup") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"a key has {len(key)} bytes, not {KEY_BYTES}", where=str(path), do="Restore it from your backup"
        )
    return key
