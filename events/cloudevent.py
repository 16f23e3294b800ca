"""What the door accepts: a CloudEvent 1.0 in structured JSON, signed as Standard Webhooks 1.0.0 says.

The event says *that* something changed at a source, nothing else in it is trusted or kept. Its ``subject`` is the
source's id; ``source`` and ``id`` together name the event, so that a repeated delivery is recognised.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from ledger.errors import RefusedError
from ledger.masks import mask_numbers

# Printable and bounded: these strings go to the ledger and to logs.
Word = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
CLOCK_WORDS = ("too old", "too new")


class CloudEvent(BaseModel):
    """The attributes that the door reads; ``data`` and extensions are allowed and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    specversion: Literal["1.0"]
    id: Word
    source: Word
    type: Word
    subject: SourceId


def read_event(body: bytes) -> CloudEvent:
    """Read a CloudEvent. Raises RefusedError that names the attribute, never its content."""
    try:
        return CloudEvent.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        attribute = ".".join(str(part) for part in first["loc"])
        raise RefusedError(
            f"the body is not a CloudEvent: {attribute or 'body'}: {first['msg']}",
            where=attribute or "body",
            do="Send structured JSON with specversion 1.0, id, source, type, and the source's id as subject",
        ) from None


def verify_signature(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    """Check the signature against every secret in force (two during a rotation) and the timestamp against our clock.

    Raises RefusedError for a missing, forged, expired or future-dated signature; the message does not say which secret
    came closest.
    """
    problem = "no secret is set for this source"
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except WebhookVerificationError as error:
            problem = str(error)
        except (ValueError, EmptyWebhookSecretError):
            # What the library does not foresee: a header without a comma, base64 that is none, bytes that are no text.
            problem = "the signature (or the secret it should be checked with) cannot be read"
        else:
            return
    clock = any(word in problem for word in CLOCK_WORDS)
    raise RefusedError(
        f"the timestamp is more than 5 minutes off: {_words(problem)}" if clock else f"not verified: {_words(problem)}",
        where="webhook-timestamp" if clock else "webhook-signature",
        do="Set the sender's clock" if clock else "Sign id.timestamp.body with the secret agreed for this source",
    )


def nobody(value: str, secret: str) -> str:
    """A name that a sender gave, without a person: one with a number as long as a card's or a NIK becomes its HMAC.

    Events are told apart by it as well. The key is the sender's secret: once it is renewed, an event that comes again
    is taken for a new one, which costs one more pull.
    """
    if mask_numbers(value) == value:
        return value
    return f"hmac:{hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()}"


def _words(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)[:100].lower()
