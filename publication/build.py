"""Build a publication beside the others: whole, checked and hashed, or not at all.

It grows in a folder of its own and gets its name in one step when everything in it has been checked. A build that dies
leaves the others and the pointer as they were. The next one removes what it left behind. Which publication readers see
is decided afterwards, by ``pointer.swap``.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import structlog

from ledger.disk import make_folder, sync
from ledger.errors import PilarError, PublicationError
from ledger.machine import machine_error
from ledger.project import mart_of, pillar_ids
from publication.checks import check_draft
from publication.content import opened_content
from publication.files import Earlier, workers, write_files
from publication.formats.base import Draft
from publication.formats.registry import FORMATS
from publication.manifest import write_manifest
from publication.meta import PublicationMeta
from publication.pointer import current
from publication.provenance import unexplained_batches, write_provenance
from publication.tables import (
    Copied,
    Table,
    attach_publication,
    copy_tables,
    finish_tables,
    opened_warehouse,
    published_tables,
)
from publication.verify import verify

DRAFT = ".tmp-"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Published:
    """A complete publication. ``manifest_sha256`` stands for all of its bytes."""

    id: str
    path: Path
    manifest_sha256: str


def publish(
    warehouse: Path,
    meta: PublicationMeta,
    published_dir: Path,
    announce: Callable[[str], None] = lambda _manifest_sha256: None,
) -> Published:
    """Build ``published_dir/<id>`` from a warehouse. The pointer is not moved.

    ``announce`` is told the manifest's hash before the folder gets its name. Another build waits for this one.
    Made twice from the same evaluation, it is the same publication: the second call checks it and returns it.
    Raises PublicationError when something is missing, cannot be written or does not hold; nothing new is then visible.
    So with MachineError, when the machine had no room.
    """
    make_folder(published_dir)
    with _one_builder(published_dir):
        _remove_unfinished(published_dir)
        target = published_dir / meta.publication_id
        if target.exists():
            return Published(meta.publication_id, target, verify(target))
        draft = Path(tempfile.mkdtemp(prefix=f"{meta.publication_id}{DRAFT}", dir=published_dir))
        try:
            manifest_sha256 = _build(warehouse, meta, draft, _earlier(published_dir))
            _make_durable(draft)
            announce(manifest_sha256)
            draft.rename(target)
            sync(published_dir)
        except PilarError:
            raise
        except (OSError, MemoryError, duckdb.Error) as error:
            raise machine_error(error, str(published_dir)) or PublicationError(
                f"the publication could not be built ({type(error).__name__}: {' '.join(str(error).split())[:200]})",
                where=str(published_dir),
                do="What is published stays; mend it and publish again",
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    log.info("published", publication=meta.publication_id, evaluation=meta.evaluation_id, manifest=manifest_sha256)
    return Published(meta.publication_id, target, manifest_sha256)


def _build(warehouse: Path, meta: PublicationMeta, folder: Path, earlier: Earlier | None) -> str:
    tables = _tables(warehouse, meta, folder)
    with opened_content(folder, warehouse, meta) as content:
        draft = Draft(folder, tables, content, FORMATS)
        for form in FORMATS:
            form.write(draft)
        entries, made = write_files(folder, draft.files, earlier, content.reading.close)
    manifest_sha256 = write_manifest(folder, meta.publication_id, meta.chain, entries)
    check_draft(folder, {table: copied.rows for table, copied in tables.items()}, FORMATS, made)
    return manifest_sha256


def _tables(warehouse: Path, meta: PublicationMeta, folder: Path) -> dict[Table, Copied]:
    """The DuckDB file, from which everything else is made."""
    with opened_warehouse(warehouse) as connection:
        attach_publication(connection, folder)
        # Every table is sorted: the order of its rows does not depend on how work is shared out.
        connection.execute(f"SET threads = {workers()}")
        # One transaction: a statement by itself waits for the disk, and every column's comment is one.
        connection.execute("BEGIN")
        copied = copy_tables(connection, published_tables(connection, meta.regions))
        write_provenance(connection, meta, tuple(mart_of(pillar) for pillar in pillar_ids()))
        connection.execute("COMMIT")
        unexplained = unexplained_batches(connection)
        if unexplained:
            raise PublicationError(
                f"figures rest on batches that the publication does not describe: {', '.join(unexplained[:3])}",
                do="Describe every batch that a figure names, those of held pillars too",
            )
        finish_tables(connection)
    return copied


def _earlier(published_dir: Path) -> Earlier | None:
    """The publication that readers have: what would be the same in this one is taken over from it."""
    now = current(published_dir)
    return Earlier.at(published_dir / now) if now is not None else None


@contextmanager
def _one_builder(published_dir: Path) -> Iterator[None]:
    """One build at a time: the others wait. The lock falls with the process that holds it."""
    with (published_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_unfinished(published_dir: Path) -> None:
    """Remove what builds and swaps that died left behind. Called under the lock: nothing of this is in use."""
    for path in published_dir.iterdir():
        if DRAFT in path.name and path.is_dir() and not path.is_symlink():
            log.warning("removed an unfinished publication", folder=path.name)
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith(".current.") and path.is_symlink():
            path.unlink(missing_ok=True)


def _make_durable(folder: Path) -> None:
    """Everything on the disk before the folder gets its name; files read-only, as nobody has to change them again."""
    folder.chmod(0o755)
    for path in sorted(folder.rglob("*")):
        # What is linked is on the disk already, and read-only.
        if path.is_dir() or path.stat().st_nlink == 1:
            if not path.is_dir():
                path.chmod(0o444)
            sync(path)
    sync(folder)
