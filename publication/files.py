"""The files of a publication: linked from the publication before where they would say the same, else made.

A file names a digest of all that it follows from. The manifest keeps it. A file that is taken over is read once, to
prove that its bytes are still what the earlier manifest says, and linked: it costs no room and no rendering.
"""

import multiprocessing
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from ledger.errors import AlteredPublicationError
from publication.manifest import Entry, entry_of, file_sha256, read_manifest

# From here on a second process pays: a fork costs some ten milliseconds, a page some ten.
WORTH_SHARING = 64
# How many files of no neighbourhood a process takes at once.
TOGETHER = 16

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class File:
    """A file that a publication is to have: its path, what it follows from, and how it is written.

    Files of one ``neighbourhood`` are made of the same rows: one process makes them, and reads the rows once.
    """

    path: str
    made_of: str
    write: Callable[[Path], None]
    neighbourhood: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The publication that readers have: its folder, and the files that its manifest lists."""

    folder: Path
    files: Mapping[str, Entry]

    @classmethod
    def at(cls, folder: Path) -> "Earlier | None":
        """None where its manifest cannot be read: then everything is made."""
        try:
            return cls(folder, read_manifest(folder))
        except AlteredPublicationError as error:
            log.warning("nothing is taken over from the publication before", reason=error.what)
            return None

    def take(self, path: str, made_of: str, target: Path) -> Entry | None:
        """Link a file that follows from the same, and whose bytes are still those of its manifest."""
        entry = self.files.get(path)
        if entry is None or entry.made_of != made_of or not self.holds(path):
            return None
        try:
            os.link(self.folder / path, target)
        except OSError:
            # Another file system, or more links than it can count.
            shutil.copyfile(self.folder / path, target)
        return entry

    def holds(self, path: str) -> bool:
        """Whether a file is there with the bytes that the manifest lists."""
        entry, file = self.files.get(path), self.folder / path
        if entry is None or file.is_symlink() or not file.is_file():
            return False
        if file.stat().st_size != entry.bytes or file_sha256(file) != entry.sha256:
            log.warning("a file of the publication before was altered, and is made anew", file=path)
            return False
        return True


def write_files(
    folder: Path, files: Sequence[File], earlier: Earlier | None, before_sharing: Callable[[], None]
) -> tuple[dict[str, Entry], set[str]]:
    """Write files into a folder. Returns what the manifest says of each, and the paths of those that were made.

    ``before_sharing`` is called before processes are forked.
    """
    for parent in {(folder / file.path).parent for file in files}:
        parent.mkdir(parents=True, exist_ok=True)
    entries: dict[str, Entry] = {}
    wanted: list[File] = []
    for file in files:
        taken = earlier.take(file.path, file.made_of, folder / file.path) if earlier is not None else None
        if taken is None:
            wanted.append(file)
        else:
            entries[file.path] = taken
    entries.update(_made(folder, wanted, before_sharing))
    return entries, {file.path for file in wanted}


def workers() -> int:
    """How many processors a publication uses."""
    return min(os.cpu_count() or 1, 4)


def _made(folder: Path, wanted: Sequence[File], before_sharing: Callable[[], None]) -> dict[str, Entry]:
    parts = _parts(wanted)
    number = workers()
    if len(wanted) < WORTH_SHARING or number == 1:
        return dict(_make(folder, file) for part in parts for file in part)
    before_sharing()
    # Forked processes have the files' functions as they are; only places in the list go to and fro.
    _shared.append((folder, parts))
    try:
        with ProcessPoolExecutor(number, multiprocessing.get_context("fork")) as pool:
            return {path: entry for part in pool.map(_make_part, range(len(parts))) for path, entry in part}
    finally:
        _shared.clear()


def _parts(wanted: Sequence[File]) -> list[Sequence[File]]:
    """What one process makes at a time: neighbourhoods, which are the most work, then the rest in small parts."""
    near = defaultdict[int, list[File]](list)
    rest = []
    for file in wanted:
        if file.neighbourhood is None:
            rest.append(file)
        else:
            near[file.neighbourhood].append(file)
    return [*near.values(), *(rest[at : at + TOGETHER] for at in range(0, len(rest), TOGETHER))]


_shared: list[tuple[Path, Sequence[Sequence[File]]]] = []


def _make_part(number: int) -> list[tuple[str, Entry]]:
    [(folder, parts)] = _shared
    return [_make(folder, file) for file in parts[number]]


def _make(folder: Path, file: File) -> tuple[str, Entry]:
    file.write(folder / file.path)
    return file.path, entry_of(folder / file.path, file.made_of)
