"""How far each answer has come. What sources tell of it goes into the ledger, and from there into the file.

A source may tell a transition by itself (the record ``answer_transition``). Where it only brings an answer, that is one
too: an agency's new answer is handed in, an assessor's assesses. What the table of states or a closed window does not
allow is not done, and is told; no role's value is touched by another's.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path

import duckdb

from definitions.answer_states import STATES, Window, closed, refusal
from definitions.instrument import INDEX
from definitions.instruments import shipped_instruments
from definitions.problems import did_you_mean
from ledger.answer_store import Judge, values
from ledger.clock import zone
from ledger.engine import dated
from ledger.errors import ConfigError
from ledger.masks import mask_numbers, mask_words
from ledger.records import AnswerKey, AnswerMove, AnswerTransition, RefusedMove
from ledger.regions import SYSTEM, all_regions
from ledger.sql import literal
from ledger.store import Ledger
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened

TABLE, REFUSED = "answer_states", "refused_moves"
_BY_ROLE = {
    "opd": "submitted",
    "internal": "verified",
    "external": "assessed",
    "interview": "assessed",
    "final": "final",
}
"""What an answer becomes where a source brings nothing but a role's value."""

_MOVES = f"""
select region_code, instrument, year, code, to_state, role, assessor, actor, moved_at at time zone 'UTC', value, reason,
  note, _batch, _source
from records.answer_transition where region_code in (select region_code from reference.regions)
order by moved_at, list_position([{", ".join(map(literal, STATES))}], to_state), region_code, year, instrument, code,
  role, assessor
"""
_ANSWERS = """
select region_code, instrument, year, code, role, assessor, trim(value), _batch, _source, _synthetic
from records.answer where region_code in (select region_code from reference.regions) order by all
"""


@dataclass(frozen=True, slots=True)
class Brought:
    """An answer that a source brings without a word of its state."""

    key: AnswerKey
    role: str
    assessor: str
    value: str
    batch_id: str
    source_id: str
    synthetic: bool


def judge(windows: Sequence[Window]) -> Judge:
    """Who says whether a move may be made: the table of states, the order of time, and the windows of the stages."""
    return partial(_refusal, windows)


def _refusal(windows: Sequence[Window], last: AnswerTransition | None, move: AnswerMove) -> str:
    why = refusal(state_of(last), move.to_state, move.role, reason=move.reason, note=move.note)
    if why:
        return why
    if last is not None and move.at < last.move.at:
        return f"it is dated before what was done last, on {last.move.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    key = move.key
    day = move.at.astimezone(zone(all_regions()[key.region_code].time_zone)).date()
    return closed(windows, key.instrument, key.year, move.to_state, day)


def state_of(last: AnswerTransition | None) -> str | None:
    """The state that a transition left its answer in; None before the first one."""
    return last.move.to_state if last is not None else None


def answer_key(region_code: str, instrument: str, year: int, code: str) -> AnswerKey:
    """The answer that a code means. Raises ConfigError where there is no such instrument or question."""
    found = known_key(region_code, instrument, year, code)
    if found is not None:
        return found
    known = shipped_instruments().get(instrument)
    if known is None:
        do = f"Name one of {', '.join(shipped_instruments())}"
        raise ConfigError(f"there is no instrument {instrument[:40]!r}", where="--instrument", do=do)
    do = did_you_mean(code.partition("#")[0], [*known.asked, *(one.code for one in known.asked.values())])
    raise ConfigError(f"there is no question {code[:40]!r}", where=instrument, do=do)


def known_key(region_code: str, instrument: str, year: int, code: str) -> AnswerKey | None:
    """The answer that a code means, None where there is no such instrument or question."""
    known = shipped_instruments().get(instrument)
    plain, _, turn = code.partition("#")
    key, _ = known.targets.get(plain.casefold(), ("", "")) if known is not None else ("", "")
    if not key or key == INDEX:
        return None
    return AnswerKey(region_code, instrument, year, f"{key}#{turn}" if turn else key)


