"""The rows that travel between the rooms and the ledger, as immutable values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

BatchStatus = Literal["running", "accepted", "held", "rejected", "failed", "unchanged"]
EventStatus = Literal["received", "dispatched", "done", "failed"]
GateOutcome = Literal["pass", "fail", "error"]
Maturity = Literal["provisional", "final", "revised"]
FindingState = Literal["open", "reopened", "closed"]
DecisionKind = Literal["freeze", "follow_up", "region"]
EvaluationStatus = Literal["running", "scored", "published", "failed", "interrupted"]


@dataclass(frozen=True)
class EventIn:
    """A verified event, as the door received it.

    ``by_content``: it has no id of its own, and ``sender_event_id`` stands for what it says. It is a repetition only
    while its sender has said nothing else about the source since: 50, 90 and 50 again are three events.
    """

    sender: str
    sender_event_id: str
    event_type: str
    source_id: str
    by_content: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Event(EventIn):
    """A stored event."""

    event_id: str
    status: EventStatus
    attempts: int
    received_at: datetime
    detail: str | None = None


@dataclass(frozen=True)
class StoredEvent:
    """What whoever sent an event is told: its id and its source. ``new``: it was not stored before."""

    event_id: str
    source_id: str
    new: bool


@dataclass(frozen=True)
class Refusal:
    """Events refused on one day for one reason; ``source_id`` is empty when they named no source that exists."""

    reason: str
    source_id: str
    count: int
    last_at: datetime


@dataclass(frozen=True)
class DeadLetter:
    """A message of a queue that can never be stored; ``count`` is how often it was delivered."""

    queue: str
    reason: str
    sha256: str
    bytes: int
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class EventStep:
    """One thing that followed from an event: what it was, when, which one, and how it ended."""

    step: Literal["received", "handed on", "pull", "batch", "evaluation", "gate", "publication"]
    at: datetime
    what: str
    outcome: str | None


@dataclass(frozen=True)
class PageRow:
    """One response: its redacted request, HTTP status (0 where there is none), size, hash, duration and file.

    ``gone_at``: since when the file is no longer kept, ``gone_why`` says why.
    """

    seq: int
    request: str
    status: int
    bytes: int
    sha256: str
    ms: int
    path: str | None
    gone_at: datetime | None = None
    gone_why: str | None = None


@dataclass(frozen=True)
class QuarantineCount:
    """How many rows of a batch broke one rule on one field."""

    rule: str
    field: str
    rows: int


@dataclass(frozen=True)
class Merge:
    """How the rows of a delta join those in force: of the rows of one key the one with the highest cursor counts."""

    key: tuple[str, ...]
    cursor: str

    def as_row(self) -> Mapping[str, Any]:
        """The merge as the ledger keeps it."""
        return {"key": list(self.key), "cursor": self.cursor}


@dataclass(frozen=True)
class Revision:
    """What a batch changes of the figures in force before it, in units; the differences themselves are in ``path``.

    ``was`` is the maturity of the old figures.
    """

    batch_id: str
    previous_batch_id: str
    coverage: str
    changed: int
    added: int
    removed: int
    was: Maturity | None
    path: str
    sha256: str


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch. ``reasons`` say why it is not simply accepted, ``findings`` are signals beside that.

    - ``files`` are the seals of what was written (see ``ledger.seals``).
    - ``context_sha256`` is of the values that rows take from the requests, None where they take none.
    - ``own_sha256`` is of what the rows say by themselves, None where no copy can be told by it.
    - ``rows_known`` and ``merge`` are those of a delta.
    - ``cursor`` is the highest one among the landed rows.
    - ``whole_pull``: rows say their coverage themselves and may move to another. Then all batches of a pull count
      together.
    """

    status: BatchStatus
    coverage: str | None
    rows_received: int
    rows_landed: int
    rows_quarantined: int
    landed_path: str | None
    landed_sha256: str | None
    content_sha256: str
    synthetic: bool
    reasons: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    quarantine: Sequence[QuarantineCount] = ()
    files: Sequence[Mapping[str, Any]] = ()
    rows_known: int | None = None
    merge: Merge | None = None
    cursor: str | None = None
    context_sha256: str | None = None
    own_sha256: str | None = None
    revision: Revision | None = None
    whole_pull: bool = False


