"""Which publication readers see: ``current``, a link that is replaced in one step and never points at nothing.

A reader that follows the link once (``resolve``) and stays with what it found sees one publication from start to end.
"""

import re
import secrets
from collections.abc import Collection
from pathlib import Path

from ledger.disk import sync
from ledger.errors import NoPublicationError, PublicationError
from publication.verify import verify

CURRENT = "current"
PUBLICATION_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")


def current(published_dir: Path) -> str | None:
    """The id of the current publication; None before the first."""
    link = published_dir / CURRENT
    return link.readlink().name if link.is_symlink() else None


def strange(published_dir: Path) -> str | None:
    """What is wrong with the pointer itself: it is no link, or leads out of this folder; None when it is in order."""
    link = published_dir / CURRENT
    if not link.is_symlink():
        return "the pointer is no link" if link.exists() else None
    target = link.readlink()
    inside = len(target.parts) == 1 and not (published_dir / target).is_symlink()
    return None if inside else f"the pointer leads out of the folder: {target}"


def resolve(published_dir: Path) -> Path:
    """The current publication's own folder, which a swap does not change under its reader.

    Raises PublicationError when nothing is published.
    """
    publication_id = current(published_dir)
    if publication_id is None:
        raise NoPublicationError("nothing is published yet", where=str(published_dir), do="Run `pilar evaluate`")
    return published_dir / publication_id


def list_publications(published_dir: Path) -> tuple[str, ...]:
    """The ids of the complete publications, newest first."""
    if not published_dir.is_dir():
        return ()
    found = (path.name for path in published_dir.iterdir() if path.is_dir() and not path.is_symlink())
    return tuple(sorted((name for name in found if PUBLICATION_ID.fullmatch(name)), reverse=True))


def swap(published_dir: Path, publication_id: str) -> None:
    """Make a publication the current one: atomic, and durable when this returns.

    Raises PublicationError when there is no such publication or a file of it was altered; the pointer then stays.
    """
    if publication_id not in list_publications(published_dir):
        raise NoPublicationError(
            f"there is no publication '{publication_id}'",
            where=str(published_dir),
            do="See `pilar publications list`",
        )
    verify(published_dir / publication_id)
    link = published_dir / f".{CURRENT}.{secrets.token_hex(4)}"
    link.symlink_to(publication_id, target_is_directory=True)
    try:
        link.replace(published_dir / CURRENT)
    except OSError as error:
        link.unlink(missing_ok=True)
        raise PublicationError(
            f"the pointer could not be replaced ({error.strerror})", where=str(published_dir / CURRENT)
        ) from error
    sync(published_dir)


def previous(published_dir: Path, among: Collection[str] | None = None) -> str:
    """The newest publication older than the current one (of some of them, where given).

    Raises PublicationError when there is none.
    """
    now, names = current(published_dir), list_publications(published_dir)
    older = [name for name in names if now is not None and name < now and (among is None or name in among)]
    if not older:
        raise NoPublicationError(
            "there is no publication before the current one", where=str(published_dir), do="Nothing was changed"
        )
    return older[0]
