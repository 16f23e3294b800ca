"""Remember what people decided: stages that are frozen, recommendations that are followed up. A chain of its own.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="freeze | follow_up"),
        sa.Column("subject", sa.Text(), nullable=False, comment="what it is about; its newest decision says its state"),
        sa.Column("body", sa.Text(), nullable=False, comment="canonical JSON, the bytes that are hashed"),
        sa.Column("previous_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_decision")),
        sa.UniqueConstraint("sha256", name=op.f("uq_decision_sha256")),
    )
    op.create_index("ix_decision_kind_subject_seq", "decision", ["kind", "subject", "seq"])


def downgrade() -> None:
    op.drop_table("decision")
