"""The books of one paged listing: what was received, what was announced, and whether it goes round in circles."""

import hashlib
from typing import Any

from ledger.errors import SourceError

MAX_PAGES = 10_000


class Listing:
    """Counts pages and rows of one listing and refuses what cannot be whole.

    A page that comes twice, a next link that was followed before, more pages than ``max_pages``, a total that changes
    on the way or does not match in the end: each of them means that rows are missing or doubled.
    """

    def __init__(self, max_pages: int = MAX_PAGES) -> None:
        self.max_pages = max_pages
        self.received = 0
        self.pages = 0
        self.announced: int | None = None
        self._bodies: set[bytes] = set()
        self._marks: set[str] = set()
        self._edges: set[tuple[int, str, str]] = set()

    def page(self, body: bytes, rows: int, request: str, records: Any = None) -> None:
        """Enter one page. Raises SourceError (damaged) when its rows were there before, or there are too many pages.

        ``records``, where the caller has them parsed, find out a page that comes again in another envelope (its own
        number, a time): as many rows, and the first and last of them the same. One row may honestly come twice.
        """
        self.pages += 1
        if self.pages > self.max_pages:
            raise _damaged(f"the source gives more than {self.max_pages} pages", request)
        self.received += rows
        if rows == 0:
            return
        digest = hashlib.sha256(body).digest()
        if digest in self._bodies:
            raise _damaged(f"the source repeats a page (the {self.pages}. equals an earlier one)", request)
        self._bodies.add(digest)
        if isinstance(records, list) and rows > 1:
            edges = (rows, repr(records[0]), repr(records[-1]))
            if edges in self._edges:
                raise _damaged(f"the source repeats a page (rows of the {self.pages}. came before)", request)
            self._edges.add(edges)

    def step(self, mark: str, request: str) -> None:
        """Enter a next link, cursor or token before following it. Raises SourceError (damaged) when it was followed."""
        if mark in self._marks:
            raise _damaged("the source's next links go round in a circle", request)
        self._marks.add(mark)

    def announce(self, total: int | None, request: str) -> None:
        """Enter the total a page announces. Raises SourceError (retryable) when it changed since the first page."""
        if total is None:
            return
        if self.announced is not None and self.announced != total:
            raise SourceError(
                "retryable",
                f"the source's total changed from {self.announced} to {total} while it was read",
                where=request,
                do="Pull again when the source is at rest",
            )
        self.announced = total

    @property
    def complete(self) -> bool:
        """True when as many rows came as were announced."""
        return self.announced is not None and self.received >= self.announced

    def finish(self, request: str) -> None:
        """Close the books. Raises SourceError (damaged) when the rows received are not those announced."""
        if self.announced is not None and self.received != self.announced:
            raise _damaged(f"the source announces {self.announced} rows and gives {self.received}", request)


def _damaged(what: str, request: str) -> SourceError:
    return SourceError(
        "damaged", what, where=request, do="Compare the source's paging arguments with what its system does now"
    )
