"""Asking for pages before it is their turn, where a listing's first answer tells which ones there will be.

The walk itself stays what it is: page after page, each step decided by the answer before. What was asked ahead is only
a cache of answers by request, so order, books and errors are those of a walk without it.
"""

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from connectors.http.client import Answer
from connectors.protocols.rest_paging import Ask

DEPTH = 4
"""Answers that may wait for their turn, for each request that may be under way: one slow page stops no others."""
HELD_BYTES = 64 * 1024 * 1024
"""Beyond as many bytes of waiting answers no more are asked for than may be under way."""


class Ahead:
    """Gives the answer to one request after the other. Use in ``with``.

    ``width`` is how many requests may be under way at once; with 1 nothing is asked ahead, and no thread is started.
    """

    def __init__(self, fetch: Callable[[Ask], Answer], width: int) -> None:
        self._fetch = fetch
        self._width = width
        self._workers = ThreadPoolExecutor(width, thread_name_prefix="ahead") if width > 1 else None
        self._foreseen: Iterator[Ask] | None = None
        self._asked: deque[tuple[str, Future[Answer]]] = deque()
        self._held = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self._workers.shutdown(wait=True, cancel_futures=True)

    def expect(self, foreseen: Iterator[Ask]) -> None:
        """Tell which requests will follow. Only the first telling counts: who deviates from it is not trusted again."""
        if self._workers is not None and self._foreseen is None:
            self._foreseen = foreseen
            self._submit()

    def take(self, ask: Ask) -> Answer:
        """The answer to ``ask``. Raises what asking for it raised."""
        if not self._asked or self._asked[0][0] != ask.mark:
            self._forget()
            return self._fetch(ask)
        _, coming = self._asked.popleft()
        self._submit()
        answer = coming.result()
        self._hold(-len(answer.body))
        return answer

    def _submit(self) -> None:
        while self._workers is not None and self._foreseen is not None and len(self._asked) < self._room():
            ask = next(self._foreseen, None)
            if ask is None:
                return
            run = contextvars.copy_context().run
            self._asked.append((ask.mark, self._workers.submit(run, self._fetched, ask)))

    def _fetched(self, ask: Ask) -> Answer:
        answer = self._fetch(ask)
        self._hold(len(answer.body))
        return answer

    def _hold(self, size: int) -> None:
        with self._lock:
            self._held += size

    def _room(self) -> int:
        return self._width if self._held > HELD_BYTES else DEPTH * self._width

    def _forget(self) -> None:
        if self._foreseen is not None:
            self._foreseen = iter(())
        while self._asked:
            self._asked.popleft()[1].cancel()
