"""Each bound at exactly its value, and one beyond it."""

import gzip
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.http.body import BodyError, _check_rate
from connectors.http.client import HttpClient, Request
from connectors.http.limits import Limits
from connectors.http.redact import QUOTE_CHARS, Redactor, quote
from connectors.http.verdict import json_verdict, words_of
from ledger.errors import SourceError
from ledger.settings import Connection

BODY = b"[" + b" " * 98 + b"]"
UNANNOUNCED = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


def told(client: HttpClient, url: str) -> str:
    """What stood in the way of an answer; empty where it came."""
    try:
        client.fetch(Request(url), json_verdict)
    except SourceError as error:
        return error.what
    return ""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("limit", "announced", "packed", "words"),
    [
        ("max_received", True, False, "announces more than"),
        ("max_received", False, False, "sent more than"),
        ("max_decoded", True, False, "unpacks to more than"),
        ("max_decoded", False, False, "unpacks to more than"),
        ("max_decoded", True, True, "unpacks to more than"),
        ("max_pull", True, False, "in one pull"),
        ("max_pull", True, True, "in one pull"),
    ],
)
def test_a_body_of_exactly_the_bound_is_taken_and_one_byte_more_is_not(
    server, client, respond, limit, announced, packed, words
) -> None:
    headers = {"Content_Encoding": "gzip"} if packed else {}
    sent = gzip.compress(BODY) if packed else BODY
    url = server.on("/a", respond(sent, **headers) if announced else UNANNOUNCED + sent)
    assert told(client(**{limit: len(BODY)}), url) == ""
    assert words in told(client(**{limit: len(BODY) - 1}), url)
    assert len(server.heard) == 2  # asking again would not help


@pytest.mark.integration
def test_what_is_received_is_counted_as_it_travels(server, client, respond) -> None:
    """A packed answer may be larger than the bound on the wire once it is unpacked."""
    packed = gzip.compress(BODY)
    assert len(packed) < len(BODY)
    url = server.on("/a", respond(packed, Content_Encoding="gzip"))
    assert told(client(max_received=len(packed)), url) == ""
    assert "announces more than" in told(client(max_received=len(packed) - 1), url)


@pytest.mark.integration
def test_a_pull_may_bring_exactly_its_bound_in_all_its_answers(server, client, respond) -> None:
    url = server.on("/a", respond(BODY))
    made = client(max_pull=3 * len(BODY))
    assert [told(made, url) for _ in range(3)] == ["", "", ""]
    assert "in one pull" in told(made, url)
    short = client(max_pull=3 * len(BODY) - 1)
    assert ["in one pull" in told(short, url) for _ in range(3)] == [False, False, True]


@pytest.mark.integration
@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_a_source_is_asked_exactly_as_often_as_allowed(server, client, respond, attempts) -> None:
    url = server.on("/a", *[respond(b"", 503)] * (attempts - 1), respond())
    assert told(client(attempts=attempts), url) == ""
    assert len(server.heard) == attempts
    server.on("/a", *[respond(b"", 503)] * attempts, respond())
    assert told(client(attempts=attempts), url)
    assert len(server.heard) == 2 * attempts


