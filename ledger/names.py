"""The names by which an agency, the assets of its events and the DAGs that they start are known.

The door posts events by these names, the DAGs are made of them, and the platform waits for them: one place makes them.
"""

from collections.abc import Iterable

ACCEPTED = "accepted"
"""The asset whose events start an evaluation."""
EVERYTHING = "all"
"""The only partition key of that asset, so that the events of a burst become one run."""
EVALUATE = "evaluate"
WATCH = "watch"
MAINTENANCE = "maintenance"

_ACRONYMS = {"bpbd", "bpkad", "bps", "dlh", "dpmptsp", "pu", "rsud"}


def agency_asset(opd: str) -> str:
    """The asset whose events, keyed by a source's id, start the agency's ingest DAG."""
    return f"opd__{opd}"


def ingest_dag(opd: str) -> str:
    """The DAG that pulls the agency's sources."""
    return f"ingest__{opd}"


def dag_ids(agencies: Iterable[str]) -> frozenset[str]:
    """Every DAG of an installation with these agencies."""
    return frozenset({EVALUATE, WATCH, MAINTENANCE, *map(ingest_dag, agencies)})


def agency_name(opd: str) -> str:
    """An agency as a person writes it: dinas_kesehatan as Dinas Kesehatan, dinas_pu as Dinas PU, bpkad as BPKAD."""
    return " ".join(word.upper() if word in _ACRONYMS else word.title() for word in opd.split("_"))
