"""Where a difference of form begins: each bound of the policy, exactly and one beside it."""

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.decide import drift
from connectors.decide.drift import Form, ObservedForm, by_policy, changes, form_of, tame
from connectors.landing.pagetable import PageFacts
from connectors.landing.sample import MOST_PAGES, Sample, Value
from connectors.source.columns import Column
from ledger.records import QuarantineCount
from tests.connectors.landing.conftest import source_of

CONTRACT = source_of(
    {"id": {}, "nilai": {"type": "integer"}, "kelas": {"values": ["A", "B"]}, "catatan": {}}, ["id"]
).contract


def texts(count: int, kind: Any = "text") -> list[Value]:
    return [Value(f"v{nth}", kind) for nth in range(count)]


def seen(**change: Any) -> ObservedForm:
    given = {"received": 10, "unknown": [], "absent": [], "quarantine": [], "sample": Sample()} | change
    return ObservedForm(**given)


def some(fitting: int) -> Any:
    """Of any values so many fit any column."""
    return lambda values, column: fitting


def told(found: Sequence[drift.Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.said.partition(" (")[0]) for change in found]


@pytest.mark.parametrize(("fits", "renamed"), [(10, True), (9, True), (8, False), (0, False)])
def test_a_field_is_renamed_if_nine_of_ten_of_its_values_fit(fits: int, renamed: bool) -> None:
    given = seen(absent=["nilai"], unknown=["nilai_akhir"], sample=Sample(values={"nilai_akhir": texts(10)}))
    apart = [("removed", "nilai"), ("added", "nilai_akhir")]
    assert told(changes(CONTRACT, given, some(fits))) == ([("renamed", "nilai -> nilai_akhir")] if renamed else apart)


@pytest.mark.parametrize(("alike", "renamed"), [(0.6, True), (0.59, False)])
def test_a_name_must_be_alike_where_nothing_else_tells(
    monkeypatch: pytest.MonkeyPatch, alike: float, renamed: bool
) -> None:
    monkeypatch.setattr(drift, "likeness", lambda one, other: alike)
    given = seen(absent=["catatan"], unknown=["xyz"])
    apart = [("removed", "catatan"), ("added", "xyz")]
    assert told(changes(CONTRACT, given, some(0))) == ([("renamed", "catatan -> xyz")] if renamed else apart)


def test_values_alone_tell_of_a_new_name_only_where_one_field_is_missing() -> None:
    sample = Sample(values={"xyz": texts(10)})
    one = seen(absent=["nilai"], unknown=["xyz"], sample=sample)
    assert told(changes(CONTRACT, one, some(10))) == [("renamed", "nilai -> xyz")]
    two = seen(absent=["nilai", "kelas"], unknown=["xyz"], sample=sample)
    assert [kind for kind, _ in told(changes(CONTRACT, two, some(10)))] == ["removed", "removed", "added"]
    anything = seen(absent=["catatan"], unknown=["xyz"], sample=sample)  # any text fits a column of texts
    assert [kind for kind, _ in told(changes(CONTRACT, anything, some(10)))] == ["removed", "added"]


def test_a_new_name_takes_one_place_and_the_better_one() -> None:
    given = seen(absent=["nilai", "catatan"], unknown=["nilai_baru"], sample=Sample())
    assert told(changes(CONTRACT, given, some(0))) == [("renamed", "nilai -> nilai_baru"), ("removed", "catatan")]


@pytest.mark.parametrize(("rows", "retyped"), [(5, False), (6, True)])
def test_a_column_is_retyped_if_more_than_half_of_its_rows_cannot_be_read(rows: int, retyped: bool) -> None:
    given = seen(quarantine=[QuarantineCount("type", "nilai", rows), QuarantineCount("pattern", "nilai", 10)])
    assert [kind for kind, _ in told(changes(CONTRACT, given, some(0)))] == (["retyped"] if retyped else [])


@pytest.mark.parametrize(("fits", "exchanged"), [(9, True), (8, False)])
def test_columns_are_exchanged_if_nine_of_ten_values_fit_the_other(fits: int, exchanged: bool) -> None:
    refused = [QuarantineCount("type", "nilai", 10), QuarantineCount("values", "kelas", 10)]
    sample = Sample(values={"nilai": texts(10), "kelas": texts(10)})
    kinds = [kind for kind, _ in told(changes(CONTRACT, seen(quarantine=refused, sample=sample), some(fits)))]
    assert kinds == (["reordered", "reordered"] if exchanged else ["retyped"])


