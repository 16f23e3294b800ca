"""`pilar event`: an event that an operator sends, what followed from one, and messages that never became one."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.errors import ConfigError
from ledger.wording import moment
from pilar.commands.console import Row, out, say, table
from pilar.commands.words import Words

if TYPE_CHECKING:
    from ledger.records import DeadLetter, EventStep

app = Words(help="Events, which say that a source has something new: send, show, dead.")

KEY = "PILAR_SECRET"


@app.command("send")
def send_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    door: Annotated[str, typer.Option(help="The door's address.")] = "http://127.0.0.1:8000",
) -> None:
    """Tell the door that a source has something new, as its agency would: signed, and stored before it is answered.

    It signs with PILAR_SECRET where that is set, else with the secret that the environment holds for the source.
    """
    from events.send import send_event

    receipt = send_event(door, source, _key(source))
    say(receipt, lambda: out.print(f"The door has stored it as event {receipt['event']}."))


@app.command("show")
def show_command(
    event: Annotated[str, typer.Argument(help="The event's id: the door's answer, or `pilar diagnose SOURCE`.")],
) -> None:
    """All that followed from an event, in the order of time: pull, batches, evaluations, gates, publication."""
    from pilar.commands import installation

    ledger, _ = installation.opened()
    course = ledger.course_of_event(event)
    if not course:
        raise ConfigError(f"there is no event {event!r}", do="`pilar diagnose SOURCE` lists a source's events")
    say({"event": event, "course": course}, lambda: _print_course(course))


@app.command("dead")
def dead_command(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
) -> None:
    """Messages of queues that could never be stored, the latest first: why, and the hash of their bytes."""
    from pilar.commands import installation

    ledger, _ = installation.opened()
    letters = ledger.dead_letters(limit)
    say({"letters": letters}, lambda: _print_letters(letters))


def _print_course(course: "Sequence[EventStep]") -> None:
    began = course[0].at
    rows: list[Row] = [
        {
            "at": moment(one.at, seconds=True),
            "after": f"{(one.at - began).total_seconds():.1f} s",
            "step": one.step,
            "what": one.what,
            "outcome": one.outcome,
        }
        for one in course
    ]
    columns = {"at": "at", "after": "after", "step": "step", "what": "which", "outcome": "outcome"}
    table(rows, columns, right=["after"])


def _print_letters(letters: "Sequence[DeadLetter]") -> None:
    if not letters:
        out.print("Every message of a queue could be stored.")
        return
    rows: list[Row] = [
        {"at": moment(one.last_at), "queue": one.queue, "why": one.reason, "count": one.count, "sha256": one.sha256}
        for one in letters
    ]
    columns = {"at": "last at", "queue": "queue", "why": "reason", "count": "deliveries", "sha256": "sha256"}
    table(rows, columns, right=["count"])


def _key(source_id: str) -> str:
    """What this environment can sign a source's events with. Raises ConfigError where it has nothing."""
    from events.signatures import PUBLIC
    from pilar.commands import installation
    from pilar.platform.senders import secret, secret_variable
    from pilar.sources.catalogue import find_source

    given = os.environ.get(KEY, "").strip()
    if given:
        return given
    name = find_source(installation.without_ledger(), source_id).events.secret
    if name is None:
        raise ConfigError(
            f"the source {source_id!r} names no secret for events",
            where="events.secret",
            do="Name one in its file, or use `pilar pull`",
        )
    usable = [key for key in secret(name) if not key.startswith(PUBLIC)]
    if not usable:
        raise ConfigError(
            "there is no secret here to sign the event with",
            where=secret_variable(name),
            do=f"Set it, or set {KEY} to the agency's private key",
        )
    return usable[0]
