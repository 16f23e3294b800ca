"""Keys of the interface for machines, hashed, and counts of their use.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text(), nullable=False, comment="the part of the key that is no secret"),
        sa.Column(
            "holder", sa.Text(), nullable=False, comment="the program or office that has it, never a person's name"
        ),
        sa.Column("level", sa.Text(), nullable=False, comment="public | regency | ministry"),
        sa.Column("regions", JSONB(), nullable=False),
        sa.Column("pillars", JSONB(), nullable=False),
        sa.Column("opds", JSONB(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False, comment="requests"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "api_secret",
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the secret, which is kept nowhere"),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="null: until it is rotated"),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.key_id"], name=op.f("fk_api_secret_key_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_api_secret")),
    )
    op.create_index("ix_api_secret_key_id", "api_secret", ["key_id"])
    op.create_table(
        "api_use",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "key_id", sa.Text(), nullable=False, comment="a key, 'public', 'unknown', or the pseudonym of a person"
        ),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False, comment="of them"),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "key_id", name=op.f("pk_api_use")),
    )


def downgrade() -> None:
    op.drop_table("api_use")
    op.drop_table("api_secret")
    op.drop_table("api_key")
