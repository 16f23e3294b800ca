"""The scores of every instrument that somebody answered: each role's answers by themselves, one index from each.

What a role says stands by itself, and no role's value replaces another's. The ladder of accepted evidence answers as a
role of its own, computed. An instrument that takes over another's index is scored after it. An answer that the
instrument does not have is refused by itself, with the reason, and the others count. The arithmetic is
`definitions/scoring.py`, exact; what is written here is only read and put down.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from definitions.exact import exact, rounded
from definitions.instrument import INDEX, Asked, Instrument, Part
from definitions.instruments import shipped_instruments
from definitions.ladder import level_reached
from definitions.refusals import AnswerError
from definitions.scoring import Answer, Mark, Scored, Taken, score
from definitions.words import Wording, said
from ledger.errors import TransformError
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened

TABLES = ("instrument_scores", "instrument_answers")
ROLES = ("final", "interview", "external", "internal", "evidence", "opd")
"""Whose index another instrument takes over, where the same role has none: the first of these that has one."""

_DECIMALS = 4
_ANSWERS = """
select answered.region_code, regions.region_system, regions.region_name, answered.year, answered.instrument,
  answered.code, answered.role, answered.assessor, trim(answered.value), answered._batch, answered._synthetic
from records.answer as answered inner join reference.regions as regions using (region_code)
order by all
"""

_EVIDENCE = """
select given.region_code, regions.region_system, regions.region_name, given.year, given.instrument, given.code,
  given.level, given.state = 'accepted', given._batch, given._synthetic
from records.evidence as given inner join reference.regions as regions using (region_code)
where given.level is not null order by all
"""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Who answered which instrument for which region and year."""

    region_system: str
    region_code: str
    region_name: str
    instrument: str
    year: int
    role: str


