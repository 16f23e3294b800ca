"""Rows that say their coverage themselves: one pull is a word on every coverage, also on those it is silent about."""

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay, replayable
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.pulling import states
from tests.connectors.years import (
    BEFORE,
    COLUMNS,
    DELETING,
    STOOD,
    Years,
    batch_of,
    codes,
    delta,
    make,
    months,
    seen,
    take,
)

# -- a coverage that vanishes ------------------------------------------------------------------------------------------


def test_p3_a_coverage_that_vanishes_is_held_until_a_person_decides(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, {2023: "abcdefghij", 2024: "klmnopqrst"}, ledger, settings)
    less: Years = {2024: "klmnopqrst"}
    outcome = take(source, less, ledger, settings)
    assert codes(outcome) == {"2023": ["vanished"], "2024": ["pull_held"]}
    gone = outcome.batches[0]
    assert (gone.received, gone.landed, gone.quarantined) == (0, 0, 0)
    assert gone.reasons[0]["observed"] == "0 of 10 rows, where 10 stood"
    assert [batch.batch_id for batch in ledger.batches(source.id, 2)] == [batch.batch_id for batch in outcome.batches][
        ::-1
    ]
    assert seen(source, ledger, settings) == {"2023": "abcdefghij", "2024": "klmnopqrst"}
    # Asked again, told again; once it is released the rows leave, and nothing is told any more.
    again = take(source, less, ledger, settings)
    assert states(again) == [("2023", "held"), ("2024", "held")]
    with pytest.raises(LedgerError, match="newer pull"):
        ledger.release_batches([batch.batch_id for batch in outcome.batches], "late")
    ledger.release_batches([batch.batch_id for batch in again.batches], "the agency deleted the year")
    assert seen(source, ledger, settings) == {"2024": "klmnopqrst"}
    assert states(take(source, less, ledger, settings)) == [("2024", "unchanged")]
    [batch] = [batch for batch in ledger.in_force(source.id) if batch.coverage == "2023"]
    assert differences(batch, rebuild(source, batch, ledger, settings)) == {}
    assert [revision.removed for revision in ledger.revisions(source.id)] == [10]


def test_a_coverage_may_vanish_where_the_assertions_say_so(ledger: Ledger, settings: Settings) -> None:
    source = make(assertions=DELETING)
    take(source, {2023: "abc", 2024: "klm"}, ledger, settings)
    outcome = take(source, {2024: "klm"}, ledger, settings)
    assert states(outcome) == [("2023", "accepted"), ("2024", "accepted")]
    assert seen(source, ledger, settings) == {"2024": "klm"}
    back = take(source, {2023: "abc", 2024: "klm"}, ledger, settings)
    assert states(back)[0] == ("2023", "accepted")
    assert seen(source, ledger, settings) == {"2023": "abc", "2024": "klm"}


def test_p8_a_pull_without_any_row_is_held_for_every_coverage(ledger: Ledger, settings: Settings) -> None:
    """However much may be deleted: nothing at all is an answer that failed."""
    source = make(assertions=DELETING)
    take(source, {2023: "abc", 2024: "klm"}, ledger, settings)
    assert codes(take(source, {}, ledger, settings)) == {"2023": ["empty"], "2024": ["empty"]}
    assert seen(source, ledger, settings) == {"2023": "abc", "2024": "klm"}


def test_nothing_vanishes_from_a_delta_but_from_a_full_read(ledger: Ledger, settings: Settings) -> None:
    source = months()
    delta(source, "a 01 01, b 01 01, c 02 02, d 02 02", ledger, settings)
    assert states(delta(source, "e 02 03", ledger, settings)) == [("2024-02", "accepted")]
    full = delta(source, "c 02 02, d 02 02, e 02 03", ledger, settings, full=True)
    assert codes(full) == {"2024-01": ["vanished"], "2024-02": ["pull_held"]}


def test_a_replay_of_a_vanished_coverage_says_it_again(ledger: Ledger, settings: Settings) -> None:
    source = make()
    take(source, {2023: "abc", 2024: "klm"}, ledger, settings)
    outcome = take(source, {2024: "klmno"}, ledger, settings)
    [held] = replayable(source, ledger)
    assert held == batch_of(outcome, "2023")
    again = replay(source, held, ledger, settings)
    assert states(again) == [("2023", "held"), ("2024", "held")]
    assert seen(source, ledger, settings) == {"2023": "abc", "2024": "klm"}
    ledger.release_batches([batch_of(again, "2023"), batch_of(again, "2024")], "confirmed")
    assert seen(source, ledger, settings) == {"2024": "klmno"}


