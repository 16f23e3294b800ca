"""Which installation a command is about: the one that PILAR_HOME names, else the demo's in this folder."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.configuration import configured
from ledger.errors import ConfigError
from ledger.settings import REPOSITORY, Connection, Settings, default_key_dir, regions, sources_dir
from ledger.store import Ledger

# Written by a running demo, readable by its owner alone, removed when it stops.
RUNNING = "running.json"
LOCK = "demo.lock"
# Set in the configuration of a demo's folder: what is in there is simulated.
DEMO = "PILAR_DEMO"


def home() -> Path:
    """PILAR_HOME, else ``.pilar`` in the project."""
    return Path(os.environ.get("PILAR_HOME") or REPOSITORY / ".pilar").resolve()


def opened() -> tuple[Ledger, Settings]:
    """The ledger and the settings.

    Where the environment names no ledger, a running demo's addresses are used, or the PostgreSQL that lies in the
    installation's folder is started for as long as this command runs. Raises ConfigError when there is neither.
    """
    from pilar.steps import open_installation

    if not os.environ.get("PILAR_LEDGER_URL"):
        _use_embedded(home())
    return open_installation()


def connection(name: str) -> Connection:
    """The connection of a name, from the environment or a running demo; no ledger is needed for it.

    Raises ConfigError when there is none.
    """
    settings = without_ledger()
    require_connection(settings, name)
    return settings.connection(name)


def without_ledger() -> Settings:
    """The settings for what needs no ledger, with a running demo's addresses.

    Raises ConfigError for a code of no region.
    """
    _announced(home())
    return Settings(
        home=home(), ledger_url="", sources_dir=sources_dir(), key_dir=default_key_dir(home()), regions=regions()
    )


def require_connection(settings: Settings, name: str) -> None:
    """Raises ConfigError when a connection is missing because the demo whose system it leads to has stopped."""
    folder = home()
    if (folder / RUNNING).is_file() or not (folder / "postgres" / "PG_VERSION").is_file():
        return
    if is_own(folder):
        return
    try:
        settings.connection(name)
    except ConfigError as error:
        raise ConfigError(
            error.what,
            where=error.where,
            do="The simulated systems run only while a demo does: ./run demo, and pull from another terminal",
        ) from None


def is_own(folder: Path) -> bool:
    """Whether a folder is an installation of somebody's own: made by `pilar init`, and not a demo's."""
    settings = configured(folder)
    return bool(settings) and settings.get(DEMO) != "yes"


def announce(folder: Path, environment: dict[str, str]) -> None:
    """Tell commands in other terminals how to reach a running demo."""
    path = folder / RUNNING
    path.touch(mode=0o600)
    path.write_text(json.dumps(environment))


def withdraw(folder: Path, environment: dict[str, str]) -> None:
    """The demo that announced this has stopped. What another one announced since stays."""
    path = folder / RUNNING
    if path.is_file() and path.read_text() == json.dumps(environment):
        path.unlink()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder for one demo. Raises ConfigError while another one holds it; a dead one holds nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                "the platform is running on this folder already",
                where=str(folder),
                do="Use that one, stop it first (Ctrl-C), or give this one a folder of its own with PILAR_HOME",
            ) from None
        (folder / RUNNING).unlink(missing_ok=True)  # of one that was killed: its secrets lead nowhere any more
        yield


def _announced(folder: Path) -> None:
    if (folder / RUNNING).is_file() and not _forget_killed(folder):
        for name, value in json.loads((folder / RUNNING).read_text()).items():
            os.environ.setdefault(name, value)


def _forget_killed(folder: Path) -> bool:
    """Remove what a demo that was killed had announced, secrets among it. Returns whether it was killed."""
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        (folder / RUNNING).unlink(missing_ok=True)
        return True


def _use_embedded(folder: Path) -> None:
    _announced(folder)
    if (folder / "postgres" / "PG_VERSION").is_file():
        import atexit

        from pilar.platform.postgres import EmbeddedPostgres
        from pilar.platform.stack import LEDGER_DATABASE

        server = EmbeddedPostgres(folder / "postgres")
        server.start()
        atexit.register(server.stop)
        os.environ["PILAR_LEDGER_URL"] = server.url(LEDGER_DATABASE)
