"""Raw pages on disk, encrypted: AES-256-GCM, one file a page, never a clear byte.

A file holds the magic, the key's id, 12 bytes of nonce, and the ciphertext with its tag. What is encrypted is a note in
one line of JSON, and then the bytes as they came. The note says how the page is read again, and may name a region or a
file. Magic and key id are authenticated too. So a changed byte anywhere makes the page unreadable instead of different.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connectors.protocols.base import Noticed, Page
from connectors.protocols.records import NOTHING
from ledger.disk import make_folder, sync
from ledger.errors import LedgerError
from ledger.keys import KEY_ID_BYTES, page_key_id

MAGIC = b"PILARP2\n"
FIRST_MAGIC = b"PILARP1\n"
"""Pages of the first release: magic, nonce, ciphertext. No note, and no key's id: there was one key."""
FIRST_KEY = b"first release"
"""Stands for the key of such pages, whichever it is."""
NONCE_BYTES = 12
SUFFIX = ".page"

_KEY = len(MAGIC)
_NONCE = _KEY + KEY_ID_BYTES
_TEXT = _NONCE + NONCE_BYTES

Note = Mapping[str, Any]


@dataclass(frozen=True)
class PageStore:
    """The pages of one batch."""

    folder: Path
    key: bytes

    def path(self, seq: int) -> Path:
        """Where a page of the batch is."""
        return self.folder / f"{seq}{SUFFIX}"

    def write(self, seq: int, body: bytes, note: Note | None = None) -> Path:
        """Encrypt one page onto the disk. The file appears whole or not at all; ``settle`` makes its name last."""
        make_folder(self.folder)
        target = self.path(seq)
        line = json.dumps(dict(note or {}), separators=(",", ":")).encode()
        draft = target.with_name(f".{target.name}.draft")
        _write(draft, _sealed(self.key, line + b"\n" + body))
        draft.replace(target)
        return target

    def settle(self) -> None:
        """Wait until the pages' names are on the disk too: called once, before the receipt, not once a page."""
        if self.folder.exists():
            sync(self.folder)

    def share(self, seq: int, same: Path) -> None:
        """Let a page be the file that holds the same content already. Where that file is gone the page stays."""
        with suppress(FileNotFoundError):
            self.link(seq, same)

    def link(self, seq: int, same: Path) -> Path:
        """Take over the file of a page that is kept already. Raises FileNotFoundError when it is not there."""
        make_folder(self.folder)
        link_over(same, self.path(seq))
        return self.path(seq)


def note_of(page: Page) -> Note:
    """What is kept beside a page's bytes to read it again."""
    records = "body" if page.records == page.body else "nothing" if page.records == NOTHING else "derived"
    told = {
        "announced": page.announced,
        "noticed": [asdict(one) for one in page.noticed],
    }
    return {"context": dict(page.context), "records": records, "path": page.records_path} | {
        name: value for name, value in told.items() if value not in (None, [])
    }


def noticed_in(note: Note) -> tuple[Noticed, ...]:
    """What was noticed in a page when it came."""
    return tuple(Noticed(**one) for one in note.get("noticed", ()))


def read_page(path: Path, *keys: bytes) -> bytes:
    """The bytes of one page, as they were received, read with whichever of the keys wrote it.

    Raises LedgerError when the file is missing, damaged or changed, or its key is not among these.
    """
    return read_noted(path, *keys)[1]


def read_noted(path: Path, *keys: bytes) -> tuple[Note, bytes]:
    """As ``read_page``, with the note that was kept beside the bytes."""
    text = _opened(path, _content(path), keys)
    line, _, body = text.partition(b"\n")
    return json.loads(line), body


def head_of(path: Path) -> bytes:
    """What stands before a page's ciphertext; the same in no two pages that were written.

    Raises LedgerError when the file is no kept page.
    """
    with _reading(path), path.open("rb") as file:
        head = file.read(_TEXT)
    _key_of(path, head)
    return head


def key_of(head: bytes) -> bytes:
    """The id of the key that wrote the page with this head; ``FIRST_KEY`` for one of the first release."""
    return FIRST_KEY if head.startswith(FIRST_MAGIC) else head[_KEY:_NONCE]


def write_again(path: Path, key: bytes, *keys: bytes) -> None:
    """Encrypt a kept page with another key. The file is the old one or the new one, never a part of either."""
    text = _opened(path, _content(path), keys)
    draft = path.with_name(f".{path.name}.draft")
    _write(draft, _sealed(key, text))
    draft.replace(path)
    sync(path.parent)


def link_over(same: Path, target: Path) -> None:
    """Make ``target`` another name of the file ``same``, in the place of what it was."""
    draft = target.with_name(f".{target.name}.shared")
    draft.unlink(missing_ok=True)
    os.link(same, draft)
    draft.replace(target)


def _sealed(key: bytes, text: bytes) -> bytes:
    head, nonce = MAGIC + page_key_id(key), secrets.token_bytes(NONCE_BYTES)
    return b"".join((head, nonce, AESGCM(key).encrypt(nonce, text, head)))


def _opened(path: Path, content: bytes, keys: Sequence[bytes]) -> bytes:
    wanted = _key_of(path, content)
    if wanted == FIRST_KEY:
        return b"{}\n" + _opened_first(path, content, keys)
    key = next((key for key in keys if page_key_id(key) == wanted), None)
    if key is None:
        raise LedgerError(
            f"the page key {wanted.hex()} that wrote a kept page is not here, or the page was changed",
            where=str(path),
            do=f"Put page-{wanted.hex()}.key from your backup into the folder of keys",
        )
    try:
        return AESGCM(key).decrypt(content[_NONCE:_TEXT], content[_TEXT:], content[:_NONCE])
    except InvalidTag:
        raise LedgerError(
            "a kept page was changed or cut off", where=str(path), do="Restore it from your backup"
        ) from None


def _opened_first(path: Path, content: bytes, keys: Sequence[bytes]) -> bytes:
    text = len(FIRST_MAGIC) + NONCE_BYTES
    for key in keys:
        with suppress(InvalidTag):
            return AESGCM(key).decrypt(content[len(FIRST_MAGIC) : text], content[text:], FIRST_MAGIC)
    do = "Restore it from your backup, or put the page key of that time as page-first.key into the folder of keys"
    raise LedgerError("a kept page was changed, or the key that wrote it is not here", where=str(path), do=do)


def _key_of(path: Path, head: bytes) -> bytes:
    if not head.startswith((MAGIC, FIRST_MAGIC)) or len(head) < _TEXT:
        raise LedgerError("a kept page is damaged", where=str(path), do="Restore it from your backup")
    return key_of(head)


def _content(path: Path) -> bytes:
    with _reading(path):
        return path.read_bytes()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"a kept page cannot be read ({error.strerror})", where=str(path), do="Restore it from your backup"
        ) from None


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
