"""What changed in a region since the publication before: its index, its pillars, and the scores of its questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import structlog

from ledger.sql import literal
from publication import pointer
from publication.content import Content, Row
from publication.page.model import Change, Changes
from publication.page.states import DOWN, UP
from publication.page.words import Text, clock, named, number
from publication.tables import DUCKDB_FILE

log = structlog.get_logger()

BASES = {
    "reported": Text("Indeks asesor", "Assessors' index"),
    "computed": Text("Perkiraan hitung", "Computed estimate"),
}


@dataclass(frozen=True, slots=True)
class Before:
    """The tables of the publication that readers had before, and when its evaluation began."""

    file: Path
    made: datetime


def before(published_dir: Path) -> Before | None:
    """The publication that readers have now; None where there is none that can be read."""
    found = pointer.current(published_dir)
    if found is None:
        return None
    file = published_dir / found / DUCKDB_FILE
    try:
        duckdb.connect(str(file), read_only=True).close()
    except duckdb.Error as error:
        # Readers are told that there is nothing to compare with; what is new must not wait for it.
        log.warning("the publication before cannot be read", publication=found, reason=str(error)[:200])
        return None
    return Before(file, datetime.strptime(found[:18], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC))


def changes(content: Content, region_code: str, earlier: Before | None) -> Changes:
    """What moved in a region, indices first."""
    if earlier is None:
        return Changes(None)
    content.reading.attach("before", earlier.file)
    had = {
        table: content.reading.rows(f"FROM before.scores.{table} WHERE region_code = {literal(region_code)}")
        for table in ("index_scores", "pillar_scores", "question_scores")
    }

    def pair(table: str, now: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        return had[table], content.of_region(now, region_code)

    methods = {str(row["rule_set_id"]): int(row["year"]) for row in content.rule_set_methods}

    def index(key: tuple[object, ...]) -> Text:
        name, year = BASES[str(key[1])], methods.get(str(key[0]), "")
        return Text(f"{name.id} {year}".strip(), f"{name.en} {year}".strip())

    pairs = _pairs(*pair("index_scores", content.index_scores), "rule_set_id", "basis")
    pairs.sort(key=lambda item: -methods.get(str(item[0][0]), 0))
    indices = [_change(index(key), old.get("index_value"), new.get("index_value"), 2) for key, old, new in pairs]
    names = {str(row["id"]): named(row) for row in content.pillars}
    pillars = [
        _change(names[str(key[0])], old.get("score"), new.get("score"), 2, _coverage(old, new))
        for key, old, new in _pairs(*pair("pillar_scores", content.pillar_scores), "pillar")
        if str(key[0]) in names
    ]
    questions = [
        _change(_asked(content, str(key[0])), old.get("score"), new.get("score"), 2)
        for key, old, new in _pairs(*pair("question_scores", content.question_scores), "question_key")
    ]
    return Changes(
        clock(earlier.made),
        [item for item in (*indices, *pillars) if item is not None],
        [item for item in questions if item is not None],
    )


def _pairs(
    old: Sequence[Row], new: Sequence[Row], *names: str
) -> list[tuple[tuple[object, ...], Mapping[str, object], Mapping[str, object]]]:
    """The rows of the same key before and now, in the order of the rows now; those that are gone last."""
    found = {tuple(row[name] for name in names): row for row in old}
    now = {tuple(row[name] for name in names): row for row in new}
    nothing: Row = {}
    return [
        (key, found.get(key, nothing), now.get(key, nothing)) for key in (*now, *(k for k in found if k not in now))
    ]


def _change(name: Text, old: object, new: object, places: int, note: Text | None = None) -> Change | None:
    """None where nothing moved."""
    assert isinstance(old, Decimal | None)
    assert isinstance(new, Decimal | None)
    if old == new and note is None:
        return None
    mark = None if old is None or new is None or old == new else UP if new > old else DOWN
    return Change(name, number(old, places), number(new, places), mark, note)


def _coverage(old: Mapping[str, object], new: Mapping[str, object]) -> Text | None:
    before, now = old.get("questions_scored"), new.get("questions_scored")
    if before is None or now is None or before == now:
        return None
    return Text(f"{before} → {now} pertanyaan dinilai", f"{before} → {now} questions scored")


def _asked(content: Content, key: str) -> Text:
    row = content.questions.get(key)
    if row is None:
        return Text(key, key)
    text = str(row["question_text"])
    return Text(text, str(row["question_text_en"] or text))
