"""The scores of every instrument that somebody answered: each role's answers by themselves, one index from each.

What a role says stands by itself, and no role's value replaces another's. An instrument that takes over another's index
is scored after it. An answer that the instrument does not have is refused by itself, with the reason, and the others
count. The arithmetic is `definitions/scoring.py`, exact; what is written here is only read and put down.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from definitions.exact import exact, rounded
from definitions.instrument import INDEX, Asked, Instrument, Part
from definitions.instruments import load_instruments
from definitions.scoring import Answer, Mark, Scored, score
from definitions.words import said
from ledger.errors import ConfigError
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened

TABLES = ("instrument_scores", "instrument_answers")
ROLES = ("final", "interview", "external", "internal", "opd")
"""Whose index another instrument takes over, where the same role has none: the first of these that has one."""

_DECIMALS = 4
_ANSWERS = """
select answered.region_code, regions.region_system, regions.region_name, answered.year, answered.instrument,
  answered.code, answered.role, answered.assessor, trim(answered.value), answered._batch, answered._synthetic
from records.answer as answered inner join reference.regions as regions using (region_code)
order by all
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
    """One answer as it came; several assessors give a mean. ``reason`` says why it does not count."""

    texts: list[str] = field(default_factory=list)
    batches: set[str] = field(default_factory=set)
    synthetic: bool = False
    reason: str | None = None


def write_instrument_scores(warehouse: Path) -> None:
    """Score what `records.answer` holds, and write the tables of the schema ``scores`` that `TABLES` names."""
    with opened(warehouse) as connection:
        sheets = _sheets(connection.execute(_ANSWERS).fetchall())
        found: dict[str, list[Row]] = {name: [] for name in TABLES}
        for scores, answers in _scored(sheets):
            found[TABLES[0]] += scores
            found[TABLES[1]] += answers
        for name, rows in found.items():
            write_rows(connection, "scores", name, rows)


def _sheets(rows: Iterable[Sequence[object]]) -> Mapping[Sheet, Mapping[str, Given]]:
    sheets: dict[Sheet, dict[str, Given]] = defaultdict(dict)
    for code, system, name, year, instrument, question, role, _, value, batch, synthetic in rows:
        sheet = Sheet(str(system), str(code), str(name), str(instrument), int(str(year)), str(role))
        given = sheets[sheet].setdefault(str(question), Given())
        given.texts.append(str(value))
        given.batches.add(str(batch))
        given.synthetic = given.synthetic or bool(synthetic)
    return sheets


def _scored(sheets: Mapping[Sheet, Mapping[str, Given]]) -> Iterator[tuple[Sequence[Row], Sequence[Row]]]:
    """In the order in which instruments feed each other."""
    results: dict[Sheet, Scored] = {}
    instruments = load_instruments()
    for name, instrument in instruments.items():
        for sheet, given in sheets.items():
            if sheet.instrument == name:
                answers = {**_fed(instrument, sheet, results), **_accepted(instrument, given)}
                results[sheet] = score(instrument, answers)
                scored = results[sheet]
                yield _scores(instrument, sheet, scored, given), _answers(instrument, sheet, scored, given)
    for sheet, given in sheets.items():
        if sheet.instrument not in instruments:
            for one in given.values():
                one.reason = f"there is no instrument {sheet.instrument[:40]!r}"
            yield [], [_refused(sheet, code, one) for code, one in given.items()]


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


def _accepted(instrument: Instrument, given: Mapping[str, Given]) -> dict[str, Answer]:
    """The answers that the instrument takes, by key. What it does not take is told in ``Given.reason``."""
    accepted: dict[str, Answer] = {}
    for code, one in given.items():
        try:
            key = _key(instrument, code)
            if key in accepted:
                raise ValueError(f"{key} is answered by another code too")
            answer = _read(instrument, key, one.texts)
            score(instrument, {key: answer})
        except (ConfigError, ValueError) as error:
            said = error.what if isinstance(error, ConfigError) else str(error)
            # What somebody typed is quoted nowhere that readers look.
            one.reason = re.sub(r"'[^']*'", "the answer", said)
        else:
            accepted[key] = answer
    return accepted


def _key(instrument: Instrument, code: str) -> str:
    key, base = instrument.targets.get(code.partition("#")[0].casefold(), ("", ""))
    if not key or key == INDEX:
        raise ConfigError(f"there is no question or part {code[:40]!r}", where=instrument.id)
    return code if base or "#" in code else key


def _read(instrument: Instrument, key: str, texts: Sequence[str]) -> Answer:
    asked: Asked | None = instrument.asked.get(key.partition("#")[0])
    options = asked.rubric.choices if asked is not None and asked.rubric is not None else None
    if options and not all(_is_number(text) for text in texts):
        if len(set(texts)) > 1:
            raise ValueError(f"assessors chose {' and '.join(sorted(set(texts)))}; letters have no mean")
        return texts[0]
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


def _scores(instrument: Instrument, sheet: Sheet, scored: Scored, given: Mapping[str, Given]) -> Sequence[Row]:
    names = {INDEX: instrument.name, **{name: part.name for name, part in instrument.nodes.items()}}
    order, depths = list(names), dict(_depths(instrument.parts, 1))
    return [
        {
            **_place(sheet),
            "node": node.id,
            "position": position,
            "depth": 0 if node.id == INDEX else depths.get(node.id, 1),
            "node_name": said(names.get(node.id, node.id), "id"),
            "node_name_en": said(names.get(node.id, node.id), "en"),
            "value": node.value,
            "state": "missing" if node.value is None else "measured",
            "predicate": str(scored.predicate) if node.id == INDEX and scored.predicate is not None else None,
            "questions": len(scored.marks),
            "unanswered": len(scored.unanswered),
            "waiting": len(scored.waiting),
            "synthetic": any(one.synthetic for one in given.values()),
        }
        for position, node in enumerate(
            # What a method computes beside the parts comes behind them.
            sorted(scored.nodes.values(), key=lambda one: order.index(one.id) if one.id in names else len(order))
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
        "reason": one.reason,
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
