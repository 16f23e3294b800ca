"""What was accepted is evaluated, whoever died before saying so; what was tried and failed is not tried for ever."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger import tables
from ledger.errors import PublicationError
from ledger.records import BatchResult, EvaluationStatus
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import evaluate, steps
from pilar.publish import publish


def accept(ledger: Ledger, coverage: str = "2024") -> str:
    batch_id = ledger.start_batch("dlh_sipsn", "dlh", "c" * 64)
    result = BatchResult("accepted", coverage, 3, 3, 0, f"{batch_id}.parquet", "d" * 64, "e" * 64, synthetic=True)
    ledger.finish_batch(batch_id, result)
    return batch_id


def attempt(ledger: Ledger, status: EvaluationStatus = "running") -> str:
    """An evaluation of what is in force, as ``build_candidates`` begins it."""
    batches = ledger.in_force()
    digest = evaluate._inputs_sha256(batches)
    evaluation_id = ledger.start_evaluation([batch.batch_id for batch in batches], digest)
    if status != "running":
        ledger.finish_evaluation(evaluation_id, status)
    return evaluation_id


def begin_earlier(ledger_url: str, evaluation_id: str, age: timedelta) -> None:
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        moved = tables.evaluation.update().where(tables.evaluation.c.evaluation_id == evaluation_id)
        connection.execute(moved.values(started_at=sa.func.now() - age))
    engine.dispose()


def test_nothing_accepted_needs_no_evaluation(ledger: Ledger) -> None:
    assert evaluate.due(ledger) is False
    ledger.fail_batch(ledger.start_batch("dlh_sipsn", "dlh", "c" * 64), "retryable", "down")
    assert evaluate.due(ledger) is False


def test_p2_an_accepted_batch_that_nobody_announced_is_due(ledger: Ledger) -> None:
    accept(ledger)
    assert evaluate.due(ledger) is True
    attempt(ledger, "published")
    assert evaluate.due(ledger) is False
    accept(ledger, "2025")
    assert evaluate.due(ledger) is True


@pytest.mark.parametrize("status", ["running", "scored", "published", "failed"])
def test_what_was_attempted_is_not_due_whatever_became_of_it(ledger: Ledger, status: EvaluationStatus) -> None:
    accept(ledger)
    attempt(ledger, "published")
    accept(ledger)
    attempt(ledger, status)
    assert evaluate.due(ledger) is False


@pytest.mark.parametrize("reached", ["running", "scored"])
def test_p2_an_evaluation_that_died_was_no_attempt(ledger: Ledger, ledger_url: str, reached: EvaluationStatus) -> None:
    accept(ledger)
    dead = attempt(ledger, reached)
    begin_earlier(ledger_url, dead, timedelta(minutes=59))
    assert evaluate.due(ledger) is False
    begin_earlier(ledger_url, dead, timedelta(minutes=61))
    assert evaluate.due(ledger) is True
    # One that came to its end, however long ago, did not die.
    ledger.finish_evaluation(dead, "failed", "the rules are wrong")
    assert evaluate.due(ledger) is False


def test_p3_an_older_evaluation_is_not_published_over_a_newer_one(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    older = attempt(ledger, "scored")
    attempt(ledger, "published")
    with pytest.raises(PublicationError, match="began later, is published already"):
        publish(ledger, settings, older)


def test_a_changed_rule_is_due(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(ledger)
    attempt(ledger, "published")
    monkeypatch.setattr(evaluate, "REPOSITORY", evaluate.REPOSITORY / "nowhere")
    assert evaluate.due(ledger) is True


def test_the_step_asks_the_ledger_of_the_environment(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "open_installation", lambda: (ledger, settings))
    assert steps.evaluation_due() is False
    accept(ledger)
    assert steps.evaluation_due() is True
