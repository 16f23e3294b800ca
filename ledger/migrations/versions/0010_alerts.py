"""What needs a person and who was told of it, and when parts of the platform last did their work.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("part", sa.Text(), nullable=False, comment="watch | maintenance | alerts"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="when it did so for the first time"),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="with the kind it names what holds"),
        sa.Column("owner", sa.Text(), comment="the agency (OPD) whose data it is about"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="since when it holds"),
        sa.Column("facts", JSONB(), nullable=False, comment="our own words: no person, and nothing that a system said"),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), comment="null: it holds"),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
    )
    holding = sa.text("gone_at is null")
    op.create_index("uq_alert_holding", "alert", ["kind", "subject"], unique=True, postgresql_where=holding)
    op.create_table(
        "alert_told",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="operator/1, dinas_kesehatan/2"),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("over_at", sa.DateTime(timezone=True), comment="when it was told that it is over"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.alert_id"], name=op.f("fk_alert_told_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "address", name=op.f("pk_alert_told")),
    )
    op.create_table(
        "alert_address",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row; 0: the last message was taken"),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_alert_address")),
    )


def downgrade() -> None:
    op.drop_table("alert_address")
    op.drop_table("alert_told")
    op.drop_table("alert")
    op.drop_table("heartbeat")
