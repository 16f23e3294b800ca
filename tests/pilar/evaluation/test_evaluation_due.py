"""What was accepted is evaluated, whoever died before saying so; what was tried and failed is not tried for ever."""

import errno
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from ledger import tables
from ledger.errors import ConfigError, MachineError, PublicationError, TransformError
from ledger.evaluation_store import at_work_lock
from ledger.records import BatchResult, BatchStatus, EvaluationStatus
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import steps
from pilar.evaluation import evaluate, few_rows
from pilar.evaluation import publish as publishing
from pilar.evaluation.ending import BETWEEN_STEPS_SECONDS, RUN_AT_MOST_SECONDS, sweep
from pilar.platform import failures
from publication.build import Published


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
    ended = sa.case((tables.evaluation.c.finished_at.is_not(None), sa.func.now() - age), else_=None)
    rewrite(ledger_url, moved.values(started_at=sa.func.now() - age, finished_at=ended))


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
    begin_earlier(ledger_url, dead, timedelta(seconds=BETWEEN_STEPS_SECONDS - 20))
    assert evaluate.due(ledger, settings) is False
    begin_earlier(ledger_url, dead, timedelta(seconds=BETWEEN_STEPS_SECONDS + 20))
    assert evaluate.due(ledger, settings) is True
    with Ledger(ledger_url).lock(at_work_lock(dead)):  # a step that takes its time
        assert evaluate.due(ledger, settings) is False
    assert evaluate.due(ledger, settings) is True
    # One that came to its end, however long ago, did not die.
    ledger.finish_evaluation(dead, "failed", "the rules are wrong")
    assert evaluate.due(ledger, settings) is False


def test_p2_what_was_interrupted_is_due_at_once(ledger: Ledger, settings: Settings) -> None:
    accept(ledger)
    attempt(ledger, settings, "interrupted")
    assert evaluate.due(ledger, settings) is True


@pytest.mark.parametrize(
    ("error", "status", "raised", "due"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "interrupted", MachineError, True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "interrupted", MachineError, True),
        (MemoryError(), "interrupted", MachineError, True),
        (
            duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"),
            "interrupted",
            MachineError,
            True,
        ),
        (
            duckdb.IOException("IO Error: Could not write file: No space left on device"),
            "interrupted",
            MachineError,
            True,
        ),
        (TransformError("no such column"), "failed", TransformError, False),
        (ZeroDivisionError(), "failed", ZeroDivisionError, False),
    ],
)
def test_an_evaluation_ends_in_the_ledger_whatever_happens(
    ledger: Ledger,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: str,
    raised: type[Exception],
    due: bool,
) -> None:
    accept(ledger)
    left: list[Path] = []

    def build(
        _ledger: Ledger, _settings: Settings, evaluation_id: str, _batches: object, _regions: object, **_: object
    ) -> None:
        warehouse = evaluate.warehouse_file(settings, evaluation_id)
        draft = settings.home / "promoted" / "living" / f".{evaluation_id}.parquet.1"
        left.extend((warehouse, warehouse.with_name(f"{warehouse.name}.wal"), draft))
        for path in left:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        raise error

    monkeypatch.setattr(evaluate, "_build_and_gate", build)
    with pytest.raises(raised) as told:
        evaluate.build_candidates(ledger, settings)
    found = ledger.last_evaluation()
    assert found is not None
    assert found.status == status
    assert found.detail
    assert evaluate.due(ledger, settings) is due
    if due:
        assert not any(path.exists() for path in left)
        assert (found.detail, str(told.value).count("\n")) == (str(told.value), 0)
        assert failures.verdict(told.value) == failures.Verdict(str(told.value), again=True)
        # A step that is tried again says why the first one failed.
        why = re.escape(f"interrupted ({found.detail.rstrip('.')})")
        with pytest.raises(TransformError, match=f"is {why}, so it is not scored"):
            evaluate.score(ledger, settings, found.evaluation_id)
        with pytest.raises(PublicationError, match=f"this one is {why}"):
            publishing.publish(ledger, settings, found.evaluation_id)


