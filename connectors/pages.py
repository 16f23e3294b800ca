"""Raw pages on disk, encrypted: AES-256-GCM, one file a page, never a clear byte.

File: magic, 12 bytes of nonce, ciphertext with its tag. The magic is authenticated too, so that a changed byte
anywhere makes the page unreadable instead of different.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import LedgerError

MAGIC = b"PILARP1\n"
NONCE_BYTES = 12
SUFFIX = ".page"


@dataclass(frozen=True)
class PageStore:
    """The pages of one batch."""

    folder: Path
    key: bytes

    def path(self, seq: int) -> Path:
        """Where a page of the batch is."""
        return self.folder / f"{seq}{SUFFIX}"

    def write(self, seq: int, body: bytes) -> Path:
        """Encrypt one page. The file appears whole or not at all; ``settle`` makes it survive a power cut."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.path(seq)
        nonce = secrets.token_bytes(NONCE_BYTES)
        draft = target.with_name(f".{target.name}.draft")
        with draft.open("wb") as file:
            file.write(MAGIC)
            file.write(nonce)
            file.write(AESGCM(self.key).encrypt(nonce, body, MAGIC))
        draft.replace(target)
        return target

    def settle(self, seqs: Sequence[int]) -> None:
        """Wait until the pages are on the disk: called once, before the receipt, not once a page."""
        for seq in seqs:
            _sync(self.path(seq))
        if seqs:
            _sync(self.folder)

    def share(self, seq: int, same: Path) -> None:
        """Let a page be the file that holds the same content already. Where that file is gone the page stays."""
        draft = self.folder / f".{seq}{SUFFIX}.shared"
        with suppress(FileNotFoundError):
            draft.unlink(missing_ok=True)
            os.link(same, draft)
            draft.replace(self.path(seq))


def read_page(path: Path, key: bytes) -> bytes:
    """The bytes of one page, as they were received. Raises LedgerError when file or key is not the right one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            f"a kept page cannot be read ({error.strerror})", where=str(path), do="Restore it from your backup"
        ) from None
    head = len(MAGIC) + NONCE_BYTES
    if not content.startswith(MAGIC) or len(content) < head:
        raise LedgerError("a kept page is damaged", where=str(path), do="Restore it from your backup")
    try:
        return AESGCM(key).decrypt(content[len(MAGIC) : head], content[head:], MAGIC)
    except InvalidTag:
        raise LedgerError(
            "a kept page was changed, or the page key is not the one that wrote it",
            where=str(path),
            do="Restore both from your backup",
        ) from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
