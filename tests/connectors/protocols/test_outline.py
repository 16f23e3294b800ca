"""The outline of an answer says what the whole one says, except what stands in its records."""

import json

import pytest

from connectors.http.verdict import DamagedJsonError, parse_json
from connectors.protocols import outline
from connectors.protocols.outline import outliner

HEADERS = {"Content-Type": "application/json"}
READABLE = {
    "objects": b'{"total": 2, "data": [{"a": 1}, {"a": [1, {"b": null}]}], "next": "x"}',
    "arrays": b'{"data": [[1, 2], [3]]}',
    "empty": b'{"data": []}',
    "null": b'{"data": null}',
    "one object": b'{"data": {"a": 1}}',
    "mixed": b'{"data": [{"a": 1}, null]}',
    "absent": b'{"rows": [{"a": 1}]}',
    "list": b'[{"a": 1}]',
    "text": b'"data"',
    "lone surrogate": b'{"data": [{"a": "\\ud800"}]}',
    "mark": b'\xef\xbb\xbf{"data": [{"a": "\xc3\xa9"}]}',
}
DAMAGED = {
    "records twice": b'{"data": [{"a": 1}], "data": [{"a": 1}, {"a": 2}]}',
    "member twice": b'{"total": 1, "data": [{"a": 1}], "total": 2}',
    "NaN": b'{"data": [{"a": NaN}]}',
    "NaN outside": b'{"x": NaN, "data": [{"a": 1}]}',
    "line break": b'{"data": [{"a": "x\ny"}]}',
    "no UTF-8": b'{"data": [{"a": "\xff"}]}',
    "leading zero": b'{"data": [{"a": 01}]}',
    "comma": b'{"data": [{"a": 1,}]}',
    "more": b'{"data": [{"a": 1}]} x',
    "escape": b'{"data": [{"a": "\\x"}]}',
    "word": b'{"data": [{"a": tru}]}',
    "key": b'{"data": [{a: 1}]}',
    "cut": b'{"data": [{"a": 1}, {"a"',
}


@pytest.fixture(autouse=True)
def however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline, "_WORTHWHILE", 0)


def without_members(found: object) -> object:
    """A whole answer, with what an outline leaves out left out."""
    data = found.get("data") if isinstance(found, dict) else None
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        return {**found, "data": [data[0], *([{}] * (len(data) - 2)), data[-1]] if len(data) > 1 else data}  # type: ignore[dict-item]
    return found


@pytest.mark.parametrize("name", READABLE)
def test_an_outline_is_the_answer_without_the_members_of_its_records(name: str) -> None:
    whole = parse_json(READABLE[name], HEADERS)
    outlined = outliner("$.data", ["$.next"])(READABLE[name], HEADERS)
    assert outlined in (whole, without_members(whole))


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_json_is_said_in_the_same_words(name: str) -> None:
    with pytest.raises(DamagedJsonError) as usual:
        parse_json(DAMAGED[name], HEADERS)
    with pytest.raises(DamagedJsonError) as outlined:
        outliner("$.data", [])(DAMAGED[name], HEADERS)
    assert str(outlined.value) == str(usual.value)


def test_another_charset_is_refused() -> None:
    with pytest.raises(DamagedJsonError, match="latin"):
        outliner("$.data", [])(b'{"data": []}', {"Content-Type": "application/json; charset=latin-1"})


@pytest.mark.parametrize("others", [["$.data.next"], ["$.data[*].id"]], ids=["member", "each"])
def test_paths_that_lead_into_the_records_are_not_cut_off(others: list[str]) -> None:
    body = json.dumps({"data": [{"id": 1}]}).encode()
    assert outliner("$.data", others)(body, HEADERS) == {"data": [{"id": 1}]}


def test_records_at_the_root_are_counted() -> None:
    assert outliner("$", ["$.total"])(b'[{"a": 1}, {"a": 2}, {"a": 3}]', HEADERS) == [{"a": 1}, {}, {"a": 3}]
