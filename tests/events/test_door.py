"""The door: verified, stored, acknowledged, handed on; or refused in one line, with nothing kept."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from fastapi.testclient import TestClient

from events.cloudevent import MAX_BODY_BYTES
from events.dispatch import Dispatcher
from events.door import Senders, create_app
from ledger.errors import LedgerError
from ledger.names import agency_asset
from ledger.records import EventIn, StoredEvent
from ledger.settings import Settings
from ledger.store import Ledger
from tests.events.conftest import OPD, SECRET, FakeAirflow, message, signed

OTHER_SECRET = "whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldCBvdGhlciE="


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def post(door: TestClient, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    answer = door.post("/events", content=body, headers={**signed(body), **headers})
    return answer.status_code, answer.json()


def test_an_event_is_stored_acknowledged_and_handed_on(door: TestClient, ledger: Ledger, airflow: FakeAirflow) -> None:
    status, content = post(door, message("health_births"))
    assert status == 202
    stored = ledger.events_of("health_births")
    assert content == {"event": stored[0].event_id, "source": "health_births"}
    assert len(stored) == 1
    assert eventually(lambda: airflow.posted == [(agency_asset("health"), "health_births")])
    assert eventually(lambda: ledger.events_of("health_births")[0].status == "dispatched")


def test_p4_an_event_that_airflow_cannot_take_is_acknowledged_all_the_same(
    door: TestClient, ledger: Ledger, airflow: FakeAirflow
) -> None:
    airflow.down = True
    assert post(door, message())[0] == 202
    assert eventually(lambda: door.get("/health").json()["dispatch"].startswith("failing"))
    airflow.down = False
    assert eventually(lambda: airflow.posted == [(agency_asset("health"), "health_births")])
    assert eventually(lambda: door.get("/health").json()["dispatch"] == "ok")


@pytest.mark.fault(6)
def test_p4_a_hundred_deliveries_of_one_event_at_once_are_one_event(
    door: TestClient, ledger: Ledger, airflow: FakeAirflow
) -> None:
    body = message(identity="the same")
    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(lambda _: post(door, body), range(100)))
    assert {status for status, _ in answers} == {202}
    # The same receipt for each of them, to the byte.
    assert len({str(content) for _, content in answers}) == 1
    assert door.get("/health").json()["events"] == {"new": 1, "repeated": 99, "refused": {}}
    assert len(ledger.events_of("health_births", 200)) == 1


def test_the_same_id_from_another_sender_is_another_event(door: TestClient, ledger: Ledger) -> None:
    # Another agency cannot use up this one's ids: the names are kept apart by agency.
    for body in (
        message(identity="1"),
        message(identity="1", source="urn:second"),
        message("dpmptsp_proyek", identity="1"),
    ):
        assert post(door, body)[0] == 202
    assert (len(ledger.events_of("health_births")), len(ledger.events_of("dpmptsp_proyek"))) == (2, 1)


@pytest.mark.parametrize(
    "case",
    [
        (b"not json", {}, 400),
        (message(specversion="1.1"), {}, 400),
        (message("no_such_source"), {}, 404),
        (message(), {"webhook-signature": "v1,AAAA"}, 401),
        (message(), {"webhook-timestamp": "1000000000"}, 401),
        (b"x" * (MAX_BODY_BYTES + 1), {}, 413),
        (message(), {"content-type": "application/json"}, 415),
        (message(), {"content-type": "application/cloudevents+json; charset=utf-16"}, 415),
        (message(), {"x-filler": "x" * 16_384}, 431),
        (message(), {f"x-filler-{number}": "x" for number in range(101)}, 431),
    ],
)
def test_p10_a_bad_event_is_refused_in_one_line_and_leaves_nothing(
    door: TestClient, ledger: Ledger, airflow: FakeAirflow, case: tuple[bytes, dict[str, str], int]
) -> None:
    body, headers, status = case
    answer = post(door, body, **headers)
    assert answer[0] == status
    assert set(answer[1]) == {"error", "do"}
    assert all(isinstance(words, str) and words and "\n" not in words for words in answer[1].values())
    assert list(ledger.pending_events()) == []
    assert door.get("/health").json()["events"] == {"new": 0, "repeated": 0, "refused": {str(status): 1}}
    assert airflow.posted == []


def test_a_body_without_an_honest_length_is_cut_at_the_limit(door: TestClient) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        while sent < 50 * MAX_BODY_BYTES:
            sent += 1000
            yield b"x" * 1000

    headers = {"content-type": "application/cloudevents+json"}
    assert door.post("/events", content=endless(), headers=headers).status_code == 413


def padded(size: int) -> bytes:
    """An event whose body has so many bytes."""
    bare = len(message(identity="1", data=""))
    body = message(identity="1", data="x" * (size - bare))
    assert len(body) == size
    return body


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    yield from (body[at : at + size] for at in range(0, len(body), size))


@pytest.mark.parametrize("size", [999, MAX_BODY_BYTES], ids=["in pieces", "at once"])
def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(door: TestClient, size: int) -> None:
    for length, status in ((MAX_BODY_BYTES - 1, 202), (MAX_BODY_BYTES, 202), (MAX_BODY_BYTES + 1, 413)):
        body = padded(length)
        assert door.post("/events", content=in_pieces(body, size), headers=signed(body)).status_code == status


def test_a_push_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(door: TestClient) -> None:
    push = b'{"dataNIB": {"nib": "9901234567890"}}'
    for length, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
        answer = door.post("/oss/receiveNIB", content=push.ljust(length), headers={"user_key": "oss key"})
        assert answer.status_code == status


def test_the_limit_is_that_of_standard_webhooks() -> None:
    assert MAX_BODY_BYTES == 20_000


@pytest.mark.parametrize("number", ["0001234567890", "9964020101230001"])
def test_p6_no_name_that_a_sender_gives_brings_a_person_into_the_ledger(
    door: TestClient, ledger: Ledger, number: str
) -> None:
    body = message(identity=f"lahir-{number}", source=f"urn:agency:{number}", type=f"changed.{number}")
    with structlog.testing.capture_logs() as logs:
        assert post(door, body)[0] == 202
        assert post(door, body)[0] == 202
    [event] = ledger.events_of("health_births")
    assert number not in repr(event) + repr(logs)
    assert event.sender.startswith("health:hmac:")
    assert event.sender_event_id.startswith("hmac:")
    assert event.event_type.startswith("hmac:")


def test_a_secret_can_be_rotated_without_losing_an_event(
    settings: Settings, ledger: Ledger, dispatcher: Dispatcher, senders: Senders
) -> None:
    both = Senders(opd_of=senders.opd_of, secrets_for=lambda _: [OTHER_SECRET, SECRET])
    with TestClient(create_app(settings, ledger, dispatcher, both)) as door:
        for secret in (SECRET, OTHER_SECRET):
            body = message()
            assert door.post("/events", content=body, headers=signed(body, secret)).status_code == 202


@pytest.mark.fault(24)
def test_refusals_are_logged_without_secret_signature_or_content(door: TestClient) -> None:
    body = message(identity="a name that must not be logged")
    headers = {"webhook-signature": "v1,Zm9yZ2VkIGFzIGNhbiBiZQ=="}
    with structlog.testing.capture_logs() as logs:
        post(door, body, **headers)
    assert [entry["event"] for entry in logs] == ["event refused"]
    text = repr(logs)
    assert SECRET not in text
    assert "Zm9yZ2Vk" not in text
    assert "must not be logged" not in text


def test_every_refusal_is_counted_in_our_own_words_under_sources_that_exist(door: TestClient, ledger: Ledger) -> None:
    post(door, message(), **{"webhook-signature": "v1,Zm9yZ2Vk"})
    post(door, message(), **{"webhook-signature": "v1,Zm9yZ2Vk"})
    post(door, message(), **{"webhook-timestamp": "1000000000"})
    post(door, message("no_such_source"))
    post(door, message(), **{"content-type": "text/plain"})
    post(door, message(), **{"x-filler": "x" * 20_000})
    post(door, b"x" * (MAX_BODY_BYTES + 1))
    post(door, message(specversion="an attacker's text"))
    door.post("/oss/receiveNIB", json={"dataNIB": {"nib": "1"}}, headers={"user_key": "wrong"})
    door.post("/oss/receiveNIB", json={}, headers={"user_key": "oss key"})
    assert sorted((row.reason, row.source_id, row.count) for row in ledger.refusals()) == [
        ("content type", "", 1),
        ("headers", "", 1),
        ("malformed", "", 1),
        ("malformed", "dpmptsp_proyek", 1),
        ("signature", "health_births", 2),
        ("timestamp", "health_births", 1),
        ("too large", "", 1),
        ("unknown source", "", 1),
        ("user key", "dpmptsp_proyek", 1),
    ]
    assert [event for source in OPD for event in ledger.events_of(source)] == []


def test_a_push_to_a_regency_without_oss_is_counted_under_no_source(
    settings: Settings, ledger: Ledger, dispatcher: Dispatcher
) -> None:
    nobody = Senders(opd_of=lambda _: None, secrets_for=lambda _: [])
    with TestClient(create_app(settings, ledger, dispatcher, nobody)) as door:
        for key in ("oss key", "wrong"):
            door.post("/oss/receiveNIB", json={"dataNIB": {"nib": "1"}}, headers={"user_key": key})
    assert [(row.reason, row.source_id, row.count) for row in ledger.refusals()] == [("unknown source", "", 2)]


def batch(*bodies: bytes, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    """Events as one message, and the headers that go with it."""
    body = b"[" + b",".join(bodies) + b"]"
    return body, {**signed(body, secret), "content-type": "application/cloudevents-batch+json"}


def test_p4_a_batch_is_stored_whole_and_each_of_its_events_has_a_receipt(door: TestClient, ledger: Ledger) -> None:
    first = post(door, message("health_children", identity="1"))[1]
    one, two = message("health_births", identity="2"), message("health_children", identity="1")
    body, headers = batch(one, two, one)
    answers = [door.post("/events", content=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    [births] = ledger.events_of("health_births")
    receipts = [
        {"event": births.event_id, "source": "health_births"},
        first,
        {"event": births.event_id, "source": "health_births"},
    ]
    assert [answer.json() for answer in answers] == [{"events": receipts}] * 2
    assert len(ledger.events_of("health_children")) == 1
    assert door.get("/health").json()["events"]["new"] == 2


@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([message(), message(specversion="0.3")], 400),
        ([message(), message("no_such_source")], 404),
        ([], 400),
        ([message(identity=str(number)) for number in range(101)], 400),
    ],
)
def test_p10_of_a_batch_with_a_bad_event_nothing_is_stored(
    door: TestClient, ledger: Ledger, bodies: list[bytes], status: int
) -> None:
    body, headers = batch(*bodies)
    answer = door.post("/events", content=body, headers=headers)
    assert answer.status_code == status
    assert list(ledger.pending_events()) == []


def test_a_batch_must_be_signed_for_every_source_that_it_names(
    settings: Settings, ledger: Ledger, dispatcher: Dispatcher, senders: Senders
) -> None:
    keys = {"health_births": [SECRET], "health_children": [SECRET, OTHER_SECRET], "dpmptsp_proyek": [OTHER_SECRET]}
    own = Senders(opd_of=senders.opd_of, secrets_for=keys.__getitem__)
    with TestClient(create_app(settings, ledger, dispatcher, own)) as door:
        for sources, status in (
            (("health_births", "dpmptsp_proyek"), 401),
            (("health_births", "health_children"), 202),
        ):
            body, headers = batch(*map(message, sources))
            assert door.post("/events", content=body, headers=headers).status_code == status
    assert ledger.events_of("dpmptsp_proyek") == []
    assert len(ledger.events_of("health_births")) == 1


def test_an_event_in_binary_mode_is_the_same_event_as_in_structured_mode(door: TestClient, ledger: Ledger) -> None:
    content = json.loads(message(identity="m1"))
    attributes = {f"ce-{name}": value for name, value in content.items()}
    data = b"%PDF-1.4"
    answer = door.post(
        "/events", content=data, headers={**signed(data), **attributes, "content-type": "application/pdf"}
    )
    assert (answer.status_code, answer.json()) == post(door, message(identity="m1"))
    assert len(ledger.events_of("health_births")) == 1


def test_in_binary_mode_the_signature_covers_the_event_s_id(door: TestClient, ledger: Ledger) -> None:
    attributes = {f"ce-{name}": value for name, value in json.loads(message(identity="another")).items()}
    answer = door.post("/events", content=b"", headers={**signed(b""), **attributes, "content-type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "the event's id is not the one that is signed [webhook-id]",
    )
    assert ledger.events_of("health_births") == []


class BrokenLedger(Ledger):
    def record_events(self, events: Sequence[EventIn]) -> Sequence[StoredEvent]:
        raise LedgerError("the ledger cannot be reached: password=hunter2")

    def record_refusal(self, reason: str, source_id: str | None) -> None:
        raise LedgerError("the ledger cannot be reached")


def test_a_refusal_that_cannot_be_counted_is_answered_as_ever(
    settings: Settings, ledger_url: str, dispatcher: Dispatcher, senders: Senders
) -> None:
    with TestClient(create_app(settings, BrokenLedger(ledger_url), dispatcher, senders)) as door:
        assert post(door, message("no_such_source"))[0] == 404
        assert post(door, b"not json")[0] == 400


@pytest.mark.fault(28)
def test_an_event_that_cannot_be_stored_is_not_acknowledged(
    settings: Settings, ledger: Ledger, ledger_url: str, dispatcher: Dispatcher, senders: Senders
) -> None:
    with TestClient(create_app(settings, BrokenLedger(ledger_url), dispatcher, senders)) as door:
        body = message()
        answer = door.post("/events", content=body, headers=signed(body))
    assert answer.status_code == 503
    assert list(ledger.refusals()) == []
    assert answer.headers["retry-after"] == "60"
    assert "hunter2" not in answer.text


def test_a_push_of_oss_becomes_an_event_once(door: TestClient, ledger: Ledger, airflow: FakeAirflow) -> None:
    push = {"dataNIB": {"nib": "9901234567890", "nama_perseroan": "Made Up"}}
    for _ in range(2):
        answer = door.post("/oss/receiveNIB", json=push, headers={"user_key": "oss key"})
        assert answer.json() == {"responreceiveNIB": {"kode": 200, "keterangan": "Sukses"}}
    assert len(ledger.events_of("dpmptsp_proyek")) == 1
    assert eventually(lambda: airflow.posted == [(agency_asset("dpmptsp"), "dpmptsp_proyek")])


@pytest.mark.parametrize(
    ("content", "key", "kode"),
    [
        (b'{"dataNIB": {"nib": "1"}}', "wrong", 401),
        (b"{}", "oss key", 400),
        (b"x" * (MAX_BODY_BYTES + 1), "oss key", 413),
    ],
)
def test_a_bad_push_is_refused_in_the_words_of_oss(door: TestClient, content: bytes, key: str, kode: int) -> None:
    answer = door.post("/oss/receiveNIB", content=content, headers={"user_key": key})
    assert answer.status_code == kode
    assert answer.json()["responreceiveNIB"]["kode"] == kode


def test_what_is_pending_from_before_is_handed_on_at_the_start(
    settings: Settings, ledger: Ledger, dispatcher: Dispatcher, senders: Senders, airflow: FakeAirflow
) -> None:
    ledger.record_event(EventIn("urn:agency", "1", "changed", "health_children"))
    with TestClient(create_app(settings, ledger, dispatcher, senders)):
        assert eventually(lambda: airflow.posted == [(agency_asset("health"), "health_children")])
