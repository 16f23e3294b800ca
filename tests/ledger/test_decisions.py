"""The chain of decisions: it only grows, and whatever is altered in it is named."""

import re
from typing import Any

import psycopg
import pytest

from ledger.decision_store import first_altered_decision, newest
from ledger.errors import ConfigError
from ledger.store import Ledger

pytestmark = pytest.mark.integration


@pytest.fixture
def decided(ledger: Ledger) -> Ledger:
    (first,) = ledger.decide("freeze", [("a", None, {"version": 1})])
    ledger.decide("follow_up", [("a", None, {"state": "open"}), ("b", None, {"state": "open"})])
    ledger.decide("freeze", [("a", first, {"version": 2})])
    return ledger


def test_the_newest_decision_about_a_subject_says_its_state(decided: Ledger) -> None:
    assert [link.seq for link in decided.decisions()] == [1, 2, 3, 4]
    assert newest(decided.decisions("freeze"))["a"].told == {"version": 2}
    assert [link.subject for link in decided.decisions("follow_up")] == ["a", "b"]
    assert [link.seq for link in decided.decisions("freeze", "a")] == [1, 4]
    assert decided.decisions()[3].at >= decided.decisions()[0].at
    assert first_altered_decision(decided.decisions()) is None


def test_who_did_not_see_the_newest_decision_is_refused_and_nothing_is_written(decided: Ledger) -> None:
    seen = decided.decisions("freeze", "a")[0]
    with pytest.raises(ConfigError, match="meanwhile"):
        decided.decide("freeze", [("c", None, {}), ("a", seen, {"version": 3})])
    assert len(decided.decisions()) == 4


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update decision set body = replace(body, 'open', 'done') where seq = 2", "altered.*decision 2"),
        ("update decision set subject = 'b' where seq = 2", "altered.*decision 2"),
        ("update decision set kind = 'freeze' where seq = 3", "altered.*decision 3"),
        ("update decision set previous_sha256 = repeat('0', 64) where seq = 3", "does not continue.*decision 3"),
        ("delete from decision where seq = 2", "decision 2 is missing"),
        ("delete from decision where seq = 1", "decision 1 is missing"),
    ],
)
def test_p7_an_altered_decision_is_named(decided: Ledger, ledger_url: str, statement: Any, told: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        connection.execute(statement)
    damage = first_altered_decision(decided.decisions())
    assert damage is not None
    assert re.search(told, str(damage)), str(damage)
