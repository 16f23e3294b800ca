"""From scored marts to what readers see: gathers what the ledger knows, has the folder built, and swaps the pointer."""

import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from connectors.http.failures import SENTENCE
from connectors.source.source import Source
from definitions.words import said
from ledger.disk import make_folder
from ledger.errors import AlteredPublicationError, NoPublicationError, PublicationError
from ledger.evaluation_store import PREPARED
from ledger.project import pillar_ids
from ledger.records import Batch, Evaluation, GateRow, Maturity, PublicationRow
from ledger.regions import Region, known
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import for_readers, held_for_readers
from pilar.evaluation import deliveries, few_rows, findings
from pilar.evaluation.ending import at_work
from pilar.evaluation.evaluate import ended, remove_old_warehouses, warehouse_file
from pilar.evaluation.sureness import write_sureness
from pilar.evaluation.warehouse import named_batches, regions_by_batch
from pilar.evaluation.withheld import KIND as REGION
from pilar.evaluation.withheld import hidden, require_own, withheld, without
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
    Said,
    SourceBatch,
)
from publication.tables import opened_warehouse, read_rows
from publication.verify import verify

_FAILED: Mapping[str, str] = {str(kind): words for kind, words in SENTENCE.items()}
_PUBLISHING = "publication"
_REGIONS = "select region_code, region_name from reference.regions order by all"
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
        apart = hidden(settings.regions, ledger.decisions(REGION), began=evaluation.started_at)
        if apart:
            # Who is not published is not ranked with the others; that may be decided after the scores were made.
            write_sureness(warehouse, apart)
        meta = gather(ledger, settings, evaluation, warehouse, apart)
        made = build(
            warehouse,
            meta,
            settings.published_dir,
            partial(ledger.prepare_publication, meta.publication_id, evaluation_id),
        )
        recorded(ledger, made.id, made.manifest_sha256)
        pointer.swap(settings.published_dir, made.id)
        with ledger.together():
            ledger.record_publication(made.id, evaluation_id, made.manifest_sha256)
            ledger.record_findings(evaluation, found, looked)
            ledger.finish_evaluation(evaluation_id, "published")
    remove_old_warehouses(settings)
    push(settings)
    return made.id


def preview(ledger: Ledger, settings: Settings, region: Region) -> Path:
    """Build what readers would get of one region, for it alone, from the last published evaluation. Returns its folder.

    It stands beside the publications and is none: the ledger does not know it. The one before it goes.
    Raises ConfigError for a region of another installation, PublicationError where that evaluation lacks it.
    """
    require_own(settings, region)
    evaluation = ledger.last_evaluation("published")
    if evaluation is None:
        raise NoPublicationError("nothing is published yet", where="previews", do="Run `pilar evaluate`")
    warehouse = warehouse_file(settings, evaluation.evaluation_id)
    with opened_warehouse(warehouse) as connection:
        evaluated = {code for (code,) in connection.execute("SELECT region_code FROM reference.regions").fetchall()}
    if region.code not in evaluated:
        do = "Run `pilar evaluate --force`, then ask again"
        raise PublicationError(f"the last evaluation lacks {region.name}", where="previews", do=do)
    others = frozenset(settings.regions) - {region.code}
    make_folder(settings.previews_dir)
    settings.previews_dir.chmod(0o700)
    folder = settings.previews_dir / region.code
    made = build(warehouse, gather(ledger, settings, evaluation, warehouse, others), folder)
    for other in pointer.list_publications(folder):
        if other != made.id:
            shutil.rmtree(folder / other)
    return made.path


def rollback(ledger: Ledger, settings: Settings, publication_id: str | None) -> str:
    """Point readers at an earlier publication whose bytes are the ones the ledger knows. Returns its id.

    Raises PublicationError when there is none, it was altered, or the ledger does not know it; nothing is changed then.
    """
    with ledger.lock(_PUBLISHING):
        target = publication_id or pointer.previous(settings.published_dir, _seen(ledger))
        folder = find(settings, target)
        row = recorded(ledger, target, verify(folder))
        require_none_withheld(ledger, folder)
        pointer.swap(settings.published_dir, target)
        ledger.record_publication(target, row.evaluation_id, row.manifest_sha256, action="rolled back to")
    push(settings)
    return target


def require_none_withheld(ledger: Ledger, publication: Path) -> None:
    """Raises PublicationError where a publication holds a region that is withheld by now."""
    apart = withheld(ledger.decisions(REGION))
    held = [row for row in read_rows(publication, _REGIONS) if row["region_code"] in apart] if apart else []
    if held:
        raise PublicationError(
            f"it holds {held[0]['region_name']}, which is withheld by now",
            where=f"publication {publication.name}",
            do="Run `pilar evaluate`, which publishes the others; see `pilar regions list`",
        )


def push(settings: Settings) -> str | None:
    """Put the current publication's tables into the database of published tables, where the settings name one.

    Returns the publication's id, None where there is no such database. May run again. Raises PublicationError when
    nothing is published or the database was not changed; files and pointer stay as they are.
    """
    if settings.published_database is None:
        return None
    from publication.postgres import swap_tables

    return swap_tables(settings.published_database, partial(pointer.resolve, settings.published_dir))


def push_again(settings: Settings) -> str | None:
    """Push where the database holds another publication than readers of files see, since a push had failed.

    Returns the publication's id, None where the database holds it or there is none. Raises as ``push`` does.
    """
    return push(settings) if behind(settings) is not None else None


