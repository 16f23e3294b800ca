"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="running | scored | published | failed"),
        sa.Column(
            "inputs",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="ids of the batches it was built from",
        ),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_evaluation")),
    )
    op.create_index(op.f("ix_evaluation_started_at"), "evaluation", ["started_at"], unique=False)
    op.create_table(
        "event",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False, comment="CloudEvents source, or the system that pushed"),
        sa.Column(
            "sender_event_id",
            sa.Text(),
            nullable=False,
            comment="CloudEvents id: with the sender it names the event once",
        ),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False, comment="the source file this event is about"),
        sa.Column("status", sa.Text(), nullable=False, comment="received | dispatched | done | failed"),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event")),
        sa.UniqueConstraint("sender", "sender_event_id", name=op.f("uq_event_sender_sender_event_id")),
    )
    op.create_index(op.f("ix_event_source_id_received_at"), "event", ["source_id", "received_at"], unique=False)
    op.create_index(op.f("ix_event_status_received_at"), "event", ["status", "received_at"], unique=False)
    op.create_table(
        "refusal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False, comment="a source that exists, or empty"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "reason", "source_id", name=op.f("pk_refusal")),
    )
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Text(), nullable=False, comment="sorts in the order in which batches were opened"),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("opd", sa.Text(), nullable=False),
        sa.Column("pull_id", sa.Text(), nullable=False, comment="the first batch of the pull that brought it"),
        sa.Column(
            "place",
            sa.Text(),
            nullable=False,
            comment="the pull at whose place it stands: its own, or the one it replays",
        ),
        sa.Column(
            "coverage", sa.Text(), nullable=True, comment="what the records are about: 2024, 2024-08, 20241, all"
        ),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="running | accepted | held | rejected | failed | unchanged"
        ),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("replay_of", sa.Text(), nullable=True, comment="the batch whose kept pages were landed again"),
        sa.Column("contract_sha256", sa.Text(), nullable=False),
        sa.Column("rows_received", sa.BigInteger(), nullable=True),
        sa.Column("rows_landed", sa.BigInteger(), nullable=True),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=True),
        sa.Column(
            "rows_known", sa.BigInteger(), nullable=True, comment="landed rows of a delta that change nothing in force"
        ),
        sa.Column(
            "merge",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="a delta's key and cursor: it joins what is in force; null: it replaces its coverage",
        ),
        sa.Column(
            "cursor", sa.Text(), nullable=True, comment="the highest cursor among its landed rows, in a form that sorts"
        ),
        sa.Column(
            "by_rows",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="its rows say their coverage: a whole pull is a word on every coverage",
        ),
        sa.Column("landed_path", sa.Text(), nullable=True, comment="relative to the installation's home"),
        sa.Column("landed_sha256", sa.Text(), nullable=True),
        sa.Column(
            "files",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="path, size and hashes of each file written",
        ),
        sa.Column("content_sha256", sa.Text(), nullable=True, comment="of the received content, free of fetch clocks"),
        sa.Column(
            "context_sha256",
            sa.Text(),
            nullable=True,
            comment="of the values that rows take from requests; null where they take none",
        ),
        sa.Column(
            "reasons",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="why it is not simply accepted",
        ),
        sa.Column(
            "findings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="signals that do not stop it",
        ),
        sa.Column("synthetic", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("error_kind", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column(
            "retry_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the source asked not to be asked again before then",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.event_id"], name=op.f("fk_batch_event_id")),
        sa.ForeignKeyConstraint(["replay_of"], ["batch.batch_id"], name=op.f("fk_batch_replay_of")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch")),
    )
    op.create_index(op.f("ix_batch_content_sha256"), "batch", ["content_sha256"], unique=False)
    op.create_index(
        op.f("ix_batch_source_id_coverage_status"), "batch", ["source_id", "coverage", "status"], unique=False
    )
    op.create_table(
        "gate_result",
        sa.Column("gate_result_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="pass | fail | error"),
        sa.Column("checks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "judged_sha256",
            sa.Text(),
            nullable=True,
            comment="of all that the gate read and judged by; null: it may not be carried over",
        ),
        sa.Column(
            "carried_from",
            sa.Text(),
            nullable=True,
            comment="the evaluation in which it was carried out; null: in this one",
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["carried_from"], ["evaluation.evaluation_id"], name=op.f("fk_gate_result_carried_from")
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.evaluation_id"], name=op.f("fk_gate_result_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("gate_result_id", name=op.f("pk_gate_result")),
    )
    op.create_index(op.f("ix_gate_result_evaluation_id_gate"), "gate_result", ["evaluation_id", "gate"], unique=False)
    op.create_table(
        "promotion",
        sa.Column("promotion_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.Column("pillar", sa.Text(), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False, comment="false: held, the last good version stays"),
        sa.Column(
            "path",
            sa.Text(),
            nullable=True,
            comment="Parquet of the mart, relative to the installation's home; null when held",
        ),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is held"),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.evaluation_id"], name=op.f("fk_promotion_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_promotion")),
        sa.UniqueConstraint("evaluation_id", "pillar", name=op.f("uq_promotion_evaluation_id_pillar")),
    )
    op.create_index(op.f("ix_promotion_pillar_decided_at"), "promotion", ["pillar", "decided_at"], unique=False)
    op.create_table(
        "publication",
        sa.Column("publication_id", sa.Text(), nullable=False),
        sa.Column("evaluation_id", sa.Text(), nullable=False),
        sa.Column("manifest_sha256", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="how it came to be current: published | rolled back to"),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.evaluation_id"], name=op.f("fk_publication_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publication")),
    )
    op.create_table(
        "page",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False, comment="method and address, secrets redacted"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True, comment="the encrypted bytes, relative to the installation's home"),
        sa.Column(
            "gone_at", sa.DateTime(timezone=True), nullable=True, comment="since when the bytes are no longer kept"
        ),
        sa.Column("gone_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_page_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "seq", name=op.f("pk_page")),
    )
    op.create_table(
        "quarantine",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_quarantine_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "rule", "field", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "receipt",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="canonical JSON, the bytes that are hashed"),
        sa.Column("previous_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_receipt_batch_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_receipt")),
        sa.UniqueConstraint("sha256", name=op.f("uq_receipt_sha256")),
    )
    op.create_index(op.f("ix_receipt_batch_id"), "receipt", ["batch_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("previous_batch_id", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column(
            "was",
            sa.Text(),
            nullable=True,
            comment="maturity of the old figures: provisional | final | revised; null: not declared",
        ),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="the differences by unit, relative to the installation's home"
        ),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_revision_batch_id")),
        sa.ForeignKeyConstraint(["previous_batch_id"], ["batch.batch_id"], name=op.f("fk_revision_previous_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_revision")),
    )
    op.create_table(
        "dismissal",
        sa.Column("dismissal_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column(
            "row",
            sa.BigInteger(),
            nullable=True,
            comment="the row's number in the batch; null for all rows of the rule and field",
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "until",
            sa.Date(),
            nullable=True,
            comment="the last day on which it holds for later batches too; null for this batch alone",
        ),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id", "rule", "field"],
            ["quarantine.batch_id", "quarantine.rule", "quarantine.field"],
            name=op.f("fk_dismissal_batch_id"),
        ),
        sa.PrimaryKeyConstraint("dismissal_id", name=op.f("pk_dismissal")),
    )
    op.create_index(op.f("ix_dismissal_batch_id_rule_field"), "dismissal", ["batch_id", "rule", "field"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dismissal_batch_id_rule_field"), table_name="dismissal")
    op.drop_table("dismissal")
    op.drop_table("revision")
    op.drop_index(op.f("ix_receipt_batch_id"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_table("quarantine")
    op.drop_table("page")
    op.drop_table("publication")
    op.drop_index(op.f("ix_promotion_pillar_decided_at"), table_name="promotion")
    op.drop_table("promotion")
    op.drop_index(op.f("ix_gate_result_evaluation_id_gate"), table_name="gate_result")
    op.drop_table("gate_result")
    op.drop_index(op.f("ix_batch_source_id_coverage_status"), table_name="batch")
    op.drop_index(op.f("ix_batch_content_sha256"), table_name="batch")
    op.drop_table("batch")
    op.drop_table("refusal")
    op.drop_index(op.f("ix_event_status_received_at"), table_name="event")
    op.drop_index(op.f("ix_event_source_id_received_at"), table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_evaluation_started_at"), table_name="evaluation")
    op.drop_table("evaluation")
