"""The installation's two keys: one makes pseudonyms, the other encrypts raw pages.

They live outside the data folder and are readable by their owner only. A lost pseudonym key means that the same
person gets another pseudonym from then on; a lost page key means that kept pages cannot be read again.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import ConfigError

KEY_BYTES = 32
PSEUDONYM_KEY = "pseudonym.key"
PAGE_KEY = "page.key"


@dataclass(frozen=True)
class Keys:
    """``pseudonym_key`` for HMAC-SHA-256, ``page_key`` for AES-256-GCM; 32 bytes each."""

    pseudonym_key: bytes = field(repr=False)
    page_key: bytes = field(repr=False)

    @classmethod
    def ensure(cls, key_dir: Path) -> "Keys":
        """Load the keys, making those that do not exist yet."""
        key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (PSEUDONYM_KEY, PAGE_KEY):
            _create_once(key_dir / name)
        return cls.load(key_dir)

    @classmethod
    def load(cls, key_dir: Path) -> "Keys":
        """Load both keys. Raises ConfigError when one is missing or not 32 bytes of hex."""
        return cls(pseudonym_key=_read(key_dir / PSEUDONYM_KEY), page_key=_read(key_dir / PAGE_KEY))


def _create_once(path: Path) -> None:
    # Written whole under another name, then linked: of two processes that start at once one wins, and the other reads
    # the winner's complete key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError:
        raise ConfigError("a key is missing", where=str(path), do="Restore it from your backup") from None
    except ValueError:
        raise ConfigError("a key is not hexadecimal", where=str(path), do="Restore it from your backup") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"a key has {len(key)} bytes, not {KEY_BYTES}", where=str(path), do="Restore it from your backup"
        )
    return key
