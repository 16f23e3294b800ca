"""The demo: the real platform, simulated agencies, one signed event per source, and what came of it."""

import base64
import json
import secrets
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from rich.live import Live

from connectors.source.source import Source
from ledger.clock import local_zone
from ledger.configuration import CONFIGURATION
from ledger.errors import ConfigError, LedgerError
from ledger.regions import known
from ledger.settings import Settings, default_key_dir, sources_dir
from ledger.store import Ledger
from pilar.commands.console import err, out, warn
from pilar.commands.demo_display import render
from pilar.commands.demo_progress import Progress, read_progress
from pilar.commands.installation import DEMO, alone, announce, is_own, withdraw
from pilar.platform.errors import PlatformError
from pilar.platform.senders import OSS_KEYS, secret_variable
from pilar.platform.stack import Ports, Stack
from pilar.sources.catalogue import read_catalogue

PATIENCE_SECONDS = 300
REFRESH_SECONDS = 0.5


def run_demo(home: Path, ports: Ports, *, once: bool) -> int:
    """Start the platform, let every agency announce its data, wait for the publication and show it.

    Sources whose systems are not simulated are named and take no part. Returns 0 after a complete publication in which
    every source that can be read was accepted (or had nothing new), else 1. Everything that was started is stopped on
    the way out, whatever happens.
    """
    from simulator.server import Simulator

    sources, left_out = read_catalogue(sources_dir())
    for error in left_out.values():
        warn(f"left out: {error}")
    webhook_secrets = _webhook_secrets(sources)
    settings = Settings(home=home, ledger_url="", key_dir=default_key_dir(home), regions=demo_regions(home))
    began = time.monotonic()
    with alone(home):
        with err.status("Starting PostgreSQL, Airflow, the agencies' systems and the door ..."):
            stack = Stack(settings, ports, systems=lambda url: Simulator(postgres_url=url), environment=webhook_secrets)
            stack.__enter__()
        try:
            environment = _environment(stack, webhook_secrets)
            with _announced(home, environment):
                took = time.monotonic() - began
                out.print(f"The platform answers after {took:.0f} s. Every agency now announces its data.")
                announced = played(sources, stack.simulator.connections() if stack.simulator else ())
                for source in sources.values():
                    if source.id not in announced:
                        out.print(f"Not played: {source.id}, as no system is simulated for {source.connection!r}.")
                progress = _one_round(stack, announced, webhook_secrets, began)
                status = conclude(stack, progress, stays=not once)
                if not once:
                    out.print("Press Ctrl-C to stop everything.")
                    with suppress(KeyboardInterrupt):
                        stack.wait()
                return status
        finally:
            stack.stop()


def demo_regions(home: Path) -> tuple[str, ...]:
    """The demo's regions. Its folder becomes an installation with them, for commands that come later.

    Raises ConfigError where the folder is an installation of one's own: simulated records never get among real ones.
    """
    from pilar.platform.new_installation import write_configuration
    from simulator.regions import REGIONS

    codes = tuple(sorted(region.kemendagri for region in REGIONS))
    if is_own(home):
        raise ConfigError(
            "this folder is an installation of one's own, in which nothing is simulated",
            where=str(home / CONFIGURATION),
            do="Run it with `pilar up`, or give the demo a folder of its own with PILAR_HOME",
        )
    marked = f"\n# Its records are simulated: no real source belongs here.\n{DEMO}=yes\n"
    write_configuration(home, known(codes), str(local_zone()), more=marked)
    return codes


def played(sources: Mapping[str, Source], connections: Container[str]) -> dict[str, Source]:
    """The sources whose systems are simulated, by the names of the simulator's connections."""
    return {source_id: source for source_id, source in sources.items() if source.connection in connections}


@contextmanager
def _announced(home: Path, environment: dict[str, str]) -> Iterator[None]:
    announce(home, environment)
    try:
        yield
    finally:
        withdraw(home, environment)