@pytest.fixture
def naps(server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``naps(limits)``: how long a client waits between its attempts at a server that is down.

    No time passes, or with ``passing`` that of the waits.
    """
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("connectors.http.client.time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr("connectors.http.client.random.uniform", lambda least, most: most)

    def waits(*, passing: bool = False, **limits: Any) -> list[float]:
        found: list[float] = []

        def sleep(seconds: float) -> None:
            found.append(seconds)
            clock.now += seconds if passing else 0.0

        connection = Connection(url=server.url, extra={"private": True})
        with HttpClient(connection, Limits(**limits), sleep=sleep) as made:
            assert told(made, f"{server.url}/a")
        return found

    return waits


@pytest.mark.integration
def test_a_wait_that_ends_exactly_with_the_patience_is_begun(server, respond, naps) -> None:
    server.on("/a", respond(b"", 503))
    assert naps(attempts=2, backoff_s=2, retry_total_s=2) == [2]
    assert naps(attempts=2, backoff_s=2, retry_total_s=1.99) == []
    server.on("/a", respond(b"", 429, Retry_After="30"))
    assert naps(attempts=2, backoff_s=2, retry_total_s=32) == [32]
    assert naps(attempts=2, backoff_s=2, retry_total_s=31) == []


@pytest.mark.integration
@pytest.mark.parametrize(
    ("patience", "waited"),
    [(1, [1]), (2.99, [1]), (3, [1, 2]), (6.99, [1, 2]), (7, [1, 2, 4]), (99, [1, 2, 4, 8, 16])],
)
def test_the_patience_counts_all_waits_together(server, respond, naps, patience: float, waited: list[float]) -> None:
    server.on("/a", respond(b"", 503))
    assert naps(passing=True, attempts=6, backoff_s=1, retry_total_s=patience) == waited


@pytest.mark.integration
def test_waits_double_up_to_their_bound(server, respond, naps) -> None:
    server.on("/a", respond(b"", 503))
    assert naps(attempts=6, backoff_s=1, backoff_max_s=4, retry_total_s=99) == [1, 2, 4, 4, 4]


@pytest.mark.parametrize(
    ("received", "seconds", "drips"),
    [
        (0, 15.0, False),  # within its grace
        (0, 15.01, True),
        (2000, 20.0, False),  # exactly as fast as it must be
        (1999, 20.0, True),
        (2001, 20.0, False),
    ],
)
def test_the_least_rate(received: int, seconds: float, drips: bool) -> None:
    limits = Limits(min_bytes_per_s=100, rate_grace_s=15)
    with pytest.raises(BodyError, match="drips") if drips else nullcontext():
        _check_rate(received, seconds, limits)


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("connect_s", (0.01, 120), (0, 120.01)),
        ("read_s", (0.01, 600), (0, 600.01)),
        ("total_s", (0.01, 3600), (0, 3600.01)),
        ("min_bytes_per_s", (0,), (-1,)),
        ("rate_grace_s", (0,), (-0.01,)),
        ("attempts", (1, 20), (0, 21)),
        ("retry_total_s", (0, 7200), (-0.01, 7200.01)),
        ("backoff_s", (0,), (-0.01,)),
        ("backoff_max_s", (0,), (-0.01,)),
        ("interval_s", (0, 600), (-0.01, 600.01)),
        ("concurrency", (1, 16), (0, 17)),
        ("max_received", (1,), (0,)),
        ("max_decoded", (1,), (0,)),
        ("max_pull", (1,), (0,)),
        ("max_redirects", (0, 10), (-1, 11)),
    ],
)
def test_p10_a_bound_that_makes_no_sense_is_refused(name: str, allowed: Any, refused: Any) -> None:
    for value in allowed:
        assert getattr(Limits(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(ValidationError, match=name):
            Limits(**{name: value})


def test_every_bound_is_among_those_that_are_tried() -> None:
    marks = test_p10_a_bound_that_makes_no_sense_is_refused.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marks[0].args[1]} == set(Limits.model_fields)


def test_a_pull_asks_for_one_page_at_a_time_unless_more_are_declared() -> None:
    assert Limits().ahead == 1
    assert [Limits(concurrency=number).ahead for number in (1, 2, 16)] == [1, 2, 16]


def test_words_of_exactly_the_bound_are_quoted_whole() -> None:
    assert quote("a" * QUOTE_CHARS) == "a" * QUOTE_CHARS
    assert quote("a" * (QUOTE_CHARS + 1)) == "a" * (QUOTE_CHARS - 1) + "…"


def test_an_answer_of_exactly_the_bound_is_looked_into_for_its_message() -> None:
    for size, words in ((64 * 1024, "{message: x, nama}"), (64 * 1024 + 1, "")):
        head = b'{"message": "x", "nama": "'
        assert words_of(head + b"y" * (size - len(head) - 2) + b'"}') == words


@pytest.mark.parametrize(("secret", "shown"), [("abc", "a abc b"), ("abcd", "a *** b")])
def test_a_secret_of_four_signs_is_hidden(secret: str, shown: str) -> None:
    assert Redactor(Connection(url="https://opd.example", password=secret)).text(f"a {secret} b") == shown
