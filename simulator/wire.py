"""The ASGI door of all HTTP systems: picks the system by the first part of the path, and plays faults of the wire."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from simulator.faults import Fault, Faults

LOGIN_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Masuk</title></head><body><h1>Silakan masuk</h1>"
    b'<form method="post" action="/login"><input name="username"><input name="password" type="password"></form>'
    b"</body></html>\n"
)
TEXT, HTML = b"text/plain; charset=utf-8", b"text/html; charset=utf-8"
_DRIP_BYTES = 64
# What a system says when it is down; all others answer 503.
_DOWN = {"satusehat": (504, b"Gateway Timeout")}


class Wire:
    """Dispatch to the systems' applications, between a client and whatever fault is on."""

    def __init__(self, systems: Mapping[str, Starlette], control: Starlette, faults: Faults) -> None:
        self._systems = systems
        self._control = control
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        name = scope["path"].lstrip("/").partition("/")[0]
        system = self._systems.get(name)
        if system is None:
            await self._control(scope, receive, send)
            return
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        fault = self._faults.take(name, target)
        scope["simulator.fault"] = fault
        if fault is None or not await _refused(name, fault, send):
            await _answer(system, fault, scope, receive, send)


async def _refused(name: str, fault: Fault, send: Send) -> bool:
    """Play the faults that need no answer of the system; False when this is another fault."""
    if fault.kind == "reset":
        _reset(send)
    elif fault.kind == "down":
        status, text = _DOWN.get(name, (503, b"Service Unavailable"))
        await _whole(send, status, [(b"content-type", TEXT)], text)
    elif fault.kind == "quota":
        headers = [(b"content-type", TEXT), (b"retry-after", str(round(fault.amount)).encode())]
        await _whole(send, 429, headers, b"Too Many Requests")
    elif fault.kind == "html":
        await _whole(send, 200, [(b"content-type", HTML)], LOGIN_PAGE)
    else:
        return False
    return True


async def _answer(system: Starlette, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
    if fault is None or fault.kind not in {"half_page", "cut_json", "slow_drip"}:
        await system(scope, receive, send)
        return
    held = _Held()
    await system(scope, receive, held)
    if fault.kind == "cut_json":
        await _whole(send, held.status, held.headers, held.body[: len(held.body) // 2])
    elif fault.kind == "half_page":
        await _start(send, held.status, held.headers, len(held.body))
        # Returning with more promised makes the server close the connection.
        await send({"type": "http.response.body", "body": held.body[: len(held.body) // 2], "more_body": True})
    else:
        await _drip(held, fault.amount, receive, send)


class _Held:
    """A ``send`` that keeps the answer instead of sending it."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
        else:
            self.body += message.get("body", b"")


async def _drip(held: _Held, seconds: float, receive: Receive, send: Send) -> None:
    gone = asyncio.create_task(_disconnected(receive))
    try:
        await _start(send, held.status, held.headers, len(held.body))
        for place in range(0, len(held.body), _DRIP_BYTES):
            if gone.done():
                return
            part = held.body[place : place + _DRIP_BYTES]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.wait({gone}, timeout=seconds)
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _whole(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await _start(send, status, headers, len(body))
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]], length: int) -> None:
    named = [*headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": named})


def _reset(send: Send) -> None:
    """Close the connection with a TCP reset; ``send`` is a method of uvicorn's request, which knows the socket."""
    transport: Any = send.__self__.transport  # type: ignore[attr-defined]
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
