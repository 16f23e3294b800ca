"""Hashes of a file as it was written: of the whole, and of its blocks, so that the first altered block can be named."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MOST_BLOCKS = 256
SMALLEST_BLOCK = 1024


@dataclass(frozen=True)
class Seal:
    """A file's size in bytes and its hashes (SHA-256, hexadecimal)."""

    sha256: str
    bytes: int
    block_bytes: int
    blocks: tuple[str, ...]

    def as_row(self, path: str) -> Mapping[str, Any]:
        """The seal as ledger and receipt keep it."""
        return {"path": path, **asdict(self), "blocks": list(self.blocks)}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Seal":
        """The seal in a ledger's row or a receipt."""
        return cls(row["sha256"], row["bytes"], row["block_bytes"], tuple(row["blocks"]))


def seal(path: Path) -> Seal:
    """Read a file once and hash it. Blocks grow with the file, so that there are never more than ``MOST_BLOCKS``."""
    size = path.stat().st_size
    block = SMALLEST_BLOCK
    while block * MOST_BLOCKS < size:
        block *= 2
    return _hashed(path, block)


def first_difference(written: Seal, path: Path) -> str | None:
    """Where a file is not the one that was sealed, in words; None when it is. Raises OSError when it cannot be read."""
    found = _hashed(path, written.block_bytes)
    if found.sha256 == written.sha256:
        return None
    pairs = enumerate(zip(found.blocks, written.blocks, strict=False))
    number = next((number for number, (now, then) in pairs if now != then), None)
    start = (number if number is not None else min(len(found.blocks), len(written.blocks))) * written.block_bytes
    if found.bytes < written.bytes and start + written.block_bytes > found.bytes:
        return f"it ends at byte {found.bytes} of {written.bytes}, and up to byte {start} nothing was altered"
    if number is None or _begins_with(path, start, written, number):
        return f"{found.bytes - written.bytes} byte(s) were added behind its end, which was at byte {written.bytes}"
    return f"the first altered byte is one of bytes {start} to {min(start + written.block_bytes, written.bytes) - 1}"


def _begins_with(path: Path, start: int, written: Seal, number: int) -> bool:
    """Whether the last block is still there, before what was added behind it."""
    if number + 1 < len(written.blocks):
        return False
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.sha256(file.read(written.bytes - start)).hexdigest() == written.blocks[number]


def _hashed(path: Path, block_bytes: int) -> Seal:
    whole, blocks, size = hashlib.sha256(), [], 0
    with path.open("rb") as file:
        while block := file.read(block_bytes):
            whole.update(block)
            blocks.append(hashlib.sha256(block).hexdigest())
            size += len(block)
    return Seal(whole.hexdigest(), size, block_bytes, tuple(blocks))
