"""`pilar init` and `pilar up`: an installation of one's own."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.errors import ConfigError
from ledger.regions import Region, find, known
from pilar.commands.console import err, out, program, say, tell

if TYPE_CHECKING:
    from pilar.platform.new_installation import Installation

EMBEDDED = "embedded"


def init_command(
    folder: Annotated[
        Path | None, typer.Argument(help="A new folder for the installation, outside of the project.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(help="A regency, a city or a whole province, by name or Kemendagri code; several times."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="Asia/Jakarta, Asia/Makassar or Asia/Jayapura; else the region's.")
    ] = "",
    database: Annotated[
        str, typer.Option(help=f"PostgreSQL for the ledger: its URL, or `{EMBEDDED}` for one in the folder.")
    ] = "",
) -> None:
    """Make an installation of one's own: keys, database, a first source, and a configuration to read and change.

    What no option says is asked, where somebody is there to answer.
    """
    from pilar.platform import new_installation

    regions = _regions(region or [])
    new = new_installation.Installation(
        home=(folder or _asked_folder(regions[0])).expanduser().resolve(),
        regions=regions,
        time_zone=_time_zone(timezone, regions),
        ledger_url=_database(database),
    )
    with err.status("Making keys and database ..."):
        new_installation.make(new)
    made = {"folder": new.home, "keys": new.key_dir, "regions": new.regions, "time_zone": new.time_zone}
    say(made, lambda: _say_what_next(new))


def up_command(
    port: Annotated[
        int, typer.Option(envvar="PILAR_PORT", help="Where the door and the pages listen, on 127.0.0.1.")
    ] = 8000,
    airflow_port: Annotated[
        int, typer.Option(envvar="PILAR_AIRFLOW_PORT", help="Where Airflow listens, on 127.0.0.1.")
    ] = 8080,
    status_port: Annotated[
        int, typer.Option(envvar="PILAR_STATUS_PORT", help="Where the operator's page is, on 127.0.0.1.")
    ] = 8002,
) -> None:
    """Run the platform on the installation that PILAR_HOME names: PostgreSQL, Airflow and the door.

    Nothing is simulated. Ctrl-C stops everything.
    """
    from ledger.configuration import CONFIGURATION, configured
    from ledger.settings import Settings, default_key_dir, regions, sources_dir
    from pilar.alerts.addresses import quiet_hours
    from pilar.commands.installation import alone, home, is_own
    from pilar.platform import relay
    from pilar.platform.stack import Ports, Stack
    from pilar.platform.telling import Telling

    folder = home()
    if not configured(folder):
        raise ConfigError(
            "there is no installation in this folder",
            where=str(folder / CONFIGURATION),
            do="Make one with `pilar init FOLDER`, and name it in PILAR_HOME",
        )
    if not is_own(folder):
        raise ConfigError(
            "this folder is the demo's, and its records are simulated",
            where=str(folder / CONFIGURATION),
            do="Make an installation with `pilar init FOLDER`, and name it in PILAR_HOME",
        )
    quiet_hours()  # a mistake in them is told now, and not by a lookout that cannot begin
    settings = Settings(
        home=folder,
        ledger_url=os.environ.get("PILAR_LEDGER_URL", ""),
        sources_dir=sources_dir(),
        key_dir=Path(os.environ.get("PILAR_KEYS") or default_key_dir(folder)),
        regions=regions(),
    )
    if relay.queue_names():
        relay.inboxes(settings)  # and so is one in the queues
    named = ", ".join(item.name for item in settings.evaluated)
    with alone(folder):
        with Telling(tell) as telling:
            stack = Stack(settings, Ports(port, airflow_port, status_port), telling=telling)
            stack.__enter__()
        try:
            out.print(f"The platform runs for {named}.", markup=False)
            out.print(f"Door     {stack.door_url}/events\nPages    {stack.door_url}/\nAirflow  {stack.airflow_url}/")
            out.print(f"Status   http://127.0.0.1:{status_port}/")
            out.print("Press Ctrl-C to stop everything.")
            with suppress(KeyboardInterrupt):
                stack.wait()
        finally:
            stack.stop()


def _regions(said: list[str]) -> tuple[Region, ...]:
    found = [region for words in said for region in find(words)]
    if not said:
        _needs_somebody("no region was given", "Name it with --region, like --region 'Kota Malang'; several times")
        found = _asked_regions()
    return known([region.code for region in found])


def _asked_regions() -> list[Region]:
    found: list[Region] = []
    while True:
        more = " (Enter when these are all)" if found else ""
        words = typer.prompt(f"Which regency or city{more}", default="" if found else None, show_default=False)
        if not words.strip():
            return found
        try:
            found += find(words)
        except ConfigError as error:
            err.print(str(error), markup=False)
            continue
        for region in found:
            err.print(f"  {region.shown}", markup=False)


def _asked_folder(region: Region) -> Path:
    _needs_somebody("no folder was given", "Name a new one, like ~/pilar-malang")
    suggested = "-".join(("~/pilar", *region.name.lower().split()[1:]))
    return Path(typer.prompt("In which folder is the installation made", default=suggested))


def _time_zone(said: str, regions: tuple[Region, ...]) -> str:
    from ledger.clock import zone

    own = regions[0].time_zone
    if not said and sys.stdin.isatty():
        said = typer.prompt("By which clock are sources due", default=own)
    return zone(said or own).key


def _database(said: str) -> str | None:
    if not said and sys.stdin.isatty():
        said = typer.prompt(f"Where is the ledger's PostgreSQL (its URL, or {EMBEDDED})", default=EMBEDDED)
    if said in ("", EMBEDDED):
        return None
    from ledger.engine import make_engine

    make_engine(said)  # refuses what is no address of PostgreSQL's, before anything is made
    return said


def _needs_somebody(what: str, do: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError(what, where="init", do=do)


def _say_what_next(new: "Installation") -> None:
    from ledger.configuration import CONFIGURATION, SECRETS
    from pilar.platform.new_installation import FIRST_SOURCE

    out.print(f"The installation of {', '.join(region.name for region in new.regions)} is made.", markup=False)
    for what, path in (
        ("settings", new.home / CONFIGURATION),
        ("secrets", new.key_dir / SECRETS),
        ("keys, to be backed up", new.key_dir),
        ("first source", new.sources_dir / "diskominfo" / f"{FIRST_SOURCE}.yaml"),
    ):
        out.print(f"  {what}: {path}", markup=False)
    out.print("\nUp to a first publication:")
    lines = ["kode_daerah;indeks", *(f"{region.code};3,41" for region in new.regions)]
    sample = "".join(f"{line}\\n" for line in lines)
    for line in (
        f"export PILAR_HOME={new.home}",
        f"printf '{sample}' > {new.inbox / 'spbe_2024.csv'}   # the SPBE index of your region, instead of 3,41",
        f"{program()} pull {FIRST_SOURCE}",
        f"{program()} evaluate",
        f"{program()} up        # from now on by events and by the clock",
    ):
        out.print(f"  {line}", markup=False)
