"""What the door accepts as an event, and what it refuses."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from events.cloudevent import nobody, read_event, verify_signature
from ledger.errors import RefusedError

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()
BODY = b'{"specversion":"1.0","id":"1","source":"urn:x","type":"t","subject":"a_source"}'


def event(**changes: Any) -> bytes:
    content = {**json.loads(BODY), **changes}
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


def signed(body: bytes = BODY, secret: str = SECRET, offset: timedelta = timedelta()) -> dict[str, str]:
    moment = datetime.now(UTC) + offset
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", moment, body.decode()),
    }


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


def test_a_good_signature_passes_under_every_secret_in_force() -> None:
    verify_signature(BODY, signed(), [SECRET])
    verify_signature(BODY, signed(secret=OLD_SECRET), [SECRET, OLD_SECRET])


@pytest.mark.fault(8)
def test_several_signatures_in_one_header_are_tried() -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,{'A' * 43}= {headers['webhook-signature']}"
    verify_signature(BODY, headers, [SECRET])


@pytest.mark.fault(9)
@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_that_is_a_little_off_is_tolerated(seconds: int) -> None:
    verify_signature(BODY, signed(offset=timedelta(seconds=seconds)), [SECRET])


@pytest.mark.fault(8)
@pytest.mark.parametrize("seconds", [-310, 310, -(10**8)])
def test_an_expired_or_future_event_is_refused_as_such(seconds: int) -> None:
    with pytest.raises(RefusedError, match="5 minutes off") as refused:
        verify_signature(BODY, signed(offset=timedelta(seconds=seconds)), [SECRET])
    assert refused.value.where == "webhook-timestamp"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "m2"},
        {"webhook-id": ""},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": ""},
        {"webhook-signature": "no comma"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1a,abc"},
        {"webhook-signature": "v1,a,b"},
    ],
)
def test_a_damaged_header_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="not verified"):
        verify_signature(BODY, {**signed(), **changes}, [SECRET])


@pytest.mark.fault(8)
def test_a_forged_signature_and_an_edited_body_are_refused() -> None:
    with pytest.raises(RefusedError, match="no matching signature"):
        verify_signature(BODY, signed(secret=OLD_SECRET), [SECRET])
    with pytest.raises(RefusedError, match="no matching signature"):
        verify_signature(BODY + b" ", signed(), [SECRET])
    with pytest.raises(RefusedError, match="missing required headers"):
        verify_signature(BODY, {}, [SECRET])


def test_a_body_that_is_no_text_is_refused() -> None:
    with pytest.raises(RefusedError):
        verify_signature(b"\xff", signed(), [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_!"]])
def test_without_a_usable_secret_nothing_passes(secrets: list[str]) -> None:
    with pytest.raises(RefusedError):
        verify_signature(BODY, signed(), secrets)


def test_the_refusal_shows_neither_secret_nor_signature() -> None:
    headers = signed(secret=OLD_SECRET)
    with pytest.raises(RefusedError) as refused:
        verify_signature(BODY, headers, [SECRET])
    assert SECRET not in str(refused.value)
    assert headers["webhook-signature"] not in str(refused.value)
