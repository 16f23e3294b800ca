"""What was done with answers: only what is allowed, never lost, nobody's value touched by another."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import ledger as package
from definitions.answer_states import REASONS, ROLES, STATES, refusal
from ledger.answer_store import first_altered_transition, values
from ledger.engine import make_engine
from ledger.records import AnswerKey, AnswerMove, AnswerTransition
from ledger.store import Ledger

pytestmark = pytest.mark.integration

KEYS = [AnswerKey("64.02", "pemdi-2026", 2026, code) for code in ("1/1", "1/2")]
NOON = datetime(2026, 6, 1, 5, tzinfo=UTC)
COURSE = [
    ("submitted", "opd", "4"),
    ("verified", "internal", "3"),
    ("assessed", "external", "2"),
    ("final", "final", "2"),
]


def judge(last: AnswerTransition | None, move: AnswerMove) -> str:
    start = last.move.to_state if last is not None else None
    return refusal(start, move.to_state, move.role, reason=move.reason, note=move.note)


def course(key: AnswerKey = KEYS[0]) -> list[AnswerMove]:
    return [AnswerMove(key, to, role, "a-1", NOON, value=value) for to, role, value in COURSE]


class KilledError(Exception):
    """The process died before its transaction ended."""


MOVES = st.builds(
    AnswerMove,
    st.sampled_from(KEYS),
    st.sampled_from(STATES),
    st.sampled_from(ROLES),
    actor=st.just("a-1"),
    at=st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds)),
    assessor=st.sampled_from(["", "1", "2"]),
    value=st.sampled_from([None, "1", "2", "3"]),
    reason=st.sampled_from([None, *REASONS]),
    note=st.sampled_from([None, "sanggah"]),
)
# Mostly what is allowed, so that long courses are seen too.
LIKELY = st.one_of(
    MOVES,
    st.tuples(st.sampled_from(KEYS), st.sampled_from(COURSE), st.integers(0, 10**6)).map(
        lambda one: AnswerMove(one[0], *one[1][:2], "a-1", NOON + timedelta(seconds=one[2]), value=one[1][2])
    ),
)


class Answers(RuleBasedStateMachine):
    """Whatever is asked of two answers, beside what was truly done."""

    ledger: Ledger
    url: str

    @initialize()
    def empty(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute("truncate answer_transition")
        self.kept: list[AnswerTransition] = []

    @rule(moves=st.lists(LIKELY, min_size=1, max_size=4))
    def move(self, moves: list[AnswerMove]) -> None:
        made, refused = self.ledger.move_answers(moves, judge)
        known = {one.move for one in self.kept}
        asked = {one.move for one in made} | {one.move for one in refused} | known
        assert {*moves} <= asked
        self.kept += made

    @rule(moves=st.lists(LIKELY, min_size=1, max_size=4))
    def die(self, moves: list[AnswerMove]) -> None:
        with suppress(KilledError), self.ledger.together():
            self.ledger.move_answers(moves, judge)
            raise KilledError

    @rule()
    def again(self) -> None:
        assert self.ledger.move_answers([one.move for one in self.kept], judge) == ([], [])

    @invariant()
    def nothing_is_lost(self) -> None:
        chain = self.ledger.transitions()
        assert list(chain) == self.kept
        assert first_altered_transition(chain) is None

    @invariant()
    def each_value_is_its_roles_own(self) -> None:
        for key in KEYS:
            own = [one.move for one in self.kept if one.move.key == key]
            said = {(one.role, one.assessor): one.value for one in own if one.value is not None}
            now = values(self.ledger.transitions(key))
            assert {who: links[-1].move.value for who, links in now.items()} == said
            for who, links in now.items():
                assert {(link.move.role, link.move.assessor) for link in links} == {who}

    @invariant()
    def final_comes_from_assessed_and_stays(self) -> None:
        for key in KEYS:
            states = [one.move.to_state for one in self.kept if one.move.key == key]
            assert "final" not in states[:-1]
            assert states[-1:] != ["final"] or states[-2] == "assessed"


def test_p7_no_sequence_of_moves_loses_a_value_or_skips_a_state(ledger: Ledger, ledger_url: str) -> None:
    here = type("Here", (Answers,), {"ledger": ledger, "url": ledger_url})
    run_state_machine_as_test(here, settings=effort(max_examples=25, stateful_step_count=15, deadline=None))


def test_two_who_act_at_once_are_judged_one_after_the_other(ledger: Ledger, ledger_url: str) -> None:
    first, second = course()[0], AnswerMove(KEYS[0], "draft", "opd", "a-2", NOON)
    with ledger.together():
        ledger.move_answers([first], judge)
        with psycopg.connect(ledger_url) as other:
            locked = other.execute("select pg_try_advisory_xact_lock(hashtextextended('answers', 0))").fetchone()
    assert locked == (False,)
    made, refused = ledger.move_answers([second], judge)
    assert (made, "it is submitted" in refused[0].why) == ([], True)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("update answer_transition set value = '5' where seq = 2", "it was altered"),
        ("update answer_transition set at = at + interval '1 second' where seq = 4", "it was altered"),
        ("delete from answer_transition where seq = 2", "transition 2 is missing"),
        ("update answer_transition set previous_sha256 = sha256 where seq = 3", "does not continue"),
    ],
)
def test_p7_a_transition_that_was_altered_is_named(ledger: Ledger, ledger_url: str, statement: str, what: str) -> None:
    made, refused = ledger.move_answers(course(), judge)
    assert (len(made), refused, ledger.last_typed()) == (4, [], made[-1].sha256)
    with psycopg.connect(ledger_url) as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # one of those above
    damage = first_altered_transition(ledger.transitions())
    assert damage is not None
    assert what in str(damage)


def test_the_table_of_a_filled_ledger_goes_and_comes_back_with_its_migration(ledger: Ledger, ledger_url: str) -> None:
    ledger.move_answers(course(), judge)
    config = Config()
    config.set_main_option("script_location", f"{package.__path__[0]}/migrations")
    with make_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    with make_engine(ledger_url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    assert ledger.transitions() == []
    made, _ = ledger.move_answers(course(), judge)
    assert [link.from_state for link in made] == [None, "submitted", "verified", "assessed"]
