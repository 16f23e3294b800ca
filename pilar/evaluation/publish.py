"""From scored marts to what readers see: gathers what the ledger knows, has the folder built, and swaps the pointer."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from connectors.http.failures import SENTENCE
from connectors.source.source import Source
from definitions.words import said
from ledger.errors import AlteredPublicationError, NoPublicationError, PublicationError
from ledger.evaluation_store import PREPARED
from ledger.project import pillar_ids
from ledger.records import Batch, Evaluation, GateRow, Maturity, PublicationRow
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import for_readers, held_for_readers
from pilar.evaluation import findings
from pilar.evaluation.ending import at_work
from pilar.evaluation.evaluate import remove_old_warehouses, warehouse_file
from pilar.evaluation.warehouse import named_batches
from pilar.sources.catalogue import maturities, readable_sources
from publication import pointer
from publication.build import DRAFT
from publication.build import publish as build
from publication.meta import (
    ChainHead,
    Gate,
    GateCheck,
    Page,
    PillarState,
    PublicationMeta,
    Quarantined,
    Said,
    SourceBatch,
)
from publication.verify import verify

_FAILED: Mapping[str, str] = {str(kind): words for kind, words in SENTENCE.items()}
_PUBLISHING = "publication"
_NOT_JUDGED = "the check could not be carried out"


def publish(ledger: Ledger, settings: Settings, evaluation_id: str) -> str:
    """Build the publication of a scored evaluation and make it current. Returns its id.

    One at a time: another one waits, and then sees whether it is still the newest. May run again: the same evaluation
    makes the same publication. Raises PublicationError when the evaluation was not scored, a later one is published, or
    a check fails, and MachineError when the machine had no room; what was published then stays.
    """
    _scored(ledger, evaluation_id)
    with at_work(ledger, settings, evaluation_id), ledger.lock(_PUBLISHING):
        evaluation = _scored(ledger, evaluation_id)
        newest = ledger.last_evaluation("published")
        if newest is not None and newest.evaluation_id > evaluation_id:
            raise PublicationError(
                f"evaluation {newest.evaluation_id}, which began later, is published already",
                where=f"evaluation {evaluation_id}",
                do="Nothing: what is published is newer. `pilar publications rollback` goes back on purpose",
            )
        warehouse = warehouse_file(settings, evaluation_id)
        found, looked = findings.dated(warehouse, ledger.open_findings(), evaluation.started_at)
        meta = gather(ledger, settings, evaluation, warehouse)
        published = build(
            warehouse,
            meta,
            settings.published_dir,
            partial(ledger.prepare_publication, meta.publication_id, evaluation_id),
        )
        recorded(ledger, published.id, published.manifest_sha256)
        pointer.swap(settings.published_dir, published.id)
        with ledger.together():
            ledger.record_publication(published.id, evaluation_id, published.manifest_sha256)
            ledger.record_findings(evaluation, found, looked)
            ledger.finish_evaluation(evaluation_id, "published")
    remove_old_warehouses(settings)
    push(settings)
    return published.id


def rollback(ledger: Ledger, settings: Settings, publication_id: str | None) -> str:
    """Point readers at an earlier publication whose bytes are the ones the ledger knows. Returns its id.

    Raises PublicationError when there is none, it was altered, or the ledger does not know it; nothing is changed then.
    """
    with ledger.lock(_PUBLISHING):
        target = publication_id or pointer.previous(settings.published_dir, _seen(ledger))
        row = recorded(ledger, target, verify(find(settings, target)))
        pointer.swap(settings.published_dir, target)
        ledger.record_publication(target, row.evaluation_id, row.manifest_sha256, action="rolled back to")
    push(settings)
    return target


def push(settings: Settings) -> str | None:
    """Put the current publication's tables into the database of published tables, where the settings name one.

    Returns the publication's id, None where there is no such database. May run again. Raises PublicationError when
    nothing is published or the database was not changed; files and pointer stay as they are.
    """
    if settings.published_database is None:
        return None
    from publication.postgres import swap_tables

    return swap_tables(settings.published_database, partial(pointer.resolve, settings.published_dir))


def prune(ledger: Ledger, settings: Settings, keep: int) -> Sequence[str]:
    """Remove publications but the newest ``keep``, the current one and those that were frozen. Returns what went.

    The ledger goes on knowing them. What one of them shares with another one that stays is not lost.
    """
    published = settings.published_dir
    with ledger.lock(_PUBLISHING):
        names = pointer.list_publications(published)
        frozen = {str(one.told["publication"]) for one in ledger.decisions("freeze")}
        kept = {*names[:keep], pointer.current(published), *frozen}
        removed = [name for name in names if name not in kept]
        for name in removed:
            # No half of one is ever seen: what is left of it after a death goes with the next build.
            gone = published / f"{name}{DRAFT}pruned"
            (published / name).rename(gone)
            shutil.rmtree(gone)
    return removed


def recorded(ledger: Ledger, publication_id: str, manifest_sha256: str) -> PublicationRow:
    """What the ledger recorded of a publication with this manifest.

    Raises PublicationError when the ledger does not know it, or knows another one of its name.
    """
    row = ledger.publication(publication_id)
    if row is None:
        raise AlteredPublicationError(
            f"the ledger does not know publication {publication_id!r}",
            where=f"publication {publication_id}",
            do="Pilar did not make its folder: take it away, and see `pilar publications list`",
        )
    if manifest_sha256 != row.manifest_sha256:
        raise AlteredPublicationError(
            f"publication {publication_id} is not the one the ledger recorded",
            where=f"publication {publication_id}",
            do="Roll back to another one",
        )
    return row


def _seen(ledger: Ledger) -> set[str]:
    """The publications that readers have seen: one that died before its pointer is none of them."""
    return {row.publication_id for row in ledger.publications(limit=None) if row.action != PREPARED}


def _scored(ledger: Ledger, evaluation_id: str) -> Evaluation:
    evaluation = ledger.evaluation(evaluation_id)
    if evaluation is None or evaluation.status not in ("scored", "published"):
        state = "unknown" if evaluation is None else evaluation.status
        raise PublicationError(
            f"only a scored evaluation can be published; this one is {state}",
            where=f"evaluation {evaluation_id}",
            do="Run `pilar evaluate`",
        )
    return evaluation


def find(settings: Settings, publication_id: str | None) -> Path:
    """The folder of a publication (default: the current one). Raises PublicationError when there is none."""
    if publication_id is None:
        return pointer.resolve(settings.published_dir)
    if publication_id not in pointer.list_publications(settings.published_dir):
        raise NoPublicationError(
            f"there is no publication {publication_id!r}",
            where=str(settings.published_dir),
            do="See `pilar publications list`",
        )
    return settings.published_dir / publication_id


def gather(ledger: Ledger, settings: Settings, evaluation: Evaluation, warehouse: Path) -> PublicationMeta:
    """What the publication must be told beside the warehouse."""
    known = {source.id: source for source in readable_sources(settings.sources_dir).values()}
    systems = {source_id: source.system for source_id, source in known.items()}
    # At the evaluation's beginning: made again, it is the same publication.
    head = ledger.chain_head(evaluation.started_at)
    batches = tuple(_batches(ledger, settings, evaluation, named_batches(warehouse), systems))
    delivered = sorted({batch.source for batch in batches})
    return PublicationMeta(
        evaluation_id=evaluation.evaluation_id,
        created_at=evaluation.started_at,
        gates=tuple(_gate(row) for row in ledger.gates(evaluation.evaluation_id)),
        sources=batches,
        pillars=tuple(_pillar_state(ledger, pillar) for pillar in pillar_ids()),
        chain=ChainHead(seq=head.seq, sha256=head.sha256) if head is not None else None,
        data_licence=settings.data_licence,
        caveats={source_id: _caveats(known[source_id]) for source_id in delivered if source_id in known},
    )


def _caveats(source: Source) -> tuple[Said, ...]:
    return tuple(Said(id=said(caveat, "id"), en=said(caveat, "en")) for caveat in source.caveats)


def _gate(row: GateRow) -> Gate:
    notable = [check for check in row.checks if check["outcome"] != "pass"]
    return Gate(
        gate=row.gate,
        outcome=row.outcome,
        checks=len(row.checks),
        carried_from=row.carried_from,
        notable=tuple(
            GateCheck(
                name=check["name"],
                severity=check["severity"],
                outcome=check["outcome"],
                message=_NOT_JUDGED if check["outcome"] == "error" else check["message"],
                failing_count=check.get("failing_count", 0),
            )
            for check in notable
        ),
    )


def _batches(
    ledger: Ledger, settings: Settings, evaluation: Evaluation, named: Iterable[str], systems: Mapping[str, str]
) -> Sequence[SourceBatch]:
    wanted = set(evaluation.inputs) | set(named)
    found: Mapping[str, Batch] = {
        batch_id: batch for batch_id in sorted(wanted) if (batch := ledger.batch(batch_id)) is not None
    }
    latest = {
        batch.batch_id: batch
        for source_id in {batch.source_id for batch in found.values()}
        # What came after the evaluation began is not part of it: made again, it is the same publication.
        for batch in ledger.batches(source_id, limit=1, until=evaluation.started_at)
    }
    matured = maturities(ledger, settings.sources_dir, found.values(), evaluation.started_at)
    return [
        _source_batch(
            ledger,
            batch,
            systems.get(batch.source_id, ""),
            matured.get(batch.batch_id),
            in_force=batch.batch_id in evaluation.inputs,
        )
        for batch in sorted({**found, **latest}.values(), key=lambda batch: (batch.source_id, batch.batch_id))
    ]


def _source_batch(
    ledger: Ledger, batch: Batch, system: str, maturity: Maturity | None, *, in_force: bool
) -> SourceBatch:
    receipt = ledger.receipt_of(batch.batch_id)
    return SourceBatch(
        batch_id=batch.batch_id,
        source=batch.source_id,
        opd=batch.opd,
        status=batch.status,
        coverage=batch.coverage,
        rows_received=batch.rows_received or 0,
        rows_landed=batch.rows_landed or 0,
        rows_quarantined=batch.rows_quarantined or 0,
        fetched_at=_moment(batch),
        receipt_sha256=receipt.sha256 if receipt is not None else None,
        synthetic=batch.synthetic,
        system=system,
        in_force=in_force,
        maturity=maturity,
        note=_note(batch),
        quarantined=tuple(
            Quarantined(rule=count.rule, field=count.field, rows=count.rows)
            for count in (ledger.quarantine_counts(batch.batch_id) if batch.rows_quarantined else ())
        ),
        pages=tuple(
            Page(seq=page.seq, request=page.request, status=page.status, bytes=page.bytes, sha256=page.sha256)
            for page in ledger.pages(batch.batch_id)
        ),
    )


def _note(batch: Batch) -> str:
    """What became of a batch, in our own words: a system's answer may name anybody, and stays in the ledger."""
    if batch.error_kind is None:
        return for_readers(batch.reasons)
    return _FAILED.get(batch.error_kind, "it could not be fetched")


def _moment(batch: Batch) -> datetime:
    return batch.finished_at or batch.started_at


def _pillar_state(ledger: Ledger, pillar: str) -> PillarState:
    good = ledger.last_good().get(pillar)
    held = ledger.held_since(pillar)
    state: dict[str, object] = {"pillar": pillar}
    if good is not None:
        state |= {"evaluation_id": good.evaluation_id, "promoted_at": good.decided_at}
    if held is not None:
        state |= {"held_since": held.decided_at, "held_reason": held_for_readers(held.reason)}
    state["state"] = "absent" if good is None else "held" if held is not None else "current"
    return PillarState.model_validate(state)
