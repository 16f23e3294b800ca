"""The `pilar` command. `./run X` and `pilar X` are the same."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from rich.markup import escape

from ledger.configuration import use
from ledger.errors import PilarError
from pilar.commands import (
    alerts,
    answers,
    api,
    backup,
    completion,
    contracts,
    demo,
    development,
    evaluation,
    event,
    evidence,
    explanations,
    findings,
    followup,
    freeze,
    gates,
    init,
    installation,
    keys,
    opd,
    publications,
    pulls,
    quarantine,
    readiness,
    recompute,
    regions,
    relay,
    revisions,
    rubric,
    sources,
    stages,
    sureness,
    trace,
    trial,
    verify,
    workbook,
)
from pilar.commands.console import begin, choose_json, err, knows, program, say, wants_json
from pilar.commands.exit_codes import ExitCode, of_error
from pilar.commands.words import Plain, Words
from pilar.platform import logs

CALLED = "PILAR_COMMAND"
"""In it ``./run`` says how it was called."""

SOURCES = "Operators: data that come in"
FIGURES = "Operators: figures that go out"
HOUSE = "Operators: the installation"
DEVELOP = "Developers"
# A list in Markdown: the help shows it as one.
CODES = "Exit codes:\n\n" + "\n".join(f"- {code.value}: {code.meaning}" for code in ExitCode)

app = Words(
    name="pilar",
    help="From the records of a regency's agencies to smart-city scores that can be explained to the byte.",
    epilog=CODES,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pilar {version('pilar')}\n")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """From the records of a regency's agencies to smart-city scores that can be explained to the byte."""
    choose_json(False)  # until the command itself is told otherwise


app.add_typer(sources.app, name="sources", rich_help_panel=SOURCES)
app.command("test-connection", rich_help_panel=SOURCES)(trial.test_connection_command)
app.command("pull", rich_help_panel=SOURCES)(pulls.pull_command)
app.add_typer(event.app, name="event", rich_help_panel=SOURCES)
app.command("diagnose", rich_help_panel=SOURCES)(pulls.diagnose_command)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=SOURCES)
app.command("workbook", rich_help_panel=SOURCES)(workbook.workbook_command)
app.command("release", rich_help_panel=SOURCES)(pulls.release_command)
app.command("revisions", rich_help_panel=SOURCES)(revisions.revisions_command)
app.command("evaluate", rich_help_panel=FIGURES)(evaluation.evaluate_command)
app.add_typer(publications.app, name="publications", rich_help_panel=FIGURES)
app.add_typer(answers.app, name="answer", rich_help_panel=FIGURES)
app.add_typer(evidence.app, name="evidence", rich_help_panel=FIGURES)
app.command("readiness", rich_help_panel=FIGURES)(readiness.readiness_command)
app.add_typer(findings.app, name="findings", rich_help_panel=FIGURES)
app.command("explain", rich_help_panel=FIGURES)(explanations.explain_command)
app.command("gap", rich_help_panel=FIGURES)(explanations.gap_command)
app.command("whatif", rich_help_panel=FIGURES)(explanations.whatif_command)
app.command("steps", rich_help_panel=FIGURES)(explanations.steps_command)
app.add_typer(followup.app, name="followup", rich_help_panel=FIGURES)
app.add_typer(opd.app, name="opd", rich_help_panel=FIGURES)
app.command("freeze", rich_help_panel=FIGURES)(freeze.freeze_command)
app.add_typer(stages.app, name="stages", rich_help_panel=FIGURES)
app.command("sureness", rich_help_panel=FIGURES)(sureness.sureness_command)
app.command("trace", rich_help_panel=FIGURES)(trace.trace_command)
app.add_typer(verify.app, name="verify", rich_help_panel=FIGURES)
app.command("recompute", rich_help_panel=FIGURES)(recompute.recompute_command)
app.add_typer(rubric.app, name="rubric", rich_help_panel=FIGURES)
app.command("status", rich_help_panel=HOUSE)(alerts.status_command)
app.add_typer(alerts.app, name="alerts", rich_help_panel=HOUSE)
app.command("init", rich_help_panel=HOUSE)(init.init_command)
app.command("up", cls=Plain, rich_help_panel=HOUSE)(init.up_command)
app.add_typer(regions.app, name="regions", rich_help_panel=HOUSE)
app.command("demo", rich_help_panel=HOUSE)(demo.demo)
app.command("migrate", rich_help_panel=HOUSE)(evaluation.migrate_command)
app.command("backup", rich_help_panel=HOUSE)(backup.backup_command)
app.command("restore", rich_help_panel=HOUSE)(backup.restore_command)
app.add_typer(keys.app, name="keys", rich_help_panel=HOUSE)
app.add_typer(api.app, name="api", rich_help_panel=HOUSE)
app.command("relay", cls=Plain, rich_help_panel=HOUSE)(relay.relay_command)
app.command("completion", cls=Plain, rich_help_panel=HOUSE)(completion.completion_command)
app.add_typer(contracts.app, name="contracts", rich_help_panel=DEVELOP)
app.add_typer(gates.app, name="gates", rich_help_panel=DEVELOP)
app.command("check", cls=Plain, rich_help_panel=DEVELOP)(development.check)
app.command(
    "test",
    cls=Plain,
    rich_help_panel=DEVELOP,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(development.test)

for _name in (*(one.name for one in app.registered_commands), *(one.name for one in app.registered_groups)):
    knows(str(_name))


def main() -> None:
    """Run the command; an error that a user is meant to read is one line, and an exit code says of which kind it is."""
    # What goes wrong is told by the command itself, once; PILAR_LOG_LEVEL=INFO shows the steps too.
    logs.configure("ERROR")
    # Taken away: whatever this command starts was not called so.
    begin(os.environ.pop(CALLED, ""), sys.argv[0])
    if completion.VARIABLE in os.environ:
        completion.begin()
    try:
        use(installation.home())
        app(prog_name=program(), complete_var=completion.VARIABLE)
    except PilarError as error:
        code = of_error(error)
        err.print(f"[bold red]pilar:[/] {escape(str(error))}")
        if wants_json():
            told = {"what": error.what, "where": error.where, "do": error.do, "exit_code": int(code)}
            say({"error": told}, lambda: None)
        sys.exit(code)
