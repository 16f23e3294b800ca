"""What is accepted as an event: a CloudEvent 1.0, alone or in a batch, in JSON or spread over headers.

The event says *that* something changed at a source, nothing else in it is trusted or kept. Its ``subject`` is the
source's id; ``source`` and ``id`` together name the event, so that a repeated delivery is recognised.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from ledger.errors import RefusedError
from ledger.masks import mask_numbers
from ledger.records import EventIn

MOST_IN_A_BATCH = 100
# Standard Webhooks: payloads stay under 20 kB.
MAX_BODY_BYTES = 20_000
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
# How the bindings for HTTP and NATS, for Kafka and for AMQP mark the headers of a binary event.
PREFIXES = ("ce-", "ce_", "cloudevents:", "cloudevents_")

Mode = Literal["structured", "batched", "binary"]

# Printable and bounded: these strings go to the ledger and to logs.
Word = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]


class CloudEvent(BaseModel):
    """The attributes that are read; ``data`` and extensions are allowed and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    specversion: Literal["1.0"]
    id: Word
    source: Word
    type: Word
    subject: SourceId


_BATCH: TypeAdapter[list[CloudEvent]] = TypeAdapter(
    Annotated[list[CloudEvent], Field(min_length=1, max_length=MOST_IN_A_BATCH)]
)


def mode_of(headers: Mapping[str, str], *, bare: bool = False) -> Mode:
    """In which form an event comes, by its headers (in lower case). Raises RefusedError for a type that is none.

    ``bare``: it may come without any, as in a queue that has no headers. Then it is structured.
    """
    if bare and "content-type" not in headers and not _attributes(headers):
        return "structured"
    media, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = [one.partition("=")[2] for one in parameters.replace(" ", "").split(";") if one.startswith("charset=")]
    if charset in ([], ["utf-8"], ['"utf-8"']):
        if media.strip() == STRUCTURED:
            return "structured"
        if media.strip() == BATCHED:
            return "batched"
        if not media.startswith("application/cloudevents") and _attributes(headers):
            return "binary"
    raise RefusedError(
        "the content type is none of a CloudEvent in JSON",
        where="content-type",
        do=f"Send {STRUCTURED}, {BATCHED}, or the attributes as headers that begin with ce-",
    )


def read_events(body: bytes, headers: Mapping[str, str], mode: Mode) -> list[CloudEvent]:
    """The events of a message. Raises RefusedError that names the attribute, never its content."""
    try:
        if mode == "binary":
            return [CloudEvent.model_validate(_attributes(headers))]
        return _BATCH.validate_json(body) if mode == "batched" else [CloudEvent.model_validate_json(body)]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        attribute = ".".join(str(part) for part in first["loc"])
        raise RefusedError(
            f"this is not a CloudEvent: {attribute or 'body'}: {first['msg']}",
            where=attribute or "body",
            do="It needs specversion 1.0, id, source, type, and the source's id as subject"
            + (f"; a batch holds 1 to {MOST_IN_A_BATCH}" if mode == "batched" else ""),
        ) from None


def told(event: CloudEvent, opd: str, secret: str) -> EventIn:
    """What the ledger is told of an event of an agency's: its names, without a person.

    An agency's names are its own: one that used another's source and id would make that one's event a repetition.
    """
    return EventIn(
        sender=f"{opd}:{nobody(event.source, secret)}",
        sender_event_id=nobody(event.id, secret),
        event_type=nobody(event.type, secret),
        source_id=event.subject,
    )


def nobody(value: str, secret: str) -> str:
    """A name that a sender gave, without a person: one with a number as long as a card's or a NIK becomes its HMAC.

    Events are told apart by it as well. The key is what only the sender and we know: once it is renewed, an event that
    comes again is taken for a new one, which costs one more pull.
    """
    if mask_numbers(value) == value:
        return value
    return f"hmac:{hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()}"


def _attributes(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {
        name[len(prefix) :]: unquote(value)
        for name, value in headers.items()
        for prefix in PREFIXES
        if name.startswith(prefix)
    }
