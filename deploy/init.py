"""The first steps of an installation and of every new version: keys, both databases, Airflow's roles, pool and users.

Repeating them changes nothing. Passwords come from the environment and go on through standard input, so that no list of
processes shows them. Airflow is loaded by name, as ``python -m airflow`` would, and once: each of its commands then
runs in a fork, instead of importing everything again.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from ledger.keys import Keys
from ledger.migrate import migrate
from ledger.store import Ledger
from pilar.platform.airflow_settings import POOL

USERS = (("admin", "Admin", "AIRFLOW_ADMIN_PASSWORD"), ("door", "Door", "AIRFLOW_DOOR_PASSWORD"))

# What more than one of the commands would import. None of it opens a connection, which forks must not share.
SHARED = (
    "airflow.__main__",
    "airflow.api_fastapi.app",
    "airflow.providers.fab.auth_manager.fab_auth_manager",
    "airflow.providers.fab.auth_manager.cli_commands.user_command",
    "airflow.providers.fab.www.app",
)


def main() -> None:
    """Take every step; the first one that fails ends it all."""
    _say("ledger and keys")
    migrate(os.environ["PILAR_LEDGER_URL"])
    Keys.ensure(Path(os.environ["PILAR_KEYS"]), used=Ledger(os.environ["PILAR_LEDGER_URL"]).has_batches())
    _say("Airflow's database, roles, pool and users")
    for name in SHARED:
        importlib.import_module(name)
    _airflow("db", "migrate")
    _airflow("sync-perm")
    _airflow("pools", "set", POOL, "1", "one writer of the warehouse at a time")
    for name, role, variable in USERS:
        password = os.environ[variable]
        person = ("--firstname", "Pilar", "--lastname", name, "--email", f"{name}@pilar.invalid")
        _airflow("users", "create", "--username", name, "--role", role, *person, answers=(password, password))
    _say("done")


def _airflow(*command: str, answers: Sequence[str] = ()) -> None:
    pid = os.fork()
    if pid == 0:
        _become(command, answers)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != 0:
        raise SystemExit(f"init: airflow {' '.join(command[:2])} ended with exit code {code}")


def _become(command: Sequence[str], answers: Sequence[str]) -> None:
    """Be ``airflow <command>`` with these lines on standard input; never returns."""
    code = 1
    try:
        # Without a terminal, questions are asked on standard input.
        os.setsid()
        read, write = os.pipe()
        os.write(write, "".join(f"{answer}\n" for answer in answers).encode())
        os.close(write)
        os.dup2(read, 0)
        sys.argv = ["airflow", *command]
        importlib.import_module("airflow.__main__").main()
        code = 0
    except SystemExit as stop:
        if isinstance(stop.code, str):
            sys.stderr.write(f"{stop.code}\n")
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(what: str) -> None:
    sys.stdout.write(f"init: {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
