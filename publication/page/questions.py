"""The questions of the ministry's instrument: those with a score and its band, and those that nobody answers yet."""

from collections.abc import Mapping

from ledger.names import agency_name
from publication.content import Content, Row
from publication.page.indicators import band_text, older, simulated, value_state
from publication.page.model import Asked, Question, Unanswered
from publication.page.states import Mark
from publication.page.words import ANSWERED_BY, Text, amount, number, period
from publication.paths import evidence_page, explanation_path, question_anchor

NO_INDICATOR = Text("belum ada indikator untuk pertanyaan ini", "no indicator answers this question yet")
NO_BAND = Text("nilainya tidak masuk rentang mana pun", "its value lies in no band")
NOT_BY_DATA = {
    "evidence": Text("dinilai dari bukti dukung, bukan dari data", "judged from evidence, not from data"),
    "survey": Text("dijawab dengan survei, bukan dari data OPD", "answered by a survey, not from agencies' data"),
    "external": Text("nilainya diberikan instansi lain", "its value is given by another body"),
}
WHY = {
    "missing": Text("data indikatornya belum dikirim", "the data of its indicator were not delivered"),
    "incomplete": Text(
        "datanya terkirim tanpa pembilang/penyebut yang lengkap", "its data were sent without all of their parts"
    ),
    "suppressed": Text(
        "disamarkan: orangnya terlalu sedikit, di sini atau pada angka terkait",
        "suppressed: too few people stand behind it or a related figure",
    ),
    "not_applicable": Text("tidak berlaku untuk daerah ini", "does not apply to this region"),
}


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
    order = {str(row["id"]): int(row["position"]) for row in content.dimensions}
    own.sort(key=lambda row: (order.get(str(row["dimension"]), 0), int(row["position"])))
    answered, unanswered = [], []
    for row in own:
        score = scores.get(str(row["question_key"]))
        if score is not None and score["score"] is not None:
            answered.append(_question(content, row, score))
        else:
            unanswered.append(_unanswered(content, row, score))
    return Asked(answered, unanswered)


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
        page=evidence_page(score["region_code"], row["pillar"]),
        anchor=question_anchor(row["question_key"]),
        evidence=explanation_path(score["region_code"]),
    )


def _proxy_note(row: Row) -> Text | None:
    note = str(row["relation_note"] or "")
    return Text(str(row["relation_note_id"] or note), note) if note else None


def _unanswered(content: Content, row: Row, score: Row | None) -> Unanswered:
    state = None if score is None else _state(content, score)
    return Unanswered(
        code=str(row["printed_code"]),
        text=_text(row),
        owner=_owner(content, row),
        state=state,
        why=_why(content, row, score, state),
    )


def _state(content: Content, score: Row) -> Mark:
    """The state of the figure that the question asks for, as its indicator's table has it."""
    definition = content.indicators[str(score["indicator_id"])]
    own = content.of_region(content.marts.get(str(definition["pillar"]), []), str(score["region_code"]))
    rows = [row for row in own if row["indicator_id"] == score["indicator_id"] and row["state"] == score["state"]]
    latest = max(rows, key=lambda row: str(row["period"]), default=None)
    return value_state(content, latest if latest is not None else score)


def _why(content: Content, row: Row, score: Row | None, state: Mark | None) -> Text:
    """Why a question has no score."""
    if score is None or state is None:
        return NO_INDICATOR if row["answered"] == "computed" else NOT_BY_DATA[str(row["answered"])]
    if score["state"] == "measured":
        return NO_BAND
    return older(content, score) or WHY.get(state.kind, state.text)


def _owner(content: Content, row: Row) -> Text:
    """Who owes the answer: the agency in charge, the body whose index it is, or how it is answered."""
    definition: Mapping[str, object] = content.indicators.get(str(row["indicator_id"]), {})
    agency = row["owner"] or definition.get("owner")
    name = agency_name(str(agency)) if agency else row["answered_by"]
    return Text(str(name), str(name)) if name else ANSWERED_BY[str(row["answered"])]
