"""What every protocol promises: pages, in order, each kept as the bytes that came.

A protocol knows how one family of systems speaks: how to ask, how to page, and what its answers mean. It knows nothing
of columns, contracts or persons: it hands over bytes, and where in them the records are.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from connectors.http.client import HttpClient
from connectors.protocols.spans import Span
from ledger.errors import ConfigError
from ledger.settings import Connection

UNREADABLE = "_pilar_unreadable"
"""The only field of a record that stands for a row nobody could read; it says why. Landing quarantines the row."""

UNREADABLE_FORM = (
    "row [0-9]+ (has [0-9]+ fields, the header has [0-9]+|is hidden|numbers the columns|begins like the footer and is "
    "filled like a record)"
)
"""The only words it may say: in any other text, whoever sent it, a person could stand."""

REFUSED_CELL = "\ufffd[cell] "
"""How a value begins that stands for a cell of which the field's use does not allow; the rest says what the cell is."""

Use = Literal["text", "number", "percent", "date", "boolean"]
"""What a field is read as. ``percent`` is a number that may have the sign for percent behind it."""

Uses = Mapping[str, frozenset[Use]]
"""By field of a record: what it is read as, by whoever reads it. A field that nobody reads is not there."""

NO_USES: Uses = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a protocol noticed in a page that is worth a word and no reason to refuse it: a finding of its batch.

    ``what`` and ``do`` are the same for all pages with this ``code``; ``detail`` says where in this one. None of them
    quotes a record.
    """

    code: str
    what: str
    do: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a source. It may hold no records: "asked, and there is nothing" is an answer too.

    - ``seq`` counts from 0 over the whole pull.
    - ``body`` is what is hashed, encrypted and kept: the answer as received. Transport compression is undone. So is an
      encryption whose key is bound to the request's moment, as with BPJS.
    - ``records`` is JSON text with the records. It is ``body`` itself where the source speaks JSON, else derived from
      it.
    - ``records_path`` says where in it the array (of objects or of arrays) or the single object lies: ``$``,
      ``$.rows``, ``$.entry[*].resource``, or ``ndjson`` for newline-delimited objects.
    - ``context`` holds values known from the request or the file name.
    - ``request`` has its secrets redacted.
    - ``status`` is the HTTP status, 0 where the protocol has none.
    - ``ms`` is the time the answer took, in milliseconds.
    - ``announced`` is how many rows the source says its whole listing has, None where it does not say it.
    - ``noticed`` is what becomes a finding.
    """

    seq: int
    body: bytes
    records: bytes
    records_path: str
    context: Mapping[str, str]
    request: str
    status: int
    ms: int
    announced: int | None = None
    noticed: tuple[Noticed, ...] = ()


class ProtocolArgs(BaseModel):
    """Base of every protocol's arguments, as they stand under ``args`` in a source file: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    def problems(self) -> Sequence[tuple[str, str]]:
        """What is wrong with the arguments beside their form, and what to do about it. Raises ConfigError."""
        return ()


ArgsT = TypeVar("ArgsT", bound=ProtocolArgs)


class ProtocolBase(ABC, Generic[ArgsT]):
    """One way of speaking. Subclasses set ``name`` and ``Args`` and yield pages.

    ``contexts`` are the source's ``for_each`` entries: the whole listing is asked for once per context, and without any
    it is asked for once with an empty one. ``{placeholders}`` in the arguments are filled from the context.
    ``uses`` says what fields are read as, for formats in which one cell is several values.
    Constructing a protocol opens no connection; ``pages`` may be called once.
    """

    name: ClassVar[str]
    Args: ClassVar[type[ProtocolArgs]]

    def __init__(
        self,
        args: ArgsT,
        connection: Connection,
        contexts: Sequence[Mapping[str, str]],
        http: HttpClient,
        uses: Uses = NO_USES,
    ) -> None:
        self.args = args
        self.uses = uses
        self.connection = connection
        self.contexts: Sequence[Mapping[str, str]] = tuple(contexts) or ({},)
        self.http = http
        http.redactor.trust(f"{args.model_dump_json()} {json.dumps([dict(context) for context in contexts])}")

    @abstractmethod
    def pages(self) -> Iterator[Page]:
        """Every page of the pull, in order.

        Raises SourceError when the source refuses, fails, repeats itself or answers something unreadable, and
        ConfigError when arguments and contexts do not fit together. Pages already yielded stay valid.
        """

    def spans(self, body: bytes, request: str) -> Sequence[Span] | None:
        """Where each record of a kept page stands in its bytes, in the records' order. Asks nobody.

        None where the protocol cannot tell more than the page. Raises ValueError or SourceError for a body that is none
        of this protocol's.
        """
        return None

    def derive(self, body: bytes, context: Mapping[str, str], request: str) -> bytes:
        """``Page.records`` of a kept body, where ``pages`` derived them from it: the same bytes by the same arguments.

        Asks nobody. A protocol whose records are the body itself needs none.
        Raises SourceError (damaged) when the body cannot be read.
        """
        raise ConfigError(
            f"protocol {self.name} cannot read its kept pages again", where=request, do="Give its class `derive`"
        )
