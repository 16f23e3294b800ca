"""Records: what counts as some, and that not a digit of derived ones changes."""

import json
from typing import Any

import pytest

from connectors.protocols.records import count_rows, dump_records, parse_exact
from ledger.errors import SourceError


def test_numbers_in_derived_records_keep_their_digits() -> None:
    body = b'[{"a":0.10,"b":12345678901234567890.12,"c":1E5,"d":"\xc3\xbc","e":null,"f":[true,1]}]'
    assert dump_records(parse_exact(body)) == body
    with pytest.raises(TypeError):
        dump_records([{"a": 0.1}])
    assert json.loads(dump_records([{"a": "\ud800"}])) == [{"a": "\ufffd"}]


@pytest.mark.parametrize(
    ("found", "rows"),
    [([], 0), ({}, 0), (None, 0), ("", 0), ([{"a": 1}, {}], 2), ([[1], [2]], 2), ({"a": 1}, 1), ({"1": "x"}, 1)],
)
def test_a_list_or_one_object_counts(found: Any, rows: int) -> None:
    assert count_rows(found, "$.data", "GET /") == rows


@pytest.mark.parametrize(
    "found", [{"0": {"id": "a"}, "2": {"id": "b"}}, {"7": {"id": "a"}}, {"0": ["a", 1], "1": ["b", 2]}]
)
def test_p10_an_object_with_numbered_members_is_a_list_that_php_spoilt(found: Any) -> None:
    """It would count as one record, whose fields are records."""
    with pytest.raises(SourceError) as caught:
        count_rows(found, "$.data", "GET /")
    assert caught.value.kind == "damaged"
    assert f"an object with {len(found)} numbered members stands at $.data" in caught.value.what
    assert "array_values()" in caught.value.do


@pytest.mark.parametrize("found", ["x", 7, [1], [{}, []], True])
def test_anything_else_is_damage(found: Any) -> None:
    with pytest.raises(SourceError, match=r"no records at \$\.data"):
        count_rows(found, "$.data", "GET /")
