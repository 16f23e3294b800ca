"""The list of a publication's files with their hashes. The hash of the list stands for the whole publication."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger.errors import AlteredPublicationError
from publication.meta import ChainHead

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is listed of a file: its hash and size, and a digest of what it follows from, where it says so."""

    sha256: str
    bytes: int
    made_of: str | None = None


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry_of(path: Path, made_of: str | None = None) -> Entry:
    """What is listed of a file as it stands."""
    return Entry(file_sha256(path), path.stat().st_size, made_of)


def write_manifest(
    folder: Path,
    publication_id: str,
    chain: ChainHead | None = None,
    known: Mapping[str, Entry] | None = None,
) -> str:
    """List every file below a folder, and name the chain's head. Returns the manifest's own sha256.

    ``known`` are files whose hashes are known already.
    """
    known = known or {}
    files = {name: known.get(name) or entry_of(folder / name) for name in names(folder)}
    document = {
        "publication": publication_id,
        "chain": {"receipt": chain.seq, "sha256": chain.sha256} if chain is not None else None,
        "files": {name: {k: v for k, v in asdict(entry).items() if v is not None} for name, entry in files.items()},
    }
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return file_sha256(folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, Entry]:
    """What is listed of each file. Raises PublicationError when there is no manifest, or it is damaged."""
    try:
        return {
            str(name): Entry(str(entry["sha256"]), int(entry["bytes"]), entry.get("made_of"))
            for name, entry in _content(folder)["files"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(folder, error) from error


def read_head(folder: Path) -> ChainHead | None:
    """The chain's head that a manifest names; those of the first release name none.

    Raises PublicationError when there is no manifest, or it is damaged.
    """
    try:
        head = _content(folder).get("chain")
        return ChainHead(seq=head["receipt"], sha256=head["sha256"]) if head is not None else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(folder, error) from error


def _content(folder: Path) -> Any:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def _unreadable(folder: Path, error: Exception) -> AlteredPublicationError:
    return AlteredPublicationError(
        f"the manifest cannot be read ({type(error).__name__})",
        where=str(folder / MANIFEST),
        do="Roll back to another publication and publish again",
    )


def names(folder: Path) -> list[str]:
    """Every file below a folder but the manifest, as sorted paths with forward slashes."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in found if name != MANIFEST)
