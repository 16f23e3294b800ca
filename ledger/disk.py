"""Files: what is written must last through a power cut, and what was read need not be read again to be told apart."""

import hashlib
import os
from functools import lru_cache
from pathlib import Path


def put(draft: Path, target: Path) -> None:
    """Give a finished file its name, whole or not at all; it is on the disk when this returns, and so is its name."""
    sync(draft)
    draft.replace(target)
    sync(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are not there yet; their names are on the disk when this returns."""
    if folder.is_dir():
        return
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """The sha256 of a file of the project. One of the same size and time is not read again by this process.

    Not for what strangers write: they can set a file's time.
    """
    found = path.stat()
    return _sha256(path, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: Path, *_: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
