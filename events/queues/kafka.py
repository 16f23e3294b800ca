"""Kafka: a topic, read by a consumer group whose offset moves on when a message was acknowledged."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from urllib.parse import urlsplit

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import Message as KafkaMessage

from events.queues.base import Inbox, Message, text

POLL_SECONDS = 1.0


async def listen(inbox: Inbox) -> AsyncGenerator[Message, None]:
    """The messages of a topic, from where the group has come to; a new group begins with the first one."""
    consumer = Consumer(_settings(inbox))
    polling: asyncio.Future[KafkaMessage | None] | None = None
    try:
        consumer.subscribe([inbox.queue])
        while True:
            polling = asyncio.ensure_future(asyncio.to_thread(consumer.poll, POLL_SECONDS))
            message = await asyncio.shield(polling)
            if message is None:
                continue
            if (error := message.error()) is not None:
                _judge(error)
                continue
            headers = text(dict(message.headers() or []))
            yield Message(message.value() or b"", headers, partial(_commit, consumer, message))
    finally:
        # A consumer that leaves its group says so. While it is asked for a message it cannot.
        if polling is not None:
            await asyncio.wait([polling])
        await asyncio.to_thread(consumer.close)


def _judge(error: KafkaError) -> None:
    """Raise for what does not pass by itself; the client tries again whatever does."""
    if error.fatal() or error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED):
        raise KafkaException(error)


async def _commit(consumer: Consumer, message: KafkaMessage) -> None:
    await asyncio.to_thread(partial(consumer.commit, message=message, asynchronous=False))


def _settings(inbox: Inbox) -> dict[str, str | int | bool]:
    where = urlsplit(inbox.url)
    secure, known = where.scheme == "kafkas", bool(inbox.login)
    settings: dict[str, str | int | bool] = {
        "bootstrap.servers": where.netloc,
        "group.id": inbox.group,
        # A reader that died is missed after this long. Brokers take no less than six seconds.
        "session.timeout.ms": max(6, inbox.again) * 1000,
        "heartbeat.interval.ms": 2000,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "security.protocol": f"{'sasl_' if known else ''}{'ssl' if secure else 'plaintext'}",
        "log_level": 3,
    }
    if known:
        settings |= {
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": inbox.login,
            "sasl.password": inbox.password,
        }
    return settings