def _environment(stack: Stack, webhook_secrets: Mapping[str, str]) -> dict[str, str]:
    assert stack.simulator is not None
    connections = {
        f"PILAR_CONN_{name.upper()}": json.dumps(value) for name, value in stack.simulator.connections().items()
    }
    return {"PILAR_HOME": str(stack.settings.home), **webhook_secrets, **connections}


def _one_round(
    stack: Stack, sources: Mapping[str, Source], webhook_secrets: Mapping[str, str], began: float
) -> Progress:
    from simulator.push import post_event

    ledger = Ledger(stack.settings.ledger_url)
    since = ledger.now()
    for source in sources.values():
        name = source.events.secret
        if name is None:
            continue
        sent = post_event(f"{stack.door_url}/events", source.id, webhook_secrets[secret_variable(name)])
        if sent.status != HTTPStatus.ACCEPTED:
            raise PlatformError(
                f"the door refused the event of {source.id}: {sent.status} {sent.body}",
                where=f"{stack.door_url}/events",
                do=f"See {stack.settings.log_dir / 'door.log'}",
            )
    return _watch(stack, ledger, tuple(sources), since, began)


def _watch(stack: Stack, ledger: Ledger, source_ids: tuple[str, ...], since: datetime, began: float) -> Progress:
    deadline = time.monotonic() + PATIENCE_SECONDS
    progress = read_progress(ledger, source_ids, since)
    with Live(console=out, auto_refresh=False) as live:
        while True:
            stack.check()
            with suppress(LedgerError):  # a PostgreSQL that has died is there again after the next look
                progress = read_progress(ledger, source_ids, since)
                live.update(render(progress, time.monotonic() - began), refresh=True)
            if progress.complete or time.monotonic() > deadline:
                return progress
            time.sleep(REFRESH_SECONDS)


def conclude(stack: Stack, progress: Progress, *, stays: bool) -> int:
    """Print the scores and where to look, or what is missing and how to find out why. Returns the exit status.

    ``stays``: whether the door and Airflow can still be visited afterwards.
    """
    from pilar.commands.report import print_scores

    if not out.is_terminal:
        # In a file or a pipe the live picture ends without a line break.
        out.print()
    if progress.publication is not None:
        print_scores(stack.settings)
        page = stack.settings.published_dir / "current" / "index.html"
        if stays:
            out.print(f"\nPages    {stack.door_url}/\n         {page}\nAirflow  {stack.airflow_url}/")
        else:
            out.print(f"\nPublished files  {page.parent}\nOpen in a browser  {page}")
    troubled = [source for source in progress.sources if source.stage not in ("accepted", "unchanged")]
    for source in troubled:
        err.print(f"[bold red]{source.source_id}: {source.stage}[/] {source.message}")
        err.print(f"  look closer: PILAR_HOME={stack.settings.home} ./run diagnose {source.source_id}")
    held = [pillar for pillar in progress.pillars if pillar.state != "in force"]
    for pillar in held:
        err.print(f"[bold yellow]{pillar.pillar}: {pillar.state}[/] {pillar.message}")
    if progress.publication is None:
        err.print(f"[bold red]Nothing was published within {PATIENCE_SECONDS} s.[/] Logs: {stack.settings.log_dir}")
        _last_words(stack)
    return 0 if progress.publication is not None and not troubled and not held else 1


def _last_words(stack: Stack) -> None:
    evaluation = Ledger(stack.settings.ledger_url).last_evaluation()
    if evaluation is not None and evaluation.detail:
        err.print(f"The last evaluation, {evaluation.evaluation_id}, ended {evaluation.status}: {evaluation.detail}")


def _webhook_secrets(sources: Mapping[str, Source]) -> Mapping[str, str]:
    """A fresh secret for each name that a source's webhook is signed with, and for the licensing system's own push."""
    names = {source.events.secret for source in sources.values() if source.events.secret is not None}
    made = {secret_variable(name): _webhook_secret() for name in sorted(names)}
    return {**made, secret_variable(OSS_KEYS): secrets.token_hex(16)}


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
