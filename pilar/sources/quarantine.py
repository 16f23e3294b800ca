"""What people do about quarantined rows: see them, replay their batches, dismiss them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ledger.clock import day_of
from ledger.errors import ConfigError, LedgerError, PilarError
from ledger.quarantine import Refused
from ledger.records import Batch
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.sources.repeated_rows import Occurrences, once, seen


@dataclass(frozen=True)
class QuarantinedRow:
    """One quarantined row and every reason it has; values are masked where they may be a person's.

    ``record`` is its record as JSON, as far as it was kept.
    """

    page: int
    row: int
    reasons: Sequence[Mapping[str, Any]]
    dismissed: bool
    seen: Occurrences | None = None
    record: str = field(default="", repr=False)


@dataclass(frozen=True)
class ReplayedBatch:
    """A batch that was replayed, and what became of it."""

    old: Batch
    new: Sequence[Batch]


def is_batch(target: str) -> bool:
    """Whether a word of the command line is a batch's id: it begins with its date, and a source with a letter."""
    return target[:1].isdigit()


def refused(
    ledger: Ledger,
    settings: Settings,
    *,
    source: str | None = None,
    rule: str | None = None,
    batch: str | None = None,
    closed: bool = False,
) -> Sequence[Refused]:
    """What is in quarantine and open; with ``closed`` also what was settled, landed later or came again."""
    return [
        one
        for one in once(ledger.refused(source), ledger, settings)
        if (closed or one.open)
        and (rule is None or one.rule == rule)
        and (batch is None or one.batch.batch_id == batch)
    ]


def to_do(one: Refused) -> str:
    """The next step for quarantined rows, in a few words."""
    if one.state != "open":
        by = one.later or one.fate.by
        return (
            f"nothing: {by} came later"
            if one.state == "superseded"
            else f"nothing: {by} holds them"
            if by
            else "nothing"
        )
    if one.batch.incremental:
        return "ask the agency, or mend and pull"
    held = {"held": "ask the agency, release or replay", "rejected": "mend the contract, replay"}
    return held.get(one.batch.status, "ask the agency, or mend and replay")


def rows(ledger: Ledger, settings: Settings, batch_id: str, rule: str | None, limit: int) -> Sequence[QuarantinedRow]:
    """Quarantined rows of a batch, in their order. Raises LedgerError when it has none, or its file is gone."""
    batch = existing_batch(ledger, batch_id)
    dismissals = ledger.dismissals(batch_id)
    whole = {(one.rule, one.field) for one in dismissals if one.row is None}
    single = {(one.rule, one.field, one.row) for one in dismissals}
    found = []
    read = _read(_file(batch, settings), rule, limit)
    came = seen(batch, [row for _, row, _, _ in read], ledger, settings)
    for page, row, reasons, record in read:
        settled = [(r["rule"], r["field"]) in whole or (r["rule"], r["field"], row) in single for r in reasons]
        found.append(QuarantinedRow(page, row, reasons, all(settled), came.get(row), record))
    return found


def count(ledger: Ledger, settings: Settings, batch_id: str, rule: str | None) -> int:
    """How many quarantined rows a batch has, or how many of them break one rule. Raises as ``rows`` does."""
    import duckdb

    from ledger.sql import literal

    batch = existing_batch(ledger, batch_id)
    path = _file(batch, settings)
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            f"select count(*) from read_parquet({literal(str(path))}) where {_breaks(rule)}"
        ).fetchone()
    return int(found[0]) if found is not None else 0


def replay(ledger: Ledger, settings: Settings, target: str) -> Iterator[ReplayedBatch]:
    """Replay a batch, or of a source every batch from which rows may come in; each is told when it is done.

    Raises LedgerError, ConfigError or SourceError with what stands in the way; of a source after all other batches were
    replayed.
    """
    from connectors.kept import replay as replaying
    from pilar.sources.catalogue import find_source

    of_batch = is_batch(target)
    source = find_source(settings, existing_batch(ledger, target).source_id if of_batch else target)
    wanted = [target] if of_batch else list(replaying.replayable(source, ledger))
    failed: PilarError | None = None
    while wanted:
        old = existing_batch(ledger, wanted.pop(0))
        try:
            outcome = replaying.replay(source, old.batch_id, ledger, settings)
        except PilarError as error:
            failed = failed or error
            continue
        done = ReplayedBatch(old, [existing_batch(ledger, one.batch_id) for one in outcome.batches])
        yield done
        # One replay settles every batch of its pull where rows say their coverage themselves.
        settled = {new.replay_of for new in done.new}
        still = replaying.replayable(source, ledger)
        wanted = [batch_id for batch_id in wanted if batch_id in still and batch_id not in settled]
    if failed is not None:
        raise failed


