"""Incremental pulls that die, come twice or come in another order: the joined table is that of an undisturbed run."""

from itertools import permutations
from typing import Any

import pytest

from connectors.decide import decision as decision_module
from connectors.landing import files as files_module
from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.source.plan import plan_of
from connectors.source.source import Source
from ledger.keys import Keys
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.deltas import COLUMNS, make, seen
from tests.connectors.dying import Killed, dying
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import pull_pages

NAMES = ("id", "nilai", "diubah", "bulan")
Version = tuple[str, int, str, str]
FIRST: list[Version] = [
    ("a", 1, "2024-03-01", "2024-01"),
    ("b", 2, "2024-03-02", "2024-01"),
    ("c", 3, "2024-03-03", "2024-02"),
    ("d", 4, "2024-03-09", "2024-02"),
]
LATER: list[Version] = [
    ("b", 20, "2024-03-10", "2024-01"),
    ("c", 30, "2024-03-10", "2024-02"),
    ("late", 9, "2024-03-04", "2024-01"),
    ("new", 5, "2024-03-11", "2024-02"),
]


class System:
    """An agency's system as it is now: one version of each record, asked from a cursor on."""

    def __init__(self, *versions: Version) -> None:
        self.now = {version[0]: version for version in sorted(versions, key=lambda version: version[2])}

    def pages(self, source: Source, ledger: Ledger, settings: Settings) -> list[Page]:
        """What a pull that begins now is answered."""
        contract = source.contract_sha256(Keys.load(settings.key_dir).pseudonym_fingerprint)
        bound = plan_of(source, ledger.read_up_to(source.id, contract, synthetic=False), ledger.now()).bound or ""
        rows = [dict(zip(NAMES, version, strict=True)) for version in self.now.values() if version[2] >= bound]
        return [page_of(rows[:2], 0), page_of(rows[2:], 1)]

    def table(self) -> list[tuple[Any, ...]]:
        """What readers should see."""
        return sorted((name, value, day, month) for name, value, day, month in self.now.values())


def source_with_months() -> Source:
    columns = COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}}
    return make(columns=columns, coverage={"from": "bulan", "grain": "month"})


def table(source: Source, ledger: Ledger, settings: Settings) -> list[tuple[Any, ...]]:
    return sorted((name, value, day.isoformat(), month) for name, value, day, month in seen(source, ledger, settings))


# (whose step, which step, at which call of it, before or after its work)
STEPS = [
    (Landing, "finish", 1, True),
    (files_module, "_copy", 3, True),
    (Landing, "write_revision", 1, True),
    (decision_module, "decide", 2, True),
    (Ledger, "finish_batch", 1, False),
    (Ledger, "finish_batch", 1, True),
    (Ledger, "finish_batch", 2, True),
]


# The first pull reads everything, the second only what is new; a first one revises nothing.
CASES = [(step, first) for step in STEPS for first in (True, False) if not (first and step[1] == "write_revision")]
IDS = [f"{'first' if first else 'delta'}-{name}-{nth}-{after}" for (_, name, nth, after), first in CASES]


@pytest.mark.parametrize(("step", "first"), CASES, ids=IDS)
def test_p2_an_incremental_pull_may_die_anywhere_and_be_run_again(
    ledger: Ledger, settings: Settings, step: tuple[Any, str, int, bool], first: bool
) -> None:
    """In between the system goes on: what the dead pull had read must not hide what came since."""
    owner, name, nth, after = step
    source, system = source_with_months(), System(*FIRST)
    if not first:
        pull_pages(source, system.pages(source, ledger, settings), ledger, settings)
        system = System(*FIRST, *LATER)
    asked = system.pages(source, ledger, settings)
    with dying(owner, name, nth, after=after), pytest.raises(Killed):
        pull_pages(source, asked, ledger, settings)
    for then in (system, System(*FIRST, *LATER), System(*FIRST, *LATER)):
        pull_pages(source, then.pages(source, ledger, settings), ledger, settings)
        assert table(source, ledger, settings) == then.table()
    assert {batch.status for batch in ledger.batches(source.id, 2)} == {"unchanged"}


DELTAS: list[list[Version]] = [
    [("b", 20, "2024-03-05", "2024-01"), ("c", 30, "2024-03-05", "2024-02")],
    [("b", 21, "2024-03-06", "2024-02"), ("x", 7, "2024-03-06", "2024-02")],
    [("c", 31, "2024-03-07", "2024-02"), ("a", 10, "2024-03-04", "2024-01")],
]


@pytest.mark.parametrize("order", list(permutations(range(3)))[1::2], ids=str)
def test_p2_deltas_that_come_twice_or_in_another_order_make_the_same_table(
    ledger: Ledger, settings: Settings, order: tuple[int, ...]
) -> None:
    source = source_with_months()
    everything = System(*FIRST, *(version for delta in DELTAS for version in delta))
    pull_pages(source, System(*FIRST).pages(source, ledger, settings), ledger, settings)
    for at in (*order, order[0]):
        rows = [dict(zip(NAMES, version, strict=True)) for version in DELTAS[at]]
        pull_pages(source, [page_of(rows)], ledger, settings)
    assert table(source, ledger, settings) == everything.table()
