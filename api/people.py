"""People whom an identity provider names: a signed token says who, until when, and what they may see."""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import jwt
import structlog

from api.access import Scope
from api.keys import Caller, refused
from api.problems import ProblemError
from ledger.errors import ConfigError

log = structlog.get_logger()

# Signed with the provider's private key. What is signed with a shared secret, or not at all, is not taken.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA", "PS256", "PS384", "PS512")
PER_MINUTE = 600
KEPT_SECONDS = 300.0
REFETCH_SECONDS = 30.0
LEEWAY_SECONDS = 30
TIMEOUT_SECONDS = 5
MOST_NAMES = 600
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Provider:
    """An identity provider: who signs (``issuer``), for whom (``audience``), and where its public keys are (``jwks``).

    The claims ``pilar_level``, ``pilar_regions``, ``pilar_pillars`` and ``pilar_opds`` say what its people may see.
    Without a level they see what everybody does.
    """

    def __init__(self, issuer: str, audience: str, jwks: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._audience = audience
        self._client = jwt.PyJWKClient(jwks, cache_jwk_set=False, timeout=TIMEOUT_SECONDS)
        self._clock = clock
        self._fetched = self._tried = -KEPT_SECONDS
        self._away = False
        self._keys: Sequence[jwt.PyJWK] = ()
        self._lock = threading.Lock()

    def caller(self, token: str) -> Caller:
        """Whom a token names. Raises ProblemError: 401 for one that is not good, 503 where no key can be fetched."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            scope = _scope(claims)
        except (jwt.InvalidTokenError, ValueError):
            raise refused("this token is not good here") from None
        # A subject may be a person's name or number: what is counted is a pseudonym of it.
        person = "person:" + hashlib.sha256(f"{self._issuer}\n{claims['sub']}".encode()).hexdigest()[:16]
        return Caller(person, scope, PER_MINUTE, person)

    def _key(self, kid: str) -> jwt.PyJWK:
        found = self._known(kid)
        if found is None:
            with self._lock:
                found = self._known(kid)
                # Neither an invented key id nor a provider that is away must have it asked each time.
                if found is None and self._clock() - self._tried >= REFETCH_SECONDS:
                    self._fetch()
                    found = self._known(kid)
        if found is None and self._away:
            raise ProblemError(503, "unavailable", "tokens cannot be checked right now", headers={"Retry-After": "30"})
        if found is None:
            raise jwt.InvalidTokenError
        return found

    def _known(self, kid: str) -> jwt.PyJWK | None:
        # What the provider withdraws is trusted no longer than this.
        if self._clock() - self._fetched >= KEPT_SECONDS:
            return None
        return next((key for key in self._keys if key.key_id == kid), None)

    def _fetch(self) -> None:
        self._tried, self._away = self._clock(), False
        try:
            keys = self._client.get_jwk_set(refresh=True).keys
        except (jwt.PyJWKClientError, jwt.PyJWKSetError) as error:
            log.error("the identity provider's keys cannot be fetched", error=type(error).__name__)
            self._away = True
            return
        self._keys = [key for key in keys if key.public_key_use in ("sig", None)]
        self._fetched = self._clock()


def people_from(env: Mapping[str, str]) -> Provider | None:
    """The identity provider that the environment names; None where it names none. Raises ConfigError."""
    names = ("PILAR_OIDC_ISSUER", "PILAR_OIDC_AUDIENCE", "PILAR_OIDC_JWKS")
    values = [env.get(name, "") for name in names]
    if not any(values):
        return None
    for name, value in zip(names, values, strict=True):
        if not value:
            raise ConfigError("the identity provider is named in part", where=name, do=f"Set all of {', '.join(names)}")
    issuer, audience, jwks = values
    parts = urlsplit(jwks)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ConfigError("keys are fetched over https only", where=names[2], do="Use the provider's https address")
    return Provider(issuer, audience, jwks)


def _scope(claims: Mapping[str, Any]) -> Scope:
    level = claims.get("pilar_level", "public")
    return Scope(level, _names(claims, "regions"), _names(claims, "pillars"), _names(claims, "opds"))


def _names(claims: Mapping[str, Any], dimension: str) -> frozenset[str] | None:
    """The names in a claim; None, which is all, where there is no such claim. An empty claim is for nothing."""
    given = claims.get(f"pilar_{dimension}")
    if given is None:
        return None
    names = given.split() if isinstance(given, str) else given
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise ValueError("no list of names")
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        raise ValueError("no name")
    return frozenset(names)
