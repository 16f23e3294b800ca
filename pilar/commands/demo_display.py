"""What the terminal says of a round: a line when something has come to its end, and the whole picture at the end."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rich.text import Text

from ledger.records import EvaluationStatus
from pilar.commands.console import plain, table
from pilar.commands.demo_progress import Progress, SourceProgress

# A word and a sign, so that nothing hangs on colour.
SIGNS = {
    "waiting": ("·", "dim"),
    "announced": ("»", "cyan"),
    "pulling": ("↓", "cyan"),
    "accepted": ("✓", "green"),
    "unchanged": ("=", "green"),
    "in force": ("✓", "green"),
    "held": ("!", "yellow"),
    "rejected": ("✗", "red"),
    "failed": ("✗", "red"),
}
EVALUATION: Mapping[EvaluationStatus, str] = {
    "running": "builds and gates the pillars",
    "scored": "is scored, and is published next",
    "published": "is published",
    "failed": "has failed",
    "interrupted": "was interrupted, and its inputs are evaluated again",
}


class News(NamedTuple):
    """What is said of a source, a pillar or the evaluation, and whether more of it is waited for."""

    told: str
    awaited: bool


def news(before: Progress | None, now: Progress) -> Mapping[str, News]:
    """What is new in a picture of the round, by what it is about."""
    known = dict(_said(before)) if before is not None else {}
    return {what: said for what, said in _said(now) if known.get(what) != said}


def show(progress: Progress) -> None:
    """The whole picture, on standard output."""
    sources = [{**plain(one), "stage": _stage(one.stage), "message": _why(one.message)} for one in progress.sources]
    table(sources, SOURCE, right=COUNTS, title="Sources")
    pillars = [{**plain(one), "state": _stage(one.state), "message": _why(one.message)} for one in progress.pillars]
    table(pillars, {"pillar": "pillar", "state": "gate", "message": "why"}, title="Pillars")


COUNTS = ("pulled", "landed", "quarantined")
SOURCE = {"source_id": "source", "stage": "gate"} | {name: name for name in COUNTS} | {"message": "why"}


def _stage(stage: str) -> Text:
    sign, style = SIGNS[stage]
    return Text(f"{sign} {stage}", style=style)


def _why(message: str) -> Text:
    return Text(message, style="yellow")


def _said(progress: Progress) -> Iterator[tuple[str, News]]:
    for source in progress.sources:
        if source.stage != "waiting":
            yield source.source_id, News(_source(source), awaited=not source.final)
    if progress.evaluation is not None:
        evaluation_id, status = progress.evaluation
        yield f"evaluation {evaluation_id}", News(EVALUATION[status], awaited=status in ("running", "scored"))
    for pillar in progress.pillars:
        if pillar.state != "waiting":
            yield f"pillar {pillar.pillar}", News(_with(f"is {pillar.state}", pillar.message), awaited=False)
    if progress.publication is not None:
        yield "publication", News(f"{progress.publication} is current", awaited=False)


def _source(source: SourceProgress) -> str:
    counts = ""
    if source.final and source.pulled:
        counts = f", {source.pulled} rows pulled = {source.landed} landed + {source.quarantined} quarantined"
    return _with(f"{source.stage}{counts}", source.message if source.final else "")


def _with(told: str, why: str) -> str:
    return f"{told}: {why}" if why else told
