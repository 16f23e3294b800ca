"""The results of every instrument that somebody answered, each party's by itself."""

from collections.abc import Sequence

from publication.content import Content, Row
from publication.page.indicators import simulated
from publication.page.model import Result
from publication.page.states import NOT_YET
from publication.page.words import NO_VALUE, ROLES, Text, number

SHEET = ("region_code", "instrument_id", "year", "role")
INDEX = "index"


def results(content: Content, region_code: str) -> list[Result]:
    """A region's results by instrument, the newest year first, then by who answered; those without a value last."""
    own = content.of_region(content.instrument_scores, region_code)
    indices = [row for row in own if row["node"] == INDEX]
    order = list(ROLES)
    indices.sort(
        key=lambda row: (row["value"] is None, str(row["node_name"]), -int(row["year"]), order.index(row["role"]))
    )
    return [_result(content, row, [part for part in own if of_sheet(part, row) and part is not row]) for row in indices]


def answers_of(content: Content, index: Row, state: str) -> list[Row]:
    """The answers behind an index that are in this state."""
    own = content.of_region(content.instrument_answers, str(index["region_code"]))
    return [row for row in own if of_sheet(row, index) and row["state"] == state]


def other_body(content: Content, answer: Row) -> str | None:
    """The body whose index a question waits for, as the instrument names it."""
    found = content.printed.get((str(answer["instrument_id"]), str(answer["printed_code"])), ())
    return next((str(row["answered_by"]) for row in found if row["answered_by"]), None)


def of_sheet(row: Row, index: Row) -> bool:
    """Whether a row is of the same region, instrument, year and party as an index."""
    return all(row[name] == index[name] for name in SHEET)


def _result(content: Content, row: Row, parts: list[Row]) -> Result:
    waiting = answers_of(content, row, "waiting")
    counts = {answer["score"] for answer in waiting if answer["score"] is not None}
    year = str(row["year"])
    return Result(
        instrument=Text(str(row["node_name"]), str(row["node_name_en"])),
        year="" if year in str(row["node_name"]) else year,
        by=ROLES[str(row["role"])],
        value=number(row["value"], 2),
        predicate=Text(str(row["predicate"]), str(row["predicate_en"])) if row["predicate"] is not None else None,
        state=NOT_YET if row["value"] is None else None,
        origin=simulated(row, "value"),
        answered=int(row["questions"]) - int(row["unanswered"]) - int(row["waiting"]),
        total=int(row["questions"]),
        taken_over=len(answers_of(content, row, "taken_over")),
        waiting=len(waiting),
        waiting_for=_bodies(content, waiting),
        waiting_counts=number(min(counts)) if counts else None,
        parts=[
            (int(part["depth"]), Text(str(part["node_name"]), str(part["node_name_en"])), number(part["value"], 2))
            for part in sorted(parts, key=lambda part: int(part["position"]))
            if part["value"] is not None
        ],
        refused=[
            (str(one["printed_code"]), Text(str(one["reason_id"]), str(one["reason"])))
            for one in answers_of(content, row, "refused")
        ],
    )


def _bodies(content: Content, waiting: Sequence[Row]) -> list[str]:
    """Each body with the codes of the questions that wait for it."""
    codes: dict[str, list[str]] = {}
    for answer in waiting:
        codes.setdefault(other_body(content, answer) or NO_VALUE, []).append(str(answer["printed_code"]))
    return [f"{', '.join(own)}: {body}" for body, own in codes.items()]
