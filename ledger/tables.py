"""The ledger's tables. Every change here goes with a migration in ``ledger/migrations``."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _now(name: str) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


# A signal that something changed at an agency: a hint, stored before it is acknowledged.
event = Table(
    "event",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("sender", Text, nullable=False, comment="CloudEvents source, or the system that pushed"),
    Column("sender_event_id", Text, nullable=False, comment="CloudEvents id: with the sender it names the event once"),
    Column("event_type", Text, nullable=False),
    Column("source_id", Text, nullable=False, comment="the source file this event is about"),
    Column("status", Text, nullable=False, comment="received | dispatched | done | failed"),
    Column("detail", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _now("received_at"),
    Column("dispatched_at", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    UniqueConstraint("sender", "sender_event_id"),
    Index(None, "status", "received_at"),
    Index(None, "source_id", "received_at"),
)

# Events that were refused at the door, counted: enough to see that something knocks, and no room to fill a disk with.
refusal = Table(
    "refusal",
    metadata,
    Column("day", Date, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("source_id", Text, primary_key=True, comment="a source that exists, or empty"),
    Column("count", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
)

# Messages of queues that can never be stored. A message that is delivered again is counted.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("queue", Text, primary_key=True, comment="the connection that it came by"),
    Column("sha256", Text, primary_key=True, comment="of the message's bytes, which are kept nowhere"),
    Column("reason", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False, comment="deliveries"),
    _now("first_at"),
    _now("last_at"),
)

# What one pull brought for one coverage of one source.
batch = Table(
    "batch",
    metadata,
    Column("batch_id", Text, primary_key=True, comment="sorts in the order in which batches were opened"),
    Column("source_id", Text, nullable=False),
    Column("opd", Text, nullable=False),
    Column("pull_id", Text, nullable=False, comment="the first batch of the pull that brought it"),
    Column(
        "fetched_by", Text, nullable=False, comment="the pull that fetched its pages: its own, or the one it replays"
    ),
    Column("coverage", Text, comment="what the records are about: 2024, 2024-08, 20241, all"),
    Column("status", Text, nullable=False, comment="running | accepted | held | rejected | failed | unchanged"),
    Column("event_id", Text, ForeignKey("event.event_id")),
    Column("replay_of", Text, ForeignKey("batch.batch_id"), comment="the batch whose kept pages were landed again"),
    Column("contract_sha256", Text, nullable=False),
    Column("rows_received", BigInteger),
    Column("rows_landed", BigInteger),
    Column("rows_quarantined", BigInteger),
    Column("rows_known", BigInteger, comment="landed rows of a delta that change nothing in force"),
    Column(
        "merge",
        JSONB(none_as_null=True),
        comment="a delta's key and cursor: it joins what is in force; null: it replaces its coverage",
    ),
    Column("cursor", Text, comment="the highest cursor among its landed rows, in a form that sorts"),
    Column(
        "whole_pull",
        Boolean,
        nullable=False,
        server_default="false",
        comment="its rows say their coverage and may move to another: all batches of the pull count together",
    ),
    Column("landed_path", Text, comment="relative to the installation's home"),
    Column("landed_sha256", Text),
    Column("files", JSONB, nullable=False, server_default="[]", comment="path, size and hashes of each file written"),
    Column("content_sha256", Text, comment="of the received content, free of fetch clocks"),
    Column("context_sha256", Text, comment="of the values that rows take from requests; null where they take none"),
    Column(
        "own_sha256", Text, comment="of what its rows say by themselves, in whatever order; null: no copy is told by it"
    ),
    Column("reasons", JSONB, nullable=False, server_default="[]", comment="why it is not simply accepted"),
    Column("findings", JSONB, nullable=False, server_default="[]", comment="signals that do not stop it"),
    Column("synthetic", Boolean, nullable=False, server_default="false"),
    Column("error_kind", Text),
    Column("error_message", Text),
    Column("retry_at", DateTime(timezone=True), comment="the source asked not to be asked again before then"),
    _now("started_at"),
    Column("finished_at", DateTime(timezone=True)),
    Index(None, "source_id", "coverage", "status"),
    Index(None, "content_sha256"),
    Index(None, "own_sha256"),
)

# One response, as it came.
page = Table(
    "page",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.batch_id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("request", Text, nullable=False, comment="method and address, secrets redacted"),
    Column("status", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("ms", Integer, nullable=False),
    Column("path", Text, comment="the encrypted bytes, relative to the installation's home"),
    Column("gone_at", DateTime(timezone=True), comment="since when the bytes are no longer kept"),
    Column("gone_why", Text),
)

# Quarantined rows by reason; the rows themselves lie beside the landed ones.
quarantine = Table(
    "quarantine",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.batch_id"), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
)

# Somebody's decision that quarantined rows need no more attention. They stay in quarantine, and are counted there.
dismissal = Table(
    "dismissal",
    metadata,
    Column("dismissal_id", BigInteger, Identity(), primary_key=True),
    Column("batch_id", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("row", BigInteger, comment="the row's number in the batch; null for all rows of the rule and field"),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("until", Date, comment="the last day on which it holds for later batches too; null for this batch alone"),
    _now("dismissed_at"),
    ForeignKeyConstraint(["batch_id", "rule", "field"], ["quarantine.batch_id", "quarantine.rule", "quarantine.field"]),
    Index(None, "batch_id", "rule", "field"),
)

# What an accepted or held batch changes of the figures that were in force before it, counted in units (rows by key).
revision = Table(
    "revision",
    metadata,
    Column("batch_id", Text, ForeignKey("batch.batch_id"), primary_key=True),
    Column("previous_batch_id", Text, ForeignKey("batch.batch_id"), nullable=False),
    Column("coverage", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("removed", BigInteger, nullable=False),
    Column("was", Text, comment="maturity of the old figures: provisional | final | revised; null: not declared"),
    Column("path", Text, nullable=False, comment="the differences by unit, relative to the installation's home"),
    Column("sha256", Text, nullable=False),
)

# The chain of receipts: one for each decision about a batch, each naming the hash of the one before.
receipt = Table(
    "receipt",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("batch_id", Text, ForeignKey("batch.batch_id"), nullable=False, index=True),
    Column("body", Text, nullable=False, comment="canonical JSON, the bytes that are hashed"),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    _now("written_at"),
)

# One run of the evaluation over a fixed set of batches.
evaluation = Table(
    "evaluation",
    metadata,
    Column("evaluation_id", Text, primary_key=True),
    Column("status", Text, nullable=False, comment="running | scored | published | failed | interrupted"),
    Column("inputs", JSONB, nullable=False, comment="ids of the batches it was built from"),
    Column("inputs_sha256", Text, nullable=False),
    Column("detail", Text),
    _now("started_at"),
    Column("finished_at", DateTime(timezone=True)),
    Index(None, "started_at"),
)

gate_result = Table(
    "gate_result",
    metadata,
    Column("gate_result_id", BigInteger, Identity(), primary_key=True),
    Column("evaluation_id", Text, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("gate", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="pass | fail | error"),
    Column("checks", JSONB, nullable=False),
    Column("judged_sha256", Text, comment="of all that the gate read and judged by; null: it may not be carried over"),
    Column("carried_from", Text, comment="the evaluation in which it was carried out; null: in this one"),
    _now("decided_at"),
    ForeignKeyConstraint(["carried_from"], ["evaluation.evaluation_id"]),
    Index(None, "evaluation_id", "gate"),
)

# Which version of a pillar's mart is in force. The newest row of a pillar with a path wins.
promotion = Table(
    "promotion",
    metadata,
    Column("promotion_id", BigInteger, Identity(), primary_key=True),
    Column("evaluation_id", Text, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("pillar", Text, nullable=False),
    Column("promoted", Boolean, nullable=False, comment="false: held, the last good version stays"),
    Column("path", Text, comment="Parquet of the mart, relative to the installation's home; null when held"),
    Column("sha256", Text),
    Column("reason", Text, comment="why it is held"),
    _now("decided_at"),
    UniqueConstraint("evaluation_id", "pillar"),
    Index(None, "pillar", "decided_at"),
)

publication = Table(
    "publication",
    metadata,
    Column("publication_id", Text, primary_key=True),
    Column("evaluation_id", Text, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("manifest_sha256", Text, nullable=False),
    Column(
        "action", Text, nullable=False, comment="prepared, or how it came to be current: published | rolled back to"
    ),
    _now("published_at"),
    Column("current_since", DateTime(timezone=True), nullable=False),
)

# What publications found wrong in the data, each once, and what became of it. Moments are those of evaluations.
finding = Table(
    "finding",
    metadata,
    Column("finding_id", Text, primary_key=True, comment="of what it is about: the same in every evaluation"),
    Column("look", Text, nullable=False, comment="what looked for it; only the same look may find it gone"),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False, comment="contradiction | doubt"),
    Column("owner", Text, comment="the agency (OPD) that answers for it"),
    Column("source_id", Text),
    Column("region_code", Text),
    Column("period", Text),
    Column("subject", Text),
    Column("field", Text),
    Column("published", Text, comment="what is stated"),
    Column("recomputed", Text, comment="what it is compared with"),
    Column("against", Text, comment="whose figure that is"),
    Column("state", Text, nullable=False, comment="open | reopened | closed"),
    Column("first_seen", Text, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, comment="since when it stands, or stands again"),
    Column("last_seen", Text, ForeignKey("evaluation.evaluation_id"), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", Text, ForeignKey("evaluation.evaluation_id"), comment="the evaluation that no longer found it"),
    Column("closed_at", DateTime(timezone=True)),
    Index(None, "state", "owner"),
)

# What was done with an answer, in the order in which it was done: nothing is changed or taken out. Each row names the
# hash of the row before it, and so is its own receipt.
answer_transition = Table(
    "answer_transition",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("transition_id", Text, nullable=False, unique=True, comment="of what was asked: asked twice, done once"),
    Column("region_code", Text, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("code", Text, nullable=False, comment="the question's key in its instrument"),
    Column("from_state", Text, comment="null: it is the first"),
    Column("to_state", Text, nullable=False),
    Column("role", Text, nullable=False, comment="opd | internal | external | interview | final"),
    Column("assessor", Text, nullable=False, comment="number of the assessor; empty where no assessor acts"),
    Column("value", Text, comment="what this role says with it; null: it says nothing new"),
    Column("reason", Text, comment="why it is returned: wrong | absent | lower_level_open"),
    Column("note", Text),
    Column("actor", Text, nullable=False, comment="who did it, never a person's name"),
    Column("at", DateTime(timezone=True), nullable=False, comment="when it was done, as its origin says"),
    Column("batch_id", Text, ForeignKey("batch.batch_id"), comment="that told of it; null: the command line"),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Index(None, "region_code", "instrument", "year", "code", "seq"),
)

# What people decided, in order: nothing is changed or taken out. Each row names the hash of the row before it, and so
# is its own receipt.
decision = Table(
    "decision",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False, comment="freeze | follow_up"),
    Column("subject", Text, nullable=False, comment="what it is about; its newest decision says its state"),
    Column("body", Text, nullable=False, comment="canonical JSON, the bytes that are hashed"),
    Column("previous_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Index(None, "kind", "subject", "seq"),
)

# Keys of the interface for machines. What they see: details within these regions, pillars and agencies; empty is all.
api_key = Table(
    "api_key",
    metadata,
    Column("key_id", Text, primary_key=True, comment="the part of the key that is no secret"),
    Column("holder", Text, nullable=False, comment="the program or office that has it, never a person's name"),
    Column("level", Text, nullable=False, comment="public | regency | ministry"),
    Column("regions", JSONB, nullable=False),
    Column("pillars", JSONB, nullable=False),
    Column("opds", JSONB, nullable=False),
    Column("per_minute", Integer, nullable=False, comment="requests"),
    _now("created_at"),
    Column("revoked_at", DateTime(timezone=True)),
)

# A key has one secret, and two while it is rotated.
api_secret = Table(
    "api_secret",
    metadata,
    Column("sha256", Text, primary_key=True, comment="of the secret, which is kept nowhere"),
    Column("key_id", Text, ForeignKey("api_key.key_id"), nullable=False),
    _now("created_at"),
    Column("expires_at", DateTime(timezone=True), comment="null: until it is rotated"),
    Index(None, "key_id"),
)

# Counts, not requests: nobody outside decides how many rows there are.
api_use = Table(
    "api_use",
    metadata,
    Column("day", Date, primary_key=True),
    Column("key_id", Text, primary_key=True, comment="a key, 'public', 'unknown', or the pseudonym of a person"),
    Column("requests", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False, comment="of them"),
    Column("last_at", DateTime(timezone=True), nullable=False),
)

# When parts of the platform last did their work: what is silent is noticed by it.
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("part", Text, primary_key=True, comment="watch | maintenance | alerts"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False, comment="when it did so for the first time"),
)

# What needed a person, from when it was seen until it was over. It follows from the ledger and the machine; this says
# what is known already.
alert = Table(
    "alert",
    metadata,
    Column("alert_id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="with the kind it names what holds"),
    Column("owner", Text, comment="the agency (OPD) whose data it is about"),
    Column("since", DateTime(timezone=True), nullable=False, comment="since when it holds"),
    Column("facts", JSONB, nullable=False, comment="our own words: no person, and nothing that a system said"),
    _now("seen_at"),
    Column("gone_at", DateTime(timezone=True), comment="null: it holds"),
    Index("uq_alert_holding", "kind", "subject", unique=True, postgresql_where=text("gone_at is null")),
)

# Who knows of it. An address is named by whose it is and its place in the settings; it stands nowhere itself.
alert_told = Table(
    "alert_told",
    metadata,
    Column("alert_id", BigInteger, ForeignKey("alert.alert_id"), primary_key=True),
    Column("address", Text, primary_key=True, comment="operator/1, dinas_kesehatan/2"),
    Column("told_at", DateTime(timezone=True)),
    Column("over_at", DateTime(timezone=True), comment="when it was told that it is over"),
)

alert_address = Table(
    "alert_address",
    metadata,
    Column("address", Text, primary_key=True),
    Column("failures", Integer, nullable=False, comment="in a row; 0: the last message was taken"),
    Column("tried_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
)
