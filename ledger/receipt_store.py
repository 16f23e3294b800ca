"""Receipts in the ledger: writing the next link, and reading the chain beside the rows it tells of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from ledger import tables as t
from ledger.engine import Store
from ledger.receipts import FORMER_NAMES, GENESIS, Witness, canonical, link_hash
from ledger.records import Receipt

_CHUNK = 200

_BATCH_FIELDS = (
    "batch_id",
    "source_id",
    "opd",
    "pull_id",
    "fetched_by",
    "coverage",
    "status",
    "event_id",
    "replay_of",
    "contract_sha256",
    "rows_received",
    "rows_landed",
    "rows_quarantined",
    "rows_known",
    "merge",
    "cursor",
    "whole_pull",
    "landed_path",
    "landed_sha256",
    "files",
    "content_sha256",
    "context_sha256",
    "reasons",
    "findings",
    "synthetic",
)
_PAGE_FIELDS = ("seq", "request", "status", "bytes", "sha256", "ms")
_DISMISSAL_FIELDS = ("rule", "field", "row", "who", "why")

Rows = Mapping[str, Sequence[sa.RowMapping]]


class ReceiptStore(Store):
    """Reading the chain."""

    def receipts(self) -> Sequence[Receipt]:
        """The whole chain, from its first link."""
        with self._begin() as connection:
            return [
                _receipt(row) for row in connection.execute(sa.select(t.receipt).order_by(t.receipt.c.seq)).mappings()
            ]

    def receipt_of(self, batch_id: str) -> Receipt | None:
        """The latest receipt of a batch, or None while it runs or when it failed."""
        return self._last(t.receipt.c.batch_id == batch_id)

    def chain_head(self, at: datetime) -> Receipt | None:
        """The last receipt that had been written at this time, or None when there was none."""
        return self._last(t.receipt.c.written_at <= at)

    def witnesses(self) -> Iterator[Witness]:
        """The whole chain beside the rows it tells of, as they stand at one moment."""
        with self._snapshot() as connection:
            latest = sa.select(sa.func.max(t.receipt.c.seq)).group_by(t.receipt.c.batch_id)
            last = set(connection.execute(latest).scalars())
            query = sa.select(t.receipt).order_by(t.receipt.c.seq).execution_options(yield_per=_CHUNK)
            for part in connection.execute(query).mappings().partitions():
                links = [_receipt(row) for row in part]
                batches, pages, dismissals = _rows(connection, {link.batch_id for link in links})
                for link in links:
                    mine = pages.get(link.batch_id, [])
                    decisions = dismissals.get(link.batch_id, [])
                    names = FORMER_NAMES if '"place":' in link.body else {}
                    told = link.seq in last
                    expected = _body(batches[link.batch_id], mine, decisions, names) if told else None
                    yield Witness(link, expected, {row["seq"]: row["path"] for row in mine if row["path"]})

    def _last(self, condition: sa.ColumnElement[bool]) -> Receipt | None:
        query = sa.select(t.receipt).where(condition).order_by(t.receipt.c.seq.desc()).limit(1)
        with self._begin() as connection:
            row = connection.execute(query).mappings().first()
            return _receipt(row) if row is not None else None


def write_receipt(connection: sa.Connection, batch_id: str) -> Receipt:
    """The next link of the chain, from the batch's rows as they are now. Called under the receipts' lock."""
    batches, pages, dismissals = _rows(connection, {batch_id})
    last = connection.execute(sa.select(t.receipt).order_by(t.receipt.c.seq.desc()).limit(1)).mappings().first()
    text = _body(batches[batch_id], pages.get(batch_id, []), dismissals.get(batch_id, []))
    previous = last["sha256"] if last is not None else GENESIS
    link = Receipt((last["seq"] if last is not None else 0) + 1, batch_id, text, previous, link_hash(previous, text))
    connection.execute(
        sa.insert(t.receipt).values(
            seq=link.seq,
            batch_id=batch_id,
            body=text,
            previous_sha256=previous,
            sha256=link.sha256,
            # Not when its transaction began: links are dated in their order, also where several are written at once.
            written_at=sa.func.clock_timestamp(),
        )
    )
    return link


def _rows(connection: sa.Connection, batch_ids: set[str]) -> tuple[Mapping[str, sa.RowMapping], Rows, Rows]:
    """The rows of some batches, of their pages and of decisions about their quarantine, in order."""
    batches = connection.execute(sa.select(t.batch).where(t.batch.c.batch_id.in_(batch_ids))).mappings()
    pages = connection.execute(
        sa.select(t.page).where(t.page.c.batch_id.in_(batch_ids)).order_by(t.page.c.batch_id, t.page.c.seq)
    ).mappings()
    d = t.dismissal.c
    dismissals = connection.execute(
        sa.select(t.dismissal).where(d.batch_id.in_(batch_ids)).order_by(d.batch_id, d.dismissal_id)
    ).mappings()
    return {row["batch_id"]: row for row in batches}, _by_batch(pages), _by_batch(dismissals)


def _by_batch(rows: Iterable[sa.RowMapping]) -> Rows:
    return {batch_id: list(found) for batch_id, found in groupby(rows, itemgetter("batch_id"))}


def _body(
    batch: sa.RowMapping,
    pages: Sequence[sa.RowMapping],
    dismissals: Sequence[sa.RowMapping],
    names: Mapping[str, str] = MappingProxyType({}),
) -> str:
    body: dict[str, Any] = {names.get(name, name): batch[name] for name in _BATCH_FIELDS}
    body |= {name: _moment(batch[name]) for name in ("started_at", "finished_at")}
    body["pages"] = [{name: page[name] for name in _PAGE_FIELDS} for page in pages]
    if dismissals:
        body["dismissed"] = [
            {name: row[name] for name in _DISMISSAL_FIELDS}
            | {"dismissed_at": _moment(row["dismissed_at"])}
            | ({"until": row["until"].isoformat()} if row["until"] is not None else {})
            for row in dismissals
        ]
    return canonical(body)


def _moment(value: datetime | None) -> str | None:
    """In UTC: the same moment is the same text, whatever the server's time zone is."""
    return value.astimezone(UTC).isoformat() if value is not None else None


def _receipt(row: sa.RowMapping) -> Receipt:
    return Receipt(row["seq"], row["batch_id"], row["body"], row["previous_sha256"], row["sha256"])
