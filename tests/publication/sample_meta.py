"""How the sample's data arrived, in all its states."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Literal

from publication.meta import (
    Arrival,
    ChainHead,
    Feed,
    FollowUp,
    Frozen,
    Gate,
    GateCheck,
    Page,
    PillarState,
    PublicationMeta,
    Quarantined,
    Said,
    SourceBatch,
)
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

Silence = Literal["in time", "late", "overdue", "never"]
Priority = Literal["high", "medium", "low"]
AIRFLOW = "https://airflow.example.go.id"
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
        feeds=tuple(_feeds()),
        follow_ups=FOLLOW_UPS,
        frozen=FROZEN,
        airflow=AIRFLOW,
        chain=ChainHead(seq=41, sha256=fingerprint("head")),
        caveats={"dlh_sipsn": (Said(id="Sel kosong bukan angka.", en="A blank cell is no figure."),)},
    )


def _feeds() -> list[Feed]:
    """One source is late, one overdue, and one never delivered anything."""
    silences: dict[str, Silence] = {"dlh_sipsn": "late", "dinkes_persalinan": "overdue"}
    known = [
        Feed(
            source=source,
            opd=opd,
            system=system,
            title=f"Data {system}",
            due=Said(id="tanggal 10 bulan berikutnya", en="the 10th of the next month"),
            silence=silences.get(source, "in time"),
            answered_at=CREATED - timedelta(hours=1),
            arrivals=tuple(_arrivals(received, quarantined)),
            events=2,
            last_event_at=CREATED - timedelta(hours=2),
        )
        for source, (opd, system, _, received, quarantined) in OPDS.items()
    ]
    due = Said(id="akhir Januari", en="the end of January")
    return [
        *known,
        Feed(source="rsud_antrean", opd="rsud", system="SIMRS", title="Antrean", due=due, silence="never"),
    ]


def _arrivals(received: int, quarantined: int) -> list[Arrival]:
    """Two deliveries: of the first, twice as many rows were refused."""
    first, last = (CREATED - timedelta(days=days) for days in (31, 1))
    return [
        Arrival(at=first, status="held", rows_received=received, rows_landed=0, rows_quarantined=2 * quarantined),
        Arrival(
            at=last,
            status="accepted",
            rows_received=received,
            rows_landed=received - quarantined,
            rows_quarantined=quarantined,
        ),
    ]


def _follow_up(number: int, owner: str | None, state: str, priority: Priority) -> FollowUp:
    return FollowUp(
        id=f"{number:010}",
        instrument="smart-city-2023",
        year=2023,
        stage="I",
        region_code="35.07",
        about=f"outcome/{number}",
        kind="no_figure",
        owner=owner,
        text_id=f"Kirimkan data: pertanyaan {number}",
        text_en=f"Deliver the data: question {number}",
        priority=priority,
        due="2025-03-01" if number == 1 else None,
        state=state,
    )


FOLLOW_UPS = (
    _follow_up(1, "dinas_kesehatan", "open", "medium"),
    _follow_up(2, "dinas_kesehatan", "verified", "high"),
    _follow_up(3, "dinas_kesehatan", "in_progress", "high"),
    _follow_up(4, None, "open", "low"),
)
FROZEN = (
    Frozen(
        instrument="smart-city-2023",
        year=2023,
        stage="I",
        version=1,
        publication="20250110T020000000Z-0000abcd",
        frozen_at=CREATED - timedelta(days=3),
        list_sha256=fingerprint("list"),
    ),
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


def _reasons(source: str, quarantined: int) -> tuple[Quarantined, ...]:
    """Of one source rows broke two rules each."""
    if not quarantined:
        return ()
    found = (Quarantined(rule="range", field="tinggi", rows=quarantined),)
    if source != "dinkes_eppgbm":
        return found
    wanted = Said(id="nilai yang terisi", en="a value")
    return (*found, Quarantined(rule="required", field="berat", rows=2, expected=wanted))


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
                quarantined=_reasons(source, quarantined),
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
