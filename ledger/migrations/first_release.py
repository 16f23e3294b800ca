"""What the first tables lacked in the releases 0.1.0 and 0.2.0, which called them 0001 as 0.3.0 does.

Their ledgers are brought to the 0001 of 0.3.0 before 0002 goes on. What has it already stays as it is.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

PULL = "the first batch of the pull that brought it"
PLACE = "the pull at whose place it stands: its own, or the one it replays"


def complete() -> None:
    """Add the columns and tables that are not there. Of a batch of 0.1.0 each counts as a pull of its own."""
    inspector = sa.inspect(op.get_bind())
    there = {table: {str(column["name"]) for column in inspector.get_columns(table)} for table in _columns()}
    for table, columns in _columns().items():
        for column in columns:
            if column.name not in there[table]:
                op.add_column(table, column)
    for name, comment in (("pull_id", PULL), ("place", PLACE)):
        if name not in there["batch"]:
            op.add_column("batch", sa.Column(name, sa.Text(), nullable=True, comment=comment))
            op.execute(f"update batch set {name} = batch_id")
            op.alter_column("batch", name, nullable=False)
    if "replay_of" not in there["batch"]:
        op.create_foreign_key("fk_batch_replay_of", "batch", "batch", ["replay_of"], ["batch_id"])
    if "carried_from" not in there["gate_result"]:
        key = "fk_gate_result_carried_from"
        op.create_foreign_key(key, "gate_result", "evaluation", ["carried_from"], ["evaluation_id"])
    _complete_tables(inspector)


def _complete_tables(inspector: sa.Inspector) -> None:
    tables = set(inspector.get_table_names())
    if "revision" not in tables:
        _make_revision()
    if "dismissal" not in tables:
        _make_dismissal()
    elif "until" not in {column["name"] for column in inspector.get_columns("dismissal")}:
        op.add_column("dismissal", _until())


def _columns() -> dict[str, list[sa.Column[Any]]]:
    text, moment = sa.Text(), sa.DateTime(timezone=True)
    return {
        "batch": [
            sa.Column("replay_of", text, comment="the batch whose kept pages were landed again"),
            sa.Column("rows_known", sa.BigInteger(), comment="landed rows of a delta that change nothing in force"),
            sa.Column(
                "merge",
                JSONB(none_as_null=True),
                comment="a delta's key and cursor: it joins what is in force; null: it replaces its coverage",
            ),
            sa.Column("cursor", text, comment="the highest cursor among its landed rows, in a form that sorts"),
            sa.Column(
                "by_rows",
                sa.Boolean(),
                server_default="false",
                nullable=False,
                comment="its rows say their coverage: a whole pull is a word on every coverage",
            ),
            sa.Column(
                "files",
                JSONB(),
                server_default="[]",
                nullable=False,
                comment="path, size and hashes of each file written",
            ),
            sa.Column(
                "context_sha256",
                text,
                comment="of the values that rows take from requests; null where they take none",
            ),
        ],
        "gate_result": [
            sa.Column(
                "judged_sha256",
                text,
                comment="of all that the gate read and judged by; null: it may not be carried over",
            ),
            sa.Column("carried_from", text, comment="the evaluation in which it was carried out; null: in this one"),
        ],
        "page": [
            sa.Column("gone_at", moment, comment="since when the bytes are no longer kept"),
            sa.Column("gone_why", text),
        ],
    }


def _make_revision() -> None:
    op.create_table(
        "revision",
        sa.Column("batch_id", sa.Text(), sa.ForeignKey("batch.batch_id", name="fk_revision_batch_id"), nullable=False),
        sa.Column(
            "previous_batch_id",
            sa.Text(),
            sa.ForeignKey("batch.batch_id", name="fk_revision_previous_batch_id"),
            nullable=False,
        ),
        sa.Column("coverage", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column(
            "was",
            sa.Text(),
            comment="maturity of the old figures: provisional | final | revised; null: not declared",
        ),
        sa.Column(
            "path", sa.Text(), nullable=False, comment="the differences by unit, relative to the installation's home"
        ),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_revision"),
    )


def _make_dismissal() -> None:
    op.create_table(
        "dismissal",
        sa.Column("dismissal_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column(
            "row", sa.BigInteger(), comment="the row's number in the batch; null for all rows of the rule and field"
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        _until(),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id", "rule", "field"],
            ["quarantine.batch_id", "quarantine.rule", "quarantine.field"],
            name="fk_dismissal_batch_id",
        ),
        sa.PrimaryKeyConstraint("dismissal_id", name="pk_dismissal"),
    )
    op.create_index("ix_dismissal_batch_id_rule_field", "dismissal", ["batch_id", "rule", "field"])


def _until() -> sa.Column[Any]:
    return sa.Column(
        "until", sa.Date(), comment="the last day on which it holds for later batches too; null for this batch alone"
    )