@dataclass(slots=True)
class Given:
    """One answer as it came; several assessors give a mean. ``reason`` says to readers why it does not count."""

    texts: list[str] = field(default_factory=list)
    batches: set[str] = field(default_factory=set)
    synthetic: bool = False
    reason: Wording | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A sheet that was scored: the answers that count, and a row of the table of answers for each question."""

    sheet: Sheet
    instrument: Instrument
    answers: Mapping[str, Answer]
    scored: Scored
    rows: Sequence[Row]
    synthetic: bool


def write_instrument_scores(warehouse: Path, instruments: Mapping[str, Instrument] | None = None) -> Sequence[Answered]:
    """Score what `records.answer` holds, and write the tables of the schema ``scores`` that `TABLES` names.

    ``instruments`` are those that are shipped, in computing order; they are read where they are not given. Returns
    every sheet of an instrument that there is, with what it came to. Raises TransformError where answers or evidence
    cannot be read.
    """
    instruments = shipped_instruments() if instruments is None else instruments
    with opened(warehouse) as connection:
        sheets = {
            **_sheets(_rows_of(connection, "answer", _ANSWERS)),
            **_ladders(_rows_of(connection, "evidence", _EVIDENCE), instruments),
        }
        scored = list(_scored(sheets, instruments))
        write_rows(connection, "scores", TABLES[0], [row for one in scored for row in _scores(one)])
        answers = [row for one in scored for row in one.rows]
        write_rows(connection, "scores", TABLES[1], [*answers, *_of_no_instrument(sheets, instruments)])
    return scored


def _rows_of(connection: duckdb.DuckDBPyConnection, record: str, query: str) -> Sequence[Sequence[Any]]:
    try:
        return connection.execute(query).fetchall()
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        do = "Mend what it names (`pilar sources check`), then run `pilar evaluate`; what is published stays"
        raise TransformError(f"no answer was scored: {why}", where=f"record {record}", do=do) from error


def _sheets(rows: Iterable[Sequence[object]]) -> Mapping[Sheet, Mapping[str, Given]]:
    sheets: dict[Sheet, dict[str, Given]] = defaultdict(dict)
    for code, system, name, year, instrument, question, role, _, value, batch, synthetic in rows:
        sheet = Sheet(str(system), str(code), str(name), str(instrument), int(str(year)), str(role))
        given = sheets[sheet].setdefault(str(question), Given())
        given.texts.append(str(value))
        given.batches.add(str(batch))
        given.synthetic = given.synthetic or bool(synthetic)
    return sheets


def _ladders(
    rows: Iterable[Sequence[Any]], instruments: Mapping[str, Instrument]
) -> Mapping[Sheet, Mapping[str, Given]]:
    """What evidence proves of each question that is answered by its level: a sheet of the role ``evidence``."""
    items: dict[tuple[Sheet, str], list[tuple[int, bool]]] = defaultdict(list)
    sheets: dict[Sheet, dict[str, Given]] = defaultdict(dict)
    for code, system, name, year, instrument, question, level, accepted, batch, synthetic in rows:
        asked = _on_levels(instruments.get(instrument), question)
        if asked is None:
            continue
        sheet = Sheet(system, code, name, instrument, year, "evidence")
        items[sheet, asked.key].append((level, accepted))
        given = sheets[sheet].setdefault(asked.key, Given())
        given.batches.add(batch)
        given.synthetic = given.synthetic or synthetic
        assert asked.scale is not None
        given.texts = [str(level_reached(items[sheet, asked.key], *map(int, asked.scale)))]
    return sheets


def _on_levels(known: Instrument | None, code: str) -> Asked | None:
    """The question of a code, where evidence answers it by its level; else None."""
    key, _ = known.targets.get(code.casefold(), ("", "")) if known is not None else ("", "")
    asked = known.asked.get(key) if known is not None else None
    by_level = asked is not None and asked.answered == "evidence" and asked.rubric is None and asked.scale is not None
    return asked if by_level else None


def _scored(sheets: Mapping[Sheet, Mapping[str, Given]], instruments: Mapping[str, Instrument]) -> Iterator[Answered]:
    """In the order in which instruments feed each other."""
    results: dict[Sheet, Scored] = {}
    for name, instrument in instruments.items():
        for sheet, given in sheets.items():
            if sheet.instrument == name:
                answers = _accepted(instrument, given, _fed(instrument, sheet, results))
                results[sheet] = scored = score(instrument, answers)
                rows = _answers(instrument, sheet, scored, given)
                yield Answered(sheet, instrument, answers, scored, rows, any(one.synthetic for one in given.values()))


def _of_no_instrument(
    sheets: Mapping[Sheet, Mapping[str, Given]], instruments: Mapping[str, Instrument]
) -> Iterator[Row]:
    for sheet, given in sheets.items():
        if sheet.instrument not in instruments:
            for code, one in given.items():
                one.reason = AnswerError("no_instrument", name=sheet.instrument[:40]).said
                yield _refused(sheet, code, one)


def _fed(instrument: Instrument, sheet: Sheet, results: Mapping[Sheet, Scored]) -> dict[str, Answer]:
    """The indices of other instruments that answer questions of this one: of that year at the latest."""
    fed: dict[str, Answer] = {}
    for asked in instrument.asked.values():
        mine = [
            (other.year, other.role == sheet.role, -ROLES.index(other.role) if other.role in ROLES else -9, index.value)
            for other, scored in results.items()
            if other.instrument == asked.question.from_
            and other.region_code == sheet.region_code
            and other.year <= sheet.year
            and (index := scored.index).value is not None
        ]
        if mine:
            value = max(mine, key=lambda one: one[:3])[3]
            assert value is not None
            fed[asked.key] = value
    return fed


def _accepted(instrument: Instrument, given: Mapping[str, Given], fed: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers that the instrument takes, by key. What it does not take is told in ``Given.reason``.

    Where a part and questions of it are answered, the questions count. What another index answers (``fed``) counts
    where nobody else does.
    """
    accepted: dict[str, Answer] = {}
    taken = Taken(instrument)
    for code, one in sorted(given.items(), key=lambda item: _is_part(instrument, item[0])):
        try:
            key = _key(instrument, code)
            if key in accepted:
                raise AnswerError("other_code", name=key)
            answer = _read(instrument, key, one.texts)
            taken.take(key, answer)
        except AnswerError as error:
            one.reason = error.said
        else:
            accepted[key] = answer
    return {name: answer for name, answer in fed.items() if not taken.settles(name)} | accepted


def _is_part(instrument: Instrument, code: str) -> bool:
    key, _ = instrument.targets.get(code.casefold(), ("", ""))
    return key in instrument.nodes


def _key(instrument: Instrument, code: str) -> str:
    key, base = instrument.targets.get(code.partition("#")[0].casefold(), ("", ""))
    if not key or key == INDEX:
        raise AnswerError("no_question", code=code[:40], where=instrument.id)
    return code if base or "#" in code else key


