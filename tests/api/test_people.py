"""People whom an identity provider names: real signatures, and keys fetched from a real server."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api.people import Provider, people_from
from api.problems import ProblemError
from ledger.errors import ConfigError
from ledger.store import Ledger
from tests.api.conftest import Shelf, bearer, desk, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

ISSUER, AUDIENCE = "https://login.example.go.id", "pilar"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Jwks:
    """A server of public keys, which counts how often it was asked."""

    url: str = ""
    asked: int = 0
    broken: bool = False
    withdrawn: bool = False


@pytest.fixture
def jwks() -> Iterator[Jwks]:
    keys = [
        {**json.loads(RSAAlgorithm.to_jwk(RSA.public_key())), "kid": "one", "use": "sig"},
        {**json.loads(ECAlgorithm.to_jwk(EC.public_key())), "kid": "two", "use": "sig"},
        {**json.loads(RSAAlgorithm.to_jwk(STRANGER.public_key())), "kid": "enc", "use": "enc"},
    ]
    told = Jwks()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked += 1
            self.send_response(500 if told.broken else 200)
            self.end_headers()
            given = [key for key in keys if not told.withdrawn or key["kid"] != "one"]
            self.wfile.write(b"{}" if told.broken else json.dumps({"keys": given}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{server.server_port}/jwks"
        yield told
        server.shutdown()


def signed(key: Any = RSA, kid: str | None = "one", algorithm: str = "RS256", **changes: Any) -> str:
    now = int(time.time())
    claims: Mapping[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "siti.contoh@example.go.id",
        "exp": now + 60,
        "pilar_level": "regency",
        "pilar_regions": ["64.02"],
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


GOOD = {
    "signed by RSA": {},
    "signed by an elliptic curve": {"key": EC, "kid": "two", "algorithm": "ES256"},
    "for several": {"aud": ["other", AUDIENCE]},
    "names in one text": {"pilar_regions": "64.02 35.07"},
}
NOW = int(time.time())
BAD = {
    "over": {"exp": NOW - 3600},
    "without an end": {"exp": None},
    "not yet": {"nbf": NOW + 3600},
    "of another provider": {"iss": "https://other.example"},
    "for another": {"aud": "other"},
    "for nobody": {"aud": None},
    "about nobody": {"sub": None},
    "signed by a stranger": {"key": STRANGER},
    "signed with a key for something else": {"key": STRANGER, "kid": "enc"},
    "signed with an unknown key": {"kid": "three"},
    "without a key's name": {"kid": None},
    "with the public key as a secret": {"key": "x" * 64, "algorithm": "HS256"},
    "not signed": {"key": None, "algorithm": "none"},
    "of no level": {"pilar_level": "admin"},
    "of no regions": {"pilar_regions": {"a": 1}},
    "of regions that are none": {"pilar_regions": ["64.02'; DROP TABLE x"]},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_a_token_says_who_and_what_for(jwks: Jwks, changes: Mapping[str, Any]) -> None:
    caller = Provider(ISSUER, AUDIENCE, jwks.url).caller(signed(**changes))
    assert caller.scope.level == "regency"
    assert caller.scope.regions is not None
    assert "64.02" in caller.scope.regions
    assert caller.scope.pillars is None
    assert "siti" not in caller.id, "a person is counted by a pseudonym"


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_a_token_that_is_not_good_is_refused(jwks: Jwks, changes: Mapping[str, Any]) -> None:
    with pytest.raises(ProblemError) as refused:
        Provider(ISSUER, AUDIENCE, jwks.url).caller(signed(**changes))
    assert refused.value.status == 401


def test_whom_the_provider_says_nothing_of_sees_what_everybody_sees(jwks: Jwks) -> None:
    caller = Provider(ISSUER, AUDIENCE, jwks.url).caller(signed(pilar_level=None, pilar_regions=None))
    assert not caller.scope.details
    empty = Provider(ISSUER, AUDIENCE, jwks.url).caller(signed(pilar_regions=[]))
    assert empty.scope.regions == frozenset(), "a claim that names nothing is for nothing"


def test_invented_keys_do_not_have_the_provider_asked_each_time(jwks: Jwks) -> None:
    now = [100.0]
    provider = Provider(ISSUER, AUDIENCE, jwks.url, clock=lambda: now[0])
    for number in range(20):
        with pytest.raises(ProblemError):
            provider.caller(signed(kid=f"invented {number}"))
    assert jwks.asked == 1
    now[0] += 31
    with pytest.raises(ProblemError):
        provider.caller(signed(kid="invented"))
    provider.caller(signed())
    assert jwks.asked == 2


def test_a_provider_that_is_away_is_no_fault_of_the_token(jwks: Jwks) -> None:
    jwks.broken = True
    now = [100.0]
    provider = Provider(ISSUER, AUDIENCE, jwks.url, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(ProblemError) as away:
            provider.caller(signed())
        assert away.value.status == 503
    jwks.broken = False
    now[0] += 31
    provider.caller(signed())


def test_a_key_that_the_provider_withdraws_is_trusted_five_minutes_more(jwks: Jwks) -> None:
    now = [100.0]
    provider = Provider(ISSUER, AUDIENCE, jwks.url, clock=lambda: now[0])
    provider.caller(signed())
    jwks.withdrawn = True
    now[0] += 299
    provider.caller(signed())
    now[0] += 2
    with pytest.raises(ProblemError) as gone:
        provider.caller(signed())
    assert gone.value.status == 401


def test_a_person_sees_details_of_the_own_region_and_is_counted(shelf: Shelf, ledger: Ledger, jwks: Jwks) -> None:
    made = desk(shelf, ledger, people=Provider(ISSUER, AUDIENCE, jwks.url))
    with serving(made) as address:
        rows = httpx.get(f"{address}/v1/findings", headers=bearer(signed())).json()["rows"]
        assert {row["region_code"] for row in rows if row["batch_id"]} == {"64.02"}
        assert httpx.get(f"{address}/v1/regions", headers=bearer(signed(kid="x"))).status_code == 401
    assert {use.key_id.partition(":")[0]: use.requests for use in ledger.api_use(1)} == {"person": 1, "unknown": 1}


def test_p10_settings_of_a_provider_are_whole_and_safe() -> None:
    whole = {"PILAR_OIDC_ISSUER": ISSUER, "PILAR_OIDC_AUDIENCE": AUDIENCE, "PILAR_OIDC_JWKS": "https://x.example/jwks"}
    assert people_from({}) is None
    assert people_from(whole) is not None
    for name in whole:
        with pytest.raises(ConfigError, match="in part"):
            people_from({**whole, name: ""})
    for url in ("http://x.example/jwks", "file:///etc/passwd"):
        with pytest.raises(ConfigError, match="https"):
            people_from({**whole, "PILAR_OIDC_JWKS": url})
