"""`pilar status` and `pilar alerts`: what needs a person, and who is told of it."""

from collections import Counter
from collections.abc import Sequence

import typer
from rich.text import Text

from ledger.alert_records import Condition
from ledger.errors import LedgerError
from ledger.wording import moment
from pilar.commands.console import Row, as_typed, err, out, say, table
from pilar.commands.exit_codes import ExitCode
from pilar.commands.words import Plain, Words

app = Words(help="What needs a person, and who is told: list, test, tell, watch.")

COLUMNS = {"what": "what", "since": "since", "told": "told"}


def status_command() -> None:
    """Say in one line whether anything needs a person, then what, since when and what to do.

    Ends with 0 when nothing does, and with 1 when something does.
    """
    from pilar.alerts.course import holding
    from pilar.alerts.words import headline
    from pilar.commands import installation

    found = holding(*installation.opened())
    say({"well": not found, "headline": headline(found), "conditions": _rows(found)}, lambda: _print(found))
    if found:
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


def _rows(found: Sequence[Condition]) -> list[Row]:
    from pilar.alerts.words import said

    return [
        {
            "kind": one.kind,
            "subject": one.subject,
            "owner": one.owner,
            "since": one.since,
            "what": said(one).what,
            "do": as_typed(said(one).do),
        }
        for one in found
    ]


def _print(found: Sequence[Condition]) -> None:
    from pilar.alerts.words import headline, line

    out.print(headline(found), style="bold" if found else "green")
    # Findings of one rule and agency say the same: `findings list` tells them apart.
    for told, times in Counter(map(line, found)).items():
        out.print(f"- {told}" + (f" ({times} times)" if times > 1 else ""), markup=False)


@app.command("list")
def list_command() -> None:
    """List what holds now, as the last look saw it, and who was told of it."""
    from pilar.alerts.course import PART
    from pilar.alerts.words import said
    from pilar.commands import installation

    ledger, _ = installation.opened()
    beat = ledger.heartbeats().get(PART)
    alerts = ledger.alerts()
    rows: list[Row] = [
        {
            "kind": one.condition.kind,
            "subject": one.condition.subject,
            "owner": one.condition.owner,
            "what": said(one.condition).what,
            "since": one.condition.since,
            "told": sorted(one.told),
        }
        for one in alerts
    ]
    states = ledger.addresses()
    silent = {name: state.failures for name, state in states.items() if state.failures}
    told = {"looked_at": beat.at if beat else None, "alerts": rows, "not_reached": silent}
    say(told, lambda: _print_alerts(rows, moment(beat.at) if beat else None, silent))


def _print_alerts(rows: Sequence[Row], looked_at: str | None, silent: dict[str, int]) -> None:
    if looked_at is None:
        out.print("Nobody looked yet: `pilar alerts watch` looks every minute, and so does `pilar up`.", markup=False)
        return
    shown = [
        {**row, "since": moment(row["since"]), "told": ", ".join(row["told"]) or Text("nobody", "yellow")}
        for row in rows
    ]
    table(shown, COLUMNS, title=f"{len(rows)} as seen {looked_at}")
    for name, failures in silent.items():
        err.print(f"{name} could not be reached {failures} time(s) in a row. Try: `pilar alerts test`", markup=False)


@app.command("test")
def test_command() -> None:
    """Send a test to each address, and say of each whether its service took it. Ends with 1 where one did not."""
    from datetime import UTC, datetime

    from pilar.alerts.addresses import addresses
    from pilar.alerts.sending import send
    from pilar.alerts.words import trial

    now = datetime.now(UTC)
    to = addresses()
    outcomes: list[Row] = [
        {"address": one.name, "way": one.way, "failure": send(one, *trial(one.whose, now))} for one in to
    ]
    say({"addresses": outcomes}, lambda: _print_outcomes(outcomes))
    if not to or any(one["failure"] for one in outcomes):
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


def _print_outcomes(outcomes: Sequence[Row]) -> None:
    for one in outcomes:
        told = f"{one['failure']}" if one["failure"] else "taken"
        out.print(f"{one['address']} ({one['way']}): {told}", style="red" if one["failure"] else None, markup=False)
    if not outcomes:
        err.print(
            "No address is set. Write PILAR_ALERT_TO_OPERATOR=... into secrets.env: see docs/operations.md",
            markup=False,
        )


@app.command("tell")
def tell_command() -> None:
    """Look once, and tell: for cron or systemd on a machine where nothing else would notice that all is dead.

    Ends with 1 when something needs a person, and with 2 when the ledger is away.
    """
    from pilar.alerts.addresses import addresses, quiet_hours
    from pilar.alerts.course import Blindness, tell_once
    from pilar.commands import installation

    ledger, settings = installation.opened()
    looked = tell_once(ledger, settings, addresses(), quiet_hours(), Blindness.remembered(settings))
    say({"conditions": _rows(looked.holding)}, lambda: _print(looked.holding))
    if looked.seen is None:
        raise LedgerError("nothing could be seen", where="ledger", do="See the line above; operators are told of it")
    if looked.holding:
        raise typer.Exit(ExitCode.NOT_IN_ORDER)


@app.command("watch", cls=Plain)
def watch_command(
    port: int = typer.Option(8002, envvar="PILAR_STATUS_PORT", help="Where the operator's page is, on 127.0.0.1."),
) -> None:
    """Look every minute, tell, and serve the operator's page, until Ctrl-C. `pilar up` does so by itself."""
    from pilar.commands import installation
    from pilar.platform.alerts import serve

    _, settings = installation.opened()
    serve(settings, "127.0.0.1", port)
