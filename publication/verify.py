"""Is a publication still what it was when it was published?"""

from pathlib import Path

from ledger.errors import AlteredPublicationError
from publication.manifest import MANIFEST, Entry, file_sha256, names, read_manifest


def verify(folder: Path) -> str:
    """Compare every file with the manifest; returns the manifest's sha256, which stands for the whole publication.

    Raises AlteredPublicationError naming the first file (in the order of names) that was altered, removed or added.
    That the manifest itself is the right one is known by comparing the returned hash with the ledger's.
    """
    listed = read_manifest(folder)
    present = set(names(folder))
    for name in sorted(present | set(listed)):
        trouble = _trouble(folder / name, listed.get(name), name in present)
        if trouble:
            raise AlteredPublicationError(
                f"{name} {trouble}", where=str(folder), do="Do not use this publication; roll back or publish again"
            )
    return file_sha256(folder / MANIFEST)


def _trouble(path: Path, listed: Entry | None, present: bool) -> str | None:
    if listed is None:
        return "was added after publication"
    if not present:
        return "is missing"
    if path.is_symlink():
        return "was replaced by a link"
    if path.stat().st_size != listed.bytes or file_sha256(path) != listed.sha256:
        return "was altered"
    return None
