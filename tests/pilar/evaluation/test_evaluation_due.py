"""What was accepted is evaluated, whoever died before saying so; what was tried and failed is not tried for ever."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger import tables
from ledger.errors import ConfigError, PublicationError
from ledger.records import BatchResult, BatchStatus, EvaluationStatus
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import steps
from pilar.evaluation import evaluate
from pilar.evaluation import publish as publishing


def accept(
    ledger: Ledger, coverage: str = "2024", source_id: str = "dlh_sipsn", status: BatchStatus = "accepted"
) -> str:
    batch_id = ledger.start_batch(source_id, "dlh", "c" * 64)
    result = BatchResult(status, coverage, 3, 3, 0, f"{batch_id}.parquet", "d" * 64, "e" * 64, synthetic=True)
    ledger.finish_batch(batch_id, result)
    return batch_id


def attempt(ledger: Ledger, settings: Settings, status: EvaluationStatus = "running") -> str:
    """An evaluation of what is in force, as ``build_candidates`` begins it."""
    batches, digest = evaluate._inputs(ledger, settings)
    evaluation_id = ledger.start_evaluation([batch.batch_id for batch in batches], digest)
    if status != "running":
        ledger.finish_evaluation(evaluation_id, status)
    return evaluation_id


def begin_earlier(ledger_url: str, evaluation_id: str, age: timedelta) -> None:
    moved = tables.evaluation.update().where(tables.evaluation.c.evaluation_id == evaluation_id)
    rewrite(ledger_url, moved.values(started_at=sa.func.now() - age))


def rewrite(ledger_url: str, statement: sa.Update) -> None:
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


def test_nothing_accepted_needs_no_evaluation(ledger: Ledger, settings: Settings) -> None:
    assert evaluate.due(ledger, settings) is False
    ledger.fail_batch(ledger.start_batch("dlh_sipsn", "dlh", "c" * 64), "retryable", "down")
    assert evaluate.due(ledger, settings) is False


def test_p2_an_accepted_batch_that_nobody_announced_is_due(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    assert evaluate.due(ledger, settings) is True
    attempt(ledger, settings, "published")
    assert evaluate.due(ledger, settings) is False
    accept(ledger, "2025")
    assert evaluate.due(ledger, settings) is True


@pytest.mark.parametrize("status", ["running", "scored", "published", "failed"])
def test_what_was_attempted_is_not_due_whatever_became_of_it(
    ledger: Ledger, settings: Settings, status: EvaluationStatus
) -> None:
    accept(ledger)
    attempt(ledger, settings, "published")
    accept(ledger)
    attempt(ledger, settings, status)
    assert evaluate.due(ledger, settings) is False


@pytest.mark.parametrize("reached", ["running", "scored"])
def test_p2_an_evaluation_that_died_was_no_attempt(
    ledger: Ledger, settings: Settings, ledger_url: str, reached: EvaluationStatus
) -> None:
    accept(ledger)
    dead = attempt(ledger, settings, reached)
    begin_earlier(ledger_url, dead, timedelta(minutes=59))
    assert evaluate.due(ledger, settings) is False
    begin_earlier(ledger_url, dead, timedelta(minutes=61))
    assert evaluate.due(ledger, settings) is True
    # One that came to its end, however long ago, did not die.
    ledger.finish_evaluation(dead, "failed", "the rules are wrong")
    assert evaluate.due(ledger, settings) is False


def test_other_regions_are_due(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    attempt(ledger, settings, "published")
    more = settings.model_copy(update={"regions": (*settings.regions, "35.73")})
    assert evaluate.due(ledger, more) is True
    attempt(ledger, more, "published")
    assert evaluate.due(ledger, more) is False


def test_p10_without_a_region_no_evaluation_is_begun(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    with pytest.raises(ConfigError, match="no region is chosen"):
        evaluate.build_candidates(ledger, settings.model_copy(update={"regions": ()}))
    assert ledger.last_evaluation() is None


def test_p3_an_older_evaluation_is_not_published_over_a_newer_one(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    older = attempt(ledger, settings, "scored")
    attempt(ledger, settings, "published")
    with pytest.raises(PublicationError, match="began later, is published already"):
        publishing.publish(ledger, settings, older)


def test_a_changed_rule_is_due(ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    accept(ledger)
    attempt(ledger, settings, "published")
    monkeypatch.setattr(evaluate, "REPOSITORY", evaluate.REPOSITORY / "nowhere")
    assert evaluate.due(ledger, settings) is True


def test_p5_a_figure_that_became_final_is_due_once_and_published_as_it_is(
    ledger: Ledger, settings: Settings, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No batch changed: a pull found the year as it is, long enough after its end. The file declares 181 days."""
    soon = tables.batch.update().values(finished_at=datetime(2025, 2, 1, tzinfo=UTC))
    first = accept(ledger, "2024", "bpkad_realisasi")
    rewrite(ledger_url, soon)
    assert _published_maturity(ledger, settings, attempt(ledger, settings, "published"), monkeypatch) == "provisional"
    accept(ledger, "2024", "bpkad_realisasi", "unchanged")
    rewrite(ledger_url, soon)
    assert evaluate.due(ledger, settings) is False
    accept(ledger, "2024", "bpkad_realisasi", "unchanged")
    assert [batch.batch_id for batch in ledger.in_force()] == [first]
    assert evaluate.due(ledger, settings) is True
    assert _published_maturity(ledger, settings, attempt(ledger, settings, "published"), monkeypatch) == "final"
    accept(ledger, "2024", "bpkad_realisasi", "unchanged")
    assert evaluate.due(ledger, settings) is False


def _published_maturity(
    ledger: Ledger, settings: Settings, evaluation_id: str, monkeypatch: pytest.MonkeyPatch
) -> str | None:
    """What the publication of an evaluation says of the one batch in force. No warehouse stands behind it."""
    monkeypatch.setattr(publishing, "named_batches", lambda *_: [])
    evaluation = ledger.evaluation(evaluation_id)
    assert evaluation is not None
    meta = publishing.gather(ledger, settings, evaluation, settings.home / "none.duckdb")
    [maturity] = {batch.maturity for batch in meta.sources if batch.in_force}
    return maturity


def test_the_step_asks_the_ledger_of_the_environment(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "open_installation", lambda: (ledger, settings))
    assert steps.evaluation_due() is False
    accept(ledger)
    assert steps.evaluation_due() is True