def _read(instrument: Instrument, key: str, texts: Sequence[str]) -> Answer:
    asked: Asked | None = instrument.asked.get(key.partition("#")[0])
    options = asked.rubric.choices if asked is not None and asked.rubric is not None else None
    if options and not all(_is_number(text) for text in texts):
        strange = next((text for text in texts if text not in options), None)
        if strange is not None:
            raise AnswerError("no_option", typed=strange)
        if len(set(texts)) > 1:
            raise AnswerError("no_mean", chosen=", ".join(sorted(set(texts))))
        return texts[0]
    strange = next((text for text in texts if not _is_number(text)), None)
    if strange is not None:
        raise AnswerError("no_number", typed=strange)
    return sum((exact(_plain(text)) for text in texts), Fraction(0)) / len(texts)


def _plain(text: str) -> str:
    """A number as it is read: agencies write 3,41."""
    return text.replace(",", ".")


def _is_number(text: str) -> bool:
    try:
        exact(_plain(text))
    except ValueError:
        return False
    return True


def _scores(one: Answered) -> Sequence[Row]:
    instrument, scored = one.instrument, one.scored
    names = {INDEX: instrument.name, **{name: part.name for name, part in instrument.nodes.items()}}
    order, depths = list(names), dict(_depths(instrument.parts, 1))
    return [
        {
            **_place(one.sheet),
            "node": node.id,
            "position": position,
            "depth": 0 if node.id == INDEX else depths.get(node.id, 1),
            "node_name": said(names.get(node.id, node.id), "id"),
            "node_name_en": said(names.get(node.id, node.id), "en"),
            "value": node.value,
            "state": "missing" if node.value is None else "measured",
            "predicate": scored.predicate.named_in("id") if node.id == INDEX and scored.predicate else None,
            "predicate_en": scored.predicate.named_in("en") if node.id == INDEX and scored.predicate else None,
            "questions": len(scored.marks),
            "unanswered": len(scored.unanswered),
            "waiting": len(scored.waiting),
            "synthetic": one.synthetic,
        }
        for position, node in enumerate(
            # What a method computes beside the parts comes behind them.
            sorted(scored.nodes.values(), key=lambda own: order.index(own.id) if own.id in names else len(order))
        )
    ]


def _depths(parts: Sequence[Part], depth: int) -> Iterator[tuple[str, int]]:
    for part in parts:
        yield part.id, depth
        yield from _depths(part.parts, depth + 1)


def _answers(instrument: Instrument, sheet: Sheet, scored: Scored, given: Mapping[str, Given]) -> Sequence[Row]:
    own = {_key(instrument, code): one for code, one in given.items() if one.reason is None}
    refused = {code: one for code, one in given.items() if one.reason is not None}
    by_key = {instrument.targets[code.casefold()][0]: code for code in refused if code.casefold() in instrument.targets}
    rows: list[Row] = []
    for key, mark in scored.marks.items():
        asked = instrument.asked[key.partition("#")[0]]
        if mark.state != "given" and key in by_key:
            code = by_key[key]
            rows.append({**_refused(sheet, code, refused.pop(code)), "question": key, "printed_code": asked.code})
        else:
            rows.append(_answer(sheet, asked, mark, own.get(key) or own.get(asked.code)))
    names = {str(row["question"]) for row in rows}
    # One question is answered by two codes: the one that is refused is told under another name.
    return [
        *rows,
        *(_refused(sheet, f"{code[:38]} *" if code in names else code, one) for code, one in refused.items()),
    ]


def _answer(sheet: Sheet, asked: Asked, mark: Mark, one: Given | None) -> Row:
    return {
        **_place(sheet),
        "question": mark.key,
        "printed_code": asked.code,
        "answer": "; ".join(one.texts) if one is not None else None,
        "score": None if mark.score is None else rounded(mark.score, _DECIMALS),
        "state": "taken_over" if one is None and mark.state == "given" else mark.state,
        "reason": None,
        "reason_id": None,
        "batch_ids": sorted(one.batches) if one is not None else [],
        "synthetic": one is not None and one.synthetic,
    }


def _refused(sheet: Sheet, code: str, one: Given) -> Row:
    return {
        **_place(sheet),
        "question": code[:40],
        "printed_code": code[:40],
        "answer": None,
        "score": None,
        "state": "refused",
        "reason": said(one.reason, "en"),
        "reason_id": said(one.reason, "id"),
        "batch_ids": sorted(one.batches),
        "synthetic": one.synthetic,
    }


def _place(sheet: Sheet) -> Row:
    return {
        "region_system": sheet.region_system,
        "region_code": sheet.region_code,
        "region_name": sheet.region_name,
        "instrument_id": sheet.instrument,
        "year": sheet.year,
        "role": sheet.role,
    }