# -- rows whose coverage cannot be read --------------------------------------------------------------------------------

REJECTED = ["nothing_landed", "drift_retyped"]
"""What is said of the batch that carries them."""


def test_p1_rows_without_a_readable_coverage_count_against_the_quota_of_their_pull(
    ledger: Ledger, settings: Settings
) -> None:
    source = make()
    take(source, BEFORE, ledger, settings)
    outcome = take(source, {2023: "abcdefghijy", 2024: "klmnopqrstz", "2024.": "uvw"}, ledger, settings)
    assert codes(outcome) == {"2023": ["coverage_unclear"], "2024": ["coverage_unclear"], None: REJECTED}
    assert outcome.batches[0].reasons[0]["observed"] == "3 of 25"
    assert sum(batch.received for batch in outcome.batches) == 25
    assert all(batch.received == batch.landed + batch.quarantined for batch in outcome.batches)
    assert seen(source, ledger, settings) == STOOD
    # Mended, their pages bring every row in.
    assert replayable(source, ledger) == [outcome.batches[0].batch_id]  # for all batches of its pull
    mended = make(columns=COLUMNS | {"tahun": {"type": "integer", "suffix": "."}})
    replay(mended, batch_of(outcome, None), ledger, settings)
    assert seen(mended, ledger, settings) == {"2023": "abcdefghijy", "2024": "klmnopqrstuvwz"}
    assert not [refused for refused in ledger.refused(source.id) if refused.open]


def test_p7_a_replay_names_the_pull_whose_pages_it_landed_for_what_that_pull_had_found_unchanged_too(
    ledger: Ledger, settings: Settings
) -> None:
    years: Years = {2023: "abcdefghij", 2024: "klmnopqrst"}
    take(make(), years, ledger, settings)
    outcome = take(make(), years | {"2024.": "u"}, ledger, settings)
    assert states(outcome) == [("2023", "unchanged"), ("2024", "unchanged"), (None, "rejected")]
    mended = make(columns=COLUMNS | {"tahun": {"type": "integer", "suffix": "."}})
    again = replay(mended, batch_of(outcome, None), ledger, settings)
    assert states(again) == [("2023", "accepted"), ("2024", "accepted")]
    found = ledger.batches_by_id([batch.batch_id for batch in again.batches]).values()
    assert {(one.replay_of, one.fetched_by) for one in found} == {
        (batch_of(outcome, None), outcome.batches[0].batch_id)
    }


def test_rows_without_a_readable_coverage_within_the_quota_hold_nothing(ledger: Ledger, settings: Settings) -> None:
    outcome = take(make(), {2023: "abcdefghij", 2024: "klmnopqr", "?": "vw"}, ledger, settings)
    assert codes(outcome) == {"2023": [], "2024": [], None: REJECTED}
    again = take(make(), {2023: "abcdefghij", 2024: "klmnopqrs", "?": "vw"}, ledger, settings)
    assert codes(again) == {"2023": [], "2024": [], None: REJECTED}


def test_each_coverage_bears_its_part_of_them_beside_its_own(ledger: Ledger, settings: Settings) -> None:
    outcome = take(make(), {2023: "abcdefghiJ", 2024: "klmnopqrst", "?": "vw"}, ledger, settings)
    assert codes(outcome) == {"2023": ["coverage_unclear"], "2024": [], None: REJECTED}
    assert outcome.batches[0].reasons[0]["observed"] == "2 of 22, and 1 of its own 10 refused"


def test_p8_a_year_that_may_only_be_unreadable_did_not_vanish(ledger: Ledger, settings: Settings) -> None:
    source = make(assertions=DELETING)
    take(source, {2022: "xyz", 2023: "abc", 2024: "klm"}, ledger, settings)
    outcome = take(source, {2022: "xyz", 2023: "abc", "2024?": "klm"}, ledger, settings)
    assert codes(outcome)["2024"] == ["coverage_unclear"]
    assert seen(source, ledger, settings) == {"2022": "xyz", "2023": "abc", "2024": "klm"}
