"""An agency's system that costs next to nothing: answers made before they are asked for, one process of its own."""

import argparse
import asyncio
import re
import selectors
import sys
from collections.abc import Sequence

from benchmarks.ingestion.records import page_body

PREPARED = 1000
"""Up to as many answers are made in advance; more are made as they are asked for, so that memory stays small."""

_ASKED = re.compile(rb"GET /records\?(?:\S*&)?page=(\d+)")


class Pages:
    """The answers to a listing of ``pages`` pages."""

    def __init__(self, pages: int, rows: int, bad_every: int) -> None:
        self._pages, self._rows, self._bad_every = pages, rows, bad_every
        self._ready = {page: self._answer(page) for page in range(1, pages + 1)} if pages <= PREPARED else {}

    def answer(self, asked: bytes) -> bytes:
        """The whole answer to one request's bytes."""
        found = _ASKED.match(asked)
        page = int(found[1]) if found else 1
        return self._ready.get(page) or self._answer(page)

    def _answer(self, page: int) -> bytes:
        body = page_body(page, self._pages, self._rows, self._bad_every)
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Conversation(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, pages: Pages, delay_s: float) -> None:
        self._pages, self._delay_s = pages, delay_s
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request's head is whole."""
        self._asked += data
        if not self._asked.endswith(b"\r\n\r\n"):
            return
        asked, self._asked = self._asked, b""
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._answer, asked)
        else:
            self._answer(asked)

    def _answer(self, asked: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._pages.answer(asked))


async def serve(pages: Pages, delay_s: float) -> None:
    """Serve until killed; the port is the first line of the output."""
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(pages, delay_s), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    """Start."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--bad-every", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0)
    given = parser.parse_args(arguments)
    # The usual selector counts in whole milliseconds and rounds up: 20 ms would take 21.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(serve(Pages(given.pages, given.rows, given.bad_every), given.delay_ms / 1000))


if __name__ == "__main__":
    main()
