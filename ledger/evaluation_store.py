"""Evaluations, gate results, promotions and publications in the ledger."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ledger import tables as t
from ledger.engine import Store
from ledger.records import Evaluation, EvaluationStatus, GateRow, Promotion, PublicationRow

PREPARED = "prepared"
_UNFINISHED = ("running", "scored")


class EvaluationStore(Store):
    """Reading and writing everything from an evaluation's start to what readers see."""

    def start_evaluation(self, inputs: Sequence[str], inputs_sha256: str | None = None) -> str:
        """Open an evaluation over these batches. ``inputs_sha256`` may also cover rules beside the batches."""
        digest = inputs_sha256 or hashlib.sha256("\n".join(sorted(inputs)).encode()).hexdigest()
        with self._begin() as connection:
            evaluation_id = self._next_id(connection, t.evaluation.c.evaluation_id)
            connection.execute(
                sa.insert(t.evaluation).values(
                    evaluation_id=evaluation_id, status="running", inputs=sorted(inputs), inputs_sha256=digest
                )
            )
        return evaluation_id

    def finish_evaluation(self, evaluation_id: str, status: EvaluationStatus, detail: str | None = None) -> None:
        """Move an evaluation on. One that came to its end stays as it ended, unless it is published in the end."""
        allowed = sa.true() if status == "published" else t.evaluation.c.status.in_(_UNFINISHED)
        with self._begin() as connection:
            connection.execute(
                sa.update(t.evaluation)
                .where(t.evaluation.c.evaluation_id == evaluation_id, allowed)
                .values(status=status, detail=detail, finished_at=sa.func.now())
            )

    def evaluation(self, evaluation_id: str) -> Evaluation | None:
        """One evaluation, or None."""
        return self._evaluation(t.evaluation.c.evaluation_id == evaluation_id)

    def last_evaluation(self, status: EvaluationStatus | None = None) -> Evaluation | None:
        """The newest evaluation (in this state, where given), or None."""
        return self._evaluation(sa.true() if status is None else t.evaluation.c.status == status)

    def attempts(self, inputs_sha256: str) -> Sequence[Evaluation]:
        """The evaluations from these inputs that began after the last published one, newest first."""
        last = sa.func.coalesce(sa.func.max(t.evaluation.c.evaluation_id), "")
        published = sa.select(last).where(t.evaluation.c.status == "published").scalar_subquery()
        e = t.evaluation.c
        return self._evaluations((e.inputs_sha256 == inputs_sha256) & (e.evaluation_id > published))

    def unfinished_evaluations(self) -> Sequence[Evaluation]:
        """The evaluations that have not come to an end, newest first: at work, between two steps, or dead."""
        return self._evaluations(t.evaluation.c.status.in_(_UNFINISHED))

    def is_at_work(self, evaluation: Evaluation, between_steps_seconds: float) -> bool:
        """Whether a process works on an evaluation, or did so a moment ago: the next step may be about to begin."""
        if evaluation.status not in _UNFINISHED:
            return False
        touched = evaluation.finished_at or evaluation.started_at
        if self.is_locked(at_work_lock(evaluation.evaluation_id)):
            return True
        with self._begin() as connection:
            now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now - touched < timedelta(seconds=between_steps_seconds)

    def record_gate(
        self,
        evaluation_id: str,
        gate: str,
        outcome: str,
        checks: Sequence[Mapping[str, object]],
        *,
        judged_sha256: str | None = None,
        carried_from: str | None = None,
    ) -> None:
        """Write a gate's outcome. Written before anything acts on it. See ``GateRow`` for the last two."""
        with self._begin() as connection:
            connection.execute(
                sa.insert(t.gate_result).values(
                    evaluation_id=evaluation_id,
                    gate=gate,
                    outcome=outcome,
                    checks=[dict(check) for check in checks],
                    judged_sha256=judged_sha256,
                    carried_from=carried_from,
                )
            )

    def gates(self, evaluation_id: str) -> Sequence[GateRow]:
        """The latest outcome of each gate in an evaluation."""
        return self._gates(t.gate_result.c.evaluation_id == evaluation_id)

    def last_gates(self) -> Mapping[str, GateRow]:
        """The latest outcome of each gate, whichever evaluation it was in."""
        return {row.gate: row for row in self._gates(sa.true())}

    def _gates(self, condition: sa.ColumnElement[bool]) -> Sequence[GateRow]:
        query = (
            sa.select(t.gate_result)
            .where(condition)
            .distinct(t.gate_result.c.gate)
            .order_by(t.gate_result.c.gate, t.gate_result.c.gate_result_id.desc())
        )
        with self._begin() as connection:
            return [
                GateRow(
                    row["gate"],
                    row["outcome"],
                    tuple(row["checks"]),
                    row["evaluation_id"],
                    row["judged_sha256"],
                    row["carried_from"],
                )
                for row in connection.execute(query).mappings()
            ]

    def record_promotion(
        self, evaluation_id: str, pillar: str, *, path: str | None, sha256: str | None, reason: str | None
    ) -> None:
        """Put a pillar's new version in force (``path``), or record that it is held (``reason``). Repeatable."""
        values = {"promoted": path is not None, "path": path, "sha256": sha256, "reason": reason}
        statement = insert(t.promotion).values(evaluation_id=evaluation_id, pillar=pillar, **values)
        with self._begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["evaluation_id", "pillar"], set_=values))

    def last_good(self) -> Mapping[str, Promotion]:
        """The version of each pillar that is in force."""
        query = (
            sa.select(t.promotion)
            .where(t.promotion.c.promoted)
            .distinct(t.promotion.c.pillar)
            .order_by(t.promotion.c.pillar, t.promotion.c.evaluation_id.desc())
        )
        with self._begin() as connection:
            return {row["pillar"]: _promotion(row) for row in connection.execute(query).mappings()}

    def held_since(self, pillar: str) -> Promotion | None:
        """The first of the pillar's decisions to hold it since it was last good; None when it is not held."""
        last_good = (
            sa.select(sa.func.coalesce(sa.func.max(t.promotion.c.evaluation_id), ""))
            .where(t.promotion.c.pillar == pillar, t.promotion.c.promoted)
            .scalar_subquery()
        )
        query = (
            sa.select(t.promotion)
            .where(t.promotion.c.pillar == pillar, ~t.promotion.c.promoted, t.promotion.c.evaluation_id > last_good)
            .order_by(t.promotion.c.evaluation_id)
            .limit(1)
        )
        with self._begin() as connection:
            row = connection.execute(query).mappings().first()
            return _promotion(row) if row is not None else None

    def prepare_publication(self, publication_id: str, evaluation_id: str, manifest_sha256: str) -> None:
        """Record a publication that is built and about to get its name: a folder that nobody announced is a stranger.

        One that was prepared and never got its name may be prepared again.
        """
        values = {"evaluation_id": evaluation_id, "manifest_sha256": manifest_sha256, "action": PREPARED}
        statement = insert(t.publication).values(
            publication_id=publication_id, current_since=sa.func.clock_timestamp(), **values
        )
        with self._begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["publication_id"], set_=values, where=t.publication.c.action == PREPARED
                )
            )

    def record_publication(
        self, publication_id: str, evaluation_id: str, manifest_sha256: str, action: str = "published"
    ) -> None:
        """Record that a publication is current from now on: a new one, or an old one that was rolled back to."""
        now = sa.func.clock_timestamp()
        statement = insert(t.publication).values(
            publication_id=publication_id,
            evaluation_id=evaluation_id,
            manifest_sha256=manifest_sha256,
            action=action,
            current_since=now,
        )
        first = sa.case((t.publication.c.action == PREPARED, now), else_=t.publication.c.published_at)
        with self._begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["publication_id"],
                    set_={"action": action, "current_since": now, "published_at": first},
                )
            )

    def publication(self, publication_id: str) -> PublicationRow | None:
        """One publication, or None."""
        found = self._publications(t.publication.c.publication_id == publication_id, limit=1)
        return found[0] if found else None

    def publications(self, limit: int | None = 50) -> Sequence[PublicationRow]:
        """Publications, the current one first; ``limit`` None for all of them."""
        return self._publications(sa.true(), limit)

    def _publications(self, condition: sa.ColumnElement[bool], limit: int | None) -> Sequence[PublicationRow]:
        query = sa.select(t.publication).where(condition).order_by(t.publication.c.current_since.desc()).limit(limit)
        with self._begin() as connection:
            return [
                PublicationRow(
                    row["publication_id"],
                    row["evaluation_id"],
                    row["manifest_sha256"],
                    row["action"],
                    row["published_at"],
                    row["current_since"],
                )
                for row in connection.execute(query).mappings()
            ]

    def _evaluation(self, condition: sa.ColumnElement[bool]) -> Evaluation | None:
        found = self._evaluations(condition, limit=1)
        return found[0] if found else None

    def _evaluations(self, condition: sa.ColumnElement[bool], limit: int | None = None) -> Sequence[Evaluation]:
        query = sa.select(t.evaluation).where(condition).order_by(t.evaluation.c.evaluation_id.desc()).limit(limit)
        with self._begin() as connection:
            return [
                Evaluation(
                    evaluation_id=row["evaluation_id"],
                    status=row["status"],
                    inputs=tuple(row["inputs"]),
                    inputs_sha256=row["inputs_sha256"],
                    started_at=row["started_at"],
                    finished_at=row["finished_at"],
                    detail=row["detail"],
                )
                for row in connection.execute(query).mappings()
            ]


def at_work_lock(evaluation_id: str) -> str:
    """The lock that a step holds while it works on an evaluation."""
    return f"evaluation:{evaluation_id}"


def _promotion(row: sa.RowMapping) -> Promotion:
    return Promotion(
        row["evaluation_id"],
        row["pillar"],
        row["promoted"],
        row["path"],
        row["sha256"],
        row["reason"],
        row["decided_at"],
    )
