"""What was done with answers, in the ledger: a chain that only grows, checked link by link.

Whether a move is allowed is not known here: whoever asks brings a judge. It is asked under a lock, with what stands at
that moment, so that two who act at once are judged one after the other.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger import tables as t
from ledger.chain import Damage, canonical, first_broken, follows, link_hash, moment
from ledger.engine import Store
from ledger.records import AnswerKey, AnswerMove, AnswerTransition, RefusedMove

Judge = Callable[[AnswerTransition | None, AnswerMove], str]
"""Why a move may not be made after the last one of its answer; empty where it may."""

_LOCK = "answers"
_KEY = ("region_code", "instrument", "year", "code")
_TOLD = ("to_state", "role", "assessor", "value", "reason", "note", "actor", "batch_id")


class AnswerStore(Store):
    """Reading and writing the transitions of answers."""

    def move_answers(
        self, moves: Sequence[AnswerMove], judge: Judge
    ) -> tuple[Sequence[AnswerTransition], Sequence[RefusedMove]]:
        """Make those moves that the judge allows, in their order and at once. Returns what was made and what refused.

        A move that was made before is neither: asked again, it changes nothing. One that is dated ahead of the
        ledger's clock is refused: it would stand in the way of every move until then.
        """
        if not moves:
            return [], []
        made: list[AnswerTransition] = []
        refused: list[RefusedMove] = []
        with self.lock(_LOCK), self._begin() as connection:
            now = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            known, last = self._known(connection, moves), self._last_of(connection, {move.key for move in moves})
            head = self._head(connection)
            for move in moves:
                name = transition_id(move)
                if name in known:
                    continue
                before = last.get(move.key)
                why = judge(before, move) if move.at <= now else "it is dated ahead of the ledger's clock"
                if why:
                    refused.append(RefusedMove(move, why))
                    continue
                link = _link(move, name, before, head, now)
                head, last[move.key] = link, link
                known.add(name)
                made.append(link)
            if made:
                connection.execute(sa.insert(t.answer_transition), [_row(link) for link in made])
        return made, refused

    def transitions(self, key: AnswerKey | None = None) -> Sequence[AnswerTransition]:
        """Every transition (of one answer), in the order of the chain."""
        a = t.answer_transition.c
        query = sa.select(t.answer_transition).order_by(a.seq)
        if key is not None:
            query = query.where(*(a[name] == getattr(key, name) for name in _KEY))
        with self._begin() as connection:
            return [_transition(row) for row in connection.execute(query).mappings()]

    def last_typed(self) -> str:
        """The hash of the last transition that no batch told of, empty where there is none.

        The others follow from the batches in force.
        """
        a = t.answer_transition.c
        query = sa.select(a.sha256).where(a.batch_id.is_(None)).order_by(a.seq.desc()).limit(1)
        with self._begin() as connection:
            return str(connection.execute(query).scalar_one_or_none() or "")

    def _head(self, connection: sa.Connection) -> AnswerTransition | None:
        query = sa.select(t.answer_transition).order_by(t.answer_transition.c.seq.desc()).limit(1)
        row = connection.execute(query).mappings().first()
        return _transition(row) if row is not None else None

    def _known(self, connection: sa.Connection, moves: Sequence[AnswerMove]) -> set[str]:
        name = t.answer_transition.c.transition_id
        asked = [transition_id(move) for move in moves]
        return set(connection.execute(sa.select(name).where(name == sa.any_(sa.literal(asked, _TEXTS)))).scalars())

    def _last_of(self, connection: sa.Connection, keys: set[AnswerKey]) -> dict[AnswerKey, AnswerTransition]:
        a = t.answer_transition.c
        key = [a[name] for name in _KEY]
        query = sa.select(t.answer_transition).distinct(*key).order_by(*key, a.seq.desc())
        asked = sorted({one.region_code for one in keys})
        rows = connection.execute(query.where(a.region_code == sa.any_(sa.literal(asked, _TEXTS)))).mappings()
        return {link.move.key: link for row in rows if (link := _transition(row)).move.key in keys}


_TEXTS = sa.ARRAY(sa.Text())


def transition_id(move: AnswerMove) -> str:
    """What a move is known by: the same from wherever and however often it is told. Its batch is no part of it."""
    told = {**_plain(move), "at": moment(move.at)}
    del told["batch_id"]
    return hashlib.sha256(canonical(told).encode()).hexdigest()[:24]


def first_altered_transition(chain: Iterable[AnswerTransition]) -> Damage | None:
    """The first transition that is not as it was written, or that one is missing before."""
    return first_broken(chain, "transition", lambda link: f"{link.move.key.instrument} {link.move.key.code}", _body)


def values(chain: Iterable[AnswerTransition]) -> Mapping[tuple[str, str], Sequence[AnswerTransition]]:
    """What each role and assessor said of one answer, in order: the last of a list is what it says now."""
    found: dict[tuple[str, str], list[AnswerTransition]] = {}
    for link in chain:
        if link.move.value is not None:
            found.setdefault((link.move.role, link.move.assessor), []).append(link)
    return found


def _link(
    move: AnswerMove, name: str, before: AnswerTransition | None, head: AnswerTransition | None, now: datetime
) -> AnswerTransition:
    seq, previous = follows(head)
    start = before.move.to_state if before is not None else None
    draft = AnswerTransition(seq, name, move, start, now, previous, "")
    return AnswerTransition(seq, name, move, start, now, previous, link_hash(previous, _body(draft)))


def _plain(move: AnswerMove) -> dict[str, Any]:
    return {name: getattr(move.key, name) for name in _KEY} | {name: getattr(move, name) for name in _TOLD}


def _body(link: AnswerTransition) -> str:
    told = _plain(link.move) | {"at": moment(link.move.at), "recorded_at": moment(link.recorded_at)}
    return canonical(told | {"seq": link.seq, "transition_id": link.transition_id, "from_state": link.from_state})


def _row(link: AnswerTransition) -> dict[str, Any]:
    return _plain(link.move) | {"at": link.move.at} | dict(_columns(link))


def _columns(link: AnswerTransition) -> Iterator[tuple[str, Any]]:
    for name in ("seq", "transition_id", "from_state", "recorded_at", "previous_sha256", "sha256"):
        yield name, getattr(link, name)


def _transition(row: sa.RowMapping) -> AnswerTransition:
    key = AnswerKey(**{name: row[name] for name in _KEY})
    move = AnswerMove(key, at=row["at"], **{name: row[name] for name in _TOLD})
    return AnswerTransition(
        row["seq"],
        row["transition_id"],
        move,
        row["from_state"],
        row["recorded_at"],
        row["previous_sha256"],
        row["sha256"],
    )
