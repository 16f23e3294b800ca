"""`pilar regions`: which there are, which of them the installation publishes, and what a region sees of itself."""

from typing import Annotated, Any

import typer

from ledger.regions import all_regions, find, find_one
from pilar.commands.console import Row, out, plain, say, table
from pilar.commands.who import Who, account
from pilar.commands.words import SayingGroup, Words

FIND = "find"


class _Regions(SayingGroup):
    """A word that is no command is a region's name: `pilar regions kab malang`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does, with the command that finds regions where none is named."""
        first = next((word for word in args if not word.startswith("-")), None)
        if first not in self.commands and not {"-h", "--help"} & {*args}:
            args = [FIND, *args]
        return super().parse_args(ctx, args)


app = Words(
    cls=_Regions,
    no_args_is_help=False,
    invoke_without_command=True,
    help="Find regions; list, withhold, publish or preview those of the installation.",
)

Region = Annotated[str, typer.Argument(help="A region's code or name.")]

COLUMNS = {"code": "Kemendagri", "bps_code": "BPS", "name": "region", "province": "province"}
STATES = {"code": "code", "name": "region", "state": "state", "at": "since", "actor": "by", "reason": "reason"}


@app.command(FIND)
def find_command(
    name: Annotated[
        list[str] | None, typer.Argument(help="A name or a code, such as `kab malang`; without one, all are listed.")
    ] = None,
) -> None:
    """Find regencies and cities: Kemendagri's code, that of BPS, name and province."""
    rows = [plain(region) for region in (find(" ".join(name)) if name else all_regions().values())]
    say({"regions": rows}, lambda: table(rows, COLUMNS))


@app.command("list")
def list_command() -> None:
    """List the installation's regions: published or withheld, since when, by whom and why."""
    from ledger.decision_store import newest
    from ledger.wording import moment
    from pilar.commands import installation
    from pilar.evaluation.withheld import KIND, states

    ledger, settings = installation.opened()
    decisions = ledger.decisions(KIND)
    last, now = newest(decisions), states(settings.regions, decisions)
    rows: list[Row] = []
    for one in settings.evaluated:
        made = last.get(one.code)
        told = {"at": moment(made.at), **made.told} if made is not None else {"at": "", "actor": "", "reason": ""}
        rows.append({"code": one.code, "name": one.name, **told, "state": now[one.code]})
    say({"regions": rows}, lambda: table(rows, STATES))


@app.command("withhold")
def withhold_command(
    region: Region, *, reason: Annotated[str, typer.Option(help="Why; no person's name.")] = "", who: Who = None
) -> None:
    """Publish a region no longer. It is in nothing that is published from now on; what was published stays so."""
    _decide(region, "withheld", reason, who)


@app.command("publish")
def publish_command(
    region: Region, *, reason: Annotated[str, typer.Option(help="Why; no person's name.")] = "", who: Who = None
) -> None:
    """Publish a region, with the next evaluation."""
    _decide(region, "published", reason, who)


@app.command("preview")
def preview_command(region: Region) -> None:
    """Build a folder with what readers would get of a region, for it alone. Nothing is published."""
    from pilar.commands import installation
    from pilar.evaluation.publish import preview

    ledger, settings = installation.opened()
    one = find_one(region)
    folder = preview(ledger, settings, one)
    say(
        {"region": one.code, "folder": folder},
        lambda: out.print(f"{one.name} alone, not published: {folder / 'index.html'}", markup=False, soft_wrap=True),
    )


def _decide(said: str, state: Any, reason: str, who: str | None) -> None:
    from pilar.commands import installation
    from pilar.evaluation.withheld import decide

    ledger, settings = installation.opened()
    one = find_one(said)
    new = decide(ledger, settings, one, state, actor=account(who), reason=reason)
    more = ". Have it take effect now: pilar evaluate" if new else " already."
    say(
        {"region": one.code, "state": state, "new": new},
        lambda: out.print(f"{one.name} is {state}{more}", markup=False),
    )