def test_one_column_alone_is_not_exchanged() -> None:
    def only_nilai(values: Sequence[Value], column: Column) -> int:
        return len(values) if column.values is not None else 0

    refused = [QuarantineCount("type", "nilai", 10), QuarantineCount("values", "kelas", 10)]
    sample = Sample(values={"nilai": texts(10), "kelas": texts(10)})
    found = changes(CONTRACT, seen(quarantine=refused, sample=sample), only_nilai)
    assert [kind for kind, _ in told(found)] == ["retyped"]


@pytest.mark.parametrize(("count", "shown", "more"), [(12, 12, ""), (13, 12, "; and 1 more"), (14, 12, "; and 2 more")])
def test_twelve_differences_of_a_kind_are_spelled_out(count: int, shown: int, more: str) -> None:
    found = changes(CONTRACT, seen(unknown=[f"f{nth:02}" for nth in range(count)]), some(0))
    _, [note] = by_policy(CONTRACT, found)
    assert note.observed == "; ".join(f"f{nth:02}" for nth in range(shown)) + more


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 60, "a" * 60),
        ("a" * 61, "a" * 60),
        ("t_1234567", "t_1234567"),
        ("t_12345678", "t_########"),
        ("kartu_0001234567890", "kartu_#############"),
        ("1a2b3c4d5e6f7g", "1a2b3c4d5e6f7g"),
        ("1a2b3c4d5e6f7g8", "#a#b#c#d#e#f#g#"),
        ("Siti Contohwan", "…"),
    ],
)
def test_p6_a_name_is_shown_up_to_its_bounds(name: str, shown: str) -> None:
    assert tame(name) == shown


def test_the_kind_of_a_column_is_compared_with_the_batch_before() -> None:
    numbers = Sample(values={"nilai": texts(3, "number"), "catatan": texts(3)}, order=("nilai", "catatan"))
    before = form_of(CONTRACT, numbers)
    assert before == Form(("nilai", "catatan"), {"nilai": "number", "catatan": "text"})
    now = Sample(values={"nilai": texts(3), "catatan": texts(3)}, order=("nilai", "catatan"))
    assert [kind for kind, _ in told(changes(CONTRACT, seen(sample=now, before=before), some(0)))] == ["retyped"]
    assert changes(CONTRACT, seen(sample=now), some(0)) == []
    unread = seen(sample=now, before=before, quarantine=[QuarantineCount("type", "nilai", 10)])
    assert len(changes(CONTRACT, unread, some(0))) == 1, "said once, as a column that cannot be read"


def test_p6_a_form_remembers_no_name_that_nobody_declared() -> None:
    sample = Sample(values={"Siti Contohwan": texts(1), "id": texts(1)}, order=("Siti Contohwan", "id"))
    assert form_of(CONTRACT, sample) == Form(("id",), {"id": "text"})


def test_a_sample_is_of_a_few_pages_and_of_those_that_bring_something_new() -> None:
    sample, first = Sample(), PageFacts(0, 1, frozenset({"a"}))
    assert not sample.wants(PageFacts(0, 0, frozenset({"a"})))
    assert sample.wants(first)
    sample._pages, sample._names = 1, {"a"}
    assert not sample.wants(first)
    assert sample.wants(PageFacts(1, 1, frozenset({"a", "b"})))
    for pages, wanted in ((MOST_PAGES - 1, True), (MOST_PAGES, False)):
        sample._pages = pages
        assert sample.wants(PageFacts(1, 1, frozenset({"c"}))) is wanted


def test_a_sampled_value_is_cut_and_none_is_no_value() -> None:
    sample = Sample()
    sample.add([{"a": "x" * 201, "b": None, "c": " ", "d": True, "e": [1]}])
    assert (sample.of("a"), sample.of("d")) == ([Value("x" * 200, "text")], [Value("true", "boolean")])
    assert [sample.of(name) for name in "bce"] == [[], [], []]
    assert sample.kind("e") == "nested"
