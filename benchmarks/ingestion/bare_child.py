"""As many threads as requests are allowed at once, and nothing done with the answers: what the server itself allows."""

import contextlib
import http.client
import queue
import socket
import sys
import threading
import time

from benchmarks.ingestion.children import told


def main(url: str, pages: int, concurrency: int) -> None:
    """Ask for every page once."""
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for page in range(1, pages + 1):
        numbers.put(page)
    threads = [threading.Thread(target=_ask, args=(url.removeprefix("http://"), numbers)) for _ in range(concurrency)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told(seconds=time.perf_counter() - began)


def _ask(place: str, numbers: "queue.SimpleQueue[int]") -> None:
    connection = http.client.HTTPConnection(place, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.closing(connection), contextlib.suppress(queue.Empty):
        while True:
            connection.request("GET", f"/records?page={numbers.get_nowait()}")
            connection.getresponse().read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
