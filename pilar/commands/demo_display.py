"""The live picture of a round in the terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pilar.commands.demo_progress import PillarProgress, Progress, SourceProgress

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


def render(progress: Progress, seconds: float) -> RenderableType:
    """Both tables and a closing line."""
    state = f"published {progress.publication}" if progress.publication else "running"
    return Group(
        _sources(progress.sources), _pillars(progress.pillars), Text(f"{seconds:.0f} s · {state}", style="dim")
    )


def _sources(sources: Sequence[SourceProgress]) -> Table:
    table = Table("source", "gate", title="Sources", title_justify="left", expand=False)
    for name in ("pulled", "landed", "quarantined"):
        table.add_column(name, justify="right")
    table.add_column("why", overflow="fold")
    for source in sources:
        counts = [str(count) if count else "" for count in (source.pulled, source.landed, source.quarantined)]
        table.add_row(source.source_id, _stage(source.stage), *counts, Text(source.message, style="yellow"))
    return table


def _pillars(pillars: Sequence[PillarProgress]) -> Table:
    table = Table("pillar", "gate", title="Pillars", title_justify="left", expand=False)
    table.add_column("why", overflow="fold")
    for pillar in pillars:
        table.add_row(pillar.pillar, _stage(pillar.state), Text(pillar.message, style="yellow"))
    return table


def _stage(stage: str) -> Text:
    sign, style = SIGNS[stage]
    return Text(f"{sign} {stage}", style=style)
