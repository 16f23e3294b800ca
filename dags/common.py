"""What the DAGs share: the assets between them, and how an error of Pilar's becomes a task's end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# Events of this asset start an evaluation. It has one partition key only, so that those of a burst become one run.
ACCEPTED = Asset("accepted")
EVERYTHING = "all"


def agencies() -> list[str]:
    """The agencies that have sources, by their folder's name. A listing only: this runs at every parse."""
    with os.scandir(_sources()) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and entry.name[0].isalpha())


def agency_of(source_id: str) -> str:
    """The agency whose folder holds a source. Raises StopIteration when no folder does."""
    return next(opd for opd in agencies() if (_sources() / opd / f"{source_id}.yaml").is_file())


def agency_asset(opd: str) -> Asset:
    """The asset whose events, keyed by a source's id, start the agency's ingest DAG."""
    return Asset(f"opd__{opd}")


@contextmanager
def one_line() -> Iterator[None]:
    """Let a task end with Pilar's one clear line, and at once where trying again cannot help."""
    from pilar.platform.failures import verdict

    try:
        yield
    except Exception as error:
        found = verdict(error)
        if found is None:
            raise
        raise (AirflowException if found.again else AirflowFailException)(found.line) from None


def _sources() -> Path:
    configured = os.environ.get("PILAR_SOURCES")
    return Path(configured) if configured else Path(__file__).resolve().parent.parent / "connectors" / "sources"