def behind(settings: Settings) -> str | None:
    """The publication that the database holds in place of the current one; empty for none at all, None where it agrees.

    Raises PublicationError when the database does not answer.
    """
    now = pointer.current(settings.published_dir)
    if settings.published_database is None or now is None:
        return None
    from publication.postgres import held

    there = held(settings.published_database)
    return None if there == now else there or ""


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
        raise PublicationError(
            f"only a scored evaluation can be published; this one is {ended(evaluation)}",
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


def gather(
    ledger: Ledger, settings: Settings, evaluation: Evaluation, warehouse: Path, apart: Collection[str] = ()
) -> PublicationMeta:
    """What the publication must be told beside the warehouse. ``apart``: the regions that it does not hold."""
    declared = {source.id: source for source in readable_sources(settings.sources_dir).values()}
    # At the evaluation's beginning: made again, it is the same publication.
    head = ledger.chain_head(evaluation.started_at)
    found = _found(ledger, evaluation, named_batches(warehouse))
    told = list(deliveries.feeds(ledger, declared.values(), found.values(), evaluation.started_at))
    arrived = {batch.batch_id: batch for batch in (*found.values(), *(one for _, last in told for one in last))}
    quiet = few_rows.untold(warehouse, arrived.values(), declared)
    # What came after the evaluation began is not part of it: made again, it is the same publication.
    gone = {batch.source_id for batch in found.values()} - declared.keys()
    newest = [last for _, last in told] + [ledger.batches(name, limit=1, until=evaluation.started_at) for name in gone]
    latest = {last[0].batch_id: last[0] for last in newest if last}
    batches: Sequence[SourceBatch] = tuple(
        _batches(ledger, settings, evaluation, {**found, **latest}, declared, quiet=quiet)
    )
    feeds = tuple(deliveries.without_rows(feed, last, quiet) for feed, last in told)
    if apart:
        kept = without(batches, known(sorted(apart)), regions_by_batch(warehouse), declared)
        # A source that speaks of hidden regions alone is not told of either.
        hidden_sources = {batch.source for batch in batches} - {batch.source for batch in kept}
        batches, feeds = kept, tuple(feed for feed in feeds if feed.source not in hidden_sources)
    delivered = sorted({batch.source for batch in batches})
    return PublicationMeta(
        evaluation_id=evaluation.evaluation_id,
        created_at=evaluation.started_at,
        gates=tuple(_gate(row) for row in ledger.gates(evaluation.evaluation_id)),
        sources=tuple(batches),
        pillars=tuple(_pillar_state(ledger, pillar) for pillar in pillar_ids()),
        chain=ChainHead(seq=head.seq, sha256=head.sha256) if head is not None else None,
        data_licence=settings.data_licence,
        caveats={source_id: _caveats(declared[source_id]) for source_id in delivered if source_id in declared},
        regions=tuple(sorted(frozenset(settings.regions) - frozenset(apart))) if apart else None,
        feeds=feeds,
        follow_ups=tuple(
            one for one in deliveries.follow_ups(ledger, evaluation.started_at) if one.region_code not in apart
        ),
        frozen=tuple(deliveries.frozen(ledger, evaluation.started_at)),
        airflow=settings.airflow_page,
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


def _found(ledger: Ledger, evaluation: Evaluation, named: Iterable[str]) -> Mapping[str, Batch]:
    """The batches that the evaluation read, and those that a figure names."""
    wanted = sorted(set(evaluation.inputs) | set(named))
    return {batch_id: batch for batch_id in wanted if (batch := ledger.batch(batch_id)) is not None}


def _batches(
    ledger: Ledger,
    settings: Settings,
    evaluation: Evaluation,
    found: Mapping[str, Batch],
    known: Mapping[str, Source],
    *,
    quiet: Collection[str],
) -> Sequence[SourceBatch]:
    matured = maturities(ledger, settings.sources_dir, found.values(), evaluation.started_at)
    return [
        _source_batch(
            ledger,
            batch,
            known.get(batch.source_id),
            matured.get(batch.batch_id),
            in_force=batch.batch_id in evaluation.inputs,
            quiet=batch.batch_id in quiet,
        )
        for batch in sorted(found.values(), key=lambda batch: (batch.source_id, batch.batch_id))
    ]


def _source_batch(
    ledger: Ledger, batch: Batch, source: Source | None, maturity: Maturity | None, *, in_force: bool, quiet: bool
) -> SourceBatch:
    receipt = ledger.receipt_of(batch.batch_id)
    counts = ledger.quarantine_counts(batch.batch_id) if batch.rows_quarantined else ()
    # A source that is gone has no connection any more: its own name stands for it.
    connection = source.connection if source is not None else batch.source_id
    return SourceBatch(
        batch_id=batch.batch_id,
        source=batch.source_id,
        opd=batch.opd,
        status=batch.status,
        coverage=batch.coverage,
        rows_received=None if quiet else batch.rows_received or 0,
        rows_landed=None if quiet else batch.rows_landed or 0,
        rows_quarantined=batch.rows_quarantined or 0,
        fetched_at=deliveries.moment(batch),
        receipt_sha256=receipt.sha256 if receipt is not None else None,
        synthetic=batch.synthetic,
        system=source.system if source is not None else "",
        in_force=in_force,
        maturity=maturity,
        note=_note(batch),
        quarantined=tuple(deliveries.refused(counts, source)),
        pages=tuple(
            Page(
                seq=page.seq,
                request=deliveries.by_connection(page.request, connection),
                status=page.status,
                bytes=page.bytes,
                sha256=page.sha256,
            )
            for page in ledger.pages(batch.batch_id)
        ),
    )


def _note(batch: Batch) -> str:
    """What became of a batch, in our own words: a system's answer may name anybody, and stays in the ledger."""
    if batch.error_kind is None:
        return for_readers(batch.reasons)
    return _FAILED.get(batch.error_kind, "it could not be fetched")


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