def dismiss(
    ledger: Ledger,
    settings: Settings,
    target: str,
    *,
    rule: str | None,
    row: int | None,
    who: str,
    why: str,
    until: date | None = None,
) -> int:
    """Record that open rows of a batch, one of its rows, or a rule of a source need no more attention.

    ``until``: up to that day as many of them are dismissed in later batches too.
    Returns how many rows and reasons it was about. Raises LedgerError when none fits, ConfigError for a bad question.
    """
    if not why.strip():
        raise ConfigError("a dismissal needs its reason", where="--why", do="Say who confirmed what")
    if until is not None and row is not None:
        raise ConfigError("a row's number is another one in the next batch", where="--until", do="Dismiss its rule")
    if until is not None and until < day_of(ledger.now()):
        raise ConfigError(f"{until} is over", where="--until", do="Name a day to come, or leave it out")
    of_batch = is_batch(target)
    if of_batch:
        existing_batch(ledger, target)
    elif rule is None:
        raise ConfigError("of a source one rule is dismissed at a time", where="--rule", do="Name it, or name a batch")
    elif row is not None:
        raise ConfigError("a row is one of a batch", where="--row", do="Name the batch instead of the source")
    else:
        _known(settings, target)
    found = refused(
        ledger, settings, source=None if of_batch else target, rule=rule, batch=target if of_batch else None
    )
    keys = {(one.batch.batch_id, one.rule, one.field): one.open for one in found}
    if row is None:
        ledger.dismiss([(key, None) for key in keys], who, why.strip(), until)
        return sum(keys.values())
    reasons = _reasons_of(ledger, settings, target, row)
    chosen = [(key, row) for key in keys if (key[1], key[2]) in reasons]
    ledger.dismiss(chosen, who, why.strip())
    return len(chosen)


def _reasons_of(ledger: Ledger, settings: Settings, batch_id: str, row: int) -> set[tuple[str, str]]:
    """The reasons of one row that are still open."""
    closed = {(one.rule, one.field) for one in ledger.dismissals(batch_id) if one.row == row}
    found = _read(_file(existing_batch(ledger, batch_id), settings), None, 1, row)
    return {(reason["rule"], reason["field"]) for _, _, reasons, _ in found for reason in reasons} - closed


def existing_batch(ledger: Ledger, batch_id: str) -> Batch:
    """A batch by its id. Raises LedgerError when there is none."""
    batch = ledger.batch(batch_id)
    if batch is None:
        raise LedgerError(f"there is no batch {batch_id!r}", where="ledger", do="See `pilar quarantine list --all`")
    return batch


def _known(settings: Settings, source_id: str) -> None:
    from pilar.sources.catalogue import find_source

    find_source(settings, source_id)


def _file(batch: Batch, settings: Settings) -> Path:
    where = f"batch {batch.batch_id}"
    if not batch.rows_quarantined:
        raise LedgerError("no row of the batch is in quarantine", where=where, do="See `pilar quarantine list`")
    if batch.landed_path is None:
        raise LedgerError(
            f"the batch is {batch.status}: the one in force has its rows",
            where=where,
            do=f"See `pilar quarantine list --source {batch.source_id}`",
        )
    path = (settings.home / batch.landed_path).with_name("quarantine.parquet")
    if not path.is_file():
        raise LedgerError("the quarantined rows are missing", where=str(path), do="Restore them from your backup")
    return path


def _read(
    path: Path, rule: str | None, limit: int, row: int | None = None
) -> Sequence[tuple[int, int, Sequence[Mapping[str, Any]], str]]:
    import duckdb

    from ledger.sql import literal

    numbered = f"_row = {int(row)}" if row is not None else "true"
    with duckdb.connect(":memory:") as connection:
        return connection.execute(
            f"select _page, _row, list_transform(reasons, lambda r: "
            f"{{'rule': r.rule, 'field': coalesce(r.field, ''), 'value': r.value, 'expected': r.expected}}), record "
            f"from read_parquet({literal(str(path))}) where {_breaks(rule)} and {numbered} "
            f"order by _row limit {int(limit)}"
        ).fetchall()


def _breaks(rule: str | None) -> str:
    """The condition that a row breaks a rule; none for no rule."""
    from ledger.sql import literal

    return f"list_contains(list_transform(reasons, lambda reason: reason.rule), {literal(rule)})" if rule else "true"
