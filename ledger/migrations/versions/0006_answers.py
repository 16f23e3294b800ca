"""Remember what was done with answers: who moved which one, when and why, each row naming the hash of the one before.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answer_transition",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transition_id", sa.Text(), nullable=False, comment="of what was asked: asked twice, done once"),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="the question's key in its instrument"),
        sa.Column("from_state", sa.Text(), comment="null: it is the first"),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="opd | internal | external | interview | final"),
        sa.Column(
            "assessor", sa.Text(), nullable=False, comment="number of the assessor; empty where no assessor acts"
        ),
        sa.Column("value", sa.Text(), comment="what this role says with it; null: it says nothing new"),
        sa.Column("reason", sa.Text(), comment="why it is returned: wrong | absent | lower_level_open"),
        sa.Column("note", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False, comment="who did it, never a person's name"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was done, as its origin says"),
        sa.Column("batch_id", sa.Text(), comment="that told of it; null: the command line"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_answer_transition")),
        sa.UniqueConstraint("transition_id", name=op.f("uq_answer_transition_transition_id")),
        sa.UniqueConstraint("sha256", name=op.f("uq_answer_transition_sha256")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.batch_id"], name=op.f("fk_answer_transition_batch_id")),
    )
    op.create_index(
        "ix_answer_transition_region_code_instrument_year_code_seq",
        "answer_transition",
        ["region_code", "instrument", "year", "code", "seq"],
    )


def downgrade() -> None:
    op.drop_table("answer_transition")
