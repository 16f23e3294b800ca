"""What people decided, in the ledger: a chain that only grows. The newest decision about a subject says its state.

Whether a decision is allowed is not known here. Whoever decides says by which decision they were led. Where another one
was made meanwhile, theirs is refused.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ledger import tables as t
from ledger.chain import Damage, canonical, first_broken, follows, link_hash, moment
from ledger.engine import Store
from ledger.errors import ConfigError
from ledger.records import Decision, DecisionKind

Draft = tuple[str, Decision | None, Mapping[str, Any]]
"""A subject, the newest decision about it that was seen (None: there was none), and what is decided."""

_LOCK = "decisions"


class DecisionStore(Store):
    """Reading and writing what people decided."""

    def decide(self, kind: DecisionKind, drafts: Sequence[Draft]) -> Sequence[Decision]:
        """Write decisions, all of them at once. Returns them.

        Raises ConfigError where another decision about one of the subjects was made meanwhile; nothing is then written.
        """
        made: list[Decision] = []
        with self.lock(_LOCK), self._begin() as connection:
            now = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            head = _newest(connection, sa.true())
            for subject, seen, told in drafts:
                known = _newest(connection, _about(kind, subject))
                if known != seen:
                    raise ConfigError("somebody else decided about it meanwhile", where=subject, do="Look again first")
                seq, previous = follows(head)
                body = canonical({"seq": seq, "kind": kind, "subject": subject, "at": moment(now), "told": dict(told)})
                link = Decision(seq, kind, subject, body, previous, link_hash(previous, body))
                connection.execute(sa.insert(t.decision).values(**_row(link)))
                made.append(link)
                head = link
        return made

    def decisions(self, kind: DecisionKind | None = None, subject: str | None = None) -> Sequence[Decision]:
        """Every decision (of a kind, about a subject), in the order of the chain."""
        query = sa.select(t.decision).where(_about(kind, subject)).order_by(t.decision.c.seq)
        with self._begin() as connection:
            return [Decision(**row) for row in connection.execute(query).mappings()]


def newest(chain: Iterable[Decision]) -> Mapping[str, Decision]:
    """The newest decision about each subject."""
    return {link.subject: link for link in chain}


def first_altered_decision(chain: Iterable[Decision]) -> Damage | None:
    """The first decision that is not as it was written, or that one is missing before."""
    return first_broken(chain, "decision", lambda link: f"{link.kind} {link.subject}", _body)


def _body(link: Decision) -> str:
    """The text that was hashed, as the names beside it say it too."""
    body = json.loads(link.body)
    return canonical(body | {"seq": link.seq, "kind": link.kind, "subject": link.subject})


def _about(kind: DecisionKind | None, subject: str | None) -> sa.ColumnElement[bool]:
    d = t.decision.c
    return sa.and_(
        sa.true() if kind is None else d.kind == kind, sa.true() if subject is None else d.subject == subject
    )


def _row(link: Decision) -> Mapping[str, Any]:
    return {name: getattr(link, name) for name in ("seq", "kind", "subject", "body", "previous_sha256", "sha256")}


def _newest(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Decision | None:
    query = sa.select(t.decision).where(condition).order_by(t.decision.c.seq.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return Decision(**row) if row is not None else None
