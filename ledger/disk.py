"""What is written must last through a power cut."""

import os
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
