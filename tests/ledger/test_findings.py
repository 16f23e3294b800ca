"""Findings over several publications: they open, stay, close themselves when the data heal, and come back."""

from collections.abc import Sequence

import psycopg
import pytest
from alembic import command
from alembic.config import Config

import ledger as package
from ledger.engine import make_engine
from ledger.records import Evaluation, FoundNow
from ledger.store import Ledger

pytestmark = pytest.mark.integration


def found(*names: str, look: str = "answers", said: str = "0%-5%") -> Sequence[FoundNow]:
    told = dict.fromkeys(FoundNow.TOLD, None) | {"rule": "claim_contradicted", "severity": "contradiction"}
    return [FoundNow(name, look, {**told, "owner": "dinas_sosial", "published": said}) for name in names]


def published(
    ledger: Ledger, seen: Sequence[FoundNow], looked: Sequence[str] = ("answers",), times: int = 1
) -> Evaluation:
    """An evaluation that found this by these looks; ``times``: it was published again, as after a crash."""
    evaluation = ledger.evaluation(ledger.start_evaluation([]))
    assert evaluation is not None
    for _ in range(times):
        ledger.record_findings(evaluation, seen, looked)
    return evaluation


def states(ledger: Ledger) -> dict[str, str]:
    return {row.finding_id: row.state for closed in (False, True) for row in ledger.findings(closed=closed)}


@pytest.mark.parametrize("times", [1, 2])
def test_p2_a_finding_closes_itself_and_comes_back(ledger: Ledger, times: int) -> None:
    first = published(ledger, found("a", "b"), times=times)
    assert states(ledger) == {"a": "open", "b": "open"}
    second = published(ledger, found("b"), times=times)
    assert states(ledger) == {"a": "closed", "b": "open"}
    [closed] = ledger.findings(closed=True)
    assert (closed.finding_id, closed.closed_by, closed.closed_at) == ("a", second.evaluation_id, second.started_at)
    assert closed.last_seen == first.evaluation_id
    third = published(ledger, found("a", "b", said="1%"), times=times)
    assert states(ledger) == {"a": "reopened", "b": "open"}
    again, stayed = sorted(ledger.findings(), key=lambda row: row.finding_id)
    assert (again.first_seen, again.opened_at) == (first.evaluation_id, third.started_at)
    assert (again.closed_by, again.closed_at, again.published) == (None, None, "1%")
    assert (stayed.first_seen, stayed.opened_at) == (first.evaluation_id, first.started_at)
    assert ledger.open_findings() == {"a": third.started_at, "b": first.started_at}


def test_what_was_not_looked_for_does_not_close(ledger: Ledger) -> None:
    published(ledger, [*found("a"), *found("j", look="jump")], ["answers", "jump"])
    published(ledger, [], ["jump"])
    assert states(ledger) == {"a": "open", "j": "closed"}
    published(ledger, [], [])
    assert states(ledger) == {"a": "open", "j": "closed"}


def test_more_findings_than_one_statement_takes(ledger: Ledger) -> None:
    published(ledger, found(*(f"f{number}" for number in range(2500))))
    assert len(ledger.open_findings()) == 2500
    published(ledger, [])
    assert ledger.open_findings() == {}


def test_the_table_goes_and_comes_back_with_its_migration(ledger: Ledger, ledger_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", f"{package.__path__[0]}/migrations")
    with make_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    with psycopg.connect(ledger_url) as connection:
        assert connection.execute("select to_regclass('finding')").fetchone() == (None,)
    with make_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    published(ledger, found("a"))
    assert states(ledger) == {"a": "open"}