@dataclass(frozen=True)
class Batch:
    """A batch as the ledger knows it. ``pull_id`` is the first batch of its pull.

    ``fetched_by`` is the pull that fetched its pages: its own, or for a replay the one whose pages it landed again.
    ``retry_at``: the source asked not to be asked again before then.
    """

    batch_id: str
    source_id: str
    opd: str
    coverage: str | None
    status: BatchStatus
    contract_sha256: str
    rows_received: int | None
    rows_landed: int | None
    rows_quarantined: int | None
    landed_path: str | None
    landed_sha256: str | None
    content_sha256: str | None
    synthetic: bool
    started_at: datetime
    finished_at: datetime | None
    error_kind: str | None = None
    error_message: str | None = None
    retry_at: datetime | None = None
    event_id: str | None = None
    replay_of: str | None = None
    reasons: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    findings: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    files: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    pull_id: str = ""
    fetched_by: str = ""
    rows_known: int | None = None
    merge: Merge | None = None
    cursor: str | None = None
    context_sha256: str | None = None
    own_sha256: str | None = None
    whole_pull: bool = False


@dataclass(frozen=True)
class Receipt:
    """One link of the chain; ``body`` is the exact text that was hashed."""

    seq: int
    batch_id: str
    body: str
    previous_sha256: str
    sha256: str


@dataclass(frozen=True)
class Evaluation:
    """One evaluation over a fixed set of batches."""

    evaluation_id: str
    status: EvaluationStatus
    inputs: Sequence[str]
    inputs_sha256: str
    started_at: datetime
    finished_at: datetime | None
    detail: str | None = None


@dataclass(frozen=True)
class GateRow:
    """The outcome of one gate in one evaluation.

    ``judged_sha256`` stands for all that it read and judged by. ``carried_from`` is the evaluation in which it was
    carried out, where that is another one.
    """

    gate: str
    outcome: GateOutcome
    checks: Sequence[Mapping[str, Any]]
    evaluation_id: str = ""
    judged_sha256: str | None = None
    carried_from: str | None = None


@dataclass(frozen=True)
class Promotion:
    """A decision about a pillar: a new version in force, or held with the reason."""

    evaluation_id: str
    pillar: str
    promoted: bool
    path: str | None
    sha256: str | None
    reason: str | None
    decided_at: datetime


@dataclass(frozen=True)
class PublicationRow:
    """A publication; the one with the newest ``current_since`` is what readers are meant to see."""

    publication_id: str
    evaluation_id: str
    manifest_sha256: str
    action: str
    published_at: datetime
    current_since: datetime


@dataclass(frozen=True)
class FoundNow:
    """A finding of one evaluation. ``look``: which of its looks saw it. ``told``: the columns of ``TOLD``, as text."""

    TOLD: ClassVar = (
        *("rule", "severity", "owner", "source_id", "region_code", "period"),
        *("subject", "field", "published", "recomputed", "against"),
    )

    finding_id: str
    look: str
    told: Mapping[str, str | None]


@dataclass(frozen=True)
class FindingRow:
    """A finding and what became of it.

    It is open since ``opened_at``, for the first or not the first time (state ``reopened``), or closed.
    """

    finding_id: str
    look: str
    rule: str
    severity: str
    owner: str | None
    source_id: str | None
    region_code: str | None
    period: str | None
    subject: str | None
    field: str | None
    published: str | None
    recomputed: str | None
    against: str | None
    state: FindingState
    first_seen: str
    first_seen_at: datetime
    opened_at: datetime
    last_seen: str
    last_seen_at: datetime
    closed_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True)
class AnswerKey:
    """Which answer: of which question (``code``, its key) of which instrument, for which region and year."""

    region_code: str
    instrument: str
    year: int
    code: str


@dataclass(frozen=True)
class AnswerMove:
    """What somebody wants to do with an answer. ``value`` is what the acting role says with it, None for nothing new.

    ``assessor`` is a number, empty where no assessor acts. ``batch_id`` told of it, None where the command line did.
    """

    key: AnswerKey
    to_state: str
    role: str
    actor: str
    at: datetime
    assessor: str = ""
    value: str | None = None
    reason: str | None = None
    note: str | None = None
    batch_id: str | None = None


@dataclass(frozen=True)
class AnswerTransition:
    """A move that was made: one link of the chain of transitions."""

    seq: int
    transition_id: str
    move: AnswerMove
    from_state: str | None
    recorded_at: datetime
    previous_sha256: str
    sha256: str


@dataclass(frozen=True)
class RefusedMove:
    """A move that was not made, and why."""

    move: AnswerMove
    why: str


@dataclass(frozen=True)
class Decision:
    """What somebody decided: one link of the chain of decisions. ``body`` is the exact text that was hashed."""

    seq: int
    kind: DecisionKind
    subject: str
    body: str
    previous_sha256: str
    sha256: str

    @property
    def told(self) -> Mapping[str, Any]:
        """What was decided, as it was given."""
        found: Mapping[str, Any] = json.loads(self.body)["told"]
        return found

    @property
    def at(self) -> datetime:
        """When, by the ledger's clock."""
        return datetime.fromisoformat(json.loads(self.body)["at"])
