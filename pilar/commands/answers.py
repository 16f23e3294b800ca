"""`pilar answer`: what is done with an answer, by whom and why, and what every role says of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ledger.errors import ConfigError
from pilar.commands.console import Row, out, say, table
from pilar.commands.who import Who, account
from pilar.commands.words import Words

if TYPE_CHECKING:
    from ledger.records import AnswerKey, AnswerTransition
    from ledger.settings import Settings

app = Words(help="Answers to instruments: show, submit, return, verify, assess, object, finalise.")

RegionName = Annotated[str, typer.Argument(help="Regency or city: a name or code.")]
Question = Annotated[str, typer.Argument(help="Code of the question: I8, or dimension/position.")]
Instrument = Annotated[str, typer.Option(help="The instrument's id: pemdi-2026.")]
Year = Annotated[int, typer.Option(help="Year of the evaluation.")]
Value = Annotated[str | None, typer.Option(help="What this role answers. Kept with the move; never another role's.")]
Note = Annotated[str | None, typer.Option(help="A word on it, kept in the ledger. No names of persons.")]
Assessor = Annotated[int | None, typer.Option(help="Number of the assessor, never the name.", min=1, max=99)]

HISTORY = {
    "at": "when",
    "change": "change",
    "who": "by",
    "value": "value",
    "reason": "reason",
    "actor": "actor",
    "note": "note",
}
SIDE_BY_SIDE = {"who": "role", "value": "says", "at": "since", "before": "before", "counted": "counts"}


@app.command("show")
def show_command(region: RegionName, question: Question, *, instrument: Instrument, year: Year) -> None:
    """Show what every role says of an answer, its state, and what was done with it."""
    from pilar.commands import installation

    ledger, settings = installation.opened()
    key = _key(region, instrument, year, question)
    chain = ledger.transitions(key)
    roles = _side_by_side(chain, _counted(settings, key))
    history = [_history(link) for link in chain]
    state = chain[-1].move.to_state if chain else None
    told = {"region_code": key.region_code, "instrument": instrument, "year": year, "question": key.code}

    def shown() -> None:
        out.print(f"{instrument} {year}, {key.code}, {key.region_code}: {state or 'nobody has begun it'}", markup=False)
        if roles:
            table(roles, SIDE_BY_SIDE)
        if history:
            out.print()
            table(history, HISTORY)

    say(told | {"state": state, "roles": roles, "history": history}, shown)


@app.command("submit")
def submit_command(  # noqa: PLR0917 (each is an option)
    region: RegionName,
    question: Question,
    instrument: Instrument,
    year: Year,
    value: Value = None,
    note: Note = None,
    who: Who = None,
    draft: Annotated[bool, typer.Option("--draft", help="Not yet.")] = False,
) -> None:
    """Hand an answer in for its agency (OPD), or keep it as a draft."""
    _move(region, question, instrument, year, "draft" if draft else "submitted", "opd", value, note, who)


@app.command("return")
def return_command(  # noqa: PLR0917 (each is an option)
    region: RegionName,
    question: Question,
    instrument: Instrument,
    year: Year,
    reason: Annotated[Literal["wrong", "absent", "lower_level_open"], typer.Option(help="Why it goes back.")],
    role: Annotated[Literal["internal", "external"], typer.Option(help="Who returns it.")] = "internal",
    assessor: Assessor = None,
    note: Note = None,
    who: Who = None,
) -> None:
    """Return an answer to its agency: the wrong document, nothing at all, or a lower level is still open."""
    _move(region, question, instrument, year, "returned", role, None, note, who, assessor, reason)


@app.command("assess")
def assess_command(  # noqa: PLR0917 (each is an option)
    region: RegionName,
    question: Question,
    instrument: Instrument,
    year: Year,
    value: Value = None,
    role: Annotated[Literal["external", "interview"], typer.Option(help="Who assesses.")] = "external",
    assessor: Assessor = None,
    note: Note = None,
    who: Who = None,
) -> None:
    """An assessor's or the interview's value; with --note also how an objection was decided."""
    _move(region, question, instrument, year, "assessed", role, value, note, who, assessor)


@app.command("object")
def object_command(  # noqa: PLR0917 (each is an option)
    region: RegionName,
    question: Question,
    instrument: Instrument,
    year: Year,
    note: Annotated[str, typer.Option(help="Why the agency objects. No names of persons.")],
    who: Who = None,
) -> None:
    """The agency objects to how it was assessed (sanggah)."""
    _move(region, question, instrument, year, "objected", "opd", None, note, who)


def _saying(to: str, role: str) -> Callable[..., None]:
    """A command by which a role moves an answer on, with or without a value of its own."""

    def command(  # noqa: PLR0917 (each is an option)
        region: RegionName,
        question: Question,
        instrument: Instrument,
        year: Year,
        value: Value = None,
        note: Note = None,
        who: Who = None,
    ) -> None:
        _move(region, question, instrument, year, to, role, value, note, who)

    return command


app.command("verify", help="The internal verifier has looked at it and lets it go on.")(_saying("verified", "internal"))
app.command("finalise", help="Fix the final value of an assessed answer. It stays as it is from then on.")(
    _saying("final", "final")
)


def _move(  # noqa: PLR0917 (what a move is made of)
    region: str,
    question: str,
    instrument: str,
    year: int,
    to: str,
    role: str,
    value: str | None,
    note: str | None,
    who: str | None,
    assessor: int | None = None,
    reason: str | None = None,
) -> None:
    from definitions.answer_states import read_windows
    from ledger.masks import mask_words
    from ledger.records import AnswerMove
    from pilar.commands import installation
    from pilar.evaluation.answer_states import judge

    ledger, settings = installation.opened()
    key = _key(region, instrument, year, question)
    move = AnswerMove(
        key,
        to,
        role,
        account(who),
        ledger.now(),
        str(assessor) if assessor is not None else "",
        value.strip() if value is not None else None,
        reason,
        mask_words(note) if note is not None else None,
    )
    made, refused = ledger.move_answers([move], judge(read_windows(settings.home)))
    if refused:
        do = f"See `pilar answer show {key.region_code} {question} --instrument {instrument} --year {year}`"
        raise ConfigError(refused[0].why, where=f"{instrument} {year} {key.code} {key.region_code}", do=do)
    link = made[0]
    told = {"question": key.code, "from": link.from_state, "to": to, "transition": link.seq, "sha256": link.sha256}
    say(
        told,
        lambda: out.print(
            f"{key.code} of {instrument} {year}: {link.from_state or 'not begun'} -> {to}. Transition {link.seq}, "
            f"{link.sha256[:12]}. It is published by the next `pilar evaluate`.",
            markup=False,
        ),
    )


def _key(region: str, instrument: str, year: int, question: str) -> "AnswerKey":
    from ledger.regions import find_one
    from pilar.evaluation.answer_states import answer_key

    return answer_key(find_one(region).code, instrument, year, question)


def _counted(settings: "Settings", key: "AnswerKey") -> dict[str, str]:
    """What the current publication counts for each role."""
    from publication.pointer import current
    from publication.tables import read_rows

    publication = current(settings.published_dir)
    if publication is None:
        return {}
    found = read_rows(
        settings.published_dir / publication,
        "select role, answer, score from scores.instrument_answers where region_code = ? and instrument_id = ? "
        "and year = ? and question = ? and answer is not null",
        [key.region_code, key.instrument, key.year, key.code],
    )
    return {str(row["role"]): f"{row['answer']} (scores {row['score']})" for row in found}


def _side_by_side(chain: "Sequence[AnswerTransition]", counted: dict[str, str]) -> list[Row]:
    from ledger.answer_store import values
    from pilar.evaluation.instrument_scores import ROLES

    said = values(chain)
    places = {*said, *((role, "") for role in counted if not any(role == own for own, _ in said))}
    rows: list[Row] = []
    # Those that count come in the course's order: the ladder of evidence, which nobody says, is among them.
    for role, assessor in sorted(places, key=lambda one: (-ROLES.index(one[0]), one[1])):
        own = said.get((role, assessor), [])
        rows.append(
            {
                "who": f"{role} {assessor}".strip(),
                "value": own[-1].move.value if own else None,
                "at": own[-1].move.at if own else None,
                "before": ", ".join(str(link.move.value) for link in own[:-1]),
                "counted": counted.get(role),
            }
        )
    return rows


def _history(link: "AnswerTransition") -> Row:
    move = link.move
    return {
        "at": move.at,
        "change": f"{link.from_state or '-'} -> {move.to_state}",
        "who": f"{move.role} {move.assessor}".strip(),
        "value": move.value,
        "reason": move.reason,
        "actor": move.actor,
        "note": move.note,
        "batch_id": move.batch_id,
        "sha256": link.sha256,
    }
