"""Derived records: not a digit changes."""

import json

import pytest

from connectors.protocols.records import dump_records, parse_exact


def test_numbers_in_derived_records_keep_their_digits() -> None:
    body = b'[{"a":0.10,"b":12345678901234567890.12,"c":1E5,"d":"\xc3\xbc","e":null,"f":[true,1]}]'
    assert dump_records(parse_exact(body)) == body
    with pytest.raises(TypeError):
        dump_records([{"a": 0.1}])
    assert json.loads(dump_records([{"a": "\ud800"}])) == [{"a": "\ufffd"}]
