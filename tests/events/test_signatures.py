"""Standard Webhooks: what a signature must be made of. The specification's own library makes them."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from events.signatures import MOST_SIGNATURES, sign, verify
from ledger.errors import ConfigError, RefusedError

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()
BODY = b'{"specversion":"1.0","id":"1","source":"urn:x","type":"t","subject":"a_source"}'
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"0123456789abcdef0123456789abcdef")
PUBLIC_KEY = "whpk_" + base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
OTHER_PUBLIC_KEY = "whpk_" + base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
PRIVATE_KEY = "whsk_" + base64.b64encode(PRIVATE.private_bytes_raw()).decode()


def signed(body: bytes = BODY, secret: str = SECRET, offset: timedelta = timedelta()) -> dict[str, str]:
    moment = datetime.now(UTC) + offset
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", moment, body.decode()),
    }


def signed_by_pair(body: bytes = BODY, offset: int = 0) -> dict[str, str]:
    """Signed with the private key, as the specification tells it."""
    moment = str(int(datetime.now(UTC).timestamp()) + offset)
    made = base64.b64encode(PRIVATE.sign(b"m1." + moment.encode() + b"." + body)).decode()
    return {"webhook-id": "m1", "webhook-timestamp": moment, "webhook-signature": f"v1a,{made}"}


def test_a_good_signature_passes_under_every_secret_in_force() -> None:
    verify(BODY, signed(), [SECRET])
    verify(BODY, signed(secret=OLD_SECRET), [SECRET, OLD_SECRET])
    verify(BODY, signed(secret=OLD_SECRET), [PUBLIC_KEY, OLD_SECRET])


def test_a_key_pair_signs_as_well_and_keys_of_both_kinds_may_be_in_force() -> None:
    verify(BODY, signed_by_pair(), [PUBLIC_KEY])
    verify(BODY, signed_by_pair(), [SECRET, OTHER_PUBLIC_KEY, PUBLIC_KEY])
    verify(b"\xff\x00", signed_by_pair(b"\xff\x00"), [PUBLIC_KEY])


def test_a_key_is_good_for_its_own_kind_of_signature_only() -> None:
    by_pair, by_secret = signed_by_pair(), signed()
    public_as_secret = signed(secret="whsec_" + PUBLIC_KEY.removeprefix("whpk_"))
    for headers, key in (
        (by_pair, SECRET),
        (by_secret, PUBLIC_KEY),
        (by_pair, OTHER_PUBLIC_KEY),
        # Whoever knows the public half must not be able to sign with it.
        (public_as_secret, PUBLIC_KEY),
        ({**by_pair, "webhook-signature": by_pair["webhook-signature"].replace("v1a,", "v1,")}, PUBLIC_KEY),
        ({**by_secret, "webhook-signature": by_secret["webhook-signature"].replace("v1,", "v1a,")}, SECRET),
    ):
        with pytest.raises(RefusedError, match="no matching signature"):
            verify(BODY, headers, [key])


def test_what_we_sign_others_verify() -> None:
    moment = int(datetime.now(UTC).timestamp())
    headers = {"webhook-id": "m1", "webhook-timestamp": str(moment)}
    Webhook(SECRET).verify(BODY, {**headers, "webhook-signature": sign(BODY, "m1", moment, SECRET)})
    verify(BODY, {**headers, "webhook-signature": sign(BODY, "m1", moment, PRIVATE_KEY)}, [PUBLIC_KEY])
    for key in ("", "whsec_", "whsec_!", PUBLIC_KEY, "whsk_AAAA"):
        with pytest.raises(ConfigError, match="cannot sign"):
            sign(BODY, "m1", moment, key)


@pytest.mark.fault(8)
def test_several_signatures_in_one_header_are_tried() -> None:
    """In whatever order, among those that nobody can read: the sender may be in the middle of a rotation."""
    good, pair = signed(), signed_by_pair()
    others = f"v1,{'A' * 43}= nonsense v1,not-base64! v2,AAAA ,, v1a,AAAA"
    both = f"{pair['webhook-signature']} {good['webhook-signature']}"
    for header in (f"{others} {good['webhook-signature']}", f"{good['webhook-signature']} {others}", both):
        verify(BODY, {**good, "webhook-signature": header}, [SECRET])


def test_no_more_signatures_are_tried_than_a_rotation_needs() -> None:
    headers = signed()
    many = " ".join([f"v1,{'A' * 43}="] * MOST_SIGNATURES)
    with pytest.raises(RefusedError, match="no matching signature"):
        verify(BODY, {**headers, "webhook-signature": f"{many} {headers['webhook-signature']}"}, [SECRET])


@pytest.mark.fault(9)
@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_that_is_a_little_off_is_tolerated(seconds: int) -> None:
    verify(BODY, signed(offset=timedelta(seconds=seconds)), [SECRET])
    verify(BODY, signed_by_pair(offset=seconds), [PUBLIC_KEY])


@pytest.mark.fault(8)
@pytest.mark.parametrize("seconds", [-310, 310, -(10**8)])
def test_an_expired_or_future_event_is_refused_as_such(seconds: int) -> None:
    for headers, key in (
        (signed(offset=timedelta(seconds=seconds)), SECRET),
        (signed_by_pair(offset=seconds), PUBLIC_KEY),
    ):
        with pytest.raises(RefusedError, match="5 minutes off") as refused:
            verify(BODY, headers, [key])
        assert refused.value.where == "webhook-timestamp"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "m2"},
        {"webhook-id": ""},
        {"webhook-id": "ÿ€"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "no comma"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1a,abc"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ÿ"},
    ],
)
def test_a_damaged_header_is_refused(changes: dict[str, str]) -> None:
    for headers in (signed(), signed_by_pair()):
        with pytest.raises(RefusedError, match="not verified"):
            verify(BODY, {**headers, **changes}, [SECRET, PUBLIC_KEY])


@pytest.mark.fault(8)
def test_a_forged_signature_and_an_edited_body_are_refused() -> None:
    with pytest.raises(RefusedError, match="no matching signature"):
        verify(BODY, signed(secret=OLD_SECRET), [SECRET])
    for headers in (signed(), signed_by_pair()):
        with pytest.raises(RefusedError, match="no matching signature"):
            verify(BODY + b" ", headers, [SECRET, PUBLIC_KEY])
    with pytest.raises(RefusedError, match="missing required headers"):
        verify(BODY, {}, [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_!"], ["whpk_"], ["whpk_AAAA"]])
def test_without_a_usable_key_nothing_passes(secrets: list[str]) -> None:
    # Signed with the empty key: what a key that cannot be read must never be taken for.
    empty = signed()
    made = hmac.digest(b"", b"m1." + empty["webhook-timestamp"].encode() + b"." + BODY, hashlib.sha256)
    empty["webhook-signature"] = "v1," + base64.b64encode(made).decode()
    for headers in (signed(), empty, signed_by_pair()):
        with pytest.raises(RefusedError):
            verify(BODY, headers, secrets)


def test_the_refusal_shows_neither_secret_nor_signature() -> None:
    headers = signed(secret=OLD_SECRET)
    with pytest.raises(RefusedError) as refused:
        verify(BODY, headers, [SECRET])
    assert SECRET not in str(refused.value)
    assert headers["webhook-signature"] not in str(refused.value)
