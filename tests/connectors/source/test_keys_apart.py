"""Whether a source's file rules out that two of its rows give one key of a record."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connectors.source.provided import tells_keys_apart
from connectors.source.source import Source
from definitions.records import load_records
from tests.connectors.source.test_proof import GOOD

COLUMNS: Mapping[str, Any] = {
    "nomor": {"required": True},
    "kode": {"required": True, "pattern": r"^\d{2}\.\d{2}$"},
    "tahun": {"type": "integer", "context": "tahun"},
    "hari": {"type": "date", "required": True},
    "jenis": {"required": True, "values": ["a", "b", "c"]},
    "lain": {"required": True},
}
LETTER: Mapping[str, Any] = {"region_code": "kode", "year": "tahun", "letter_id": "nomor"}
ONE_TO_ONE = {"from": "jenis", "codes": {"a": "1", "b": "2", "c": "3"}}
FOLDED = {"from": "jenis", "codes": {"a": "1", "b": "1", "c": "3"}}


def source(key: str, *entries: Mapping[str, Any], **more: object) -> Source:
    contract = {"key": key.split(), "columns": COLUMNS}
    return Source.model_validate({**GOOD, "opd": "dinas", "contract": contract, "provides": entries, **more})


def entry(*, where: Mapping[str, Sequence[str]] | None = None, record: str = "official_letter", **columns: Any) -> Any:
    return {"record": record, "columns": {**LETTER, **columns}, "where": where or {}}


@pytest.mark.parametrize(
    ("key", "columns", "apart"),
    [
        ("nomor", {}, True),
        ("nomor kode tahun", {}, True),
        ("nomor lain", {}, False),
        ("jenis", {"letter_id": ONE_TO_ONE}, True),
        ("jenis", {"letter_id": FOLDED}, False),
        ("kode", {"region_code": {"from": "kode", "region": "bps"}}, True),
        ("kode nomor", {"region_code": {"from": "kode", "region": "village"}}, False),
        ("kode lain nomor", {"region_code": {"region": {"name": "kode", "province": "lain"}}}, False),
        # The coverage is the year, and must be read from the record's key again.
        ("nomor", {"year": "_coverage"}, True),
        ("nomor", {"year": {"from": "hari", "take": "year"}}, False),
        # A column that is no part of the record's key tells nothing apart.
        ("nomor jenis", {"subject": "jenis"}, False),
    ],
)
def test_a_key_of_the_contract_is_read_from_the_key_of_the_record(
    key: str, columns: Mapping[str, Any], apart: bool
) -> None:
    assert tells_keys_apart(source(key, entry(**columns)), load_records()["official_letter"]) is apart


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        (entry(where={"jenis": ["a"]}), entry(where={"jenis": ["b", "c"]}), True),
        (entry(where={"jenis": ["a", "b"]}), entry(where={"jenis": ["b"]}), False),
        (entry(where={"jenis": ["a"]}), entry(), False),
        (entry(letter_id={"is": "x"}), entry(letter_id={"is": "y"}), True),
        # Of other rows, but read in another way: their keys may be the same.
        (entry(where={"jenis": ["a"]}), entry(where={"jenis": ["b"]}, letter_id="lain"), False),
        (
            entry(where={"jenis": ["a"]}),
            entry(subject={"from": "jenis", "codes": {"b": "x"}, "rest": "leave_out"}),
            True,
        ),
    ],
)
def test_two_entries_are_of_other_rows_or_of_other_keys(first: Any, second: Any, apart: bool) -> None:
    assert tells_keys_apart(source("kode tahun", first, second), load_records()["official_letter"]) is apart


def test_rows_without_a_coverage_are_told_apart_by_their_key() -> None:
    given = source("nomor", entry(year={"from": "hari", "take": "year"}), coverage={"grain": "all"}, for_each=[])
    assert tells_keys_apart(given, load_records()["official_letter"])


def test_a_row_that_is_chosen_by_one_value_need_not_say_it() -> None:
    chosen = entry(where={"jenis": ["a"]})
    assert tells_keys_apart(source("nomor jenis", chosen), load_records()["official_letter"])
    assert not tells_keys_apart(
        source("nomor jenis", entry(where={"jenis": ["a", "b"]})), load_records()["official_letter"]
    )
