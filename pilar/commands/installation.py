"""Which installation a command is about: the one the environment names, else the demo's in this folder."""

import json
import os
from pathlib import Path

from ledger.settings import REPOSITORY, Connection, Settings, default_key_dir
from ledger.store import Ledger

# Written by a running demo, readable by its owner alone, removed when it stops.
RUNNING = "running.json"


def home() -> Path:
    """PILAR_HOME, else ``.pilar`` in the project."""
    return Path(os.environ.get("PILAR_HOME") or REPOSITORY / ".pilar").resolve()


def opened() -> tuple[Ledger, Settings]:
    """The ledger and the settings.

    Where the environment names no ledger, a running demo's addresses are used, or the PostgreSQL that a demo left
    behind is started for as long as this command runs. Raises ConfigError when there is neither.
    """
    from pilar.steps import open_installation

    if not os.environ.get("PILAR_LEDGER_URL"):
        _use_demo(home())
    return open_installation()


def connection(name: str) -> Connection:
    """The connection of a name, from the environment or a running demo; no ledger is needed for it.

    Raises ConfigError when there is none.
    """
    _announced(home())
    return Settings(home=home(), ledger_url="", key_dir=default_key_dir(home())).connection(name)


def announce(folder: Path, environment: dict[str, str]) -> None:
    """Tell commands in other terminals how to reach a running demo."""
    path = folder / RUNNING
    path.touch(mode=0o600)
    path.write_text(json.dumps(environment))


def withdraw(folder: Path) -> None:
    """The demo has stopped."""
    (folder / RUNNING).unlink(missing_ok=True)


def _announced(folder: Path) -> None:
    if (folder / RUNNING).is_file():
        for name, value in json.loads((folder / RUNNING).read_text()).items():
            os.environ.setdefault(name, value)


def _use_demo(folder: Path) -> None:
    _announced(folder)
    if (folder / "postgres" / "PG_VERSION").is_file():
        import atexit

        from pilar.platform.postgres import EmbeddedPostgres
        from pilar.platform.stack import LEDGER_DATABASE

        server = EmbeddedPostgres(folder / "postgres")
        server.start()
        atexit.register(server.stop)
        os.environ["PILAR_LEDGER_URL"] = server.url(LEDGER_DATABASE)
