"""`pilar followup`: what agencies are asked to do in a stage, what became of it, and who verified it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger.names import agency_name
from pilar.commands.console import Row, out, say, table
from pilar.commands.owner import Owner, agency
from pilar.commands.who import Who, account
from pilar.commands.words import Words

if TYPE_CHECKING:
    from definitions.follow_up_states import Word
    from pilar.stages.follow_up import Recommendation

app = Words(help="Recommendations and what became of them: open, list, start, done, verify, return, drop, set, add.")

Id = Annotated[str, typer.Argument(help="Of a recommendation, or its first digits.")]
Why = Annotated[str, typer.Option("--reason", help="What was done, or why.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Until when.")]
Instrument = Annotated[str, typer.Argument(help="Like smart-city-2023.")]
StageName = Annotated[str, typer.Argument(help="I or II.")]
Year = Annotated[int | None, typer.Option(help="Of the evaluation. Default: the instrument's newest.")]

COLUMNS = {"id": "id", "priority": "priority", "due": "due", "state": "state", "region": "region", "text": "what"}


@app.command("list")
def list_command(
    owner: Owner = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are verified or dropped too.")] = False,
) -> None:
    """List what agencies are asked to do, by agency and priority."""
    from definitions.follow_up_states import CLOSED
    from ledger.clock import day_of
    from pilar.commands import installation
    from pilar.stages.follow_up import register

    ledger, settings = installation.opened()
    of = agency(owner, settings)
    found = [
        one
        for one in register(ledger.decisions("follow_up"))
        if of in (None, one.owner) and (everything or one.state not in CLOSED)
    ]
    today = day_of(ledger.now()).isoformat()
    say({"recommendations": [_data(one) for one in found]}, lambda: _show(found, today))


@app.command("open")
def open_command(
    instrument: Instrument, stage: StageName, *, year: Year = None, due: Day = None, who: Who = None
) -> None:
    """Enter what the current publication and its findings ask of agencies. What is in the register already stays."""
    from definitions.stage import named
    from pilar.commands import installation
    from pilar.stages.follow_up import draw, open_drawn
    from publication.pointer import resolve

    ledger, settings = installation.opened()
    asked = named(instrument, stage, year)
    drawn = draw(resolve(settings.published_dir), ledger.findings(), asked)
    until = due.date() if due is not None else None
    new, again = open_drawn(ledger, drawn, actor=account(who), due=until)
    told = f"{len(new)} new, {len(again)} open again, {len(drawn) - len(new) - len(again)} in the register already."
    result = {"new": [_data(one) for one in new], "again": [_data(one) for one in again], "drawn": len(drawn)}
    say(result, lambda: out.print(f"{told} See them: pilar followup list"))


@app.command("add")
def add_command(
    instrument: Instrument,
    stage: StageName,
    region: Annotated[str, typer.Argument(help="A region's code or name.")],
    text: Annotated[str, typer.Argument(help="What is to be done, in Indonesian. No names of persons.")],
    *,
    owner: Owner = None,
    priority: Annotated[str, typer.Option(help="high, medium or low.")] = "medium",
    year: Year = None,
    due: Day = None,
    who: Who = None,
) -> None:
    """Enter a recommendation of an assessor's own. The same words are entered once."""
    from definitions.stage import named
    from ledger.regions import find_one
    from pilar.commands import installation
    from pilar.stages.follow_up import open_drawn, own

    ledger, settings = installation.opened()
    of = agency(owner, settings)
    one = own(named(instrument, stage, year), find_one(region).code, text, owner=of, priority=priority)
    until = due.date() if due is not None else None
    new, _again = open_drawn(ledger, [one], actor=account(who), due=until)
    say(
        {"id": one.id, "new": bool(new)}, lambda: out.print(f"{one.id}: {'open' if new else 'in the register already'}")
    )


@app.command("start")
def start_command(recommendation: Id, *, reason: Why = "", who: Who = None) -> None:
    """Say that the agency works on it."""
    _move(recommendation, "start", reason, who)


@app.command("done")
def done_command(recommendation: Id, *, reason: Why = "", who: Who = None) -> None:
    """Say that it is done, and with --reason what was done. Somebody else verifies it."""
    _move(recommendation, "done", reason, who)


@app.command("verify")
def verify_command(recommendation: Id, *, reason: Why = "", who: Who = None) -> None:
    """Verify that it was done. What the current publication still finds wrong needs a --reason."""
    from pilar.commands import installation
    from pilar.stages.follow_up import verify
    from publication.pointer import resolve

    ledger, settings = installation.opened()
    publication = resolve(settings.published_dir)
    _told(verify(ledger, publication, recommendation, actor=account(who), reason=reason))


@app.command("return")
def return_command(recommendation: Id, *, reason: Why = "", who: Who = None) -> None:
    """Give back what is said to be done and is not; --reason says why."""
    _move(recommendation, "return", reason, who)


@app.command("drop")
def drop_command(recommendation: Id, *, reason: Why = "", who: Who = None) -> None:
    """Follow it up no more; --reason says why. It is not opened again by itself."""
    _move(recommendation, "drop", reason, who)


@app.command("set")
def set_command(
    recommendation: Id,
    *,
    owner: Owner = None,
    priority: Annotated[str | None, typer.Option(help="high, medium or low.")] = None,
    due: Day = None,
    reason: Why = "",
    who: Who = None,
) -> None:
    """Give it another owner, priority or day."""
    from ledger.errors import ConfigError
    from pilar.commands import installation
    from pilar.stages.follow_up import priority_named

    changes: dict[str, Any] = {
        "owner": agency(owner, installation.without_ledger()),
        "due": due.date().isoformat() if due is not None else None,
    }
    changes |= {"priority": priority_named(priority) if priority is not None else None}
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise ConfigError("nothing is to be changed", where=recommendation, do="Give --owner, --priority or --due")
    _move(recommendation, "set", reason, who, given)


def _move(name: str, word: "Word", reason: str, who: str | None, changes: Mapping[str, Any] | None = None) -> None:
    from pilar.commands import installation
    from pilar.stages.follow_up import move

    ledger, _ = installation.opened()
    _told(move(ledger, name, word, actor=account(who), reason=reason, changes=changes))


def _told(one: "Recommendation") -> None:
    say(_data(one), lambda: out.print(f"{one.id} is {one.state.replace('_', ' ')}: {one.text_id}", markup=False))


def _data(one: "Recommendation") -> Row:
    from dataclasses import asdict

    return {"id": one.id, **asdict(one)}


def _show(found: "Sequence[Recommendation]", today: str) -> None:
    if not found:
        out.print("Nothing is open. Draw up recommendations: pilar followup open INSTRUMENT I")
    for owner, rows in groupby(found, key=lambda one: one.owner):
        own = list(rows)
        name = agency_name(owner) if owner is not None else "no agency is known"
        out.print(f"{name}: {len(own)}", markup=False, style="bold")
        table([_line(one, today) for one in own], COLUMNS)


def _line(one: "Recommendation", today: str) -> Row:
    late = one.due is not None and one.due < today and one.state in ("open", "in_progress")
    due = f"{one.due or '-'}{', late' if late else ''}"
    line = {"id": one.id, "priority": one.priority, "due": due, "state": one.state.replace("_", " ")}
    return line | {"region": one.region_code, "text": one.text_id}
