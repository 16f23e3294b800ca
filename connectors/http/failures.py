"""What went wrong with one attempt, whether asking again may help, and the sentence a person gets in the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import requests
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from connectors.http.body import BodyError
from connectors.http.deadline import Deadline
from connectors.http.redact import Redactor, quote
from connectors.http.verdict import Verdict
from ledger.errors import ConfigError, FailedAnswer, SourceError, SourceErrorKind

# Who asks for more than a day counts milliseconds, or is mistaken: a source is asked once a day at least.
_RETRY_AFTER_MAX_S = 86400
_LOGIN_PLACE = re.compile(r"(?i)(?:^|[/._-])(?:log-?in|signin|masuk|auth|sso|cas)(?:[/?._-]|$)")

DO: Mapping[SourceErrorKind, str] = {
    "auth": "Renew the credentials in the source's connection, or ask the agency for access",
    "quota": "Wait, then pull again; ask the agency for a larger quota if it happens often",
    "retryable": "Pull again later; if it stays, ask the agency whether its system runs",
    "permanent": "Compare the source's arguments with the agency's documentation",
    "damaged": "Pull again; if it stays, show the agency this answer",
    "empty": "Ask the agency whether there should be data",
}
SENTENCE: Mapping[SourceErrorKind, str] = {
    "auth": "the source refused access",
    "quota": "the source says too many requests",
    "retryable": "the source does not answer properly now",
    "permanent": "the source refused the request",
    "damaged": "the source's answer is damaged",
    "empty": "the source has no data",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt. ``what`` is clean already; ``retry_after`` is what the source asked for, in seconds.

    ``answer`` is the answer that was not usable, None where none came whole.
    """

    kind: SourceErrorKind
    what: str
    again: bool
    retry_after: float | None = None
    do: str = ""
    answer: FailedAnswer | None = None

    def error(self, request: str, attempts: int) -> SourceError:
        """The error a caller gets after the last attempt."""
        asked = f" (asked {attempts} times)" if attempts > 1 else ""
        wait = f"; it asks to wait {self.retry_after:.0f} s" if self.retry_after else ""
        error = SourceError(
            self.kind,
            f"{SENTENCE[self.kind]}: {self.what}{wait}{asked}",
            where=request[:400],
            do=self.do or DO[self.kind],
            retry_after=self.retry_after if self.again and self.retry_after else None,
        )
        error.answer = self.answer
        return error


def from_verdict(verdict: Verdict, retry_after: float | None, redactor: Redactor) -> Failure:
    """The failure a verdict stands for; only ``retryable`` and ``quota`` are asked again."""
    kind = verdict.kind if verdict.kind != "ok" else "permanent"
    detail = redactor.known(redactor.text(verdict.detail)) or "no reason given"
    return Failure(kind, detail, again=kind in {"retryable", "quota"}, retry_after=retry_after)


def from_exception(error: Exception, deadline: Deadline, redactor: Redactor) -> Failure:
    """The failure behind an exception of the transport. Library messages, which hold URLs, are never quoted."""
    if isinstance(error, SourceError):
        return Failure(error.kind, f"{error.what} ({error.where})", again=error.kind == "retryable", do=error.do)
    if isinstance(error, BodyError):
        return Failure("damaged" if error.damaged else "retryable", str(error), again=error.transient)
    if deadline.expired:
        return Failure("retryable", f"no complete answer within {deadline.seconds:g} s", again=True)
    if isinstance(error, requests.exceptions.SSLError):
        return _tls(error, redactor)
    return _from_transport(error)


def _from_transport(error: Exception) -> Failure:
    if isinstance(error, requests.ConnectTimeout):
        return Failure("retryable", "no connection in time", again=True)
    if isinstance(error, requests.Timeout):
        return Failure("retryable", "the answer stopped coming", again=True)
    if isinstance(error, ValueError):  # requests' invalid URLs and headers are ValueErrors too
        return Failure("permanent", f"the request cannot be written as HTTP ({type(error).__name__})", again=False)
    if isinstance(error, requests.ConnectionError | OSError) and type(error) is not requests.RequestException:
        return Failure("retryable", _connection_words(error), again=True)
    return Failure("permanent", f"the transport failed ({type(error).__name__})", again=False)


def redirect_refusal(method: str, status: int, location: str) -> Failure | None:
    """Why a redirect is not followed, None when it may be. A POST turned into a GET would lose what was asked."""
    if _LOGIN_PLACE.search(location.partition("?")[0]):
        return Failure("auth", f"HTTP {status} sends us to a login page", again=False)
    if method == "POST" and status not in {307, 308}:
        return Failure("permanent", f"HTTP {status} redirects a posted request", again=False)
    return None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds a Retry-After header asks for (RFC 9110, 10.2.3: a number or a date), None without a readable one."""
    value = headers.get("Retry-After", "")
    if not value or len(value) > 64:
        return None
    try:
        return float(Retry(retry_after_max=_RETRY_AFTER_MAX_S).parse_retry_after(value))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _tls(error: Exception, redactor: Redactor) -> Failure:
    words = str(error)
    found = re.search(r"certificate verify failed: ([^()\"']{1,120})|(hostname '[^']*' doesn't match[^)]{0,80})", words)
    if found or "CERTIFICATE" in words.upper():
        reason = redactor.text(quote(found.group(0))) if found else "its certificate is not trusted"
        return Failure(
            "permanent",
            f"the server's identity could not be proved ({reason})",
            again=False,
            do="Ask the agency for its certificate authority and name the file as ca_bundle in the connection's extra",
        )
    return Failure("retryable", "the TLS handshake failed", again=True)


def _connection_words(error: Exception) -> str:
    words = str(error)
    for sign, meaning in (
        ("refused", "the connection was refused"),
        ("unreachable", "the network or host is unreachable"),
        ("reset", "the connection was reset"),
        ("aborted", "the connection was closed before an answer came"),
        ("timed out", "the answer stopped coming"),
    ):
        if sign in words:
            return meaning
    return f"the connection failed ({type(error).__name__})"


def config_error(what: str, where: str) -> ConfigError:
    """A connection that cannot be used as it is."""
    return ConfigError(what, where=where, do="Correct the source's connection")
