"""Asking again for what speaks no HTTP: the same bounds as the HTTP client's, without its verdicts."""

import time
from collections.abc import Callable
from typing import TypeVar

from connectors.http.limits import Limits
from ledger.errors import SourceError

T = TypeVar("T")


def patiently(limits: Limits, step: Callable[[], T]) -> T:
    """The result of a step, which is tried again while it fails for a moment only.

    Raises the step's last SourceError when its kind is not ``retryable``, or when attempts or patience are spent.
    """
    started, attempt = time.monotonic(), 0
    while True:
        attempt += 1
        try:
            return step()
        except SourceError as error:
            wait = min(limits.backoff_max_s, limits.backoff_s * 2 ** (attempt - 1))
            late = time.monotonic() - started + wait > limits.retry_total_s
            if error.kind != "retryable" or attempt >= limits.attempts or late:
                raise
            time.sleep(wait)
