"""`pilar evaluate` and `pilar migrate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ledger.project import pillar_ids
from pilar.commands.console import err, out, say, wants_json
from pilar.commands.exit_codes import of_statuses
from pilar.commands.report import Scores, print_gates, print_scores, read_scores


def evaluate_command(
    force: Annotated[bool, typer.Option(help="Evaluate even when nothing is new since the last publication.")] = False,
    anew: Annotated[
        list[str] | None,
        typer.Option(help="A pillar whose figures in force are wrong: judge it without comparing it with them."),
    ] = None,
) -> None:
    """Build the pillars from the batches in force, gate them, compute the scores and publish them.

    A pillar that does not pass its gate is held: the exit code says so, and the others are published.
    """
    from pilar import steps
    from pilar.commands import installation

    ledger, settings = installation.opened()
    evaluation_id = steps.build_candidates(anyway=force or bool(anew), anew=anew or ())
    if evaluation_id is None:
        nothing = "Nothing is new since the last publication. Use --force to evaluate all the same."
        say({"evaluation_id": None, "publication_id": None}, lambda: out.print(nothing))
        return
    gates = ledger.gates(evaluation_id)
    if not wants_json():
        print_gates(gates)
    steps.score(evaluation_id)
    publication_id = steps.publish(evaluation_id)
    scores = read_scores(settings)
    page = settings.published_dir / "current" / "index.html"
    held = {one.pillar: one.reason for one in map(ledger.held_since, pillar_ids()) if one is not None}
    told = {"evaluation_id": evaluation_id, "gates": gates, "held": held, "scores": scores}
    say(told | {"publication_id": publication_id, "page": page}, lambda: _show(scores, held, publication_id, page))
    raise typer.Exit(of_statuses("held" for _ in held))


def _show(scores: Scores, held: Mapping[str, str | None], publication_id: str, page: Path) -> None:
    print_scores(scores)
    for pillar, reason in held.items():
        err.print(f"[bold yellow]{pillar}: held[/] {escape(reason or '')}")
    out.print(f"Published {publication_id}: {page}", markup=False)


def migrate_command() -> None:
    """Bring the ledger's database to the shape that this version expects."""
    from ledger.migrate import migrate
    from pilar.commands import installation

    _, settings = installation.opened()
    migrate(settings.ledger_url)
    say({"migrated": True}, lambda: out.print("The ledger is up to date."))
