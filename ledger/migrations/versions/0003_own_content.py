"""Say of a batch what its rows say by themselves, so that a copy is told whatever its envelope holds.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OWN = "of what its rows say by themselves, in whatever order; null: no copy is told by it"


def upgrade() -> None:
    op.add_column("batch", sa.Column("own_sha256", sa.Text(), nullable=True, comment=OWN))
    op.create_index("ix_batch_own_sha256", "batch", ["own_sha256"])


def downgrade() -> None:
    op.drop_index("ix_batch_own_sha256", "batch")
    op.drop_column("batch", "own_sha256")
