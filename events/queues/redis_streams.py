"""Redis Streams, read by a consumer group. An entry's field ``event`` is the message, its other fields are headers."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from events.queues.base import Inbox, Message, text

# One name for whoever reads for us: what a process that died had in hand is ours at the next start.
CONSUMER = "relay"
EVENT = b"event"
BLOCK_MS = 5_000


async def listen(inbox: Inbox) -> AsyncGenerator[Message, None]:
    """The entries of a stream; the group is made where there is none, and begins with the first entry."""
    client = Redis.from_url(
        inbox.url,
        username=inbox.login or None,
        password=inbox.password or None,
        protocol=2,
        socket_connect_timeout=5,
        socket_timeout=BLOCK_MS / 1000 + 10,
    )
    async with client:
        try:
            await client.xgroup_create(inbox.queue, inbox.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        idle_ms = 0
        while True:
            # First what was given out and never acknowledged: at the beginning whoever had it.
            while entries := await _left(client, inbox, idle_ms):
                for entry in entries:
                    yield _message(client, inbox, *entry)
            idle_ms = inbox.again * 1000
            # Its types tell of both versions of the protocol; this is the second.
            fresh: Any = await client.xreadgroup(inbox.group, CONSUMER, {inbox.queue: ">"}, count=50, block=BLOCK_MS)
            for entry in fresh[0][1] if fresh else []:
                yield _message(client, inbox, *entry)


async def _left(client: Redis, inbox: Inbox, idle_ms: int) -> Any:
    return (await client.xautoclaim(inbox.queue, inbox.group, CONSUMER, idle_ms, count=50))[1]


def _message(client: Redis, inbox: Inbox, entry_id: bytes, fields: dict[bytes, bytes]) -> Message:
    headers = {name: value for name, value in fields.items() if name != EVENT}
    return Message(fields.get(EVENT, b""), text(headers), partial(client.xack, inbox.queue, inbox.group, entry_id))
