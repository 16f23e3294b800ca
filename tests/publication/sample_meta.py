"""How the sample's data arrived, in all its states."""

import hashlib
from datetime import UTC, datetime, timedelta

from publication.meta import Gate, GateCheck, Page, PillarState, PublicationMeta, Quarantined, Said, SourceBatch
from tests.publication.sample_warehouse import (
    EARLIER_EVALUATION,
    EVALUATION,
    HELD_REASON,
    HELD_SINCE,
    OPDS,
    PILLARS,
    REAL,
    batch_of,
)

CREATED = datetime(2025, 1, 15, 2, 0, tzinfo=UTC)


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sample_meta() -> PublicationMeta:
    """What the ledger would tell about the sample."""
    return PublicationMeta(
        evaluation_id=EVALUATION,
        created_at=CREATED,
        gates=(*(_gate(pillar) for pillar in PILLARS), Gate(gate="scores", outcome="pass", checks=35)),
        sources=tuple(_batches()),
        pillars=tuple(_pillar(pillar) for pillar in PILLARS),
        caveats={"dlh_sipsn": (Said(id="Sel kosong bukan angka.", en="A blank cell is no figure."),)},
    )


def _gate(pillar: str) -> Gate:
    if pillar == "branding":
        check = GateCheck(
            name="range_bra_investment_growth",
            severity="critical",
            outcome="fail",
            message="investment cannot shrink by more than all of it",
            failing_count=1,
        )
        return Gate(gate=pillar, outcome="fail", checks=26, notable=(check,))
    if pillar == "living":
        check = GateCheck(
            name="unusual",
            severity="warning",
            outcome="fail",
            message="possible and seldom: look once whether it is true",
            failing_count=1,
        )
        return Gate(gate=pillar, outcome="pass", checks=26, notable=(check,))
    return Gate(gate=pillar, outcome="pass", checks=24)


def _pillar(pillar: str) -> PillarState:
    if pillar == "branding":
        since = datetime.fromisoformat(HELD_SINCE)
        return PillarState(
            pillar=pillar,
            state="held",
            evaluation_id=EARLIER_EVALUATION,
            promoted_at=since - timedelta(days=7),
            held_since=since,
            held_reason=HELD_REASON,
        )
    return PillarState(pillar=pillar, state="current", evaluation_id=EVALUATION, promoted_at=CREATED)


def _batches() -> list[SourceBatch]:
    known = {source: batch_of(source) for source in OPDS}
    batches = []
    for source, (opd, system, coverage, received, quarantined) in OPDS.items():
        page = Page(
            seq=0,
            request=f"GET /{source}?token=*** (coverage {coverage})",
            status=200,
            bytes=received * 120,
            sha256=fingerprint(f"page {source}"),
        )
        batches.append(
            SourceBatch(
                batch_id=known[source],
                source=source,
                opd=opd,
                system=system,
                status="accepted",
                coverage=coverage,
                rows_received=received,
                rows_landed=received - quarantined,
                rows_quarantined=quarantined,
                quarantined=(Quarantined(rule="range", field="tinggi", rows=quarantined),) if quarantined else (),
                fetched_at=CREATED - timedelta(hours=1),
                receipt_sha256=fingerprint(f"receipt {source}"),
                maturity="revised" if source == "bpkad_realisasi" else None,
                synthetic=source not in REAL,
                pages=(page,),
            )
        )
    held = batches[3].model_copy(
        update={
            "batch_id": "0194f000-0000-7000-8000-000000000099",
            "status": "held",
            "in_force": False,
            "rows_received": 700,
            "rows_landed": 693,
            "note": "menyusut 52% terhadap kiriman sebelumnya",
            "receipt_sha256": fingerprint("receipt held"),
        }
    )
    return [*batches, held]
