"""What sources tell of answers becomes their state: noted once, in order, and told where it may not be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from definitions.answer_states import Window
from definitions.records import load_records
from ledger.answer_store import values
from ledger.records import AnswerKey
from ledger.sql import identifier
from ledger.store import Ledger
from pilar.evaluation.answer_states import write_answer_states
from tests.dbt_project.landing import KUKAR, THREE, fetch

pytestmark = pytest.mark.integration

LINEAGE = "_batch varchar, _source varchar, _synthetic boolean"
I8 = AnswerKey(KUKAR, "pemdi-2026", 2026, "3/4")


@pytest.fixture
def told(ledger: Ledger, tmp_path: Path) -> Any:
    """``told(answers=[...], moves=[...])``: write the file of an evaluation with these rows, and their states."""
    batches = [ledger.start_batch("jawaban", "diskominfo", "f") for _ in range(3)]

    def write(
        answers: Sequence[Mapping[str, Any]] = (),
        moves: Sequence[Mapping[str, Any]] = (),
        windows: Sequence[Window] = (),
        batch: int = 0,
    ) -> Path:
        path = tmp_path / "e.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute("create schema records; create schema reference; set timezone = 'UTC'")
            connection.execute(f"create table reference.regions as {THREE['landing._regions'].sql}")
            for name, rows in (("answer", answers), ("answer_transition", moves)):
                columns = ", ".join(f"{identifier(n)} {kind}" for n, kind in load_records()[name].sql_types.items())
                connection.execute(f"create table records.{name} ({columns}, {LINEAGE})")
                for row in rows:
                    place = {"region_code": KUKAR, "year": 2026, "instrument": "pemdi-2026", "code": "I8"}
                    whence = {"_batch": batches[batch], "_source": "jawaban", "_synthetic": True}
                    full = {**place, **whence, **row}
                    marks = ", ".join("?" * len(full))
                    connection.execute(
                        f"insert into records.{name} ({', '.join(map(identifier, full))}) values ({marks})",
                        list(full.values()),
                    )
        write_answer_states(path, ledger, windows)
        return path

    return write


def answer(role: str, value: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "value": value, "assessor": "0", **more}


def move(to: str, role: str, at: str, **more: Any) -> dict[str, Any]:
    return {"to_state": to, "role": role, "actor": f"{role}-1", "moved_at": f"{at}+00", **more}


def states(path: Path) -> list[tuple[object, ...]]:
    return fetch(path, "select printed_code, state, role, reason, transitions from scores.answer_states order by all")


def refused(path: Path) -> list[tuple[object, ...]]:
    return fetch(path, "select to_state, role, source_id, reason from scores.refused_moves order by all")


def test_answers_that_come_are_handed_in_and_go_their_course_once(told: Any, ledger: Ledger) -> None:
    rows = [answer("final", "3"), answer("external", "3", assessor="1"), answer("external", "2", assessor="2")]
    rows += [answer("opd", "4"), answer("internal", "3")]
    for batch in (0, 0, 1):
        path = told(answers=rows, batch=batch)
        assert states(path) == [("I8", "final", "final", None, 5)]
        assert refused(path) == []
    said = {who: links[-1].move.value for who, links in values(ledger.transitions(I8)).items()}
    assert said == {
        ("opd", ""): "4",
        ("internal", ""): "3",
        ("external", "1"): "3",
        ("external", "2"): "2",
        ("final", ""): "3",
    }


def test_a_returned_answer_waits_for_another_one(told: Any) -> None:
    mine = [answer("opd", "4")]
    told(answers=mine)
    back = move("returned", "internal", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}", reason="wrong")
    assert states(told(answers=mine, moves=[back])) == [("I8", "returned", "internal", "wrong", 2)]
    # Each later publication finds the same answer again: it was not handed in anew.
    assert states(told(answers=mine, moves=[back], batch=1)) == [("I8", "returned", "internal", "wrong", 2)]


def test_a_move_that_is_dated_ahead_does_not_stand_in_the_way(told: Any) -> None:
    ahead = move("returned", "internal", "2999-01-01 00:00:00", reason="wrong")
    path = told(answers=[answer("opd", "4")], moves=[ahead])
    assert states(path) == [("I8", "submitted", "opd", None, 1)]
    assert [(to, why) for to, _, _, why in refused(path)] == [("returned", "it is dated ahead of the ledger's clock")]


def test_p7_a_change_after_its_verification_is_told_and_touches_nobodys_value(told: Any, ledger: Ledger) -> None:
    told(answers=[answer("opd", "4"), answer("internal", "3")])
    path = told(answers=[answer("opd", "5"), answer("internal", "3")], batch=1)
    assert states(path) == [("I8", "verified", "internal", None, 2)]
    [(to, role, source, why)] = refused(path)
    assert (to, role, source) == ("submitted", "opd", "jawaban")
    assert "it is verified" in str(why)
    assert {who: links[-1].move.value for who, links in values(ledger.transitions(I8)).items()} == {
        ("opd", ""): "4",
        ("internal", ""): "3",
    }


def test_a_value_without_its_course_brings_no_state(told: Any) -> None:
    path = told(answers=[answer("external", "3"), answer("final", "3"), answer("opd", "3", code="I99")])
    assert (states(path), refused(path)) == ([], [])


@pytest.mark.parametrize(
    ("at", "moved"),
    [
        # Kutai Kartanegara is eight hours before UTC: its last day ends at 16:00.
        ("2026-05-15 15:59:59", True),
        ("2026-05-15 16:00:00", False),
        ("2026-03-31 16:00:00", True),
        ("2026-03-31 15:59:59", False),
    ],
)
def test_a_stage_is_open_by_the_clock_of_the_regency(told: Any, at: str, moved: bool) -> None:
    window = Window(
        stage="Mandiri",
        instrument="pemdi-2026",
        year=2026,
        opens=date(2026, 4, 1),
        closes=date(2026, 5, 15),
        allows=("submitted",),
    )
    path = told(moves=[move("submitted", "opd", at, value="4")], windows=[window])
    assert bool(states(path)) is moved
    assert bool(refused(path)) is not moved


@pytest.mark.parametrize(
    "course",
    [
        [("submitted", "opd"), ("verified", "internal"), ("assessed", "external"), ("final", "final")],
        [("draft", "opd"), ("submitted", "opd"), ("verified", "internal"), ("assessed", "interview")],
        [("submitted", "opd"), ("returned", "internal")],
        [("submitted", "opd"), ("verified", "internal"), ("assessed", "external"), ("objected", "opd")],
    ],
    ids=lambda course: course[-1][0],
)
def test_a_register_that_tells_days_alone_is_read_in_the_order_of_the_course(
    told: Any, ledger: Ledger, course: list[tuple[str, str]]
) -> None:
    more = {"returned": {"reason": "wrong"}, "objected": {"note": "sanggah"}}
    moves = [move(to, role, "2026-05-01 00:00:00", **more.get(to, {})) for to, role in course]
    path = told(moves=list(reversed(moves)))
    assert refused(path) == []
    assert [link.move.to_state for link in ledger.transitions(I8)] == [to for to, _ in course]


def test_what_is_dated_before_what_was_done_is_refused(told: Any) -> None:
    told(moves=[move("submitted", "opd", "2026-05-01 00:00:00")])
    path = told(
        moves=[move("submitted", "opd", "2026-05-01 00:00:00"), move("verified", "internal", "2026-04-01 00:00:00")]
    )
    assert "dated before" in str(refused(path)[0][3])