def write_answer_states(warehouse: Path, ledger: Ledger, windows: Sequence[Window]) -> None:
    """Note in the ledger what the file tells of answers, and write the tables ``answer_states`` and ``refused_moves``.

    A second call notes nothing more.
    """
    with opened(warehouse) as connection:
        sources: dict[str, str] = {}
        told = list(_told(connection, sources))
        brought = list(brought_answers(connection))
        sources |= {one.batch_id: one.source_id for one in brought}
        by_rule = judge(windows)
        _, early = ledger.move_answers(told, by_rule)
        _, late = ledger.move_answers(list(_new(brought, ledger.transitions())), by_rule)
        # What was told of an answer that had not come until now.
        _, refused = ledger.move_answers([one.move for one in early], by_rule)
        simulated = {one.key for one in brought if one.synthetic}
        names = dict(connection.execute("select region_code, region_name from reference.regions").fetchall())
        write_rows(connection, "scores", TABLE, list(_rows(ledger.transitions(), names, simulated)))
        told_why = [_refused(one, names, sources) for one in (*refused, *late)]
        write_rows(connection, "scores", REFUSED, told_why)


def brought_answers(connection: duckdb.DuckDBPyConnection) -> Iterator[Brought]:
    """The answers of the installation's regions to questions that there are. Others are told where they are scored."""
    for region, instrument, year, code, role, assessor, *rest in connection.execute(_ANSWERS).fetchall():
        key = known_key(region, instrument, year, code)
        if key is not None:
            yield Brought(key, role, _number(assessor), *rest)


def place(key: AnswerKey, names: Mapping[str, str]) -> Mapping[str, object]:
    """What the tables of answers say of where an answer belongs. ``names`` are those of the regions."""
    asked = shipped_instruments()[key.instrument].asked.get(key.code.partition("#")[0])
    return {
        "region_system": SYSTEM,
        "region_code": key.region_code,
        "region_name": names[key.region_code],
        "instrument_id": key.instrument,
        "year": key.year,
        "question": key.code,
        "printed_code": asked.code if asked is not None else key.code,
        "owner": asked.owner if asked is not None else None,
    }


def _told(connection: duckdb.DuckDBPyConnection, sources: dict[str, str]) -> Iterator[AnswerMove]:
    """The transitions that sources tell; ``sources`` is told which batch is whose."""
    for row in connection.execute(_MOVES).fetchall():
        region, instrument, year, code, to, role, assessor, actor, at, value, reason, note, batch, source = row
        key = known_key(region, instrument, year, code)
        if key is not None:
            sources[batch] = source
            kept = mask_words(note) if note else None
            moment, who = at.replace(tzinfo=UTC), mask_numbers(actor)
            yield AnswerMove(key, to, role, who, moment, _number(assessor), value, reason, kept, batch)


def _new(brought: Iterable[Brought], done: Sequence[AnswerTransition]) -> Iterator[AnswerMove]:
    """A move for each answer that is not what its role said last; of all roles but the agency's where it is due."""
    chains: dict[AnswerKey, list[AnswerTransition]] = {}
    for link in done:
        chains.setdefault(link.move.key, []).append(link)
    said = {key: values(chain) for key, chain in chains.items()}
    states = {key: state_of(chain[-1]) for key, chain in chains.items()}
    # In the order of the course: one batch may bring an answer's whole way.
    for one in sorted(brought, key=lambda one: [*_BY_ROLE].index(one.role)):
        before = said.get(one.key, {}).get((one.role, one.assessor))
        if before and before[-1].move.value == one.value:
            continue
        to = _BY_ROLE[one.role]
        due = not refusal(states.get(one.key), to, one.role)
        if due:
            states[one.key] = to
        if due or one.role == "opd":
            # When the batch began, by the ledger's clock: the same whenever it is asked.
            came = dated(one.batch_id)
            yield AnswerMove(one.key, to, one.role, one.source_id, came, one.assessor, one.value, batch_id=one.batch_id)


def _rows(
    chain: Sequence[AnswerTransition], names: Mapping[str, str], simulated: set[AnswerKey]
) -> Iterator[Mapping[str, object]]:
    counts = Counter(link.move.key for link in chain)
    for key, link in {link.move.key: link for link in chain}.items():
        if key.region_code in names and key.instrument in shipped_instruments():
            yield {
                **place(key, names),
                "state": link.move.to_state,
                "since": link.move.at.isoformat(),
                "role": link.move.role,
                "reason": link.move.reason,
                "transitions": counts[key],
                "synthetic": key in simulated,
            }


def _refused(one: RefusedMove, names: Mapping[str, str], sources: Mapping[str, str]) -> Mapping[str, object]:
    move = one.move
    return {
        **place(move.key, names),
        "to_state": move.to_state,
        "role": move.role,
        "at": move.at.isoformat(),
        "reason": one.why,
        "source_id": sources.get(move.batch_id or ""),
        "batch_id": move.batch_id,
    }


def _number(assessor: str | None) -> str:
    """The number of an assessor. Registers write 0 where no assessor answers."""
    return "" if assessor is None or assessor == "0" else assessor
