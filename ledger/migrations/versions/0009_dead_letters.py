"""Messages of queues that can never be stored, and what an event caused, as one view.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Of each event every step that followed from it, in rows: what it was, when, which, how it ended. A pull answers the
# events that came before it began, whichever of them its batches name. Evaluations are those from the first that read
# one of its batches up to the first that was published.
EVENT_COURSE = """
create view event_course as
with pulled as (
    select e.event_id, b.batch_id, b.pull_id, b.status, b.started_at, b.finished_at
    from event e
    join batch b
      on b.source_id = e.source_id
     and b.replay_of is null
     and b.started_at >= e.received_at
     and b.started_at <= coalesce(e.done_at, 'infinity')
),
read as (
    select p.event_id, v.evaluation_id, v.status, v.started_at,
           exists (select from publication u where u.evaluation_id = v.evaluation_id) as published
    from (select distinct event_id, batch_id from pulled where status in ('accepted', 'held')) p
    join evaluation v on v.inputs @> to_jsonb(array[p.batch_id])
),
evaluated as (
    select distinct event_id, evaluation_id, status, started_at
    from (
        select read.*,
               min(evaluation_id) filter (where published) over (partition by event_id) as first_published
        from read
    ) each_read
    where evaluation_id <= coalesce(first_published, evaluation_id)
)
select event_id, 'received' as step, received_at as at, source_id as what, status as outcome from event
union all
select event_id, 'handed on', dispatched_at, source_id, null from event where dispatched_at is not null
union all
select event_id, 'pull', min(started_at), pull_id, null from pulled group by event_id, pull_id
union all
select event_id, 'batch', coalesce(finished_at, started_at), batch_id, status from pulled
union all
select event_id, 'evaluation', started_at, evaluation_id, status from evaluated
union all
select v.event_id, 'gate', g.decided_at, g.gate, g.outcome
from evaluated v join gate_result g on g.evaluation_id = v.evaluation_id
union all
select v.event_id, 'publication', u.published_at, u.publication_id, u.action
from evaluated v join publication u on u.evaluation_id = v.evaluation_id
"""


def upgrade() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("queue", sa.Text(), nullable=False, comment="the connection that it came by"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the message's bytes, which are kept nowhere"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False, comment="deliveries"),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "sha256", name=op.f("pk_dead_letter")),
    )
    op.execute(EVENT_COURSE)


def downgrade() -> None:
    op.execute("drop view event_course")
    op.drop_table("dead_letter")
