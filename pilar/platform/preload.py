"""Importing once what many tasks need: tasks are forked from the scheduler and find it already there.

Importing Great Expectations costs 4 to 7 s and dbt 2 to 3 s in a process; forked, it costs nothing. No connection may
be opened here, because it would be shared by every fork.
"""

import importlib

from pilar.pillars import PILLARS

# The heaviest first. They are imported inside functions, so that neither the parser nor the command line pays for it.
HEAVY = (
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    # What the three above import only at their first use.
    "dbt.task.build",
    "dbt.compilation",
    "dbt.runners",
    "sqlparse",
    "duckdb_sqlalchemy",
    "babel.dates",
    "multiprocessing.pool",
    "asyncssh",
    "pilar.steps",
    "pilar.evaluate",
    "pilar.publish",
    "pilar.transform",
    "connectors.pull",
    *(f"expectations.{name}" for name in ("gate", "common", *PILLARS, "scores")),
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.branch_python",
)
PROTOCOLS = "connectors.protocols.registry"


def preload() -> None:
    """Import the heavy libraries of the tasks, and every protocol."""
    for name in HEAVY:
        importlib.import_module(name)
    registry = importlib.import_module(PROTOCOLS)
    for protocol in registry.names():
        registry.get(protocol)
    importlib.import_module("publication.page.render").load_templates()
