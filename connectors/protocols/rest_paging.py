"""How REST services are walked through: seven manners, each a pure step from one answer to the next request."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.http.urls import next_link
from connectors.protocols.base import ProtocolArgs
from connectors.protocols.json_path import MISSING, JsonPath, select
from connectors.protocols.records import as_count
from ledger.errors import SourceError


@dataclass(frozen=True, slots=True)
class Ask:
    """The next request of a listing: own parameters added to the source's, or a complete ``url`` in their place."""

    params: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    number: int = 0

    @property
    def mark(self) -> str:
        """What names this request within its listing."""
        return self.url or repr(sorted(self.params.items()))


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What a paging manner may look at: the answer just received, and how many rows came so far."""

    data: Any
    headers: Mapping[str, str]
    rows: int
    received: int
    request: str

    def count(self, path: str | None) -> int | None:
        """A count in the body, None without a path or where the body has none."""
        if path is None:
            return None
        value = select(self.data, path)
        return None if value is MISSING else as_count(value, path, self.request)

    def header_count(self, name: str | None) -> int | None:
        """A count in a header, None without a name or header."""
        return None if name is None else as_count(self.headers.get(name), name, self.request)

    def word(self, path: str) -> str:
        """A cursor or link in the body; an empty string where there is none."""
        value = select(self.data, path)
        if value is MISSING or value is None or value is False:
            return ""
        if isinstance(value, str | int):
            return str(value)
        raise SourceError("damaged", f"{path} is not a link or cursor", where=self.request)


def _more(total: int | None, seen: PageAnswer) -> int:
    """How many more pages there should be, if each has as many rows as this one."""
    return 0 if total is None or seen.rows == 0 else -(-(total - seen.received) // seen.rows)


class _Manner(ProtocolArgs):
    @property
    def page_size(self) -> int | None:
        """Rows that a full page has, where the source file says it."""
        return None

    def beyond(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """The request after this one, whatever the answer says of the end; None where answers alone can name it."""
        return None

    def foresee(self, ask: Ask, seen: PageAnswer) -> Iterator[Ask]:
        """The requests that will follow this answer, where it tells; none where each answer names the next."""
        return iter(())


class _Sized(_Manner):
    size_param: str | None = None
    size: int | None = Field(default=None, ge=1, le=100_000)

    @property
    def page_size(self) -> int | None:
        """Rows asked for in a page."""
        return self.size

    def sizes(self) -> dict[str, str]:
        return {self.size_param: str(self.size)} if self.size_param and self.size else {}


class NoPaging(_Manner):
    """One request holds everything."""

    mode: Literal["none"] = "none"

    def first(self) -> Ask:
        """The only request."""
        return Ask()

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """There is none."""
        return None

    def total(self, seen: PageAnswer) -> int | None:
        """None is announced."""
        return None


class _TotalInBody(_Sized):
    total_at: JsonPath | None = None

    def total(self, seen: PageAnswer) -> int | None:
        """Rows announced in the body."""
        return seen.count(self.total_at)


class _TotalInHeader(_Sized):
    total_header: str | None = None

    def total(self, seen: PageAnswer) -> int | None:
        """Rows announced in a header."""
        return seen.header_count(self.total_header)


class _Numbered(_Sized, ABC):
    param: str = "page"
    start: int = Field(default=1, ge=0, le=1)

    @abstractmethod
    def announced(self, seen: PageAnswer) -> int | None:
        """How many pages there are, where the answer says it."""

    @abstractmethod
    def total(self, seen: PageAnswer) -> int | None:
        """How many rows there are, where the answer says it."""

    def first(self) -> Ask:
        """The first page."""
        return self._ask(self.start)

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """The page after, while there should be one."""
        pages, total = self.announced(seen), self.total(seen)
        if pages is not None:
            more = ask.number - self.start + 1 < pages
        else:
            more = seen.rows > 0 and (total is None or seen.received < total)
        return self._ask(ask.number + 1) if more else None

    def beyond(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """The page after."""
        return self._ask(ask.number + 1)

    def foresee(self, ask: Ask, seen: PageAnswer) -> Iterator[Ask]:
        """The numbers up to the announced one, or as many more as the announced rows need."""
        pages = self.announced(seen)
        following = _more(self.total(seen), seen) if pages is None else self.start + pages - 1 - ask.number
        return (self._ask(number) for number in range(ask.number + 1, ask.number + 1 + following))

    def _ask(self, number: int) -> Ask:
        return Ask({**self.sizes(), self.param: str(number)}, number=number)


class PageNumber(_TotalInBody, _Numbered):
    """``?page=1``, ``?page=2``: until the announced number of pages or rows, else until an empty page."""

    mode: Literal["page"]
    pages: JsonPath | None = None

    def announced(self, seen: PageAnswer) -> int | None:
        """Pages announced in the body."""
        return seen.count(self.pages)


class HeaderPages(_TotalInHeader, _Numbered):
    """Page numbers, with the number of pages or rows in headers."""

    mode: Literal["header"]
    pages_header: str | None = None

    def announced(self, seen: PageAnswer) -> int | None:
        """Pages announced in a header."""
        return seen.header_count(self.pages_header)


class Offset(_TotalInBody):
    """``?offset=0&limit=100``: forward by the rows that really came, since a server may give fewer than asked for."""

    mode: Literal["offset"]
    param: str = "offset"
    size_param: str | None = "limit"
    size: int | None = Field(default=100, ge=1, le=100_000)

    def first(self) -> Ask:
        """From row 0."""
        return self._ask(0)

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """From the first row not yet received, until the total or an empty page."""
        total = self.total(seen)
        more = seen.rows > 0 and (total is None or seen.received < total)
        return self._ask(ask.number + seen.rows) if more else None

    def beyond(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """From the first row not yet received."""
        return self._ask(ask.number + seen.rows)

    def foresee(self, ask: Ask, seen: PageAnswer) -> Iterator[Ask]:
        """Steps of as many rows as came now, up to the announced total."""
        steps = range(1, 1 + _more(self.total(seen), seen))
        return (self._ask(ask.number + seen.rows * step) for step in steps)

    def _ask(self, offset: int) -> Ask:
        return Ask({**self.sizes(), self.param: str(offset)}, number=offset)


class Cursor(_TotalInBody):
    """Each answer names the token of the next."""

    mode: Literal["cursor"]
    param: str = "cursor"
    next_at: JsonPath

    def first(self) -> Ask:
        """Without a cursor."""
        return Ask(self.sizes())

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """With the cursor just given, while one is."""
        cursor = seen.word(self.next_at)
        return Ask({**self.sizes(), self.param: cursor}, number=ask.number + 1) if cursor else None


class LinkHeader(_TotalInHeader):
    """``Link: <...>; rel="next"`` (RFC 8288), on the same host only."""

    mode: Literal["link"]

    def first(self) -> Ask:
        """The source's own address."""
        return Ask(self.sizes())

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """The link whose relation is next, while one is given."""
        link = next_link(seen.headers)
        return replace(ask, params={}, url=link, number=ask.number + 1) if link else None


class NextUrl(_TotalInBody):
    """Each answer's body holds the whole URL of the next, on the same host only."""

    mode: Literal["next_url"]
    next_at: JsonPath

    def first(self) -> Ask:
        """The source's own address."""
        return Ask(self.sizes())

    def next(self, ask: Ask, seen: PageAnswer) -> Ask | None:
        """The URL given, while one is."""
        link = seen.word(self.next_at)
        return replace(ask, params={}, url=link, number=ask.number + 1) if link else None


Paging = Annotated[
    NoPaging | PageNumber | HeaderPages | Offset | Cursor | LinkHeader | NextUrl, Field(discriminator="mode")
]
