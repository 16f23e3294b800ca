"""P2: real steps of an evaluation die, meet a full disk or each other, and what is published in the end is the same.

The steps, dbt, Great Expectations, PostgreSQL and the files are real; only the moment of the death is chosen.
"""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from ledger.errors import MachineError
from ledger.store import Ledger
from pilar import steps
from pilar.audit.verification import Holdings, Scope, verify
from pilar.evaluation import ending, evaluate, warehouse
from publication import pointer
from tests.connectors.dying import Killed, dying
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NO_ROOM = r"larger than this machine allows|disk is full"

# (whose step, which step, at which call of it, before or after its work)
DEATHS = [
    (warehouse.MartFile, "keep", 2, True),
    (Ledger, "record_promotion", 3, True),
    (Ledger, "record_gate", 7, True),
    (Ledger, "finish_evaluation", 1, True),
    (Ledger, "prepare_publication", 1, True),
    (pointer, "swap", 1, False),
    (pointer, "swap", 1, True),
    (Ledger, "record_publication", 1, True),
]


@pytest.fixture(autouse=True)
def undue(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something is due in each test, by another rule each time; who is not at work is dead at once."""
    inputs, rules = evaluate._inputs, os.urandom(4).hex()

    def by_other_rules(*given: object) -> object:
        batches, digest = inputs(*given)  # type: ignore[arg-type]  # handed on
        return batches, f"{rules}{digest}"[:64]

    monkeypatch.setattr(evaluate, "_inputs", by_other_rules)
    monkeypatch.setattr(ending, "BETWEEN_STEPS_SECONDS", 0)
    monkeypatch.setattr(ending, "RUN_AT_MOST_SECONDS", 0)
    yield
    assert not steps.evaluation_due()
    assert damage(installation) == []


def damage(installation: Installation) -> list[str]:
    holdings = Holdings(installation.settings.home, installation.settings.key_dir, installation.ledger)
    return [str(line.damage) for line in verify(installation.ledger.witnesses, holdings, Scope()) if line.damage]


def scored(*, anyway: bool = False) -> str:
    evaluation_id = steps.build_candidates(anyway=anyway)
    assert evaluation_id is not None
    return steps.score(evaluation_id)


def whole() -> str:
    return steps.publish(scored())


def tables(installation: Installation) -> dict[str, list[tuple[object, ...]]]:
    """What readers see of the figures, without the name and the moment of the evaluation that put them in force."""
    file = pointer.resolve(installation.settings.published_dir) / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables() where schema_name = 'pillars'").fetchall()
        return {
            name: connection.execute(
                f"select columns(lambda c: c not in ('evaluation_id', 'promoted_at')) from pillars.{name} order by all"
            ).fetchall()
            for (name,) in names
        }


def drafts(installation: Installation) -> list[Path]:
    settings = installation.settings
    return [
        *settings.home.glob("promoted/*/.*"),
        *settings.warehouse_dir.glob("*.draft"),
        *(path for path in settings.published_dir.glob("*.tmp-*")),
    ]


@pytest.mark.fault(1)
@pytest.mark.parametrize(
    ("owner", "name", "nth", "after"), DEATHS, ids=[f"{name}-{nth}-{after}" for _, name, nth, after in DEATHS]
)
def test_p2_an_evaluation_may_die_anywhere_and_the_next_sweep_makes_it_good(
    installation: Installation, owner: object, name: str, nth: int, after: bool
) -> None:
    before, seen = installation.published(), tables(installation)
    with pytest.raises(Killed), dying(owner, name, nth, after=after):
        whole()
    last = installation.ledger.last_evaluation()
    assert last is not None
    assert damage(installation) == []
    published = name == "record_publication" or (name == "swap" and after)
    assert (installation.published() == before) is not published
    assert tables(installation) == seen
    assert steps.evaluation_due()
    steps.watch()
    ended = installation.ledger.evaluation(last.evaluation_id)
    assert ended is not None
    assert ended.status == "interrupted"
    assert drafts(installation) == []
    whole()
    assert installation.published() != before
    assert tables(installation) == seen


@pytest.mark.fault(1, 2)
@pytest.mark.parametrize(("step", "how"), [("score", "SIGKILL"), ("publish", "SIGKILL"), ("publish", "SIGTERM")])
def test_p2_a_killed_process_is_seen_at_once_and_leaves_nothing_behind(
    installation: Installation, step: str, how: str
) -> None:
    """A real signal: no line of Python runs after it."""
    evaluation_id = steps.build_candidates()
    assert evaluation_id is not None
    if step == "publish":
        steps.score(evaluation_id)
    where, name = {"score": ("expectations.gate", "run_gate"), "publish": ("publication.build", "write_manifest")}[step]
    code = (
        f"import os, signal, {where} as where\nfrom pilar import steps\n"
        f"where.{name} = lambda *_: os.kill(os.getpid(), signal.{how})\nsteps.{step}({evaluation_id!r})"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, timeout=120, cwd=evaluate.REPOSITORY)
    assert killed.returncode == -signal.Signals[how]
    assert steps.evaluation_due()
    whole()
    assert drafts(installation) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The system refuses every write beyond this size, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run_without_room(installation: Installation, step: str, part: float, last: Path) -> None:
    """One step, where no file may grow beyond a part of what the step writes."""
    if step == "build":
        with files_of_at_most(int(last.stat().st_size * part)):
            steps.build_candidates()
        return
    evaluation_id = scored()
    copied = pointer.resolve(installation.settings.published_dir) / "marts.duckdb"
    with files_of_at_most(int(copied.stat().st_size * part)):
        steps.publish(evaluation_id)


@pytest.mark.fault(3, 4)
@pytest.mark.parametrize("part", [0.02, 0.3])
@pytest.mark.parametrize("step", ["build", "publish"])
def test_p10_without_room_on_the_disk_one_line_says_so_and_everything_is_undone(
    installation: Installation, step: str, part: float
) -> None:
    before, seen = installation.published(), tables(installation)
    last = max(installation.settings.warehouse_dir.glob("[0-9]*.duckdb"))
    kept = set(installation.settings.warehouse_dir.glob("[0-9]*"))
    with pytest.raises(MachineError, match=NO_ROOM) as told:
        run_without_room(installation, step, part, last)
    assert "\n" not in str(told.value)
    found = installation.ledger.last_evaluation()
    assert found is not None
    assert (found.status, found.detail) == ("interrupted", str(told.value))
    assert drafts(installation) == []
    assert set(installation.settings.warehouse_dir.glob("[0-9]*")) <= kept
    assert (installation.published(), tables(installation), damage(installation)) == (before, seen, [])
    assert steps.evaluation_due()
    whole()
    assert tables(installation) == seen


@pytest.mark.fault(26)
def test_p3_two_evaluations_at_once_both_end_and_readers_see_the_later_one(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "RUN_AT_MOST_SECONDS", 3600)
    first, second = scored(), scored(anyway=True)
    with ThreadPoolExecutor(2) as both:
        results = [both.submit(steps.publish, evaluation_id) for evaluation_id in (first, second)]
    assert results[1].exception() is None
    newest = installation.ledger.last_evaluation("published")
    assert newest is not None
    assert newest.evaluation_id == second
    assert installation.published() == results[1].result()
    left = installation.ledger.evaluation(first)
    assert left is not None
    assert left.status in ("published", "failed")
