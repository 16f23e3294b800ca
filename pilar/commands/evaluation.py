"""`pilar evaluate` and `pilar migrate`."""

from typing import Annotated

import typer

from pilar.commands.console import out


def evaluate_command(
    force: Annotated[bool, typer.Option(help="Evaluate even when nothing is new since the last publication.")] = False,
) -> None:
    """Build the pillars from the batches in force, gate them, compute the scores and publish them."""
    from pilar import steps
    from pilar.commands import installation
    from pilar.commands.report import print_gates, print_scores

    ledger, settings = installation.opened()
    evaluation_id = steps.build_candidates(force=force)
    if evaluation_id is None:
        out.print("Nothing is new since the last publication. Use --force to evaluate all the same.")
        return
    print_gates(ledger, evaluation_id)
    steps.score(evaluation_id)
    publication_id = steps.publish(evaluation_id)
    print_scores(settings)
    out.print(f"Published {publication_id}: {settings.published_dir / 'current' / 'index.html'}")


def migrate_command() -> None:
    """Bring the ledger's database to the shape that this version expects."""
    from ledger.migrate import migrate
    from pilar.commands import installation

    _, settings = installation.opened()
    migrate(settings.ledger_url)
    out.print("The ledger is up to date.")
