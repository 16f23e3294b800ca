"""Calls in a format of their own become events that keep nothing of them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

import pytest
from fastapi.testclient import TestClient

from connectors.source.source import PushName
from events.dispatch import Dispatcher
from events.door import Senders, create_app
from events.pushes import FORMATS, read_push
from ledger.errors import RefusedError
from ledger.records import EventIn
from ledger.settings import Settings
from ledger.store import Ledger
from tests.events.conftest import OPD

NIB = "9901234567890"
PUSHES = {
    "oss.receiveNIB": json.dumps({"dataNIB": {"nib": NIB, "nama_perseroan": "Made Up"}}).encode(),
    "oss.receiveLicenseStatus": json.dumps(
        {"IZINSTATUS": {"nib": NIB, "id_izin": "I-1", "kd_status": "50", "nama_status": "Made Up"}}
    ).encode(),
    "bpjs.call": json.dumps({"kodebooking": "20241105A1", "nik": "9964020101230001", "nama": "Made Up"}).encode(),
}
BPJS = "99640:a secret:a user key"


def proof(name: str, secret: str = "", moment: int | None = None) -> dict[str, str]:
    """The headers that prove a secret."""
    if name.startswith("oss."):
        return {"user_key": secret or "oss key"}
    consumer, key, user_key = (secret or BPJS).split(":")
    at = str(moment if moment is not None else int(time.time()))
    made = base64.b64encode(hmac.digest(key.encode(), f"{consumer}&{at}".encode(), hashlib.sha256)).decode()
    return {"x-cons-id": consumer, "x-timestamp": at, "x-signature": made, "user_key": user_key}


SECRETS = {name: ["oss key"] if name.startswith("oss.") else [BPJS] for name in FORMATS}


def read(name: str, body: bytes, headers: Mapping[str, str] | None = None, source: str = "s") -> EventIn:
    return read_push(name, body, headers if headers is not None else proof(name), SECRETS[name], source)


def test_what_a_source_file_may_name_is_what_there_is() -> None:
    assert set(get_args(PushName)) == set(FORMATS) == set(PUSHES)


@pytest.mark.parametrize("name", FORMATS)
def test_p6_a_push_becomes_an_event_without_what_it_carries(name: str) -> None:
    event = read(name, PUSHES[name])
    assert (event.source_id, event.sender) == ("s", name)
    for word in (NIB, "Made Up", "9964020101230001", "20241105A1"):
        assert word not in repr(event)


@pytest.mark.parametrize("name", FORMATS)
def test_p4_the_same_push_is_the_same_event_and_a_changed_one_is_another(name: str) -> None:
    first = read(name, PUSHES[name])
    assert read(name, PUSHES[name], proof(name, moment=int(time.time()) - 60)) == first
    assert read(name, PUSHES[name] + b" ").sender_event_id != first.sender_event_id
    assert read(name, PUSHES[name], source="other").sender_event_id != first.sender_event_id
    other = {"oss key": "other key", BPJS: "1:other:key"}[SECRETS[name][0]]
    again = read_push(name, PUSHES[name], proof(name, other), [*SECRETS[name], other], "s")
    assert again.sender_event_id != first.sender_event_id


def test_p4_what_is_said_again_after_something_else_is_another_event(ledger: Ledger) -> None:
    """A status that goes from 50 to 90 and back to 50: three changes, each delivered twice."""
    calls = [read("oss.receiveNIB", PUSHES["oss.receiveNIB"] + blank) for blank in (b"", b" ", b"")]
    receipts = [ledger.record_event(call) for call in calls for _ in range(2)]
    assert [new for _, new in receipts] == [True, False] * 3
    assert len({event_id for event_id, _ in receipts}) == 3
    assert ledger.record_event(read("oss.receiveNIB", PUSHES["oss.receiveNIB"], source="other"))[1]


def test_a_call_without_a_body_is_known_by_its_moment() -> None:
    now = int(time.time())
    one, same, other = (read("bpjs.call", b"", proof("bpjs.call", moment=at)) for at in (now, now, now - 1))
    assert one == same != other


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("body", [b"[]", b"[" * 200_000, b"9" * 5000, b"\xff", b"{"], ids=range(5))
def test_what_is_no_push_is_refused(name: str, body: bytes) -> None:
    with pytest.raises(RefusedError) as refused:
        read(name, body)
    assert refused.value.where in ("body", "dataNIB.nib", "IZINSTATUS.nib")


@pytest.mark.parametrize("name", ["oss.receiveNIB", "oss.receiveLicenseStatus"])
def test_a_push_of_oss_has_its_own_wrapper_and_a_business(name: str) -> None:
    [wrapper] = json.loads(PUSHES[name])
    other = next(body for at, body in PUSHES.items() if at.startswith("oss.") and at != name)
    for body in (b"", b"{}", other, *(json.dumps({wrapper: its}).encode() for its in ([], {}, {"nib": ""}))):
        with pytest.raises(RefusedError):
            read(name, body)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("secrets", [[], [""], ["::"], ["99640::a user key"], ["öther"]], ids=range(5))
def test_a_call_must_prove_a_secret_that_is_in_force(name: str, secrets: Sequence[str]) -> None:
    for headers in (proof(name), {}, {**proof(name), "user_key": "ö"}):
        with pytest.raises(RefusedError) as refused:
            read_push(name, PUSHES[name], headers, secrets, "s")
        assert refused.value.where in ("user_key", "x-signature", "x-timestamp")


@pytest.mark.parametrize(
    "changes",
    [
        {"x-cons-id": "1"},
        {"x-signature": "Zm9yZ2Vk"},
        {"x-signature": ""},
        {"user_key": "another"},
        {"x-timestamp": str(int(time.time()) - 1)},
        {"x-timestamp": "now"},
        {"x-timestamp": ""},
    ],
)
def test_no_header_of_a_signed_call_may_be_another(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        read("bpjs.call", PUSHES["bpjs.call"], {**proof("bpjs.call"), **changes})
    read("bpjs.call", PUSHES["bpjs.call"], proof("bpjs.call"))


@pytest.mark.parametrize(("seconds", "taken"), [(-290, True), (290, True), (-310, False), (310, False)])
def test_a_signed_call_is_good_for_five_minutes(seconds: int, taken: bool) -> None:
    headers = proof("bpjs.call", moment=int(time.time()) + seconds)
    if taken:
        read("bpjs.call", PUSHES["bpjs.call"], headers)
        return
    with pytest.raises(RefusedError, match="5 minutes"):
        read("bpjs.call", PUSHES["bpjs.call"], headers)


def test_a_call_may_be_signed_without_a_user_key() -> None:
    headers = {name: value for name, value in proof("bpjs.call").items() if name != "user_key"}
    read_push("bpjs.call", b"{}", headers, ["99640:a secret"], "s")
    with pytest.raises(RefusedError):
        read_push("bpjs.call", b"{}", headers, [BPJS], "s")


@pytest.fixture
def announced(settings: Settings, ledger: Ledger, dispatcher: Dispatcher) -> Iterator[TestClient]:
    """A door where two sources are announced by OSS, one of them also by BPJS."""
    pushed: Mapping[str, Mapping[str, Sequence[str]]] = {
        "oss.receiveNIB": {"dpmptsp_proyek": ["oss key"], "health_births": ["another key"]},
        "oss.receiveLicenseStatus": {"dpmptsp_proyek": ["oss key"], "health_births": ["oss key"]},
        "bpjs.call": {"health_births": [BPJS]},
    }
    own = Senders(opd_of=OPD.get, secrets_for=lambda _: [], pushed=pushed.__getitem__)
    with TestClient(create_app(settings, ledger, dispatcher, own)) as door:
        yield door


@pytest.mark.parametrize(
    ("name", "path", "answer", "sources"),
    [
        (
            "oss.receiveNIB",
            "/oss/receiveNIB",
            {"responreceiveNIB": {"kode": 200, "keterangan": "Sukses"}},
            {"dpmptsp_proyek"},
        ),
        (
            "oss.receiveLicenseStatus",
            "/oss/receiveLicenseStatus",
            {"responreceiveLicenseStatus": {"kode": 200, "keterangan": "Sukses"}},
            {"dpmptsp_proyek", "health_births"},
        ),
        (
            "bpjs.call",
            "/bpjs/antrean/updatewaktu",
            {"metadata": {"code": 200, "message": "Ok"}},
            {"health_births"},
        ),
    ],
)
def test_a_push_becomes_one_event_of_each_source_that_it_announces(
    announced: TestClient, ledger: Ledger, name: str, path: str, answer: Mapping[str, object], sources: set[str]
) -> None:
    for _ in range(2):
        assert announced.post(path, content=PUSHES[name], headers=proof(name)).json() == answer
    stored = [event for source in OPD for event in ledger.events_of(source)]
    assert {event.source_id for event in stored} == sources
    assert [event.event_type for event in stored] == [FORMATS[name].event_type] * len(sources)


def test_a_bad_push_is_refused_in_the_sender_s_own_words_and_counted(announced: TestClient, ledger: Ledger) -> None:
    name = "bpjs.call"
    for headers, body, status in ((proof(name, "1:2:3"), b"{}", 401), (proof(name), b"[]", 400), ({}, b"{}", 401)):
        answer = announced.post("/bpjs/antrean/batal", content=body, headers=headers)
        assert (answer.status_code, answer.json()["metadata"]["code"]) == (status, status)
    assert announced.post("/oss/receiveNIB", content=b"{}", headers={"user_key": "x"}).status_code == 401
    assert sorted((one.reason, one.source_id, one.count) for one in ledger.refusals()) == [
        ("malformed", "health_births", 1),
        ("timestamp", "health_births", 1),
        ("user key", "dpmptsp_proyek", 1),
        ("user key", "health_births", 1),
    ]
    assert [event for source in OPD for event in ledger.events_of(source)] == []
