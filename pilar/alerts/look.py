"""Looking: at the ledger, at the disk, and at the parts of the platform that answer over HTTP."""

import os
import shutil
from collections.abc import Iterator, Mapping

import httpx

from ledger.errors import PublicationError
from ledger.project import pillar_ids
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.alerts.conditions import DATABASE, DEAD_WITHIN, Contradiction, Seen, SourceSeen
from pilar.evaluation import publish
from pilar.sources.catalogue import read_catalogue
from pilar.sources.freshness import last_answer, span

ASK_SECONDS = 10.0
DOOR_URL = "PILAR_DOOR_URL"
AIRFLOW_URL = "PILAR_AIRFLOW_URL"


def look(ledger: Ledger, settings: Settings) -> Seen:
    """What there is to see now. Raises LedgerError when the ledger cannot be asked."""
    readable, left_out = read_catalogue(settings.sources_dir)
    parts = dict(_parts(os.environ))
    behind = _behind(settings)
    if behind is None:
        parts[DATABASE] = False
    free, total = _disk(settings)
    with ledger.one_connection():
        tried = ledger.first_tries()
        sources = [
            SourceSeen(
                one.id,
                one.opd,
                span(one.freshness.warn),
                span(one.freshness.fail),
                last_answer(ledger, one) if one.id in tried else None,
                tried.get(one.id),
            )
            for one in readable.values()
        ]
        held = {pillar: ledger.held_since(pillar) for pillar in pillar_ids()}
        return Seen(
            now=ledger.now(),
            beats=ledger.heartbeats(),
            at_work=ledger.anybody_pulls(),
            sources=sources,
            unreadable=sorted((path.parent.name, path.stem) for path in left_out),
            failing=ledger.failing_pulls(),
            waiting=ledger.waiting_batches(),
            unanswered=ledger.oldest_waiting_events(),
            pillars={pillar: one.decided_at for pillar, one in held.items() if one is not None},
            failing_evaluations=ledger.failing_evaluations(),
            accepted_unseen=ledger.accepted_unseen(),
            contradictions=[
                Contradiction(one.finding_id, one.owner, one.rule, one.opened_at)
                for one in ledger.findings()
                if one.severity == "contradiction"
            ],
            dead_letters=ledger.dead_letters_within(DEAD_WITHIN),
            behind=bool(behind),
            parts=parts,
            batches=ledger.batches_by_status(),
            free=free,
            total=total,
        )


def _behind(settings: Settings) -> bool | None:
    """Whether the database of published tables holds another publication; None where it does not answer."""
    if settings.published_database is None:
        return False
    try:
        return publish.behind(settings) is not None
    except PublicationError:
        return None


def _disk(settings: Settings) -> tuple[int, int]:
    """Free and all bytes of the fuller disk, of the data or of what is published; 0 where neither is there."""
    folders = [folder for folder in (settings.home, settings.published_dir) if folder.is_dir()]
    if not folders:
        return 0, 0
    usage = min((shutil.disk_usage(folder) for folder in folders), key=lambda one: one.free)
    return usage.free, usage.total


def _parts(env: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """Each part whose address is known, and whether it is well."""
    if door := env.get(DOOR_URL):
        told = _asked(f"{door}/health")
        yield "door", told is not None and told.get("dispatch", "ok") == "ok"
    if airflow := env.get(AIRFLOW_URL):
        told = _asked(f"{airflow}/api/v2/monitor/health")
        if told is None:
            yield "airflow", False
            return
        for part in ("scheduler", "dag_processor", "triggerer"):
            of = told.get(part)
            yield part, isinstance(of, dict) and of.get("status") == "healthy"


def _asked(url: str) -> Mapping[str, object] | None:
    """What a part says of itself; None when it does not answer as it should. No proxy stands between them."""
    try:
        answer = httpx.get(url, timeout=ASK_SECONDS, trust_env=False)
        told = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError):
        return None
    return told if isinstance(told, dict) else None
