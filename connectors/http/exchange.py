"""One conversation: a request, the redirects that are allowed, and the whole answer within the deadline."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urljoin

import requests

from connectors.http.addresses import Dialer
from connectors.http.body import read_body
from connectors.http.deadline import Deadline
from connectors.http.failures import Failure, config_error, redirect_refusal
from connectors.http.further import FurtherOrigins
from connectors.http.limits import Limits
from connectors.http.pinned import PinnedAdapter
from connectors.http.urls import Origin, origin, same_origin
from ledger.settings import Connection

Params = Mapping[str, str | list[str]]
"""Query or form parameters; a list repeats its parameter."""

_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"User-Agent": "Pilar", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. ``credentials`` are headers that go to the asked origin and nowhere else; a function makes them anew
    each time something is sent, for systems that sign the moment of a request.

    ``form`` is posted as a form, ``json`` as JSON; every request here only reads, so every one may be repeated.
    ``confidential``: the answer may hold a credential, so it is kept nowhere, whatever it is.
    """

    url: str
    method: Literal["GET", "POST", "HEAD"] = "GET"
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] | Callable[[], Mapping[str, str]] = field(default_factory=dict, repr=False)
    form: Params | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    confidential: bool = False

    @property
    def full_url(self) -> str:
        """The URL with its parameters, encoded as it will travel."""
        prepared = requests.PreparedRequest()
        prepared.prepare_url(self.url, dict(self.params))
        return prepared.url or self.url


@dataclass(frozen=True, slots=True)
class Received:
    """An answer as it came, whole and unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)


class Exchange:
    """The requests session of one connection, held to the client's rules."""

    def __init__(self, connection: Connection, dialer: Dialer, limits: Limits) -> None:
        self._limits = limits
        self._home = origin(connection.url)
        self._further = FurtherOrigins.of(connection)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxies, .netrc or CA bundles from the environment
        self._session.verify = _ca_bundle(connection)
        adapter = PinnedAdapter(dialer, pool_size=limits.concurrency)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close kept connections and forget cookies."""
        self._session.close()

    def converse(self, request: Request, asked: str, deadline: Deadline) -> Received | Failure:
        """Send to ``asked``, the request's full URL, follow allowed redirects, read the whole answer.

        Raises requests' exceptions, OSError, BodyError and SourceError for what breaks on the way.
        """
        url, first = asked, origin(asked)
        self._check_asked(first)
        for _ in range(self._limits.max_redirects + 1):
            proved = url == asked or _may_have_credentials(first, origin(url))
            with self._send(request, url, deadline, proved=proved) as response:
                location = response.headers.get("Location", "")
                if response.status_code not in _REDIRECTS or not location:
                    body = read_body(response.raw, response.headers, self._limits, deadline)
                    return Received(response.status_code, response.headers, body, url)
            refused = redirect_refusal(request.method, response.status_code, location)
            if refused is not None:
                return refused
            url = self._target(location, url)
        return Failure("permanent", f"more than {self._limits.max_redirects} redirects", again=False)

    def _send(self, request: Request, url: str, deadline: Deadline, *, proved: bool) -> requests.Response:
        """Send once; with credentials where the host is ``proved`` to be the one that was asked.

        Session.request would prepare the URL again, and ask the environment for what it must not say.
        """
        headers = {**_HEADERS, **request.headers}
        if proved:
            headers.update(request.credentials() if callable(request.credentials) else request.credentials)
        sent = requests.PreparedRequest()
        sent.prepare_method(request.method)
        sent.url = url
        sent.prepare_headers(headers)
        sent.prepare_cookies(self._session.cookies)
        sent.prepare_body(None if request.form is None else dict(request.form), None, request.json)
        return self._session.send(
            sent,
            allow_redirects=False,
            stream=True,
            proxies={},
            timeout=(min(self._limits.connect_s, deadline.left or 0.001), self._limits.read_s),
        )

    def _target(self, location: str, current: str) -> str:
        target = urljoin(current, location)
        allowed = self._further.may_lead_to(origin(target))
        return Request(target if allowed else same_origin(location, current)).full_url

    def _check_asked(self, asked: Origin) -> None:
        if asked != self._home and not self._further.may_be_asked(asked):
            raise config_error(f"{asked[0]}://{asked[1]}:{asked[2]} is not the connection's host", "request")


def _may_have_credentials(first: Origin, now: Origin) -> bool:
    return first == now or (first[1] == now[1] and (first[0], now[0]) == ("http", "https"))


def _ca_bundle(connection: Connection) -> str | bool:
    bundle = connection.extra.get("ca_bundle")
    if bundle is None:
        return True
    if not isinstance(bundle, str) or not bundle:
        raise config_error("ca_bundle must be the path of a file of certificates", "connection extra.ca_bundle")
    return bundle
