"""What whole pulls came to: each filter of the ledger's questions, with a row beside it that must not be counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ledger import tables
from ledger.evaluation_store import at_work_lock
from ledger.records import BatchResult, BatchStatus, Merge, QuarantineCount, Revision
from ledger.store import Ledger

SOURCE, CONTRACT = "dinkes_eppgbm", "f" * 64
DELTA = Merge(("id",), "diubah")


def batch(
    ledger: Ledger,
    status: BatchStatus = "accepted",
    coverage: str | None = "2024",
    rows: int = 10,
    *,
    source: str = SOURCE,
    contract: str = CONTRACT,
    pull: str | None = None,
    replay_of: str | None = None,
    **more: Any,
) -> str:
    """A batch that came to its end."""
    batch_id = ledger.start_batch(source, "opd", contract, None, pull, replay_of=replay_of)
    given = {"synthetic": False, "content_sha256": "c" * 64, **more}
    ledger.finish_batch(batch_id, BatchResult(status, coverage, rows, rows, 0, None, None, **given))
    return batch_id


def running(ledger: Ledger, pull: str | None = None) -> str:
    return ledger.start_batch(SOURCE, "opd", CONTRACT, None, pull)


def mark(ledger: Ledger, **more: Any) -> str | None:
    return ledger.read_up_to(SOURCE, more.pop("contract", CONTRACT), more.pop("synthetic", False), **more)


def dated(ledger_url: str, batch_id: str, **columns: datetime) -> None:
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(tables.batch.update().where(tables.batch.c.batch_id == batch_id).values(columns))
    engine.dispose()


# -- how far a source was read ----------------------------------------------------------------------------------------


def test_p1_a_cursor_counts_once_its_whole_pull_is_in_force(ledger: Ledger) -> None:
    assert mark(ledger) is None
    first = batch(ledger, cursor="2024-03-01")
    assert mark(ledger) == "2024-03-01"
    batch(ledger, cursor="2024-03-09", merge=DELTA)
    assert mark(ledger) == "2024-03-09"
    batch(ledger, "unchanged", cursor="2024-03-10", merge=DELTA)
    assert mark(ledger) == "2024-03-10"
    assert first


@pytest.mark.parametrize("status", ["held", "rejected"])
def test_p1_a_pull_of_which_one_batch_is_not_in_force_is_asked_for_again(ledger: Ledger, status: BatchStatus) -> None:
    batch(ledger, cursor="2024-03-01")
    good = batch(ledger, cursor="2024-03-20", merge=DELTA)
    batch(ledger, status, "2025", cursor="2024-03-21", merge=DELTA, pull=good)
    assert mark(ledger) == "2024-03-01"


def test_p1_a_pull_that_is_still_running_or_failed_is_no_pull(ledger: Ledger) -> None:
    batch(ledger, cursor="2024-03-01")
    good = batch(ledger, cursor="2024-03-20", merge=DELTA)
    other = running(ledger, good)
    assert mark(ledger) == "2024-03-01"
    ledger.fail_batch(other, "retryable", "down")
    assert mark(ledger) == "2024-03-01"


@pytest.mark.parametrize(
    "change",
    [
        {"contract": "e" * 64},
        {"source": "dlh_sipsn"},
        {"synthetic": True},
        {"cursor": None},
    ],
    ids=["another contract", "another source", "of a simulator", "no cursor"],
)
def test_p2_what_says_nothing_of_this_source_is_not_believed(ledger: Ledger, change: dict[str, Any]) -> None:
    batch(ledger, **{"cursor": "2024-03-20", **change})
    assert mark(ledger) is None
    batch(ledger, cursor="2024-03-01")
    assert mark(ledger) == "2024-03-01"


def test_p2_a_simulators_batch_among_real_ones_spoils_its_pull(ledger: Ledger) -> None:
    good = batch(ledger, cursor="2024-03-01")
    batch(ledger, coverage="2025", cursor="2024-03-01", synthetic=True, pull=good)
    assert mark(ledger) is None
    assert mark(ledger, synthetic=True) is None


def test_p2_until_one_pull_read_everything_no_cursor_counts(ledger: Ledger) -> None:
    batch(ledger, cursor="2024-03-09", merge=DELTA)
    assert mark(ledger) is None
    whole = batch(ledger, cursor="2024-03-01")
    assert mark(ledger) == "2024-03-09"
    assert mark(ledger, after=whole) is None
    assert mark(ledger, after=whole[:-1]) == "2024-03-09"


def test_a_replay_asked_nobody(ledger: Ledger) -> None:
    first = batch(ledger, "held", cursor="2024-03-09")
    batch(ledger, cursor="2024-03-09", replay_of=first)
    assert mark(ledger) is None


def test_of_whole_numbers_the_longer_one_is_the_higher(ledger: Ledger) -> None:
    batch(ledger, cursor="9")
    batch(ledger, cursor="10", merge=DELTA)
    assert mark(ledger) == "10"


# -- usual sizes ------------------------------------------------------------------------------------------------------


def test_the_usual_sizes_are_those_of_the_newest_coverages(ledger: Ledger) -> None:
    for year in range(2018, 2026):
        batch(ledger, coverage=str(year), rows=year)
    assert ledger.usual_sizes(SOURCE) == [2025, 2024, 2023, 2022, 2021]
    assert ledger.usual_sizes(SOURCE, 2) == [2025, 2024]
    batch(ledger, "unchanged", "2025", rows=7)
    assert ledger.usual_sizes(SOURCE, 2) == [7, 2024]
    assert ledger.usual_sizes("dlh_sipsn") == []


@pytest.mark.parametrize(
    "change",
    [{"status": "held"}, {"status": "rejected"}, {"merge": DELTA}, {"coverage": None}, {"source": "dlh_sipsn"}],
    ids=["held", "rejected", "delta", "no coverage", "another source"],
)
def test_what_is_no_usual_size(ledger: Ledger, change: dict[str, Any]) -> None:
    batch(ledger, coverage="2023", rows=1)
    batch(ledger, **{"coverage": "2024", "rows": 999, **change})
    assert ledger.usual_sizes(SOURCE) == [1]


def test_p2_a_pull_that_died_is_no_history(ledger: Ledger) -> None:
    batch(ledger, coverage="2023", rows=1)
    died = batch(ledger, coverage="2024", rows=999)
    other = running(ledger, died)
    assert ledger.usual_sizes(SOURCE) == [1]
    ledger.fail_batch(other, "retryable", "down")
    assert ledger.usual_sizes(SOURCE) == [1]


def test_the_last_sizes_of_a_coverage_are_of_what_replaced_it(ledger: Ledger) -> None:
    for rows in range(1, 8):
        batch(ledger, rows=rows)
    batch(ledger, rows=99, merge=DELTA)
    batch(ledger, "held", rows=98)
    batch(ledger, rows=97, coverage="2025")
    batch(ledger, rows=96, source="dlh_sipsn")
    assert ledger.trailing_rows(SOURCE, "2024") == [7, 6, 5, 4, 3]
    assert ledger.trailing_rows(SOURCE, "2024", 2) == [7, 6]
    assert ledger.trailing_rows(SOURCE, None, 2) == [97, 7]


# -- what a pull confirmed --------------------------------------------------------------------------------------------


def test_p5_what_was_known_at_a_moment_includes_that_moment(ledger: Ledger, ledger_url: str) -> None:
    moment = ledger.now()
    old, new = batch(ledger), batch(ledger, "unchanged")
    dated(ledger_url, old, finished_at=moment - timedelta(days=1))
    dated(ledger_url, new, finished_at=moment)
    assert ledger.confirmed(SOURCE)["2024"].at == moment
    assert ledger.confirmed(SOURCE, moment)["2024"].at == moment
    assert ledger.confirmed(SOURCE, moment - timedelta(microseconds=1))["2024"].at == moment - timedelta(days=1)
    assert ledger.confirmed(SOURCE, moment - timedelta(days=2)) == {}


@pytest.mark.parametrize("status", ["held", "rejected"])
def test_what_was_not_accepted_confirms_nothing(ledger: Ledger, ledger_url: str, status: BatchStatus) -> None:
    moment = ledger.now() - timedelta(days=9)
    dated(ledger_url, batch(ledger), finished_at=moment)
    batch(ledger, status, content_sha256="d" * 64)
    batch(ledger, source="dlh_sipsn", content_sha256="e" * 64)
    assert {coverage: one.at for coverage, one in ledger.confirmed(SOURCE).items()} == {"2024": moment}
    assert ledger.newest_content(SOURCE) == moment


def test_a_delta_confirms_every_coverage_and_a_whole_pull_its_own(ledger: Ledger, ledger_url: str) -> None:
    moment = ledger.now()
    for days, coverage in ((9, "2023"), (5, "2024")):
        dated(ledger_url, batch(ledger, coverage=coverage), finished_at=moment - timedelta(days=days))
    ages = {coverage: (moment - one.at).days for coverage, one in ledger.confirmed(SOURCE).items()}
    assert ages == {"2023": 9, "2024": 5}
    dated(ledger_url, batch(ledger, merge=DELTA), finished_at=moment - timedelta(days=2))
    ages = {coverage: (moment - one.at).days for coverage, one in ledger.confirmed(SOURCE).items()}
    assert ages == {"2023": 2, "2024": 2}


def revised(ledger: Ledger, status: BatchStatus = "accepted", coverage: str = "2024", **more: Any) -> str:
    """A batch that restated figures which had been final."""
    batch_id = ledger.start_batch(more.get("source", SOURCE), "opd", CONTRACT)
    revision = Revision(batch_id, batch_id, coverage, 1, 0, 0, more.get("was", "final"), "path", "a" * 64)
    ledger.finish_batch(
        batch_id,
        BatchResult(status, coverage, 1, 1, 0, None, None, "c" * 64, synthetic=False, revision=revision),
    )
    return batch_id


def test_revisions_are_those_of_accepted_batches_the_newest_first(ledger: Ledger) -> None:
    first, second = revised(ledger), revised(ledger, coverage="2025")
    held, other = revised(ledger, "held"), revised(ledger, source="dlh_sipsn")

    def told(found: Sequence[Revision]) -> list[str]:
        return [one.batch_id for one in found]

    assert told(ledger.revisions()) == [other, second, first]
    assert told(ledger.revisions(SOURCE)) == [second, first]
    assert told(ledger.revisions(SOURCE, "2024")) == [first]
    assert told(ledger.revisions(limit=1)) == [other]
    assert held not in told(ledger.revisions())


@pytest.mark.parametrize(
    ("status", "was", "expected"),
    [
        ("accepted", "final", True),
        ("accepted", "revised", True),
        ("accepted", "provisional", False),
        ("accepted", None, False),
        ("held", "final", False),
    ],
)
def test_a_figure_is_revised_once_a_final_one_was_restated_in_force(
    ledger: Ledger, status: BatchStatus, was: Any, expected: bool
) -> None:
    batch(ledger)
    revised(ledger, status, was=was)
    assert ledger.confirmed(SOURCE)["2024"].revised is expected


# -- single batches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["held", "rejected", "unchanged"])
def test_only_what_was_accepted_is_content_that_may_be_copied(ledger: Ledger, status: BatchStatus) -> None:
    batch(ledger, status, "2022")
    assert list(ledger.same_content("c" * 64, SOURCE, "2023")) == []
    accepted = batch(ledger, coverage="2022")
    assert [one.batch_id for one in ledger.same_content("c" * 64, SOURCE, "2023")] == [accepted]
    assert [one.batch_id for one in ledger.same_content("c" * 64, "dlh_sipsn", "2022")] == [accepted]
    assert [one.batch_id for one in ledger.same_content("c" * 64, SOURCE, None)] == [accepted]
    assert list(ledger.same_content("d" * 64, SOURCE, "2023")) == []


def test_a_batch_that_has_ended_does_not_fail_afterwards(ledger: Ledger) -> None:
    batch_id = batch(ledger)
    ledger.fail_batch(batch_id, "retryable", "too late")
    found = ledger.batch(batch_id)
    assert found is not None
    assert (found.status, found.error_kind) == ("accepted", None)
    failed = running(ledger)
    ledger.fail_batch(failed, "auth", "first")
    ledger.fail_batch(failed, "retryable", "second")
    told = ledger.batch(failed)
    assert told is not None
    assert (told.error_kind, told.error_message) == ("auth", "first")


def test_the_most_frequent_refusals_are_told_first(ledger: Ledger) -> None:
    counts = [QuarantineCount("a", "x", 1), QuarantineCount("b", "x", 9), QuarantineCount("c", "x", 9)]
    batch_id = batch(ledger, quarantine=counts)
    assert [count.rule for count in ledger.quarantine_counts(batch_id)] == ["b", "c", "a"]


def test_p7_the_head_of_a_moment_is_the_last_link_written_by_then(ledger: Ledger, ledger_url: str) -> None:
    first, second = batch(ledger), batch(ledger, coverage="2025")
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        when = dict(connection.execute(sa.select(tables.receipt.c.batch_id, tables.receipt.c.written_at)).all())
    engine.dispose()

    def head(at: datetime) -> str | None:
        found = ledger.chain_head(at)
        return found.batch_id if found is not None else None

    moment = timedelta(microseconds=1)
    assert (head(when[second]), head(when[second] - moment)) == (second, first)
    assert (head(when[first]), head(when[first] - moment)) == (first, None)


# -- evaluations ------------------------------------------------------------------------------------------------------


def promoted(ledger: Ledger, pillar: str, reason: str | None = None) -> str:
    evaluation_id = ledger.start_evaluation([])
    path = "x.parquet" if reason is None else None
    ledger.record_promotion(evaluation_id, pillar, path=path, sha256="a" * 64, reason=reason)
    return evaluation_id


def test_p3_a_pillar_is_held_by_its_own_decisions_alone(ledger: Ledger) -> None:
    good, held = promoted(ledger, "living"), promoted(ledger, "living", "too high")
    later = promoted(ledger, "economy")
    found = ledger.held_since("living")
    assert found is not None
    assert found.evaluation_id == held
    assert ledger.held_since("economy") is None
    assert {pillar: one.evaluation_id for pillar, one in ledger.last_good().items()} == {
        "living": good,
        "economy": later,
    }


def test_p3_a_pillar_that_was_never_good_is_held_since_its_first_decision(ledger: Ledger) -> None:
    first = promoted(ledger, "living", "dbt could not build it")
    promoted(ledger, "living", "again")
    found = ledger.held_since("living")
    assert found is not None
    assert (found.evaluation_id, ledger.last_good()) == (first, {})


def test_the_latest_answer_of_each_gate_counts_in_whichever_evaluation(ledger: Ledger) -> None:
    first, second = ledger.start_evaluation([]), ledger.start_evaluation([])
    for evaluation_id, gate, outcome in (
        (first, "living", "fail"),
        (first, "living", "pass"),
        (second, "economy", "error"),
    ):
        ledger.record_gate(evaluation_id, gate, outcome, [])
    assert {gate: row.outcome for gate, row in ledger.last_gates().items()} == {"living": "pass", "economy": "error"}
    assert [(row.gate, row.outcome) for row in ledger.gates(first)] == [("living", "pass")]


@pytest.mark.parametrize("status", ["running", "scored", "published", "failed", "interrupted"])
def test_p2_an_evaluation_that_did_not_end_is_at_work_for_a_while_and_while_somebody_holds_its_lock(
    ledger: Ledger, ledger_url: str, status: Any
) -> None:
    evaluation_id = ledger.start_evaluation([])
    if status != "running":
        ledger.finish_evaluation(evaluation_id, status)
    unfinished = status in ("running", "scored")

    def at_work(seconds: float) -> bool:
        found = ledger.evaluation(evaluation_id)
        assert found is not None
        return ledger.is_at_work(found, seconds)

    assert at_work(60) is unfinished
    engine = sa.create_engine(sa.make_url(ledger_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        moved = {name: tables.evaluation.c[name] - timedelta(seconds=90) for name in ("started_at", "finished_at")}
        connection.execute(tables.evaluation.update().values(moved))
    engine.dispose()
    assert at_work(60) is False
    assert at_work(120) is unfinished
    with Ledger(ledger_url).lock(at_work_lock(evaluation_id)):
        assert at_work(60) is unfinished
    assert at_work(60) is False
    assert [one.evaluation_id for one in ledger.unfinished_evaluations()] == ([evaluation_id] if unfinished else [])


def test_an_evaluation_that_ended_stays_as_it_ended_unless_it_is_published(ledger: Ledger) -> None:
    evaluation_id = ledger.start_evaluation([])
    for status, then in (("interrupted", "interrupted"), ("failed", "interrupted"), ("scored", "interrupted")):
        ledger.finish_evaluation(evaluation_id, status)  # type: ignore[arg-type]  # the words of the table above
        found = ledger.evaluation(evaluation_id)
        assert found is not None
        assert found.status == then
    ledger.finish_evaluation(evaluation_id, "published")
    ledger.finish_evaluation(evaluation_id, "failed", "too late")
    found = ledger.evaluation(evaluation_id)
    assert found is not None
    assert (found.status, found.detail) == ("published", None)


def test_a_prepared_publication_may_be_prepared_again_and_a_published_one_stays(ledger: Ledger) -> None:
    evaluation_id = ledger.start_evaluation([])
    for sha256 in ("a" * 64, "b" * 64):
        ledger.prepare_publication("p1", evaluation_id, sha256)
    ledger.record_publication("p1", evaluation_id, "b" * 64)
    ledger.prepare_publication("p1", evaluation_id, "c" * 64)
    row = ledger.publication("p1")
    assert row is not None
    assert (row.action, row.manifest_sha256) == ("published", "b" * 64)
    assert ledger.publication("p2") is None


# -- what is in force -------------------------------------------------------------------------------------------------


def test_p1_a_whole_read_landed_again_leaves_in_force_what_was_pulled_after_it(ledger: Ledger) -> None:
    """Ledgers from before hold replays of whole reads that deltas had joined since."""
    first = batch(ledger)
    delta = batch(ledger, merge=DELTA)
    again = batch(ledger, replay_of=first)
    assert [one.batch_id for one in ledger.in_force(SOURCE)] == [again, delta]
    delta_again = batch(ledger, merge=DELTA, replay_of=delta)
    assert [one.batch_id for one in ledger.in_force(SOURCE)] == [again, delta_again]
    whole = batch(ledger)
    batch(ledger, replay_of=first)
    assert [one.batch_id for one in ledger.in_force(SOURCE)] == [whole]
