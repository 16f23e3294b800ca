"""`pilar publications`: what readers see, what they saw before, going back to it, and what is frozen."""

from datetime import datetime
from typing import Annotated

import typer

from ledger.evaluation_store import PREPARED
from ledger.settings import Settings
from ledger.wording import moment
from pilar.commands.console import Row, out, plain, program, say, table, warn
from pilar.commands.words import Words

app = Words(help="What is published: list, show, roll back, prune, push, frozen.")


@app.command("list")
def list_command() -> None:
    """List the publications, the current one first."""
    from pilar.commands import installation
    from publication.pointer import current, list_publications

    ledger, settings = installation.opened()
    now = current(settings.published_dir)
    for name in list_publications(settings.published_dir):
        if ledger.publication(name) is None:
            warn(f"the ledger does not know the publication {name}. Pilar did not make this folder: take it away")
    _tell_of_database(settings)
    # One that died before its pointer was moved: no reader saw it.
    seen = [row for row in ledger.publications() if row.action != PREPARED or row.publication_id == now]
    rows = [plain(row) | {"current": row.publication_id == now} for row in seen]
    say({"publications": rows}, lambda: _show(rows))


def _show(rows: list[Row]) -> None:
    if not rows:
        out.print(f"Nothing is published yet: {program()} evaluate")
        return
    table([_line(row) for row in rows], COLUMNS)


def _tell_of_database(settings: Settings) -> None:
    from ledger.errors import PublicationError
    from pilar.evaluation.publish import behind

    try:
        there = behind(settings)
    except PublicationError as error:
        warn(str(error))
        return
    if there is not None:
        warn(f"PostgreSQL holds {there or 'no publication'}, not the current one: pilar publications push")


COLUMNS = {"mark": "", "publication_id": "publication", "published": "published", "manifest": "manifest"}


def _line(row: Row) -> Row:
    published = moment(datetime.fromisoformat(row["published_at"]))
    mark = f"→ {row['action']}" if row["current"] else ""
    return {**row, "mark": mark, "published": published, "manifest": row["manifest_sha256"][:12]}


@app.command("show")
def show_command(
    publication_id: Annotated[str | None, typer.Argument(help="Default: the current one.")] = None,
) -> None:
    """Show a publication: its scores, its files, and whether its manifest still holds."""
    from pilar.commands import installation
    from pilar.commands.report import print_scores, read_scores
    from pilar.evaluation.publish import find, recorded
    from publication.verify import verify

    ledger, settings = installation.opened()
    folder = find(settings, publication_id)
    scores, manifest = read_scores(settings, folder), recorded(ledger, folder.name, verify(folder)).manifest_sha256

    def show() -> None:
        print_scores(scores)
        out.print(f"folder    {folder}\nmanifest  {manifest} (every file as it was published)", markup=False)

    say({"publication_id": folder.name, "folder": folder, "manifest_sha256": manifest, "scores": scores}, show)


@app.command("rollback")
def rollback_command(
    publication_id: Annotated[str | None, typer.Argument(help="Default: the one before the current one.")] = None,
) -> None:
    """Point readers at an earlier publication. Nothing is deleted."""
    from pilar.commands import installation
    from pilar.evaluation.publish import rollback

    ledger, settings = installation.opened()
    now = rollback(ledger, settings, publication_id)
    say({"current": now}, lambda: out.print(f"Readers now see {now}."))


@app.command("prune")
def prune_command(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest stay.")] = 30,
) -> None:
    """Remove old publications. The newest, the current one and those that were frozen stay."""
    from pilar.commands import installation
    from pilar.evaluation.publish import prune

    ledger, settings = installation.opened()
    removed = prune(ledger, settings, keep)
    say({"removed": removed}, lambda: out.print(f"{len(removed)} removed.", *removed, sep="\n", markup=False))


@app.command("push")
def push_command() -> None:
    """Put the current publication's tables into the PostgreSQL database that PILAR_PUBLISHED_DATABASE names."""
    from ledger.errors import ConfigError
    from pilar.commands import installation
    from pilar.evaluation.publish import push

    _, settings = installation.opened()
    pushed = push(settings)
    if pushed is None:
        raise ConfigError(
            "no database of published tables is configured",
            where="PILAR_PUBLISHED_DATABASE",
            do="Set it to the URL of a PostgreSQL database of its own",
        )
    say({"pushed": pushed}, lambda: out.print(f"The database now holds {pushed}."))


@app.command("frozen")
def frozen_command() -> None:
    """List the frozen stages and their versions, as they were frozen. `pilar verify` checks them."""
    from pilar.commands import installation
    from pilar.stages.freeze import freeze_of

    ledger, settings = installation.opened()
    rows = [{**plain(freeze_of(one)), "folder": freeze_of(one).folder} for one in ledger.decisions("freeze")]
    if not rows:
        warn("no stage is frozen yet: pilar freeze INSTRUMENT STAGE")
    say({"frozen": rows, "folder": settings.frozen_dir}, lambda: table(rows, FROZEN))


FROZEN = {"folder": "folder", "publication": "publication", "frozen_at": "frozen", "frozen_by": "by"}
