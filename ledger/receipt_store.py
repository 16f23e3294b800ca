"""Receipts in the ledger: writing the next link, and reading the chain beside the rows it tells of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from ledger import tables as t
from ledger.chain import GENESIS, canonical, link_hash, moment
from ledger.engine import Store
from ledger.receipts import FIRST_FIELDS, FORMER_NAMES, WRITTEN_AT, Witness, is_of_first_release
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
_QUARANTINE_FIELDS = ("rule", "field", "rows")
_REVISION_FIELDS = ("previous_batch_id", "coverage", "changed", "added", "removed", "was", "path", "sha256")

Rows = Mapping[str, Sequence[sa.RowMapping]]


@dataclass(frozen=True)
class _Told:
    """The rows that a receipt tells of, by batch and in order."""

    batches: Mapping[str, sa.RowMapping]
    pages: Rows
    dismissals: Rows
    quarantine: Rows
    revisions: Rows


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
                told = _rows(connection, {link.batch_id for link in links})
                for link, row in zip(links, part, strict=True):
                    written = _moment(row["written_at"]) if f'"{WRITTEN_AT}":' in link.body else None
                    expected = _expected(told, link, written) if link.seq in last else None
                    paths = {page["seq"]: page["path"] for page in told.pages.get(link.batch_id, []) if page["path"]}
                    yield Witness(link, expected, paths, written)

    def _last(self, condition: sa.ColumnElement[bool]) -> Receipt | None:
        query = sa.select(t.receipt).where(condition).order_by(t.receipt.c.seq.desc()).limit(1)
        with self._begin() as connection:
            row = connection.execute(query).mappings().first()
            return _receipt(row) if row is not None else None


def write_receipt(connection: sa.Connection, batch_id: str) -> Receipt:
    """The next link of the chain, from the batch's rows as they are now. Called under the receipts' lock."""
    # Not when its transaction began: links are dated in their order, also where several are written at once.
    written_at = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    last = connection.execute(sa.select(t.receipt).order_by(t.receipt.c.seq.desc()).limit(1)).mappings().first()
    text = _body(_rows(connection, {batch_id}), batch_id, _moment(written_at))
    previous = last["sha256"] if last is not None else GENESIS
    link = Receipt((last["seq"] if last is not None else 0) + 1, batch_id, text, previous, link_hash(previous, text))
    connection.execute(
        sa.insert(t.receipt).values(
            seq=link.seq,
            batch_id=batch_id,
            body=text,
            previous_sha256=previous,
            sha256=link.sha256,
            written_at=written_at,
        )
    )
    return link


def _rows(connection: sa.Connection, batch_ids: set[str]) -> _Told:
    """The rows of some batches, of their pages, of what was refused, revised and decided about it."""

    def of(table: sa.Table, *order: sa.ColumnElement[Any]) -> sa.MappingResult:
        mine = sa.select(table).where(table.c.batch_id.in_(batch_ids)).order_by(table.c.batch_id, *order)
        return connection.execute(mine).mappings()

    return _Told(
        {row["batch_id"]: row for row in of(t.batch)},
        _by_batch(of(t.page, t.page.c.seq)),
        _by_batch(of(t.dismissal, t.dismissal.c.dismissal_id)),
        _by_batch(of(t.quarantine, *(sa.collate(t.quarantine.c[name], "C") for name in ("rule", "field")))),
        _by_batch(of(t.revision)),
    )


def _by_batch(rows: Iterable[sa.RowMapping]) -> Rows:
    return {batch_id: list(found) for batch_id, found in groupby(rows, itemgetter("batch_id"))}


def _body(told: _Told, batch_id: str, written_at: str | None, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The text of a receipt. One from before (``names``; no ``written_at``) tells of fewer rows under other names."""
    batch = told.batches[batch_id]
    body: dict[str, Any] = {names.get(name, name): batch[name] for name in _BATCH_FIELDS}
    body |= {name: _moment(batch[name]) for name in ("started_at", "finished_at")}
    body["pages"] = _listed(told.pages, batch_id, _PAGE_FIELDS)
    dismissals = told.dismissals.get(batch_id, [])
    if dismissals:
        body["dismissed"] = [
            {name: row[name] for name in _DISMISSAL_FIELDS}
            | {"dismissed_at": _moment(row["dismissed_at"])}
            | ({"until": row["until"].isoformat()} if row["until"] is not None else {})
            for row in dismissals
        ]
    if written_at is not None:
        body[WRITTEN_AT] = written_at
        body["quarantined"] = _listed(told.quarantine, batch_id, _QUARANTINE_FIELDS)
        body["revises"] = _listed(told.revisions, batch_id, _REVISION_FIELDS)
    return canonical(body)


def _expected(told: _Told, link: Receipt, written_at: str | None) -> str:
    """The text that the rows as they are now would give the receipt, in the words of the version that wrote it."""
    if is_of_first_release(link.body):
        batch = told.batches[link.batch_id]
        body = {name: batch[name] for name in FIRST_FIELDS}
        body |= {name: _moment(batch[name]) for name in ("started_at", "finished_at")}
        return canonical(body | {"pages": [row["sha256"] for row in told.pages.get(link.batch_id, [])]})
    return _body(told, link.batch_id, written_at, FORMER_NAMES if '"place":' in link.body else {})


def _listed(rows: Rows, batch_id: str, fields: Sequence[str]) -> list[Mapping[str, Any]]:
    return [{name: row[name] for name in fields} for row in rows.get(batch_id, [])]


def _moment(value: datetime | None) -> str | None:
    return moment(value) if value is not None else None


def _receipt(row: sa.RowMapping) -> Receipt:
    return Receipt(row["seq"], row["batch_id"], row["body"], row["previous_sha256"], row["sha256"])
