"""A source's protocol, made of its source file: to ask the agency's system, or only to read what is kept."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from connectors.source.column_types import Kind
from connectors.source.columns import Column
from connectors.source.contract import Contract
from connectors.source.record_paths import top_field
from connectors.source.source import Source
from ledger.errors import ConfigError
from ledger.settings import Connection

if TYPE_CHECKING:
    from connectors.http.client import HttpClient
    from connectors.protocols.base import ProtocolBase, Use, Uses

_USES: "Mapping[Kind, Use]" = {"string": "text", "date": "date", "timestamp": "date", "boolean": "boolean"}
# Reserved for names that do not exist: a protocol that only reads what is at hand can reach nobody by it.
_NOBODY = Connection(url="https://kept-pages.invalid")


def protocol_of(
    source: Source, link: Connection, contexts: Sequence[Mapping[str, str]], http: "HttpClient"
) -> "ProtocolBase[Any]":
    """The source's protocol over a connection. Raises ConfigError when its arguments do not fit."""
    from connectors.protocols import registry

    protocol = registry.get(source.protocol)
    try:
        arguments = protocol.Args.model_validate(source.args)
    except ValidationError as error:
        field_name = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ConfigError(
            f"argument {field_name!r} does not fit protocol {source.protocol}",
            where=f"source {source.id}",
            do="Run `pilar sources check`",
        ) from None
    return protocol(arguments, link, contexts, http, uses_of(source.contract))


def uses_of(contract: Contract) -> "Uses":
    """What the contract reads each field of a record as."""
    found: dict[str, frozenset[Use]] = {}
    for name, column in contract.landed.items():
        if column.in_record:
            field = top_field(name, column.from_)
            found[field] = found.get(field, frozenset()) | {_use(column)}
    return found


def _use(column: Column) -> "Use":
    kind = column.sql_type.kind
    if column.sql_type.numeric:
        return "percent" if any(suffix.strip() == "%" for suffix in column.suffixes) else "number"
    return _USES[kind]


def reader_of(source: Source) -> "ProtocolBase[Any]":
    """The source's protocol for reading what is kept: it can ask nobody. Raises ConfigError."""
    from connectors.http.client import HttpClient

    return protocol_of(source, _NOBODY, source.for_each, HttpClient(_NOBODY))
