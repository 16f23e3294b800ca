"""From a landed or refused row back to the bytes that an agency's system sent."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from connectors.kept.rebuild import kept_pages
from connectors.landing.exact import records_at
from connectors.landing.files import QUARANTINE
from connectors.landing.paths import NDJSON, parse_path
from connectors.landing.personal import MASK, holds_identity, holds_long_number
from connectors.protocols.records import dump_records, parse_exact
from connectors.protocols.spans import Span
from connectors.pull.page_store import read_page
from connectors.source.persons import maybe_a_person, named_like_a_person
from connectors.source.protocol import reader_of
from connectors.source.source import Source
from ledger.errors import ConfigError, LedgerError, SourceError
from ledger.keys import Keys
from ledger.records import Batch, PageRow
from ledger.settings import Settings
from ledger.sql import identifier, literal, named_rows
from ledger.store import Ledger

if TYPE_CHECKING:
    from connectors.protocols.base import ProtocolBase


@dataclass(frozen=True)
class Traced:
    """Where a row came from. ``span`` is None where only the page can be told; ``shown`` is its record, masked.

    ``refused`` says that the row lies in quarantine; ``values`` are what was landed, or kept of it there.
    """

    batch: Batch
    row: int
    refused: bool
    page: PageRow
    span: Span | None
    values: Mapping[str, Any]
    shown: str


def trace(source: Source, batch: Batch, row: int, ledger: Ledger, settings: Settings) -> Traced:
    """Find the request, page and bytes of one row, by its number (``_row``).

    Raises ConfigError when the batch has no such row, and LedgerError when its page is gone or was altered.
    """
    values, refused = _values(settings.home, batch, f"_row = {row}")
    pages = ledger.pages(batch.batch_id)
    page = next(one for one in pages if one.seq == values["_page"])
    before = [one for one in pages if one.seq < page.seq]
    keys = Keys.load(settings.key_dir)
    protocol = reader_of(source)
    body = kept_bytes(page, settings, keys)
    # A row is numbered within its batch, over all pages: those before its own are counted.
    passed = sum(len(_spans(protocol, kept_bytes(one, settings, keys), one) or ()) for one in before)
    spans = _spans(protocol, body, page)
    if spans is not None and not 0 <= row - passed < len(spans):
        raise LedgerError(
            f"page {page.seq} has {len(spans)} records and no {row - passed + 1}th",
            where=f"batch {batch.batch_id}",
            do="The source file was changed since: look at its history, and trace with the file of the batch's day",
        )
    span = spans[row - passed] if spans is not None else None
    shown = masked(source, _record(source, page, row - passed, settings, keys)) if span is not None else ""
    return Traced(batch, row, refused, page, span, values, shown)


def row_of(home: Path, batch: Batch, wanted: Mapping[str, str]) -> int:
    """The number of the only row with these values (as text). Raises ConfigError when none or several have them."""
    condition = " AND ".join(f"{identifier(name)}::VARCHAR = {literal(value)}" for name, value in wanted.items())
    return int(_values(home, batch, condition)[0]["_row"])


def kept_bytes(page: PageRow, settings: Settings, keys: Keys) -> bytes:
    """The bytes of a page, proved to be those that came. Raises LedgerError."""
    body = read_page(settings.home / (page.path or ""), *keys.page_keys)
    if hashlib.sha256(body).hexdigest() != page.sha256:
        raise LedgerError("a kept page is not the one that came", where=str(page.path), do="Run `pilar verify --pages`")
    return body


def masked(source: Source, record: Any) -> str:
    """A record in JSON, its values masked where the contract declares them personal, or where they may be a person's.

    What the contract does not declare may be anything: it is masked too where records are about persons. Elsewhere it
    is shown, unless its name or its digits are like those of a person. Empty for what is no record.
    """
    declared: dict[int | str, bool] = {}
    for name, column in source.contract.columns.items():
        if column.position is not None or column.in_record:
            place = column.position if column.position is not None else column.from_ or name
            declared[place] = column.personal is None and declared.get(place, True)
    if isinstance(record, list):
        pairs: list[tuple[int | str, Any]] = list(enumerate(record))
    elif isinstance(record, dict):
        pairs = list(record.items())
    else:
        return ""
    hide = _Hiding(declared, source.contract.has_persons)
    shown = [(place, hide.value(value, place)) for place, value in pairs]
    told = [value for _, value in shown] if isinstance(record, list) else {str(name): value for name, value in shown}
    return dump_records([told]).decode()[1:-1]


@dataclass(frozen=True)
class _Hiding:
    """What of a record is shown. ``declared``: by field or position, whether its column is no personal one."""

    declared: Mapping[int | str, bool]
    persons: bool

    def value(self, value: Any, place: int | str) -> Any:
        """A value as it is shown, with everything inside it."""
        if value is None:
            return None
        plain = self.declared.get(place)
        if isinstance(value, dict | list):
            # Inside there may be more than the column of a path reads.
            inside = any(str(name).startswith(f"$.{place}") and not fine for name, fine in self.declared.items())
            return MASK if self.persons or inside or plain is False or _personal(place) else self._inside(value)
        if plain is None:
            plain = not self.persons and not _personal(place) and not holds_long_number(str(value))
        return value if plain and not holds_identity(str(value)) else MASK

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.value(member, name) for name, member in value.items()}
        return [self.value(element, -1) for element in value]


def _personal(place: int | str) -> bool:
    return isinstance(place, str) and (named_like_a_person([place]) or maybe_a_person([place]))


def _record(source: Source, page: PageRow, nth: int, settings: Settings, keys: Keys) -> Any:
    """A record as the landing reads it: with its names, also where the system sends none. None where it is none."""
    [kept] = kept_pages(source, [page], settings, keys)
    try:
        if kept.records_path == NDJSON:
            return parse_exact([line for line in kept.records.splitlines() if line.strip()][nth])
        return records_at(parse_exact(kept.records), parse_path(kept.records_path))[nth]
    except (SourceError, ValueError, LookupError, RecursionError):
        return None


def _spans(protocol: "ProtocolBase[Any]", body: bytes, page: PageRow) -> Sequence[Span] | None:
    try:
        return protocol.spans(body, page.request)
    except (SourceError, ValueError, LookupError, StopIteration):
        # An answer without records in the protocol's own words: "asked, and there is nothing".
        return []


def _values(home: Path, batch: Batch, condition: str) -> tuple[dict[str, Any], bool]:
    """The only row that meets a condition, and whether it is a refused one. Raises ConfigError."""
    where = f"batch {batch.batch_id}"
    if batch.landed_path is None:
        raise ConfigError(
            f"the batch is {batch.status} and holds no rows of its own", where=where, do="Trace the batch in force"
        )
    rows = home / batch.landed_path
    for path, refused in ((rows, False), (rows.with_name(QUARANTINE), True)):
        try:
            matches = named_rows(
                duckdb.execute(f"SELECT * FROM read_parquet({literal(str(path))}) WHERE {condition} LIMIT 2")
            )
        except duckdb.BinderException:
            matches = []  # quarantine has none of the columns
        except duckdb.Error as error:
            raise LedgerError(
                f"the batch's rows cannot be read ({type(error).__name__})", where=str(path), do="Run `pilar verify`"
            ) from None
        if len(matches) > 1:
            raise ConfigError("several rows are so", where=where, do="Name more columns, or the row's number (_row)")
        if matches:
            return matches[0], refused
    raise ConfigError("there is no such row", where=where, do="Name its number (_row), or the values of its key")
