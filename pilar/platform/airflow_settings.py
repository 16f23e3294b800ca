"""How Airflow is set up on one machine: its environment, its few files, its secrets.

Each value that is not Airflow's own default has its reason beside it. A larger installation sets the same variables in
``docker-compose.yml``.
"""

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from ledger.disk import put
from ledger.settings import REPOSITORY, Settings

POOL = "warehouse"
LOOPBACK = "127.0.0.1"

# Read by every Airflow process at its start; only the scheduler has work to do there, because LocalExecutor forks its
# workers, and these their tasks, from it.
LOCAL_SETTINGS = """\
import sys

if "scheduler" in sys.argv:
    from pilar.platform.preload import preload

    preload()
"""


def airflow_version() -> str:
    """What the Airflow database is migrated for: the core and the one provider that has tables."""
    packages = ("apache-airflow-core", "apache-airflow-providers-fab")
    return " ".join(f"{name} {version(name)}" for name in packages)


def prepare_home(home: Path) -> None:
    """Write Airflow's folder: the preload file, and secrets that only the owner can read."""
    config = home / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
    path = home / "secrets.json"
    if not path.exists():
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(_new_secrets(), file)
        put(draft, path)  # what Airflow encrypts with these keys is in the database from now on


def airflow_environment(settings: Settings, airflow_database: str, port: int) -> Mapping[str, str]:
    """The environment of Airflow's processes and of the tasks they run.

    ``prepare_home`` must have been called. ``airflow_database`` is a libpq URL.
    """
    home = settings.home / "airflow"
    keys = json.loads((home / "secrets.json").read_text())
    return {
        **base_environment(settings),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt"],
        "AIRFLOW__API__SECRET_KEY": keys["api"],
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet"],
        **_core(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow_database.replace("postgresql://", "postgresql+psycopg2://", 1),
        # Tasks cannot read the line above: maintenance, which keeps Airflow's own tables small, reads this one.
        "PILAR_AIRFLOW_DATABASE": airflow_database.replace("postgresql://", "postgresql+psycopg2://", 1),
        # The platform migrates the database before it starts anything.
        "AIRFLOW__DATABASE__CHECK_MIGRATIONS": "False",
        "AIRFLOW__API__HOST": LOOPBACK,
        # One DAG an agency, and more than the default of 100 in one answer.
        "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
        "AIRFLOW__API__PORT": str(port),
        # Without this, tasks look for the API on port 8080 and every one of them fails to connect.
        "AIRFLOW__API__BASE_URL": f"http://{LOOPBACK}:{port}",
        **_clocks(),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "alembic=WARNING great_expectations=WARNING",
    }


def base_environment(settings: Settings) -> dict[str, str]:
    """What every process of the platform gets: this process's environment, Pilar's settings, and no telemetry."""
    own = dict(os.environ)
    loopback = f"{LOOPBACK},localhost,::1"
    return own | {
        "PILAR_HOME": str(settings.home),
        "PILAR_LEDGER_URL": settings.ledger_url,
        "PILAR_SOURCES": str(settings.sources_dir),
        "PILAR_KEYS": str(settings.key_dir),
        "PILAR_REGIONS": ",".join(settings.regions),
        "PILAR_DATA_LICENCE": settings.data_licence or "",
        "PILAR_PUBLISHED_DATABASE": settings.published_database or "",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', os.defpath)}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(REPOSITORY), own.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
        # Processes of the platform talk to each other directly, also where the machine has a proxy for the outside.
        "NO_PROXY": ",".join(filter(None, (own.get("NO_PROXY"), loopback))),
        "no_proxy": ",".join(filter(None, (own.get("no_proxy"), loopback))),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "False",
        "TQDM_DISABLE": "1",
        # dbt leaves its locks to the end of the process, and each task would log that as an error.
        "PYTHONWARNINGS": "ignore:resource_tracker",
        "DO_NOT_TRACK": "1",
    }


def _core() -> Mapping[str, str]:
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # All workers are forked at the start, each as large as the scheduler.
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Whose the DAGs are that belong to no agency.
        "AIRFLOW__OPERATORS__DEFAULT_OWNER": "walidata",
        # A paused DAG does not catch up on the events it missed.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # One user on one machine, reachable on loopback only: no login.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        # The default asks the name server for the machine's full name, which may take seconds.
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
    }


def _clocks() -> Mapping[str, str]:
    return {
        # A chain's time is mostly the scheduler's sleep between two looks: 1 s by default.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # A killed worker is noticed after this long (300 s by default); tasks report every 5 s.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
        # Also how long a worker may stay occupied after its task has ended, when it misses the end by a hair (5 s by
        # default: four in ten tasks of a busy machine).
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # On a machine that is busy (or just starting), 5 s are too short for an answer, and the task would fail.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
        # A folder for a new agency becomes a DAG within this time.
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__PRINT_STATS_INTERVAL": "0",
    }


def _new_secrets() -> dict[str, str]:
    return {
        "jwt": secrets.token_urlsafe(48),
        "api": secrets.token_urlsafe(32),
        "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
