"""Remember what publications found wrong in the data, and what became of it.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.Text(), nullable=False, comment="of what it is about: the same in every evaluation"),
        sa.Column("look", sa.Text(), nullable=False, comment="what looked for it; only the same look may find it gone"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False, comment="contradiction | doubt"),
        sa.Column("owner", sa.Text(), comment="the agency (OPD) that answers for it"),
        *(sa.Column(name, sa.Text()) for name in ("source_id", "region_code", "period", "subject", "field")),
        sa.Column("published", sa.Text(), comment="what is stated"),
        sa.Column("recomputed", sa.Text(), comment="what it is compared with"),
        sa.Column("against", sa.Text(), comment="whose figure that is"),
        sa.Column("state", sa.Text(), nullable=False, comment="open | reopened | closed"),
        sa.Column("first_seen", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="since when it stands, or stands again",
        ),
        sa.Column("last_seen", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), comment="the evaluation that no longer found it"),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_finding")),
        *(
            sa.ForeignKeyConstraint([name], ["evaluation.evaluation_id"], name=op.f(f"fk_finding_{name}"))
            for name in ("first_seen", "last_seen", "closed_by")
        ),
    )
    op.create_index("ix_finding_state_owner", "finding", ["state", "owner"])


def downgrade() -> None:
    op.drop_table("finding")