def test_what_a_dead_evaluation_left_is_swept_and_nothing_of_one_at_work(
    ledger: Ledger, settings: Settings, ledger_url: str
) -> None:
    ended = attempt(ledger, settings, "failed")
    dead, overtaken, living = (attempt(ledger, settings) for _ in range(3))
    begin_earlier(ledger_url, dead, timedelta(seconds=RUN_AT_MOST_SECONDS + 60))
    drafts = {}
    for evaluation_id in (ended, dead, overtaken, living):
        drafts[evaluation_id] = (
            settings.home / "promoted" / "living" / f".{evaluation_id}.parquet.77",
            settings.warehouse_dir / f"{evaluation_id}.duckdb.draft",
        )
        for path in drafts[evaluation_id]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    kept = settings.home / "promoted" / "living" / f"{dead}.parquet"
    kept.touch()

    def states() -> list[str]:
        found = [ledger.evaluation(one) for one in (dead, overtaken, living)]
        return [one.status for one in found if one is not None]

    sweep(ledger, settings)
    assert not any(path.exists() for path in drafts[ended])
    assert states() == ["interrupted", "running", "running"]
    attempt(ledger, settings, "published")
    begin_earlier(ledger_url, overtaken, timedelta(seconds=BETWEEN_STEPS_SECONDS + 60))
    begin_earlier(ledger_url, living, timedelta(seconds=BETWEEN_STEPS_SECONDS + 60))
    with Ledger(ledger_url).lock(at_work_lock(living)):
        sweep(ledger, settings)
    assert states() == ["interrupted", "interrupted", "running"]
    assert kept.exists()
    assert [all(path.exists() for path in drafts[one]) for one in (dead, overtaken, living)] == [False, False, True]


def test_p3_of_two_evaluations_the_later_one_has_the_later_inputs(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads what is in force first begins first."""
    accept(ledger)
    reading, second = threading.Event(), threading.Event()
    inputs = evaluate._inputs

    def slowly(*given: Any) -> Any:
        found = inputs(*given)
        if not reading.is_set():
            reading.set()
            second.wait(1)
        return found

    monkeypatch.setattr(evaluate, "_inputs", slowly)
    monkeypatch.setattr(evaluate, "_build_and_gate", lambda *_, **__: None)
    with ThreadPoolExecutor(2) as both:
        one = both.submit(evaluate.build_candidates, ledger, settings)
        reading.wait()
        accept(ledger, "2025")
        two = both.submit(evaluate.build_candidates, ledger, settings)
        first, later = one.result(), two.result()
    assert first is not None
    assert later is not None
    found = [ledger.evaluation(evaluation_id) for evaluation_id in sorted((first, later))]
    assert [len(one.inputs) for one in found if one is not None] == [1, 2]


def test_p3_an_older_evaluation_that_waited_for_a_newer_one_is_not_published(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was the newest when it came to the lock, and is not any more when it gets it."""
    accept(ledger)
    older, newer = (attempt(ledger, settings, "scored") for _ in range(2))
    building, waiting = threading.Event(), threading.Event()
    pointed: list[str] = []

    def build(_warehouse: object, meta: Any, _folder: object, announce: Any) -> Published:
        building.set()
        waiting.wait(2)
        announce("a" * 64)
        return Published(meta, settings.home, "a" * 64)

    monkeypatch.setattr(publishing, "gather", lambda *given: SimpleNamespace(publication_id=given[2].evaluation_id))
    monkeypatch.setattr(
        publishing, "build", lambda _w, meta, _f, announce: build(_w, meta.publication_id, _f, announce)
    )
    monkeypatch.setattr(publishing.pointer, "swap", lambda _folder, name: pointed.append(name))
    with ThreadPoolExecutor(2) as both:
        first = both.submit(publishing.publish, ledger, settings, newer)
        building.wait()
        second = both.submit(publishing.publish, ledger, settings, older)
        waiting.set()
        assert first.result() == newer
        with pytest.raises(PublicationError, match="began later, is published already"):
            second.result()
    assert pointed == [newer]
    found = ledger.evaluation(older)
    assert found is not None
    assert found.status == "failed"


@pytest.mark.parametrize(
    ("said", "then", "due"),
    [("generated: timbulan", "generated: terkelola", True), ("warn: 30d", "warn: 31d", False)],
    ids=["the mapping", "something else"],
)
def test_a_mended_mapping_is_due_without_a_new_pull(
    ledger: Ledger, settings: Settings, tmp_path: Path, said: str, then: str, due: bool
) -> None:
    shutil.copytree(settings.sources_dir / "dlh", tmp_path / "sources" / "dlh")
    own = settings.model_copy(update={"sources_dir": tmp_path / "sources"})
    accept(ledger)
    attempt(ledger, own, "published")
    assert evaluate.due(ledger, own) is False
    file = tmp_path / "sources" / "dlh" / "dlh_sipsn.yaml"
    assert said in file.read_text()
    file.write_text(file.read_text().replace(said, then))
    assert evaluate.due(ledger, own) is due


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
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
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


def test_p10_a_pillar_to_judge_anew_that_is_none_is_refused_before_anything_begins(
    ledger: Ledger, settings: Settings
) -> None:
    accept(ledger)
    with pytest.raises(ConfigError, match=r"no pillar 'health'.*governance"):
        evaluate.build_candidates(ledger, settings, anew=["health"])
    assert ledger.unfinished_evaluations() == []
