"""What would raise a pillar, in words: the value that the next score takes, what it still lacks, and who owns it."""

from collections.abc import Mapping
from decimal import Decimal

from ledger.names import agency_name
from publication.content import Content, Row
from publication.page.model import Step
from publication.page.words import Text, amount, named, number
from publication.paths import agency_page, evidence_page, question_anchor


def steps(content: Content, region_code: str, pillar: str | None) -> list[Step]:
    """The ways up in a pillar (None: outside of all) by the computed scores, what moves most first."""
    own = [
        row
        for row in content.of_region(content.gaps, region_code)
        if row["role"] == "computed" and row["pillar"] == pillar and row["state"] == "reachable"
    ]
    own.sort(key=lambda row: (-_moved(row, "index"), -_moved(row, "pillar"), _far(row), str(row["question"])))
    return [_step(content, row) for row in own]


def _moved(row: Row, what: str) -> Decimal:
    before, after = row[f"{what}_before"], row[f"{what}_after"]
    return Decimal(0) if before is None or after is None else Decimal(after - before)


def _far(row: Row) -> Decimal:
    """How much of the value is lacking, so that what is nearest comes first."""
    if row["value"] is None or row["value_needed"] is None:
        return Decimal("Infinity")
    value, needed = Decimal(row["value"]), Decimal(row["value_needed"])
    return abs(needed - value) / (abs(value) or Decimal(1))


def _step(content: Content, row: Row) -> Step:
    indicator: Mapping[str, object] = content.indicators.get(str(row["indicator_id"]), {})
    question = _question(content, row)
    text = Text(str(question.get("question_text", "")), str(question.get("question_text_en") or ""))
    needed, value, unit = row["value_needed"], row["value"], str(row["unit"] or "")
    places = int(str(indicator.get("dp", 2)))
    owner = str(row["owner"] or "")
    key = str(question.get("question_key", row["question"]))
    return Step(
        code=str(row["printed_code"]),
        name=named(indicator) if indicator else text,
        score=number(row["score"]),
        next_score=number(row["next_score"]),
        needed=amount(needed, unit, places) if needed is not None else None,
        lacking=_lacking(value, needed, unit, places),
        count=_count(row, indicator),
        owner=agency_name(owner) if owner else "",
        owner_page=agency_page(owner),
        effects=[
            text
            for text in (_effect(row, "pillar", "pilar", "pillar"), _effect(row, "index", "indeks", "index"))
            if text
        ],
        evidence=evidence_page(row["region_code"], row["pillar"]),
        anchor=question_anchor(key),
        synthetic=bool(row["synthetic"]),
    )


def _question(content: Content, row: Row) -> Row:
    """Its row among the questions: those of an instrument carry the printed code, which may repeat in dimensions."""
    found = (
        question
        for question in content.printed.get((str(row["instrument_id"]), str(row["printed_code"])), ())
        if question["dimension"] == row["dimension"]
        and (row["indicator_id"] is None or question["indicator_id"] == row["indicator_id"])
    )
    return next(found, {})


def _lacking(value: Decimal | None, needed: Decimal | None, unit: str, places: int) -> Text | None:
    if value is None or needed is None:
        return None
    points = "poin" if unit == "%" or unit.startswith(("indeks", "nilai", "skala")) else unit
    by = amount(abs(needed - value), points, places)
    if needed > value:
        return Text(f"kurang {by.id}", f"{by.en} short")
    return Text(f"harus turun {by.id}", f"to fall by {by.en}")


def _count(row: Row, indicator: Mapping[str, object]) -> Text | None:
    """How many more of what is counted it takes, where the value is a ratio."""
    if row["count_more"] is None:
        return None
    money = "rupiah" in str(indicator.get("numerator") or "")
    more, now = (
        amount(value, "rupiah", None) if money else number(value)
        for value in (Decimal(row["count_more"]), Decimal(row["numerator"]))
    )
    return Text(
        f"pembilangnya perlu bertambah {more.id}, kini {now.id}", f"its numerator needs {more.en} more, now {now.en}"
    )


def _effect(row: Row, what: str, indonesian: str, english: str) -> Text | None:
    if not _moved(row, what):
        return None
    before, after = number(row[f"{what}_before"], 2), number(row[f"{what}_after"], 2)
    return Text(f"{indonesian} {before.id} → {after.id}", f"{english} {before.en} → {after.en}")
