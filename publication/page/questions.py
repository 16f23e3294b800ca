"""The questions of the ministry's instrument: those with a score and its band, and those that nobody answers yet."""

from collections.abc import Mapping

from ledger.names import agency_name
from publication.content import Content, Row
from publication.page.indicators import band_text, older, simulated, state_mark, threshold
from publication.page.model import Asked, Question, Unanswered
from publication.page.words import ANSWERED_BY, Text, amount, number, period
from publication.paths import explanation_path


def asked(content: Content, region_code: str, pillar: str | None) -> Asked:
    """A pillar's questions in one region, in the instrument's order; None: those that belong to none of the pillars."""
    pillars = {str(item["id"]) for item in content.pillars}
    scores = {str(row["question_key"]): row for row in content.of_region(content.question_scores, region_code)}
    instruments = {content.questions[key]["instrument_id"] for key in scores if key in content.questions}
    own = [
        row
        for row in content.questions.values()
        if row["instrument_id"] in instruments
        and (row["pillar"] == pillar if pillar is not None else row["pillar"] not in pillars)
    ]
    own.sort(key=lambda row: (_dimensions(content).get(str(row["dimension"]), 0), int(row["position"])))
    answered, unanswered = [], []
    for row in own:
        score = scores.get(str(row["question_key"]))
        if score is not None and score["state"] == "measured":
            answered.append(_question(content, row, score))
        else:
            unanswered.append(_unanswered(content, row, score))
    return Asked(answered, unanswered)


def _dimensions(content: Content) -> Mapping[str, int]:
    return {str(row["id"]): int(row["position"]) for row in content.dimensions}


def _text(row: Row) -> Text:
    text = str(row["question_text"])
    return Text(text, str(row["question_text_en"] or text))


def _question(content: Content, row: Row, score: Row) -> Question:
    definition: Mapping[str, object] = content.indicators.get(str(score["indicator_id"]), {})
    unit = str(score["unit"])
    bands = content.bands_of(str(score["question_key"]), str(score["rubric_version"]))
    band = next((item for item in bands if score["score"] is not None and item["score"] == score["score"]), None)
    return Question(
        code=str(row["printed_code"]),
        text=_text(row),
        indicator=Text(str(definition.get("name_id", "")), str(definition.get("name_en", ""))),
        value=amount(score["value"], unit, int(str(definition.get("dp", 2)))),
        period=period(score["period"]),
        band=band_text(band, unit) if band else None,
        score=number(score["score"]),
        origin=simulated(score, "value"),
        proxy=score["relation"] == "proxy",
        proxy_note=_proxy_note(row),
        evidence=explanation_path(score["region_code"]),
    )


def _proxy_note(row: Row) -> Text | None:
    note = str(row["relation_note"] or "")
    return Text(str(row["relation_note_id"] or note), note) if note else None


def _unanswered(content: Content, row: Row, score: Row | None) -> Unanswered:
    return Unanswered(
        code=str(row["printed_code"]),
        text=_text(row),
        owner=_owner(content, row),
        state=None
        if score is None
        else state_mark(str(score["state"]), threshold(content, str(score["indicator_id"]))),
        older=older(content, score),
    )


def _owner(content: Content, row: Row) -> Text:
    """Who owes the answer: the agency in charge, the body whose index it is, or how it is answered."""
    definition: Mapping[str, object] = content.indicators.get(str(row["indicator_id"]), {})
    agency = row["owner"] or definition.get("owner")
    name = agency_name(str(agency)) if agency else row["answered_by"]
    return Text(str(name), str(name)) if name else ANSWERED_BY[str(row["answered"])]
