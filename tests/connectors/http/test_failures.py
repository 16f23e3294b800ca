"""Retry-After, and what a failure tells a person."""

import time
from email.utils import formatdate

import pytest

from connectors.http.failures import Failure, from_verdict, redirect_refusal, retry_after_s
from connectors.http.redact import Redactor
from connectors.http.verdict import Verdict
from ledger.settings import Connection


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999999", 86400),
        pytest.param(formatdate(time.time() - 50, usegmt=True), 0, id="a date that has passed"),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        pytest.param("9" * 5000, None, id="too many digits"),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value}) == seconds


def test_retry_after_as_a_date() -> None:
    found = retry_after_s({"Retry-After": formatdate(time.time() + 90, usegmt=True)})
    assert found is not None
    assert 88 <= found <= 90


@pytest.mark.parametrize(
    ("kind", "again"),
    [("retryable", True), ("quota", True), ("auth", False), ("permanent", False), ("damaged", False)],
)
def test_only_what_may_pass_is_asked_again(kind: str, again: bool) -> None:
    failure = from_verdict(Verdict(kind, "x"), None, Redactor())  # type: ignore[arg-type]
    assert (failure.kind, failure.again) == (kind, again)


def test_p10_an_error_says_what_where_and_what_to_do_in_one_line() -> None:
    redactor = Redactor(Connection(url="https://h", password="rahasia-1"))
    verdict = Verdict("quota", "Kuota\nhabis untuk rahasia-1")
    error = from_verdict(verdict, 60, redactor).error("GET https://h/a", 3)
    assert str(error) == (
        "the source says too many requests: Kuota habis untuk ***; it asks to wait 60 s (asked 3 times) [GET https://h/a]."
        " Wait, then pull again; ask the agency for a larger quota if it happens often"
    )
    assert Failure("damaged", "x", again=False).error("y", 1).kind == "damaged"


@pytest.mark.parametrize(
    ("kind", "asked", "told"),
    [("quota", 60, 60), ("retryable", 60, 60), ("quota", 0, None), ("quota", None, None), ("auth", 60, None)],
)
def test_an_error_carries_the_wait_that_was_asked_for_where_asking_again_may_help(
    kind: str, asked: float | None, told: float | None
) -> None:
    failure = from_verdict(Verdict(kind, "x"), asked, Redactor())  # type: ignore[arg-type]
    assert failure.error("GET https://h/a", 1).retry_after == told


@pytest.mark.parametrize(
    ("method", "status", "location", "kind"),
    [
        ("GET", 302, "/b", None),
        ("GET", 302, "/catalog-index/b", None),
        ("GET", 302, "/login", "auth"),
        ("GET", 302, "https://sso.example/auth/realms?x", "auth"),
        ("GET", 303, "/pages/sign-in", None),
        ("POST", 307, "/b", None),
        ("POST", 302, "/b", "permanent"),
        ("POST", 302, "/masuk", "auth"),
    ],
)
def test_redirects(method: str, status: int, location: str, kind: str | None) -> None:
    refused = redirect_refusal(method, status, location)
    assert (refused.kind if refused else None) == kind
