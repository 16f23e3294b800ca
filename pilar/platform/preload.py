"""Importing once what many tasks need: tasks are forked from the scheduler and find it already there.

Importing Great Expectations costs 4 to 7 s and dbt 2 to 3 s in a process; forked, it costs nothing. No connection may
be left open here, because it would be shared by every fork.
"""

import importlib

import structlog

log = structlog.get_logger()

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
    "pilar.evaluation.evaluate",
    "pilar.evaluation.publish",
    "pilar.evaluation.transform",
    "connectors.pull.course",
    "expectations.gate",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.branch_python",
)
PROTOCOLS = "connectors.protocols.registry"
# Modules whose first use is worth having behind us.
REHEARSALS: tuple[str, ...] = ("pilar.evaluation.rehearsal",)


def preload() -> None:
    """Import the heavy libraries of the tasks and every protocol, and let them do once what their first use costs."""
    for name in HEAVY:
        importlib.import_module(name)
    registry = importlib.import_module(PROTOCOLS)
    for protocol in registry.names():
        registry.get(protocol)
    importlib.import_module("publication.page.frame").load_templates()
    _rehearse()


def _rehearse() -> None:
    from ledger.settings import Settings

    for name in REHEARSALS:
        try:
            importlib.import_module(name).rehearse(Settings.from_env())
        except Exception as error:  # the task will say what is wrong; the scheduler has other work to do as well
            log.warning("a rehearsal failed", of=name, reason=" ".join(str(error).split())[:300])
