"""What a database must be able to do for ``sql``, and what is refused on every one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ledger.errors import ConfigError

VERIFYING = ("verify-full", "verify-ca")


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT with the values of its placeholders, and how many rows make a page. ``request`` names it, redacted."""

    query: str
    values: Mapping[str, str]
    page_rows: int
    request: str


class Database(Protocol):
    """An open database that can only be read. ``place`` names it in messages, without secrets."""

    place: str

    def lines(self, statement: Statement) -> Iterator[Sequence[str]]:
        """The rows as JSON objects, one text a row, page by page; no page without rows.

        Raises SourceError, and ConfigError when two columns have one name.
        """


def twice(name: str) -> ConfigError:
    """The refusal of a query with two columns of one name."""
    return ConfigError(
        f"the query gives column {name!r} twice, and JSON would keep one", where="protocol sql", do="Alias it"
    )


def unproved(mode: str) -> ConfigError:
    """The refusal of a TLS mode that lets anybody answer."""
    return ConfigError(
        f"sslmode {mode!r} does not prove whom we talk to",
        where="connection extra.sslmode",
        do="Use verify-full and name the authority's certificate as ca_bundle",
    )
