"""No secret and no person in any text that leaves the client: requests in receipts, logs, errors.

Two nets hang one behind the other. By place: parameters, headers and path parts whose name says they are secret. By
value: every secret of the connection, and every token obtained with it, in the encodings in which it may travel.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit
from urllib.parse import quote as percent_encode

from connectors.http.words import MASKED, known_words, words_of
from ledger.masks import mask_numbers, mask_words
from ledger.settings import Connection

MASK = "***"
QUOTE_CHARS = 200
_LEAST_READ = 1000

_SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase)?$|secret|token|api[_-]?key|user[_-]?key|app[_-]?key|private[_-]?key|access[_-]?key|^key$"
    r"|authorization|cookie|signature|^sig$|credential|session|captcha|cons[_-]?id|^x[_-]signature$",
    re.IGNORECASE,
)
_PLACE_NAME = re.compile(r"(?:_|^)(?:url|path|host|name|param)$", re.IGNORECASE)
# BPS carries its key as a path part, /key/{KEY}; LKPP as the part after its number, which only values can find.
_SECRET_PATH = re.compile(r"(?i)(/(?:key|token|apikey|api_key)/)[^/?#]+")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/@\s]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MIN_SECRET = 4
# A word that was cut in two might be half a number, which no longer looks like one.
_CUT = re.compile(r"[\s\w.+/=-]{0,60}\Z")


class Redactor:
    """Knows the secrets of one connection and hides them. Safe to share between threads: it only ever learns more."""

    def __init__(self, connection: Connection | None = None) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._words: frozenset[str] = frozenset()
        if connection is not None:
            self.trust(urlsplit(connection.url).path)
            for secret in _secrets_of(connection):
                self.learn(secret)
            if connection.password:
                pair = f"{connection.login}:{connection.password}".encode()
                self.learn(base64.b64encode(pair).decode())

    def learn(self, secret: str) -> None:
        """Hide this value from now on, as it is and as it looks in URLs, JSON and base64."""
        if len(secret) < _MIN_SECRET:
            return  # shorter ones are hidden by place only: replacing every "1" would hide nothing and spoil all
        forms = {
            secret,
            percent_encode(secret, safe=""),
            percent_encode(secret),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            base64.b64encode(secret.encode()).decode(),
        }
        self._forms |= forms
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))

    def trust(self, text: str) -> None:
        """Show these words from now on: what stands in a source file is nobody's name."""
        self._words |= words_of(text)

    def known(self, text: str) -> str:
        """Words from outside, with those masked that are neither usual nor trusted, and numbers of persons."""
        return mask_numbers(self._usual(text))

    def _in_url(self, text: str, safe: str) -> str:
        return percent_encode(self._usual(text), safe=safe).replace(percent_encode(MASKED), MASKED)

    def _usual(self, text: str) -> str:
        return known_words(text, self._words)

    def text(self, text: str) -> str:
        """Any text with every known secret hidden, and what looks like credentials."""
        hidden = self._pattern.sub(MASK, text) if self._pattern is not None else text
        hidden = _USERINFO.sub(rf"\1{MASK}@", hidden)
        hidden = _SECRET_PATH.sub(rf"\1{MASK}", hidden)
        return _BEARER.sub(rf"\1 {MASK}", hidden)

    def url(self, url: str) -> str:
        """A URL with secret parameters, path parts and user information hidden, and numbers of persons masked."""
        parts = urlsplit(url)
        pairs = [
            f"{self._in_url(name, '')}={MASK if _SECRET_NAME.search(name) else self._in_url(value, '/:,')}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        shown = urlunsplit((parts.scheme, parts.netloc, self._usual(parts.path), "&".join(pairs), ""))
        return mask_numbers(self.text(shown))

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with secret ones hidden by name, the others by value."""
        return {name: MASK if _SECRET_NAME.search(name) else self.text(value) for name, value in headers.items()}

    def request(self, method: str, url: str, form: Mapping[str, Any] | None = None, body: Any = None) -> str:
        """One line naming a request: method, URL, and what was posted, all redacted."""
        line = f"{method} {self.url(url)}"
        if form is not None:
            shown = "&".join(f"{name}={MASK if _SECRET_NAME.search(name) else value}" for name, value in form.items())
            line = f"{line} form {self.known(shown)}"
        elif body is not None:
            line = f"{line} json {self.known(json.dumps(_hide_members(body), ensure_ascii=False, sort_keys=True))}"
        return mask_numbers(self.text(line))


def quote(words: bytes | str, limit: int = QUOTE_CHARS) -> str:
    """A source's own words, fit for a log: one line, shortened, without numbers, tokens or mail addresses.

    Numbers of ten digits and more are masked because they may be a NIK, a NISN, a card or a telephone number.
    """
    most = max(limit * 8, _LEAST_READ)
    text = words[:most].decode("utf-8", errors="replace") if isinstance(words, bytes) else words[:most]
    if len(words) > most:
        text = _CUT.sub("", text)
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    clean = mask_words(_MAIL.sub("(mail)", clean))
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _secrets_of(connection: Connection) -> Iterator[str]:
    if connection.password:
        yield connection.password
    parts = urlsplit(connection.url)
    if parts.password:
        yield parts.password
    yield from _secret_members(connection.extra)


def _secret_members(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _secret_members(member, str(key))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _secret_members(member, name)
    elif isinstance(value, str) and _SECRET_NAME.search(name) and not _PLACE_NAME.search(name):
        yield value
        yield from (line for line in value.splitlines() if len(line) > 16)


def _hide_members(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: MASK if _SECRET_NAME.search(str(key)) else _hide_members(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_members(member) for member in value]
    return value
