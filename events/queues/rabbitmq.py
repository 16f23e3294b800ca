"""RabbitMQ: a queue that stands there already, since whoever owns the broker says how durable it is."""

from collections.abc import AsyncGenerator

import aio_pika
from yarl import URL

from events.queues.base import Inbox, Message, text

IN_HAND = 50


async def listen(inbox: Inbox) -> AsyncGenerator[Message, None]:
    """The messages of a queue; what was given out and not acknowledged is given again when the connection ends."""
    url = URL(inbox.url)
    if inbox.login:
        url = url.with_user(inbox.login).with_password(inbox.password)
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=IN_HAND)
        queue = await channel.get_queue(inbox.queue)
        async with queue.iterator() as messages:
            async for message in messages:
                headers = {**message.headers, "content-type": message.content_type}
                yield Message(message.body, text(headers), message.ack)
