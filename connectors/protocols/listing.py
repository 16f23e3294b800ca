"""The books of one paged listing: what was received, what was announced, and whether it goes round in circles."""

import hashlib
from typing import Any

from ledger.errors import SourceError

MAX_PAGES = 10_000
_ROUND = 10

_Edges = tuple[int, str, str]
"""Of a page: how many rows, the first one and the last one."""


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
        self._edges: set[_Edges] = set()
        self._before: _Edges | None = None

    def page(self, body: bytes, rows: int, request: str, records: Any = None) -> None:
        """Enter one page. Raises SourceError (damaged) when its rows were there before, or there are too many pages.

        ``records``, where the caller has them parsed, find out a page that comes again in another envelope (its own
        number, a time): as many rows, and the first and last of them the same. Where a page ends as the one before it
        did, the source gives the end of its list again, be it cut otherwise.
        """
        self.pages += 1
        if self.pages > self.max_pages:
            raise _damaged(f"the source gives more than {self.max_pages} pages", request)
        self.received += rows
        if rows == 0:
            return
        edges = _edges(rows, records)
        if self._ends_again(edges):
            raise SourceError(
                "damaged",
                f"the source repeats a page: beyond the end of its list it gives the last rows again "
                f"(the {self.pages}. page ends as the one before it)",
                where=request,
                do="Say where its total or its number of pages stands, or take the paging by which it tells its end",
            )
        if self._came_before(body, edges):
            raise _damaged(f"the source repeats a page (rows of the {self.pages}. came before)", request)
        self._remember(body, edges)

    def doubtful(self, rows: int, size: int | None) -> bool:
        """Whether the announced total may be that of a page, not of the list: it is the first page's own.

        ``rows`` came with the last page, ``size`` were asked for. A page is full with as many rows as were asked for,
        or with a round number of them: a server may have a size of its own.
        """
        full = rows == size or rows % _ROUND == 0
        return self.pages == 1 and rows > 0 and self.announced == self.received and full

    def beyond(self, body: bytes, rows: int, request: str, records: Any = None) -> None:
        """Enter what came when more was asked for than is announced: nothing, or rows that were there before.

        Raises SourceError (damaged) for any other row.
        """
        edges = _edges(rows, records)
        if rows and not self._ends_again(edges) and not self._came_before(body, edges):
            raise SourceError(
                "damaged",
                f"the source announces {self.announced} rows, as many as its page holds, and gives more when asked",
                where=request,
                do="Its total is that of a page: take it out of the paging, so that the source is asked until it ends",
            )

    def _ends_again(self, edges: "_Edges | None") -> bool:
        before = self._before
        if edges is None or before is None or edges[2] != before[2]:
            return False
        return edges == before or edges[0] != before[0]

    def _came_before(self, body: bytes, edges: "_Edges | None") -> bool:
        return hashlib.sha256(body).digest() in self._bodies or (edges is not None and edges in self._edges)

    def _remember(self, body: bytes, edges: "_Edges | None") -> None:
        self._bodies.add(hashlib.sha256(body).digest())
        self._before = edges
        if edges is not None:
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


def _edges(rows: int, records: Any) -> _Edges | None:
    if not rows or not isinstance(records, list):
        return None
    return rows, repr(records[0]), repr(records[-1])


def _damaged(what: str, request: str) -> SourceError:
    return SourceError(
        "damaged", what, where=request, do="Compare the source's paging arguments with what its system does now"
    )
