"""What a publication must be told beside the warehouse: when and from what it was made, and how its data arrived."""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, NonNegativeInt, model_validator

Outcome = Literal["pass", "fail", "error"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(_Frozen):
    """One thing said in Indonesian and in English. Given as a plain text it is the same in both."""

    id: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _in_one_language(cls, given: Any) -> Any:
        return {"id": given, "en": given} if isinstance(given, str) else given


class GateCheck(_Frozen):
    """A rule of a gate that was not met, or could not be carried out."""

    name: str
    severity: Literal["critical", "warning"]
    outcome: Outcome
    message: str
    failing_count: NonNegativeInt = 0


class Gate(_Frozen):
    """A gate's answer. ``notable`` holds what was not a plain pass.

    ``carried_from`` is the evaluation in which it was carried out, where all that it read was the same there.
    """

    gate: str
    outcome: Outcome
    checks: NonNegativeInt
    notable: tuple[GateCheck, ...] = ()
    carried_from: str | None = None


class Page(_Frozen):
    """One response of an agency's system: the request without its secrets, and the hash of the bytes it brought."""

    seq: int
    request: str
    status: int
    bytes: NonNegativeInt
    sha256: str


class Quarantined(_Frozen):
    """How many rows of a batch broke one rule on one field, and what the contract expects there, where it says."""

    rule: str
    field: str
    rows: NonNegativeInt
    expected: Said | None = None


class Arrival(_Frozen):
    """What one batch of a source came to, in numbers alone. Rows are None where they would tell a hidden count."""

    at: AwareDatetime
    status: str
    rows_received: NonNegativeInt | None
    rows_landed: NonNegativeInt | None
    rows_quarantined: NonNegativeInt


class Feed(_Frozen):
    """How a source is to deliver, and how it does: also of one that delivered nothing.

    ``silence``: against the days of its contract, counted to the evaluation's beginning. ``answered_at``: when it last
    brought data that were accepted, or the accepted ones again. ``arrivals``: its last batches, the oldest first.
    """

    source: str
    opd: str
    system: str
    title: str
    due: Said
    silence: Literal["in time", "late", "overdue", "never"]
    answered_at: AwareDatetime | None = None
    arrivals: tuple[Arrival, ...] = ()
    events: NonNegativeInt = 0
    last_event_at: AwareDatetime | None = None


class FollowUp(_Frozen):
    """A recommendation of a stage as its last move left it. Who moved it stays in the ledger."""

    id: str
    instrument: str
    year: int
    stage: str
    region_code: str
    about: str
    kind: str
    owner: str | None
    text_id: str
    text_en: str
    priority: Literal["high", "medium", "low"]
    due: str | None
    state: str


class Frozen(_Frozen):
    """A version of a stage that was frozen: which publication it holds, and the hash of its signed list of files."""

    instrument: str
    year: int
    stage: str
    version: int
    publication: str
    frozen_at: AwareDatetime
    list_sha256: str


class SourceBatch(_Frozen):
    """A batch of rows from one source, as the ledger has it. ``receipt_sha256`` is its link in the chain.

    ``maturity``: how settled what it is about is; None where the source declares nothing. ``rows_received`` and
    ``rows_landed`` are None where they would tell a count of people that is hidden.
    """

    batch_id: str
    source: str
    opd: str
    status: str
    coverage: str | None
    rows_received: NonNegativeInt | None
    rows_landed: NonNegativeInt | None
    rows_quarantined: NonNegativeInt
    fetched_at: AwareDatetime
    receipt_sha256: str | None
    synthetic: bool
    system: str = ""
    in_force: bool = True
    maturity: Literal["provisional", "final", "revised"] | None = None
    note: str = ""
    quarantined: tuple[Quarantined, ...] = ()
    pages: tuple[Page, ...] = ()


class ChainHead(_Frozen):
    """The last link of the chain of receipts when a publication's evaluation began: with it a cut chain is noticed."""

    seq: int
    sha256: str


class PillarState(_Frozen):
    """Which version of a pillar is published.

    ``current``: this evaluation's. ``held``: an earlier one, because later candidates did not pass, and why.
    ``absent``: none has passed yet.
    """

    pillar: str
    state: Literal["current", "held", "absent"]
    evaluation_id: str | None = None
    promoted_at: AwareDatetime | None = None
    held_since: AwareDatetime | None = None
    held_reason: str | None = None


class PublicationMeta(_Frozen):
    """Everything about a publication that is not in the warehouse.

    ``sources`` holds every batch that a published figure names (those of held pillars too) and the latest batch of each
    source, whatever became of it; ``caveats`` what a reader must know of a source, by its id. ``feeds`` has every
    source of the installation. ``airflow`` is where readers find the runs. ``created_at`` belongs to the evaluation:
    made twice from the same evaluation, a publication is the same publication. ``regions`` are those that it holds,
    None for all of the warehouse.
    """

    evaluation_id: str
    created_at: AwareDatetime
    gates: tuple[Gate, ...]
    sources: tuple[SourceBatch, ...]
    pillars: tuple[PillarState, ...]
    chain: ChainHead | None = None
    data_licence: str | None = None
    caveats: Mapping[str, tuple[Said, ...]] = {}
    regions: tuple[str, ...] | None = None
    feeds: tuple[Feed, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    airflow: str | None = None

    @property
    def licence(self) -> tuple[str, str] | None:
        """The licence of the data, its name and where it stands (empty: nowhere); None where none is set."""
        if self.data_licence is None:
            return None
        name, _, path = self.data_licence.partition(" ")
        return name, path

    @property
    def publication_id(self) -> str:
        """Sorts by time; ends in a short hash of what it was made from."""
        digest = hashlib.sha256(self.model_dump_json().encode()).hexdigest()
        moment = self.created_at.astimezone(UTC)
        return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z-{digest[:8]}"
