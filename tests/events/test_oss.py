"""OSS's own push becomes an event that keeps nothing of the push."""

import json

import pytest

from events import oss
from ledger.errors import RefusedError

PUSH = json.dumps({"dataNIB": {"nib": "9901234567890", "nama_perseroan": "Made Up"}}).encode()


def test_a_push_becomes_an_event_without_the_business() -> None:
    event = oss.read_push(PUSH, "key", "dpmptsp_proyek")
    assert event.source_id == "dpmptsp_proyek"
    assert event.sender == oss.SENDER
    assert "9901234567890" not in repr(event)
    assert "Made Up" not in repr(event)


def test_p4_the_same_push_is_the_same_event_and_a_changed_one_is_another() -> None:
    first = oss.read_push(PUSH, "key", "s")
    assert oss.read_push(PUSH, "key", "s") == first
    assert oss.read_push(PUSH + b" ", "key", "s").sender_event_id != first.sender_event_id
    assert oss.read_push(PUSH, "other key", "s").sender_event_id != first.sender_event_id


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"dataNIB": []}',
        b'{"dataNIB": {}}',
        b'{"dataNIB": {"nib": ""}}',
        b"[" * 200_000,
        b"9" * 5000,
    ],
    ids=range(8),
)
def test_what_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError, match="receiveNIB"):
        oss.read_push(body, "key", "s")


def test_a_user_key_must_be_one_of_those_in_force() -> None:
    assert oss.check_user_key("new", ["old", "new"]) == "new"
    for given, keys in ((None, ["old"]), ("", [""]), ("wrong", ["old"]), ("old", []), ("öld", ["old"])):
        with pytest.raises(RefusedError, match="user_key"):
            oss.check_user_key(given, keys)


def test_the_answer_has_the_envelope_of_oss() -> None:
    assert oss.answer(200, "Sukses") == {"responreceiveNIB": {"kode": 200, "keterangan": "Sukses"}}
