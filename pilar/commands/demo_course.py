"""The demo: the real platform, simulated agencies, one signed event per source, and what came of it."""

import base64
import json
import secrets
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from connectors.source.source import Source
from events.airflow_client import AirflowClient
from ledger.clock import local_zone
from ledger.configuration import CONFIGURATION
from ledger.errors import ConfigError, LedgerError
from ledger.names import ACCEPTED, EVERYTHING
from ledger.regions import known
from ledger.settings import Settings, default_key_dir, sources_dir
from ledger.store import Ledger
from pilar.commands.console import err, out, say, warn
from pilar.commands.demo_display import news, show
from pilar.commands.demo_progress import Progress, read_progress
from pilar.commands.demo_stage import StagePlayed, play_stage, return_answer, tell_stage
from pilar.commands.exit_codes import ExitCode
from pilar.commands.installation import DEMO, alone, announce, is_own, withdraw
from pilar.evaluation.evaluate import due
from pilar.platform.errors import PlatformError
from pilar.platform.processes import Patience, size_of
from pilar.platform.senders import secret_variable
from pilar.platform.stack import Ports, Stack
from pilar.platform.telling import Telling
from pilar.sources.catalogue import read_catalogue
from publication.pointer import current

if TYPE_CHECKING:
    from pilar.commands.report import Scores

# For how long nothing may move: less than the five minutes after which `watch` would begin the same anew.
SILENT_SECONDS = 240.0
REFRESH_SECONDS = 0.5
WORK = ("landing", "pages", "warehouse", "promoted", "published")
TASK_LOGS = ("dag_id=ingest__*", "dag_id=evaluate")


def run_demo(home: Path, ports: Ports, telling: Telling, *, once: bool) -> ExitCode:
    """Start the platform, let every agency announce its data, wait for the publication and show it.

    Sources whose systems are not simulated are named and take no part. Returns the exit code: DONE after a complete
    publication in which every source that can be read was accepted (or had nothing new), else NOT_IN_ORDER. Everything
    that was started is stopped on the way out, whatever happens. What happens is told as it happens; the result alone
    is printed on standard output.
    """
    from simulator.server import Simulator

    sources, left_out = read_catalogue(sources_dir())
    for error in left_out.values():
        warn(f"left out: {error}")
    webhook_secrets = _webhook_secrets(sources)
    settings = Settings(home=home, ledger_url="", key_dir=default_key_dir(home), regions=demo_regions(home))
    with alone(home):
        stack = Stack(
            settings,
            ports,
            systems=lambda url: Simulator(postgres_url=url),
            environment=webhook_secrets,
            telling=telling,
        )
        stack.__enter__()
        try:
            environment = _environment(stack, webhook_secrets)
            with _announced(home, environment):
                announced = played(sources, stack.simulator.connections() if stack.simulator else ())
                for source in sources.values():
                    if source.id not in announced:
                        telling.line(f"{source.id}: not played, as no system is simulated for {source.connection!r}")
                progress = _one_round(stack, announced, webhook_secrets)
                if progress.publication is not None:
                    progress = _with_an_answer_returned(stack, progress)
                stage = None
                if progress.publication is not None:
                    stage = play_stage(Ledger(stack.settings.ledger_url), stack.settings)
                status = conclude(stack, progress, stage, stays=not once)
                if not once:
                    telling.rests("press Ctrl-C to stop everything")
                    with suppress(KeyboardInterrupt):
                        stack.wait()
                return status
        finally:
            telling.line("everything stops")
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


def _one_round(stack: Stack, sources: Mapping[str, Source], webhook_secrets: Mapping[str, str]) -> Progress:
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
    stack.telling.line(f"every agency has announced its data: {len(sources)} events")
    return _watch(stack, ledger, tuple(sources), since)


def _watch(stack: Stack, ledger: Ledger, source_ids: tuple[str, ...], since: datetime) -> Progress:
    """Follow the round until it is complete, or nothing moves any more: what moves is the ledger, or a task's work."""
    patience = Patience(SILENT_SECONDS)
    before: Progress | None = None
    progress = read_progress(ledger, source_ids, since)
    while True:
        stack.check()
        with suppress(LedgerError):  # a PostgreSQL that has died is there again after the next look
            progress = read_progress(ledger, source_ids, since)
        for what, (told, awaited) in news(before, progress).items():
            (stack.telling.state if awaited else stack.telling.ends)(what, told)
        if progress.complete or patience.over((progress, _work_done(stack.settings.home))):
            return progress
        before = progress
        time.sleep(REFRESH_SECONDS)


