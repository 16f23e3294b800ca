"""The `pilar` command. `./run X` and `pilar X` are the same."""

import sys

import typer
from rich.markup import escape

from ledger.configuration import use
from ledger.errors import PilarError
from pilar.commands import (
    contracts,
    demo,
    development,
    evaluation,
    gates,
    init,
    installation,
    keys,
    publications,
    pulls,
    quarantine,
    recompute,
    revisions,
    sources,
    trace,
    verify,
)
from pilar.commands.console import err
from pilar.platform import logs

USAGE_ERROR = 2

app = typer.Typer(
    name="pilar",
    help="From the records of a regency's agencies to smart-city scores that can be explained to the byte.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command("init")(init.init_command)
app.command("up")(init.up_command)
app.command("regions")(init.regions_command)
app.command("demo")(demo.demo)
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(development.test)
app.command("check")(development.check)
app.command("recompute")(recompute.recompute_command)
app.command("pull")(pulls.pull_command)
app.command("diagnose")(pulls.diagnose_command)
app.command("revisions")(revisions.revisions_command)
app.command("release")(pulls.release_command)
app.command("trace")(trace.trace_command)
app.command("evaluate")(evaluation.evaluate_command)
app.command("migrate")(evaluation.migrate_command)
app.add_typer(sources.app, name="sources")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(contracts.app, name="contracts")
app.add_typer(publications.app, name="publications")
app.add_typer(gates.app, name="gates")
app.add_typer(verify.app, name="verify")
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command; an error that a user is meant to read is one line, and exit status 2."""
    # What goes wrong is told by the command itself, once; PILAR_LOG_LEVEL=INFO shows the steps too.
    logs.configure("ERROR")
    try:
        use(installation.home())
        app()
    except PilarError as error:
        err.print(f"[bold red]pilar:[/] {escape(str(error))}")
        sys.exit(USAGE_ERROR)
