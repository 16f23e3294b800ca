"""How data flow: every source with its last batch and how late it is, events, runs, checks; links into Airflow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.names import EVALUATE, WATCH, agency_name, ingest_dag
from publication.content import Content
from publication.meta import PillarState, SourceBatch
from publication.page.agency import SourceCard, Totals, agencies, counted_of, source_cards
from publication.page.frame import Material, Page
from publication.page.model import GateView
from publication.page.quality import gates
from publication.page.states import HELD, Mark, check_mark, state_mark
from publication.page.words import NO_VALUE, Text, clock, number, row_count
from publication.paths import FLOW, agency_page


@dataclass(frozen=True, slots=True)
class Sender:
    """An agency with its sources, and its DAG in Airflow where the installation says where that is."""

    id: str
    name: str
    page: str
    sources: Sequence[SourceCard]
    runs: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version of a pillar is published, and since when."""

    name: Text
    state: Mark
    since: Text
    reason: str
    evaluation: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The page of the flow."""

    evaluation_id: str
    began: Text
    senders: Sequence[Sender]
    gates: Sequence[GateView]
    pillars: Sequence[Standing]
    received: Text
    landed: Text
    quarantined: Text
    batches: Text
    events: Text
    in_time: int
    sources: int
    carried: int
    evaluate: str | None
    watch: str | None
    chain: tuple[Text, str] | None


def pages(material: Material) -> Iterator[Page]:
    """The one page of the flow."""
    title = Text("Aliran data", "Flow of data")
    yield Page(FLOW, "flow.html.j2", title, lambda: flow(material.content), nav=title)


def flow(content: Content) -> Flow:
    """How the data of a publication came, by agency."""
    meta = content.meta
    senders = [_sender(content, name) for name in agencies(content)]
    senders = [one for one in senders if one.sources]
    cards = [card for one in senders for card in one.sources]
    by_source: dict[str, list[SourceBatch]] = {}
    for batch in meta.sources:
        by_source.setdefault(batch.source, []).append(batch)
    counted = [batch for own in by_source.values() for batch in counted_of(own)]
    totals = Totals.of(counted)
    due = [card for card in cards if card.due is not None]
    found = gates(content)
    return Flow(
        evaluation_id=meta.evaluation_id,
        began=clock(meta.created_at),
        senders=senders,
        gates=found,
        pillars=[_standing(content, one) for one in meta.pillars],
        received=row_count(totals.received),
        landed=row_count(totals.landed),
        quarantined=number(totals.quarantined),
        batches=number(len(counted)),
        events=number(sum(feed.events for feed in meta.feeds)),
        in_time=sum(card.silence.kind == "in-time" for card in due),
        sources=len(due) or len(cards),
        carried=sum(gate.carried_from is not None for gate in found),
        evaluate=_runs(meta.airflow, EVALUATE),
        watch=_runs(meta.airflow, WATCH),
        chain=(number(meta.chain.seq), meta.chain.sha256) if meta.chain is not None else None,
    )


def _sender(content: Content, name: str) -> Sender:
    runs = _runs(content.meta.airflow, ingest_dag(name))
    return Sender(name, agency_name(name), agency_page(name), source_cards(content, name), runs)


def _runs(airflow: str | None, dag: str) -> str | None:
    """Where Airflow shows the runs of a DAG."""
    return f"{airflow}/dags/{dag}" if airflow is not None else None


def _standing(content: Content, one: PillarState) -> Standing:
    names = {str(row["id"]): Text(str(row["name_id"]), str(row["name_en"])) for row in content.pillars}
    mark = {"current": check_mark("pass"), "held": HELD, "absent": state_mark("absent")}[one.state]
    at = one.held_since if one.state == "held" else one.promoted_at
    return Standing(
        name=names.get(one.pillar, Text(one.pillar, one.pillar)),
        state=mark,
        since=clock(at) if at is not None else Text(NO_VALUE, NO_VALUE),
        reason=one.held_reason or "",
        evaluation=one.evaluation_id or NO_VALUE,
    )
