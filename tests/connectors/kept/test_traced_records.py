"""What a trace shows of the record that came: what the contract lands as it is, and nothing of a person."""

import json
from typing import Any

import pytest

from connectors.kept.trace import masked
from connectors.landing.personal import MASK
from tests.connectors.landing.conftest import source_of
from tests.connectors.pulling import NAME, NIK

SOURCE = source_of(
    {
        "id": {},
        "catatan": {},
        "nik": {"personal": "pseudonym"},
        "nama": {"personal": "drop"},
        "lahir": {"type": "date", "personal": {"keep": "the age decides the class"}},
        "nilai": {"from": "$.rincian.nilai"},
    },
    ["id"],
)
LISTED = source_of({"id": {"position": 0}, "catatan": {"position": 2}}, ["id"])
RECORD = {"id": "a", "catatan": "x"}


def shown(record: Any, source: Any = SOURCE) -> Any:
    return json.loads(masked(source, json.dumps(record).encode()))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nik", NIK),
        ("nama", NAME),
        ("lahir", "2023-01-01"),
        ("lain", "not declared"),
        ("rincian", {"nilai": 1, "nama": NAME}),  # inside there may be more than the column reads
        ("catatan", [NAME]),
    ],
)
def test_p6_only_what_lands_as_it_is_is_shown(field: str, value: Any) -> None:
    assert shown(RECORD | {field: value}) == RECORD | {field: MASK}
    assert shown(RECORD | {field: None}) == RECORD | {field: None}


@pytest.mark.parametrize("value", [NIK, int(NIK), f"anak dari {NIK}", "9964 0201 0123 0001", "no. kartu 0001234567890"])
def test_p6_a_persons_number_where_none_is_declared_is_not_shown(value: Any) -> None:
    assert shown(RECORD | {"catatan": value}) == {"id": "a", "catatan": MASK}
    assert shown(["a", "not declared", value], LISTED) == ["a", MASK, MASK]
    assert shown(["a", None, "x"], LISTED) == ["a", None, "x"]


@pytest.mark.parametrize("record", [b"", b"a;b", b'{"id": "a"', b"5", b'"text"', b"null"])
def test_p6_of_what_is_no_record_in_json_nothing_is_shown(record: bytes) -> None:
    assert masked(SOURCE, record) == ""
