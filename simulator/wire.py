"""The ASGI door of all HTTP systems: picks the system by the first part of the path, and plays faults of the wire."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.faults import WIRE, Fault, Faults
from simulator.mishaps import PLAYS, Answer, Scene, Step
from simulator.systems.common import System

_REMEMBERED = 1000


class Wire:
    """Dispatch to the systems, between a client and whatever fault is on.

    ``asked`` holds the last requests, as "METHOD /path?query"; ``elsewhere`` is the address of the host that
    faults lead to.
    """

    def __init__(self, systems: Iterable[System], control: Starlette, faults: Faults, elsewhere: str) -> None:
        self._systems = {system.name: (system, system.app()) for system in systems}
        self._control = control
        self._faults = faults
        self._elsewhere = elsewhere
        self.asked: deque[str] = deque(maxlen=_REMEMBERED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        name = scope["path"].lstrip("/").partition("/")[0]
        if name not in self._systems:
            await self._control(scope, receive, send)
            return
        system, app = self._systems[name]
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        self.asked.append(f"{scope['method']} {target}")
        fault = self._faults.take(name, target)
        scope["simulator.fault"], scope["simulator.elsewhere"] = fault, self._elsewhere
        answer = await healthy(app, scope, receive)
        if fault is None or fault.kind not in WIRE:
            await _tell(answer, send)
        elif fault.kind == "reset":
            _reset(send)
        else:
            await _play(PLAYS[fault.kind](self._scene(system, fault, answer, target)), receive, send)

    def _scene(self, system: System, fault: Fault, answer: Answer, target: str) -> Scene:
        return Scene(answer, fault.amount, target, self._elsewhere, system.down, system.echo())


async def healthy(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """What the system answers, before anything happens to it on the way."""
    status, headers, body = 500, dict[str, str](), b""

    async def keep(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            body += message.get("body", b"")

    await app(scope, receive, keep)
    return Answer(status, {name: value for name, value in headers.items() if name != "content-length"}, body)


async def _tell(answer: Answer, send: Send) -> None:
    headers: Mapping[str, str] = {**answer.headers, "content-length": str(len(answer.body))}
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": answer.body})


async def _play(script: Iterable[Step], receive: Receive, send: Send) -> None:
    """Write past the server, which would not write nonsense, and close the connection."""
    transport = _transport(send)
    gone = asyncio.create_task(_disconnected(receive))
    try:
        for step in script:
            if gone.done():
                return
            if isinstance(step, bytes):
                transport.write(step)
            else:
                await asyncio.wait({gone}, timeout=step)
        transport.close()
        await gone
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset(send: Send) -> None:
    """Close the connection with a TCP reset."""
    transport = _transport(send)
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _transport(send: Send) -> Any:
    """The connection; ``send`` is a method of uvicorn's request, which knows it."""
    return send.__self__.transport  # type: ignore[attr-defined]  # uvicorn's own send, which ASGI does not describe
