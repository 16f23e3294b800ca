"""Say that an evaluation may be interrupted, and a publication prepared.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATUS = "running | scored | published | failed"
ACTION = "how it came to be current: published | rolled back to"


def upgrade() -> None:
    _comment("evaluation", "status", f"{STATUS} | interrupted")
    _comment("publication", "action", f"prepared, or {ACTION}")


def downgrade() -> None:
    # The earlier version knows neither word.
    op.execute("update evaluation set status = 'failed' where status = 'interrupted'")
    op.execute("update publication set action = 'published' where action = 'prepared'")
    _comment("evaluation", "status", STATUS)
    _comment("publication", "action", ACTION)


def _comment(table: str, column: str, text: str) -> None:
    op.alter_column(table, column, comment=text, existing_type=sa.Text(), existing_nullable=False)