def _with_an_answer_returned(stack: Stack, progress: Progress) -> Progress:
    """Have a verifier return an answer, and wait for the publication that says so. A second demo finds it published."""
    ledger = Ledger(stack.settings.ledger_url)
    return_answer(ledger, stack.settings)
    if not due(ledger, stack.settings):
        return progress
    stack.telling.line("a verifier has returned an answer, and everything is evaluated once more")
    with AirflowClient(stack.airflow_url) as airflow:
        airflow.post_event(ACCEPTED, EVERYTHING)
    before, patience = ledger.last_evaluation("published"), Patience(SILENT_SECONDS)
    while (now := ledger.last_evaluation("published")) == before:
        stack.check()
        if patience.over((ledger.last_evaluation(), _work_done(stack.settings.home))):
            return replace(progress, publication=None)
        time.sleep(REFRESH_SECONDS)
    assert now is not None
    return replace(progress, publication=current(stack.settings.published_dir))


def _work_done(home: Path) -> tuple[int, int]:
    """How many files the steps have written, and their size: what a step does before the ledger hears of it."""
    files = [path for name in WORK for path in (home / name).rglob("*")]
    files += [path for name in TASK_LOGS for path in (home / "airflow" / "logs").glob(f"{name}/**/*.log")]
    return len(files), sum(map(size_of, files))


def conclude(stack: Stack, progress: Progress, stage: StagePlayed | None, *, stays: bool) -> ExitCode:
    """Print the result: sources, pillars, scores, stage I and where to look, or what is missing and how to see why.

    ``stays``: whether the door and Airflow can still be visited afterwards.
    """
    from pilar.commands.report import read_scores

    scores = read_scores(stack.settings) if progress.publication is not None else None
    page = stack.settings.published_dir / "current" / "index.html"
    result = {"sources": progress.sources, "pillars": progress.pillars, "publication_id": progress.publication}
    say(
        result | {"scores": scores, "stage": stage, "page": page},
        lambda: _show(stack, progress, scores, stage, stays=stays),
    )
    troubled = [source for source in progress.sources if source.stage not in ("accepted", "unchanged")]
    for source in troubled:
        err.print(Text.assemble((f"{source.source_id}: {source.stage}", "bold red"), f" {source.message}"))
        err.print(f"  look closer: PILAR_HOME={stack.settings.home} pilar diagnose {source.source_id}", markup=False)
    held = [pillar for pillar in progress.pillars if pillar.state != "in force"]
    for pillar in held:
        err.print(Text.assemble((f"{pillar.pillar}: {pillar.state}", "bold yellow"), f" {pillar.message}"))
    if progress.publication is None:
        told = f" Nothing moved for {SILENT_SECONDS:.0f} s. Logs: {stack.settings.log_dir}"
        err.print(Text.assemble(("Nothing was published.", "bold red"), told))
        _last_words(stack)
    return ExitCode.DONE if scores is not None and not troubled and not held else ExitCode.NOT_IN_ORDER


def _show(stack: Stack, progress: Progress, scores: "Scores | None", stage: StagePlayed | None, *, stays: bool) -> None:
    from pilar.commands.report import print_scores

    show(progress)
    if scores is None:
        return
    print_scores(scores)
    if stage is not None:
        tell_stage(stage)
    page = stack.settings.published_dir / "current" / "index.html"
    if stays:
        out.print(f"\nPages    {stack.door_url}/\n         {page}\nAirflow  {stack.airflow_url}/", markup=False)
    else:
        out.print(f"\nPublished files  {page.parent}\nOpen in a browser  {page}", markup=False)


def _last_words(stack: Stack) -> None:
    evaluation = Ledger(stack.settings.ledger_url).last_evaluation()
    if evaluation is not None and evaluation.detail:
        err.print(
            Text(f"The last evaluation, {evaluation.evaluation_id}, ended {evaluation.status}: {evaluation.detail}")
        )


def _webhook_secrets(sources: Mapping[str, Source]) -> Mapping[str, str]:
    """A fresh secret for each name that a source's webhook is signed with, or that a push in its own format proves."""
    names = {name for source in sources.values() for name in source.events.secrets}
    return {secret_variable(name): _webhook_secret() for name in sorted(names)}


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
