"""Brokers as processes on loopback: real ones of Debian's packages, and librdkafka's own of Kafka's protocol."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from pilar.platform.processes import end_session
from tests.ports import free_port

LOOPBACK = "127.0.0.1"
QUEUE = "opd.events"


class Broker(ABC):
    """A broker in a folder of its own. ``survives``: what it holds is there again after it was killed."""

    program: str
    scheme: str
    survives = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{LOOPBACK}:{self.port}"

    def connection(self, allowed: Sequence[str]) -> str:
        return json.dumps({"url": self.url, "extra": {"queue": QUEUE, "allowed": list(allowed), "again": 1}})

    def start(self) -> None:
        """Start it, and wait until it answers."""
        path = os.environ["PATH"] + ":/usr/sbin:/usr/lib/rabbitmq/bin"
        if shutil.which(self.program, path=path) is None:
            pytest.skip(f"{self.program} is not installed here")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": path, **self.environment()},
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < until, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it where it stands, with all that it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            end_session(self._process.pid)
            self._process.wait()

    def answers(self) -> bool:
        try:
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def environment(self) -> Mapping[str, str]:
        return {}

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What starts it."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the queue, where the broker's owner has to."""

    @abstractmethod
    def send(self, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        """Put messages into the queue; returns when the broker has them for good."""

    @abstractmethod
    def left(self) -> int:
        """How many messages were given out, or wait to be."""


class RedisBroker(Broker):
    program, scheme = "redis-server", "redis"

    def command(self) -> Sequence[str]:
        where = ["--port", str(self.port), "--bind", LOOPBACK, "--dir", str(self.folder)]
        return [self.program, *where, "--appendonly", "yes", "--appendfsync", "always", "--save", ""]

    def client(self) -> Any:
        from redis import Redis

        return Redis.from_url(self.url, protocol=2)

    def answers(self) -> bool:
        from redis.exceptions import RedisError

        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:  # it reads its file
            return False

    def prepare(self) -> None:
        """A stream comes with its first entry."""

    def send(self, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        with self.client() as client:
            for body in bodies:
                client.xadd(QUEUE, {"event": body, **(headers or {})})

    def left(self) -> int:
        with self.client() as client:
            [group] = client.xinfo_groups(QUEUE)
            return int(group["pending"]) + int(group["lag"] or 0)


class RabbitBroker(Broker):
    program, scheme = "rabbitmq-server", "amqp"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._distribution, self._epmd = free_port(), free_port()

    def command(self) -> Sequence[str]:
        # Not Debian's own, which changes to a user that may not write here.
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def environment(self) -> Mapping[str, str]:
        (self.folder / "plugins").write_text("[].")
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"pilar{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": LOOPBACK,
        }

    def kill(self) -> None:
        super().kill()
        for process in psutil.process_iter(["name"]):  # the one that outlives its nodes, and is ours by its port
            with suppress(psutil.Error):
                if process.name() == "epmd" and process.environ().get("ERL_EPMD_PORT") == str(self._epmd):
                    process.kill()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/"

    def _do(self, work: Any) -> Any:
        import aio_pika

        async def connected() -> Any:
            async with await aio_pika.connect(self.url, timeout=5) as connection:
                return await work(await connection.channel(publisher_confirms=True))

        return asyncio.run(connected())

    def answers(self) -> bool:
        async def nothing(_channel: Any) -> bool:
            return True

        try:
            return super().answers() and bool(self._do(nothing))
        except Exception:
            return False

    def prepare(self) -> None:
        self._do(lambda channel: channel.declare_queue(QUEUE, durable=True))

    def send(self, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        import aio_pika

        own = dict(headers or {})
        kind = own.pop("content-type", None)

        async def publish(channel: Any) -> None:
            for body in bodies:
                message = aio_pika.Message(
                    body, headers=own, content_type=kind, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
                )
                await channel.default_exchange.publish(message, QUEUE)

        self._do(publish)

    def left(self) -> int:
        async def count(channel: Any) -> int:
            queue = await channel.declare_queue(QUEUE, passive=True)
            return int(queue.declaration_result.message_count)

        return int(self._do(count))


class NatsBroker(Broker):
    program, scheme = "nats-server", "nats"

    def command(self) -> Sequence[str]:
        return [self.program, "-js", "-sd", str(self.folder), "-a", LOOPBACK, "-p", str(self.port)]

    def _do(self, work: Any) -> Any:
        import nats

        async def connected() -> Any:
            client = await nats.connect(self.url, allow_reconnect=False, connect_timeout=5)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(connected())

    def prepare(self) -> None:
        self._do(lambda stream: stream.add_stream(name="opd", subjects=["opd.>"]))

    def send(self, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        async def publish(stream: Any) -> None:
            for body in bodies:
                await stream.publish(QUEUE, body, headers=dict(headers or {}) or None, timeout=10)

        self._do(publish)

    def left(self) -> int:
        async def count(stream: Any) -> int:
            info = await stream.consumer_info("opd", "pilar")
            return int(info.num_pending) + int(info.num_ack_pending)

        return int(self._do(count))


KAFKA = """
import sys, time
from confluent_kafka import Producer
broker = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
[one] = broker.list_topics(timeout=30).brokers.values()
print(one.port, flush=True)
time.sleep(600)
"""


class KafkaBroker(Broker):
    """librdkafka's own broker for tests. It speaks Kafka's protocol, groups and offsets too, all in memory."""

    program, scheme = sys.executable, "kafka"
    survives = False

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", KAFKA]

    def answers(self) -> bool:
        said = (self.folder / "log").read_text().splitlines()
        ports = [line for line in said if line.isdigit()]
        if ports:
            self.port = int(ports[-1])
        return bool(ports)

    def prepare(self) -> None:
        """A topic comes with its first message."""

    def send(self, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": f"{LOOPBACK}:{self.port}", "acks": "all", "log_level": 3})
        for body in bodies:
            # One partition, so that offsets count messages.
            producer.produce(QUEUE, body, partition=0, headers=dict(headers or {}))
        assert producer.flush(30) == 0

    def left(self) -> int:
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": f"{LOOPBACK}:{self.port}", "group.id": "pilar", "log_level": 3})
        try:
            partition = TopicPartition(QUEUE, 0)
            [committed] = consumer.committed([partition], timeout=10)
            _, high = consumer.get_watermark_offsets(partition, timeout=10)
            return int(high - max(committed.offset, 0))
        finally:
            consumer.close()


BROKERS: Mapping[str, type[Broker]] = {
    "redis": RedisBroker,
    "rabbitmq": RabbitBroker,
    "nats": NatsBroker,
    "kafka": KafkaBroker,
}
