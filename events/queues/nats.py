"""NATS JetStream: a durable consumer on a subject of a stream that stands there already."""

from collections.abc import AsyncGenerator

import nats
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig

from events.queues.base import Inbox, Message, text

FETCH_SECONDS = 5.0
IN_HAND = 20


async def listen(inbox: Inbox) -> AsyncGenerator[Message, None]:
    """The messages of a subject; the consumer is made where there is none, and begins with the first message."""
    client = await nats.connect(
        inbox.url,
        user=inbox.login or None,
        password=inbox.password or None,
        allow_reconnect=False,
        connect_timeout=5,
    )
    try:
        config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=inbox.again)
        subscription = await client.jetstream().pull_subscribe(inbox.queue, durable=inbox.group, config=config)
        while True:
            try:
                messages = await subscription.fetch(IN_HAND, timeout=FETCH_SECONDS)
            except NatsTimeoutError:
                continue
            for message in messages:
                yield Message(message.data, text(dict(message.headers or {})), message.ack_sync)
    finally:
        await client.close()
