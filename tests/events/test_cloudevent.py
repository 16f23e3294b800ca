"""What the door accepts as an event, and what it refuses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from events.cloudevent import MOST_IN_A_BATCH, CloudEvent, mode_of, nobody, read_events
from ledger.errors import RefusedError

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
BODY = b'{"specversion":"1.0","id":"1","source":"urn:x","type":"t","subject":"a_source"}'


def event(**changes: Any) -> bytes:
    content = {**json.loads(BODY), **changes}
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


def read_event(body: bytes) -> CloudEvent:
    [read] = read_events(body, {}, "structured")
    return read


def test_the_attributes_are_read_and_data_is_ignored() -> None:
    read = read_event(event(data={"anything": [1]}, extension="x", time="2026-01-01T00:00:00Z"))
    assert (read.id, read.source, read.type, read.subject) == ("1", "urn:x", "t", "a_source")
    assert not hasattr(read, "data")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        (event(specversion="0.3"), "specversion"),
        (event(specversion=None), "specversion"),
        (event(id=None), "id"),
        (event(id=""), "id"),
        (event(id=7), "id"),
        (event(id="x" * 257), "id"),
        (event(id="line\nbreak"), "id"),
        (event(source="nul\x00"), "source"),
        (event(type=None), "type"),
        (event(subject=None), "subject"),
        (event(subject="../etc"), "subject"),
        (event(subject="A_Source"), "subject"),
        (event(id="\ud800"), "body"),
    ],
)
def test_p10_a_malformed_event_is_refused_naming_the_attribute(body: bytes, where: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(body)
    assert refused.value.where == where
    assert "\n" not in str(refused.value)
    assert refused.value.do


def test_a_refusal_never_quotes_the_content() -> None:
    with pytest.raises(RefusedError) as refused:
        read_event(event(id="6402019901010001\n"))
    assert "6402019901010001" not in str(refused.value)


def test_p6_a_sender_s_name_for_an_event_keeps_no_number_of_a_person() -> None:
    told = nobody("kelahiran-6402014101900001", SECRET)
    assert told.startswith("hmac:")
    assert "6402014101900001" not in told
    assert told == nobody("kelahiran-6402014101900001", SECRET) != nobody("kelahiran-6402014101900002", SECRET)
    assert nobody("2f1c-20241121-0001", SECRET) == "2f1c-20241121-0001"


@pytest.mark.parametrize("digits", ["640201", "640201410190", "6402014101900", "6402014101900001", "64020141019000012"])
@pytest.mark.parametrize("around", ["{}", "kelahiran-{}", "{}-2", "a{}b"])
def test_p6_a_number_of_13_digits_and_more_is_kept_by_its_digest(digits: str, around: str) -> None:
    name = around.format(digits)
    told = nobody(name, SECRET)
    few = sum(map(str.isdigit, name)) < 13
    assert (told == name) is few
    assert (digits in told) is few
    assert told == nobody(name, SECRET) != nobody(f"{name}0", SECRET)


@pytest.mark.parametrize(("attribute", "most"), [("id", 256), ("source", 256), ("type", 256), ("subject", 100)])
def test_a_name_of_exactly_the_longest_length_is_taken_and_a_longer_one_is_not(attribute: str, most: int) -> None:
    assert getattr(read_event(event(**{attribute: "x" * most})), attribute) == "x" * most
    for length in (0, most + 1):
        with pytest.raises(RefusedError) as refused:
            read_event(event(**{attribute: "x" * length}))
        assert refused.value.where == attribute


HEADERS = {f"ce-{name}": value for name, value in json.loads(BODY).items()}


@pytest.mark.parametrize(
    ("headers", "mode"),
    [
        ({"content-type": "application/cloudevents+json"}, "structured"),
        ({"content-type": "Application/CloudEvents+JSON; charset=UTF-8"}, "structured"),
        ({"content-type": 'application/cloudevents+json;charset="utf-8"'}, "structured"),
        ({"content-type": "application/cloudevents-batch+json"}, "batched"),
        # The content type says it, whatever other headers there are.
        ({**HEADERS, "content-type": "application/cloudevents+json"}, "structured"),
        (HEADERS, "binary"),
        ({**HEADERS, "content-type": "text/csv"}, "binary"),
        ({"ce_id": "1"}, "binary"),
        ({"cloudevents:id": "1"}, "binary"),
        ({"cloudevents_id": "1"}, "binary"),
        ({}, None),
        ({"content-type": "application/json"}, None),
        ({"content-type": "application/cloudevents+xml", **HEADERS}, None),
        ({"content-type": "application/cloudevents"}, None),
        ({"content-type": "application/cloudevents+json; charset=latin-1"}, None),
        ({"content-type": "application/cloudevents+jsonx"}, None),
    ],
)
def test_the_form_of_an_event_is_told_by_its_headers(headers: Mapping[str, str], mode: str | None) -> None:
    if mode is not None:
        assert mode_of(headers) == mode
        return
    with pytest.raises(RefusedError) as refused:
        mode_of(headers)
    assert refused.value.where == "content-type"


def test_a_binary_event_is_read_from_its_headers_and_the_body_is_not_looked_at() -> None:
    headers = {**HEADERS, "ce-type": "berubah%20%E2%9C%93", "ce-time": "never", "ce-extension": "x", "host": "door"}
    [read] = read_events(b"\xff not json", headers, "binary")
    assert (read.id, read.source, read.type, read.subject) == ("1", "urn:x", "berubah ✓", "a_source")


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "subject"])
def test_a_binary_event_needs_every_attribute_and_none_with_controls(attribute: str) -> None:
    for headers in (
        {name: value for name, value in HEADERS.items() if name != f"ce-{attribute}"},
        {**HEADERS, f"ce-{attribute}": "a%0Ab"},
        {**HEADERS, f"ce-{attribute}": ""},
    ):
        with pytest.raises(RefusedError) as refused:
            read_events(b"", headers, "binary")
        assert refused.value.where == attribute


def batch(*bodies: bytes) -> bytes:
    return b"[" + b",".join(bodies) + b"]"


def test_a_batch_is_read_in_its_order_and_a_bad_event_in_it_is_named() -> None:
    events = read_events(batch(event(id="2"), event(id="1")), {}, "batched")
    assert [one.id for one in events] == ["2", "1"]
    assert len(read_events(batch(*[BODY] * MOST_IN_A_BATCH), {}, "batched")) == MOST_IN_A_BATCH
    for body, where in (
        (batch(BODY, event(id=None)), "1.id"),
        (batch(), "body"),
        (batch(*[BODY] * (MOST_IN_A_BATCH + 1)), "body"),
        (BODY, "body"),
    ):
        with pytest.raises(RefusedError) as refused:
            read_events(body, {}, "batched")
        assert refused.value.where == where
        assert refused.value.do.endswith("1 to 100")
