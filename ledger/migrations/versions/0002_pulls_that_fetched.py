"""Name the pull that fetched a batch's pages, and say which pulls count as a whole.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FETCHED_BY = "the pull that fetched its pages: its own, or the one it replays"
BY_ROWS = "its rows say their coverage and may move to another: all batches of the pull count together"


def upgrade() -> None:
    op.alter_column("batch", "place", new_column_name="fetched_by", comment=FETCHED_BY, existing_type=sa.Text())
    op.alter_column("batch", "by_rows", comment=BY_ROWS, existing_type=sa.Boolean())


def downgrade() -> None:
    op.alter_column("batch", "fetched_by", new_column_name="place", comment=None, existing_type=sa.Text())
