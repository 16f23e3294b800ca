"""Name the pull that fetched a batch's pages, say which pulls count as a whole, and until when a source rests.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from ledger.migrations.first_release import complete

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FETCHED_BY = "the pull that fetched its pages: its own, or the one it replays"
RETRY_AT = "the source asked not to be asked again before then"
WHOLE_PULL = "its rows say their coverage and may move to another: all batches of the pull count together"


def upgrade() -> None:
    complete()
    op.alter_column("batch", "place", new_column_name="fetched_by", comment=FETCHED_BY, existing_type=sa.Text())
    op.alter_column("batch", "by_rows", new_column_name="whole_pull", comment=WHOLE_PULL, existing_type=sa.Boolean())
    op.add_column("batch", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True, comment=RETRY_AT))


def downgrade() -> None:
    op.drop_column("batch", "retry_at")
    op.alter_column("batch", "whole_pull", new_column_name="by_rows", comment=None, existing_type=sa.Boolean())
    op.alter_column("batch", "fetched_by", new_column_name="place", comment=None, existing_type=sa.Text())
