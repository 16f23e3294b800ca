"""The list of a publication's files with their hashes. The hash of the list stands for the whole publication."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ledger.errors import AlteredPublicationError, PublicationError
from publication.meta import ChainHead

MANIFEST = "manifest.json"


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, publication_id: str, chain: ChainHead | None = None) -> str:
    """List every file below a folder, and name the chain's head. Returns the manifest's own sha256."""
    files = {
        name: {"sha256": file_sha256(folder / name), "bytes": (folder / name).stat().st_size} for name in names(folder)
    }
    head = {"receipt": chain.seq, "sha256": chain.sha256} if chain is not None else None
    text = json.dumps({"publication": publication_id, "chain": head, "files": files}, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return file_sha256(folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and size of each listed file. Raises PublicationError when there is no manifest, or it is damaged."""
    try:
        content = _content(folder)
        return {str(name): (str(entry["sha256"]), int(entry["bytes"])) for name, entry in content["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(folder, error) from error


def read_head(folder: Path) -> ChainHead | None:
    """The chain's head that a manifest names. Raises PublicationError when there is no manifest, or it is damaged."""
    try:
        head = _content(folder)["chain"]
        return ChainHead(seq=head["receipt"], sha256=head["sha256"]) if head is not None else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(folder, error) from error


def _content(folder: Path) -> Any:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def _unreadable(folder: Path, error: Exception) -> PublicationError:
    return AlteredPublicationError(
        f"the manifest cannot be read ({type(error).__name__})",
        where=str(folder / MANIFEST),
        do="Roll back to another publication and publish again",
    )


def names(folder: Path) -> list[str]:
    """Every file below a folder but the manifest, as sorted paths with forward slashes."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in found if name != MANIFEST)
